"""uwebsockets over TLS: which certificates it takes and which it refuses, against the ``websockets`` library."""

import datetime
import ssl

import pytest
import trustme
from ws_client import client, server

CONNECT = """
import ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.verify_mode = ssl.CERT_REQUIRED
context.load_verify_locations(cadata=open({ca!r}, "rb").read())
"""


@pytest.fixture(scope="module")
def ca():
    return trustme.CA(key_type=trustme.KeyType.ECDSA)


def server_context(ca, *names, **options):
    """Return a server's SSLContext with a certificate of that CA for these names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*names, key_type=trustme.KeyType.ECDSA, **options).configure_cert(context)
    return context


def trusting(ca, tmp_path):
    """Return the client's lines that make an SSLContext which trusts just that CA."""
    path = tmp_path / "ca.der"
    path.write_bytes(ssl.PEM_cert_to_DER_cert(ca.cert_pem.bytes().decode()))
    return CONNECT.format(ca=str(path))


async def echo(connection):
    async for message in connection:
        await connection.send(message)


async def test_messages(ca, tmp_path):
    names = []
    context = server_context(ca, "localhost")
    context.sni_callback = lambda sock, name, context: names.append(name)
    async with server(echo, ssl=context) as url:
        lines = await client(
            url.replace("127.0.0.1", "localhost"),
            trusting(ca, tmp_path)
            + """
import os
ws = await connect(url, ssl=context)
for size in (0, 1, 126, 512, 5000, 65536):
    message = os.urandom(size)
    await ws.send(message, fragment=size // 3)
    assert await ws.recv() == message
    print(size)
await ws.close()
print(ws.close_code)
""",
        )
    assert lines == ["0", "1", "126", "512", "5000", "65536", "1000"]
    assert names == ["localhost"]


async def test_address_in_the_certificate(ca, tmp_path):
    async with server(echo, ssl=server_context(ca, "127.0.0.1")) as url:
        body = trusting(ca, tmp_path) + "ws = await connect(url, ssl=context)\nprint('open')\nawait ws.close()"
        assert await client(url, body) == ["open"]


STREAMS = """
from uwebsockets.dial import dial, look_up
port = int(url.split(":")[2].split("/")[0])
plain = dial(await look_up("127.0.0.1", port), "127.0.0.1", None)
try:
    await connect(url, stream=plain)
except ValueError as error:
    print(error)
secure = dial(await look_up("127.0.0.1", port), "127.0.0.1", context)
ws = await connect(url, stream=secure)
await ws.send("over TLS")
print(await ws.recv())
await ws.close()
"""


async def test_a_stream_that_is_given_for_a_secure_url_is_one_over_tls(ca, tmp_path):
    """Over any other one the password would go out in the clear."""
    async with server(echo, ssl=server_context(ca, "127.0.0.1")) as url:
        lines = await client(url, trusting(ca, tmp_path) + STREAMS)
    assert lines == ["wss:// over a stream that is not secure", "over TLS"]


async def test_each_step_of_the_handshake_is_called_by_its_name(ca, tmp_path):
    """So whoever watches the loop knows why it stood still, and what must not wait goes before."""
    async with server(echo, ssl=server_context(ca, "127.0.0.1")) as url:
        lines = await client(
            url,
            trusting(ca, tmp_path)
            + """
async def resolve(name):
    return None

def block(what, function, *arguments):
    steps.append(what)
    return function(*arguments)

steps = []
ws = await connect(url, ssl=context, net=(resolve, block))
print(set(steps))
done = len(steps)
await ws.send("x")
print(await ws.recv(), len(steps) - done)
await ws.close()
""",
        )
    assert lines == ["{'TLS handshake'}", "x 0"]


async def refusal(url, ca, tmp_path):
    """Return what connect() says, which must refuse."""
    lines = await client(url, trusting(ca, tmp_path) + "await refused(ssl=context)")
    assert len(lines) == 1 and lines[0].startswith("ConnectionClosed 1006 "), lines
    return lines[0]


async def test_certificate_of_another_host(ca, tmp_path):
    async with server(echo, ssl=server_context(ca, "other.example")) as url:
        assert "does not match" in await refusal(url.replace("127.0.0.1", "localhost"), ca, tmp_path)


async def test_certificate_of_an_unknown_ca(ca, tmp_path):
    async with server(echo, ssl=server_context(trustme.CA(), "localhost")) as url:
        assert "trusted" in await refusal(url.replace("127.0.0.1", "localhost"), ca, tmp_path)


async def test_certificate_that_has_expired(ca, tmp_path):
    yesterday = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
    context = server_context(ca, "localhost", not_before=yesterday - datetime.timedelta(days=9), not_after=yesterday)
    async with server(echo, ssl=context) as url:
        assert "expired" in await refusal(url.replace("127.0.0.1", "localhost"), ca, tmp_path)


async def test_server_that_speaks_no_tls(ca, tmp_path):
    async with server(echo) as url:
        await refusal(url.replace("ws:", "wss:"), ca, tmp_path)


async def test_server_that_is_gone(ca, tmp_path):
    async def handler(connection):
        await connection.recv()
        connection.transport.abort()

    async with server(handler, ssl=server_context(ca, "127.0.0.1")) as url:
        lines = await client(
            url,
            trusting(ca, tmp_path)
            + """
ws = await connect(url, ssl=context)
await ws.send("x")
try:
    await ws.recv()
except ConnectionClosed as error:
    print(error.code)
""",
        )
    assert lines == ["1006"]
