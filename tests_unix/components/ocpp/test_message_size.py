"""Messages that are long, too long, or in pieces, with 128 KB of heap beyond the loaded code."""

import asyncio
import contextlib
import json
import re

import pytest
import pytest_asyncio
from charging_site import TIMEOUT_S, Site
from small_firmware import SmallFirmware
from websockets.exceptions import ConnectionClosed

from tools.central import CALLERROR

pytestmark = pytest.mark.asyncio(loop_scope="module")
LIMIT = 65536  # the default of the setting ocpp.max_message
TOO_LONG = 1009  # RFC 6455, section 7.4.1
FIN, TEXT, PING = 0x80, 1, 9


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory):
    async with Site(tmp_path_factory.mktemp("home"), kind=SmallFirmware) as site:
        await site.boot()
        yield site


@pytest_asyncio.fixture(loop_scope="module")
async def site(shared):
    """The shared charger; after each test it is connected, answers, has its heap back, and nothing failed in it."""
    await shared.central.wait_connected()
    before = await shared.firmware.live()
    yield shared
    await shared.reconnected()
    assert await shared.firmware.live() - before < 8192  # its log grows; the messages here are longer
    assert shared.firmware.starts == 1 and shared.firmware.returncode is None
    shared.check_calm()


def header(first, size):
    """The header of a server's frame."""
    if size < 126:
        return bytes((first, size))
    return (
        bytes((first, 126)) + size.to_bytes(2, "big") if size < 65536 else bytes((first, 127)) + size.to_bytes(8, "big")
    )


def call_of(size, uid="long"):
    """A DataTransfer whose text has so many bytes."""
    head, tail = f'[2,"{uid}","DataTransfer",{{"vendorId":"nobody","data":"', '"}]'
    return head + "x" * (size - len(head) - len(tail)) + tail


async def closed_by_charger(websocket):
    """Wait for its close frame; return the code."""
    await asyncio.wait_for(websocket.wait_closed(), TIMEOUT_S)
    assert websocket.protocol.close_rcvd is not None, "no close frame"
    return websocket.protocol.close_rcvd.code


async def too_long(site):
    """The counter of the console."""
    return int((await site.answer("status", r"too long (\d+)"))[1])


async def test_a_frame_that_is_too_long_is_refused_by_its_header(site):
    websocket, connections, count = site.central.point().link.websocket, site.central.connections, await too_long(site)
    websocket.transport.write(header(FIN | TEXT, LIMIT + 1))  # not a byte of it was sent yet
    assert await closed_by_charger(websocket) == TOO_LONG
    await site.reconnected(connections)
    assert await too_long(site) == count + 1


async def test_a_message_that_is_too_long_is_refused(site):
    websocket, connections = site.central.point().link.websocket, site.central.connections
    with contextlib.suppress(ConnectionClosed):  # most likely while it is still being sent
        await websocket.send(call_of(20 * LIMIT))
    assert await closed_by_charger(websocket) == TOO_LONG
    await site.reconnected(connections)


async def test_fragments_that_add_up_to_too_much_are_refused(site):
    websocket, connections = site.central.point().link.websocket, site.central.connections
    piece = b"x" * 4096
    websocket.transport.write(header(TEXT, len(piece)) + piece)
    for _ in range(2 * LIMIT // len(piece)):
        websocket.transport.write(header(0, len(piece)) + piece)
    assert await closed_by_charger(websocket) == TOO_LONG
    await site.reconnected(connections)


async def test_a_text_just_below_the_limit_is_more_than_this_heap_has(site):
    """That is told, and nothing of it is kept while it waits for the next connection."""
    before, printed = await site.firmware.live(), site.firmware.mark
    websocket, connections = site.central.point().link.websocket, site.central.connections
    await websocket.send(call_of(LIMIT - 1))
    assert await closed_by_charger(websocket) == TOO_LONG
    assert websocket.protocol.close_rcvd.reason == "no memory"
    await site.reconnected(connections)
    waited = (await site.printed(r"(?s)next connection in .*?^live (\d+)\n", printed))[1]
    assert int(waited) - before < 8192


async def test_what_the_esp32_boards_take_at_most_is_answered(site):
    await site.central.point().link.websocket.send(call_of(8192, "large"))
    answer = await site.central.messages.wait(lambda m: m.uid == "large", TIMEOUT_S, 0, "an answer")
    assert json.loads(answer.raw)[2] == {"status": "UnknownVendorId"}


async def test_a_text_in_fragments_with_control_frames_in_between(site):
    websocket = site.central.point().link.websocket
    data = json.dumps([2, "pieces", "GetConfiguration", {"key": ["Grün"]}], ensure_ascii=False).encode()
    at = data.index(b"\xbc")  # inside a character
    websocket.transport.write(header(TEXT, at) + data[:at])
    pong = await websocket.ping("between")  # is written between the two
    await asyncio.wait_for(pong, TIMEOUT_S)
    websocket.transport.write(header(0, 0) + header(FIN, len(data) - at) + data[at:])
    answer = await site.central.messages.wait(lambda m: m.uid == "pieces", TIMEOUT_S, 0, "an answer")
    assert json.loads(answer.raw) == [3, "pieces", {"unknownKey": ["Grün"]}]


async def test_many_unknown_fields_deep_and_wide(site):
    """What fits below the limit but blows up when it is parsed is refused, and forgotten."""
    for number, inner in enumerate(("[" * 4000 + "]" * 4000, "{" + ",".join(f'"k{n}":{n}' for n in range(400)) + "}")):
        since = site.mark()
        uid = f"wide-{number}"
        await site.central.point().link.websocket.send(f'[2,"{uid}","ClearCache",{inner}]')
        answer = await site.central.messages.wait(lambda m, uid=uid: m.uid == uid, TIMEOUT_S, since, "an answer")
        assert answer.kind == CALLERROR
        assert answer.payload["errorCode"] in ("FormationViolation", "InternalError")


async def test_limit_and_strictness_are_settings(tmp_path):
    settings = {"ocpp": {"max_message": 2048, "strict": False}}
    async with Site(tmp_path, settings=settings) as site:
        await site.boot()
        websocket, connections = site.central.point().link.websocket, site.central.connections
        await websocket.send(call_of(2048))
        answer = await site.central.messages.wait(lambda m: m.uid == "long", TIMEOUT_S, 0, "an answer")
        assert json.loads(answer.raw)[2] == {"status": "UnknownVendorId"}
        assert (await site.ask("ClearCache", {"extra": 1})).payload == {"status": "Accepted"}
        await websocket.send(call_of(2049))
        assert await closed_by_charger(websocket) == TOO_LONG
        await site.reconnected(connections)
        assert re.search("too long 1", (await site.answer("status", r"too long \d+")).group())
        site.check_calm()
