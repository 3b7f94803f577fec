"""The page and the API over TLS, with the device's own certificate."""

import asyncio
import base64
import json
import socket
import ssl
import urllib.request

import pki
import pytest
from charging_site import Site, eventually
from web_client import DRIVER, PASSWORDS, free_port, settings


def listens(port):
    with socket.socket() as sock:
        return not sock.connect_ex(("127.0.0.1", port))


@pytest.mark.parametrize("kind, form", [("P256", "pem"), ("RSA2048", "der")])
async def test_a_client_that_verifies_the_certificate(tmp_path, kind, form):
    """Certificate and key as PEM or DER. What speaks no TLS, or says nothing, does not keep others out."""
    port, root = free_port(), pki.Authority("Site")
    issued = root.issue("charger", key=kind, hosts=("127.0.0.1",))
    content = {"pem": (issued.pem.encode(), issued.key_pem.encode()), "der": (issued.der, issued.key_der)}[form]
    for name, data in zip(("web.crt", "web.key"), content):
        (tmp_path / name).write_bytes(data)
    async with Site(tmp_path, settings=settings(port, certificate="web.crt", key="web.key")) as site:
        await site.firmware.start()
        await site.printed("web: serves https at port")
        await eventually(lambda: listens(port), "the port")
        plain = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        plain[0][1].write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        context = ssl.create_default_context(cadata=root.pem)
        pair = base64.b64encode(f"{DRIVER}:{PASSWORDS[DRIVER]}".encode()).decode()

        def ask(path, body=None):
            headers = {"Authorization": "Basic " + pair, "Content-Type": "application/json"}
            data = None if body is None else json.dumps(body).encode()
            request = urllib.request.Request(f"https://127.0.0.1:{port}{path}", data, headers)
            with urllib.request.urlopen(request, context=context, timeout=20) as answer:
                return answer.headers, answer.read()

        _, body = await asyncio.to_thread(ask, "/api/state")
        assert json.loads(body)["outlet/1"]["state"]
        headers, _ = await asyncio.to_thread(ask, "/api/login", {"role": DRIVER, "password": PASSWORDS[DRIVER]})
        assert "; Secure" in headers["Set-Cookie"]
        for _, writer in plain:
            writer.close()
        site.check_calm()


async def test_without_its_key_it_does_not_serve_in_the_clear(tmp_path):
    """What is wrong is said, by the name of the file."""
    port = free_port()
    async with Site(tmp_path, settings=settings(port, certificate="web.crt", key="web.key")) as site:
        await site.firmware.start()
        await site.printed(r"component web raised ValueError\('web.crt, of the settings web.certificate")
        with pytest.raises(ConnectionError):
            await asyncio.open_connection("127.0.0.1", port)
