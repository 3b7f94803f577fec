"""uwebsockets in a MicroPython process: connecting to servers of the ``websockets`` library, and being refused."""

import asyncio
import textwrap

import pytest
from http_client import nobody
from websockets.asyncio.server import basic_auth
from websockets.utils import accept_key
from ws_client import DEADLINE_S, client, running, server


async def echo(connection):
    async for message in connection:
        await connection.send(message)


async def test_basic_auth_and_headers():
    seen = []

    async def handler(connection):
        seen.append((connection.username, connection.request.headers["X-Station"], connection.request.path))
        await connection.send(connection.username)

    def known(*given):
        return given == ("CP-1", "gehe:im ü")

    async with server(handler, process_request=basic_auth(check_credentials=known)) as url:
        lines = await client(
            url,
            """
            await refused()
            await refused(auth=("CP-1", "wrong"))
            await refused(auth=("CP-2", "gehe:im ü"))
            for password in ("gehe:im ü", "gehe:im ü".encode()):
                ws = await connect(url, auth=("CP-1", password), headers=(("X-Station", "7"),))
                print(await ws.recv())
                await ws.close()
            """,
        )
    assert lines == ["HandshakeError 401 Unauthorized"] * 3 + ["CP-1"] * 2
    assert seen == [("CP-1", "7", "/ocpp/CP-1")] * 2


async def test_subprotocols():
    async with server(echo, subprotocols=["ocpp2.0.1", "ocpp1.6"]) as url:
        lines = await client(
            url,
            """
            for offered in (("ocpp1.6",), ("ocpp2.0.1", "ocpp1.6")):
                ws = await connect(url, subprotocols=offered)
                print(ws.subprotocol)
                ws.abort()
            """,
        )
    assert lines == ["ocpp1.6", "ocpp2.0.1"]
    async with server(echo) as url:
        assert await client(url, "ws = await connect(url)\nprint(ws.subprotocol)\nws.abort()") == ["None"]


async def test_subprotocol_refused():
    def other(connection, request, response):
        response.headers["Sec-WebSocket-Protocol"] = "ocpp2.0.1"

    body = "await refused(subprotocols=('ocpp1.6',))"
    async with server(echo, select_subprotocol=lambda connection, offered: None) as url:
        assert await client(url, body) == ["HandshakeError None wrong subprotocol: None"]
    async with server(echo, process_response=other) as url:
        assert await client(url, body) == ["HandshakeError None wrong subprotocol: ocpp2.0.1"]


@pytest.mark.parametrize(
    "status, reason", ((301, "Moved Permanently"), (404, "Not Found"), (503, "Service Unavailable"))
)
async def test_status(status, reason):
    async with server(echo, process_request=lambda connection, request: connection.respond(status, "text\n")) as url:
        assert await client(url, "await refused()") == [f"HandshakeError {status} {reason}"]


async def test_interim_answers_and_a_long_head():
    """103 Early Hints before the answer, a cookie of 2 KB, and a head of nearly 16 KB."""
    hints = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"

    async def proxy(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = head.partition("Sec-WebSocket-Key: ")[2].partition("\r\n")[0]
        fields = ["Set-Cookie: " + 2048 * "c", *(f"X-Filler-{n}: " + 480 * "f" for n in range(26))]
        fields += ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: " + accept_key(key)]
        answer = "HTTP/1.1 101 Switching Protocols\r\n" + "\r\n".join(fields) + "\r\n\r\n"
        writer.write((2 * hints + answer).encode() + b"\x81\x02hi")
        await reader.read()
        writer.close()

    listening = await asyncio.start_server(proxy, "127.0.0.1", 0)
    url = f"ws://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
    async with listening:
        assert await client(url, "ws = await connect(url)\nprint(await ws.recv())\nws.abort()") == ["hi"]


async def test_wrong_accept():
    def wrong(connection, request, response):
        del response.headers["Sec-WebSocket-Accept"]
        response.headers["Sec-WebSocket-Accept"] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

    async with server(echo, process_response=wrong) as url:
        assert await client(url, "await refused()") == ["HandshakeError None wrong Sec-WebSocket-Accept"]


async def test_compression_is_not_requested():
    async with server(echo, compression="deflate") as url:
        assert await client(url, "ws = await connect(url)\nawait ws.send('x')\nprint(await ws.recv())") == ["x"]


async def test_there_is_no_server():
    with nobody() as url:
        lines = await client(url.replace("http", "ws"), "await refused()")
    assert len(lines) == 1 and lines[0].startswith("ConnectionClosed 1006 ") and "ECONNREFUSED" in lines[0]


async def test_unknown_host():
    lines = await client("ws://no-such-host.invalid/", "await refused()")
    assert len(lines) == 1 and lines[0].startswith("ConnectionClosed 1006 ")


@pytest.mark.parametrize("end", ("timeout", "cancel"))
async def test_server_that_accepts_and_sends_nothing(end):
    """The time-out, and a cancelled connect(), close the socket: the server sees its end."""
    ended = asyncio.get_running_loop().create_future()

    async def silent(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        ended.set_result(await reader.read())
        writer.close()

    listening = await asyncio.start_server(silent, "127.0.0.1", 0)
    url = f"ws://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
    bodies = {
        "timeout": "await refused(timeout_ms=100)",
        "cancel": """
            task = asyncio.create_task(connect(url))
            await asyncio.sleep_ms(100)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                print("cancelled")
            """,
    }
    stay = "\nprint('stays')\nawait asyncio.sleep(60)"  # so that not its end closes the socket
    async with listening, running(url, textwrap.dedent(bodies[end]) + stay) as process:
        expected = {"timeout": b"ConnectionClosed 1006 no answer in 100 ms\n", "cancel": b"cancelled\n"}[end]
        assert await asyncio.wait_for(process.stdout.readline(), DEADLINE_S) == expected
        assert await asyncio.wait_for(ended, DEADLINE_S) == b""
