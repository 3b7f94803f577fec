"""What goes wrong below OCPP: frames that RFC 6455 forbids, connections that end anywhere, servers that are none."""

import asyncio
import contextlib
import json

import pytest
import pytest_asyncio
from charging_site import TIMEOUT_S

from tools.central import Fault

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def site(shared):
    """The shared charger: each test costs it one connection, and it comes back by itself, without a new boot."""
    await shared.central.wait_connected()
    connections = shared.central.connections
    yield shared
    await shared.reconnected(connections)
    assert shared.firmware.starts == 1
    shared.check_calm()


def frame(first, payload, length=None):
    """A server's WebSocket frame with its first byte as given."""
    size = len(payload) if length is None else length
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65536:
        return bytes((first, 126)) + size.to_bytes(2, "big") + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload


# A choice: uwebsockets has tests of its own. RFC 6455, section 7.4.1: 1002 protocol error, 1007 not UTF-8, 1009 too big
FORBIDDEN = {
    "a reserved bit": (frame(0xC1, b"x"), 1002),
    "a masked frame": (b"\x81\x85\x01\x02\x03\x04hello", 1002),
    "text that is not UTF-8": (frame(0x81, b'[2,"\xff\xfe"]'), 1007),
    "a length beyond reason": (frame(0x81, b"", 1 << 40), 1009),
}


@pytest.mark.parametrize("data, code", FORBIDDEN.values(), ids=FORBIDDEN)
async def test_a_frame_that_must_not_be_closes_with_its_code(site, data, code):
    websocket = site.central.point().link.websocket
    websocket.transport.write(data)
    await asyncio.wait_for(websocket.wait_closed(), TIMEOUT_S)
    assert websocket.protocol.close_rcvd is not None, "no close frame"
    assert websocket.protocol.close_rcvd.code == code


async def test_noise_in_place_of_frames(site):
    site.central.point().link.websocket.transport.write(bytes(range(255, 0, -1)) * 20)


@pytest.mark.parametrize("code", [1000, 1011])
async def test_the_central_system_closes(site, code):
    await site.central.close_socket(code=code)


async def test_the_connection_is_cut(site):
    await site.central.close_socket(abort=True)


async def test_the_connection_is_cut_in_the_middle_of_a_message(site):
    site.central.point().link.websocket.transport.write(frame(0x81, b'[2,"cut","Cle', 40))
    await asyncio.sleep(0)
    await site.central.close_socket(abort=True)


async def test_the_connection_is_cut_instead_of_an_answer(site):
    """The card that waits is judged without the central system; the next one is asked about."""
    site.central.fault("Authorize", Fault(close=True))
    printed, connections = site.firmware.mark, site.central.connections
    await site.present("CUT-CARD")
    await site.received("Authorize", idTag="CUT-CARD")
    await site.printed("idTag CUT-CARD: Invalid", printed)
    await site.reconnected(connections)
    since = site.mark()
    await site.present("NEXT-CARD")
    await site.received("Authorize", since, idTag="NEXT-CARD")


async def test_what_comes_with_the_last_breath_is_still_done(site):
    """A CALL directly followed by a close is handled."""
    link, connections = site.central.point().link, site.central.connections
    await link.send_raw(json.dumps([2, "last-1", "ChangeConfiguration", {"key": "ResetRetries", "value": "9"}]))
    await site.central.close_socket()
    await site.reconnected(connections)
    assert await site.configured("ResetRetries") == "9"


SERVERS = {
    "says nothing and closes": b"",
    "is a web server": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    "is noise": bytes(range(256)) * 8,
    "never ends its header": b"HTTP/1.1 101 Switching Protocols\r\n" + b"X: y\r\n" * 5000,
    "accepts with a wrong key": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n",
}


@pytest.mark.parametrize("answer", SERVERS.values(), ids=SERVERS)
async def test_a_server_that_is_none(site, answer):
    """It is tried again, and logged, until a central system listens there."""
    asked = asyncio.Event()

    async def serve(reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
            asked.set()
        writer.close()

    printed = site.firmware.mark
    await site.central.stop()
    server = await asyncio.start_server(serve, "127.0.0.1", site.central.port)
    try:
        await asyncio.wait_for(asked.wait(), 15)
        await site.printed(r"W .*ocpp: connection: ", printed)
    finally:
        server.close()
        await server.wait_closed()
    await site.central.start()
