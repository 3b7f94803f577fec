"""Thousands of malformed messages for every action: each is answered once, and rightly, or dropped."""

import asyncio
import re

import pytest
import pytest_asyncio
from charging_site import Site
from corpus import DROPPED, UNASKED, Corpus, Judge, actions
from small_firmware import SmallFirmware

from tools.central import CALLERROR, CALLRESULT

pytestmark = pytest.mark.asyncio(loop_scope="module")
SEED = 16
RANDOM_ONES = 10  # for every action, beside the systematic ones
TIMEOUT_S = 60
OURS = set(
    "Authorize BootNotification DiagnosticsStatusNotification FirmwareStatusNotification Heartbeat "
    "LogStatusNotification MeterValues SecurityEventNotification SignCertificate SignedFirmwareStatusNotification "
    "StartTransaction StatusNotification StopTransaction".split()
)  # what only a charge point sends


class RoomyFirmware(SmallFirmware):
    """All the heap of the unix port: where it is short most of the time goes into collecting it."""

    heap = 0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory):
    async with Site(tmp_path_factory.mktemp("home"), kind=RoomyFirmware) as site:
        await site.boot()
        yield site


async def counters(site):
    text = (await site.answer("status", r"(?s)OCPP: rx.*?too long \d+")).group()
    return {name: int(re.search(rf"{name} (\d+)", text)[1]) for name in ("malformed", "unknown ids", "errors sent")}


async def answers_to(site, texts, uid):
    """Send texts past the log, one after the other without waiting, and then a good CALL; return what was answered."""
    since = site.mark()
    websocket = site.central.point().link.websocket
    for text in texts:
        await websocket.send(text)
    await site.central.call_raw("GetConfiguration", {"key": ["NumberOfConnectors"]}, uid=uid)
    good = await site.central.messages.wait(
        lambda m: m.uid == uid and m.kind == CALLRESULT, TIMEOUT_S, since, "the answer to the good call after them"
    )
    assert good.payload["configurationKey"][0]["value"] == "1"
    told = [m for m in site.central.messages.after(since) if m.direction == "in" and m.kind in (CALLRESULT, CALLERROR)]
    assert told[-1] is good
    return told[:-1]


def wrong_answers(due, told):
    """Compare what is due, [(text, id, codes)], with the messages that came, in their order; return what differs."""
    wrong = []
    for text, uid, codes in due:
        if not told or told[0].uid != uid:
            wrong.append(f"{text[:300]}\n  not answered, but {codes} is due")
            continue
        message = told.pop(0)
        if message.kind != CALLERROR or message.payload["errorCode"] not in codes:
            wrong.append(f"{text[:300]}\n  {codes} is due, not {message.raw[:200]}")
        elif len(message.parsed) != 5 or len(message.parsed[3]) > 255 or not isinstance(message.parsed[4], dict):
            wrong.append(f"{text[:300]}\n  not [4, id, code, text of at most 255, {{}}]: {message.raw}")
    return wrong + [f"nobody asked for {message.raw[:300]}" for message in told]


async def test_every_malformed_message_is_answered_once_and_rightly_or_dropped(site):
    judge = Judge(set(actions()) - OURS)
    texts = list(Corpus(SEED).texts(RANDOM_ONES))
    cases = [(text, *verdict) for text, verdict in zip(texts, map(judge.verdict, texts)) if verdict[1]]
    assert len(cases) > 4000
    connections, before = site.central.connections, await counters(site)
    heap, wrong = [], []
    for number, start in enumerate(range(0, len(cases), 1000)):
        batch = cases[start : start + 1000]
        told = await answers_to(site, [case[0] for case in batch], f"good {number}")
        wrong += wrong_answers([case for case in batch if case[2] not in (DROPPED, UNASKED)], told)
        heap.append(await site.firmware.live())
    assert not wrong, f"{len(wrong)} of {len(cases)}:\n" + "\n".join(wrong[:8])
    after = {name: value - before[name] for name, value in (await counters(site)).items()}
    dropped = sum(codes == DROPPED for _, _, codes in cases)
    broken = sum(isinstance(codes, set) and not judge.is_json(text) for text, _, codes in cases)
    assert after["malformed"] == dropped + broken
    assert after["unknown ids"] == sum(codes == UNASKED for _, _, codes in cases)
    assert after["errors sent"] == len(cases) - dropped - after["unknown ids"]
    assert max(heap[1:]) - heap[0] < 4096, heap
    assert site.central.connections == connections and site.firmware.starts == 1
    site.check_calm()


async def test_every_code_and_every_fate_is_in_the_corpus():
    """Without this, a generator gone harmless would make the test above pass."""
    judge = Judge(set(actions()) - OURS)
    fates = [judge.verdict(text)[1] for text in Corpus(SEED).texts(0)]
    found = {code for codes in fates if isinstance(codes, set) and len(codes) == 1 for code in codes}
    assert found == {
        *("FormationViolation", "PropertyConstraintViolation", "OccurenceConstraintViolation"),
        *("TypeConstraintViolation", "ProtocolError", "NotSupported", "NotImplemented"),
    }
    assert fates.count(DROPPED) > 200 and fates.count(UNASKED) > 100


async def test_after_all_that_it_charges(site):
    connections = site.central.connections
    await site.central.close_socket()
    await site.reconnected(connections)
    await site.start_session("CARD-1")
    site.check_calm()


BAD_UTF8 = {"overlong": b"\xc0\xaf", "surrogate": b"\xed\xa0\x80", "beyond": b"\xf4\x90\x80\x80"}


@pytest.mark.parametrize("data", BAD_UTF8.values(), ids=BAD_UTF8)
async def test_bad_utf8_closes_with_1007(site, data):
    """RFC 6455, section 8.1. The good call after reconnecting works."""
    websocket, connections = site.central.point().link.websocket, site.central.connections
    text = b'[2,"bad","ClearCache",{"x":"' + data + b'"}]'
    websocket.transport.write(bytes((0x81, len(text))) + text)
    await asyncio.wait_for(websocket.wait_closed(), 15)
    assert websocket.protocol.close_rcvd is not None and websocket.protocol.close_rcvd.code == 1007
    await site.reconnected(connections)
