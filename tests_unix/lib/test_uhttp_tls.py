"""uhttp over TLS, and what is never given away."""

import os
import ssl

import pytest
import trustme
from http_client import client
from http_peer import HttpPeer

CONTEXT = """
import tls
context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
context.verify_mode = tls.CERT_REQUIRED
context.load_verify_locations(open({ca!r}, "rb").read())
"""


@pytest.fixture(scope="module")
def authority():
    return trustme.CA(key_type=trustme.KeyType.ECDSA)


def server_context(authority, name="127.0.0.1"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, key_type=trustme.KeyType.ECDSA).configure_cert(context)
    return context


def trusting(authority, tmp_path):
    path = tmp_path / "ca.der"
    path.write_bytes(ssl.PEM_cert_to_DER_cert(authority.cert_pem.bytes().decode()))
    return CONTEXT.format(ca=str(path))


async def test_both_ways_and_redirects(authority, tmp_path):
    with HttpPeer(server_context(authority)) as peer, HttpPeer() as plain:
        peer.files["/f"] = os.urandom(300_000)
        plain.files["/f"] = b"in the clear"
        peer.redirects.update({"/down": (302, plain.url + "/f"), "/near": (302, "/f")})
        plain.redirects["/up"] = (302, peer.url + "/near")
        lines = await client(
            peer.url,
            trusting(authority, tmp_path)
            + f"""
response, count, digest = await get(url + "/f", ssl=context)
print(response.status, count)
body = lambda: ("x" * 100 for _ in range(500))
response = await request("PUT", url + "/p", body=body, length=50000, ssl=lambda url: context)
print(response.status)
response.close()
response, count, digest = await get("{plain.url}/up", ssl=context)
print(response.url, count)
await refused(get(url + "/down", ssl=context))
""",
        )
        assert lines == ["200 300000", "201", f"{peer.url}/f 300000", "HttpError redirected from https to http"]
        assert peer.uploads["/p"] == b"x" * 50000 and len(plain.requests) == 1


async def test_who_cannot_prove_its_name_is_refused(authority, tmp_path):
    other = trustme.CA()
    with HttpPeer(server_context(authority, "127.0.0.2")) as misnamed, HttpPeer(server_context(other)) as unknown:
        for peer in (misnamed, unknown):
            peer.files["/f"] = b"x"
            program = trusting(authority, tmp_path) + "await refused(get(url, ssl=context))"
            lines = await client(peer.url + "/f", program)
            assert lines[0].startswith("HttpError connection lost") and not peer.requests


async def test_a_context_that_cannot_be_made(authority):
    with HttpPeer(server_context(authority)) as peer:
        lines = await client(
            peer.url,
            """
            def context(url):
                raise OSError("no such file")
            await refused(get(url, ssl=context))
            """,
        )
    assert lines == ["HttpError no TLS: no such file"]
