"""A central system that sends nonsense: the right CALLERROR (OCPP-J 1.6, table 7), nothing lost, nothing raised."""

import json
from datetime import datetime

import pytest
import pytest_asyncio

from tools.central import CALL, CALLERROR, CALLRESULT, Fault
from tools.point import utc_now

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def site(shared):
    """The shared charger; after each test it must still answer, be calm, and never have been enabled."""
    connections = shared.central.connections
    yield shared
    for action in ("Heartbeat", "Authorize"):
        shared.central.fault(action, None)
    assert await shared.configured("NumberOfConnectors") == "1"
    assert shared.central.connections == connections, "it gave up the connection"
    assert shared.firmware.starts == 1 and shared.firmware.returncode is None
    shared.check_calm()
    assert not shared.module.enabled, "a charger that nobody started is on"


TYPE, PROPERTY, FORM = "TypeConstraintViolation", "PropertyConstraintViolation", "FormationViolation"
MISSING = "OccurenceConstraintViolation ProtocolError"  # table 7 has both for it
WRONG_FIELDS = [
    ("a number for a string", "ChangeConfiguration", {"key": "HeartbeatInterval", "value": 5}, TYPE),
    ("a string for a number", "ChangeAvailability", {"connectorId": "1", "type": "Operative"}, TYPE),
    ("a boolean for a number", "ChangeAvailability", {"connectorId": True, "type": "Operative"}, TYPE),
    ("a fraction for an integer", "RemoteStopTransaction", {"transactionId": 1.5}, TYPE),
    ("an object for a list", "GetConfiguration", {"key": {}}, TYPE),
    ("null for a string", "RemoteStartTransaction", {"idTag": None}, TYPE),
    ("a list of numbers", "GetConfiguration", {"key": [1, 2]}, TYPE),
    ("a value that is no choice", "Reset", {"type": "Medium"}, PROPERTY),
    ("the case of a choice", "ChangeAvailability", {"connectorId": 1, "type": "operative"}, PROPERTY),
    ("a missing field", "ChangeConfiguration", {"key": "HeartbeatInterval"}, MISSING),
    ("an empty payload", "RemoteStartTransaction", {}, MISSING),
    ("an unknown field", "ClearCache", {"now": True}, FORM),
    ("a tag too long", "RemoteStartTransaction", {"idTag": "x" * 21}, f"{PROPERTY} {TYPE}"),
    ("a key too long", "GetConfiguration", {"key": ["k" * 51]}, f"{PROPERTY} {TYPE}"),
    ("a list for the payload", "Reset", [], f"{FORM} {TYPE}"),
    ("a string for the payload", "Reset", "Soft", f"{FORM} {TYPE}"),
    ("null for the payload", "Reset", None, f"{FORM} {TYPE}"),
    ("an action nobody knows", "Frobnicate", {}, "NotImplemented"),
    ("an empty action", "", {}, f"NotImplemented {FORM}"),
    ("our own action", "BootNotification", {}, "NotSupported NotImplemented"),
    ("no charging profile", "SetChargingProfile", {"connectorId": 1}, "OccurenceConstraintViolation"),
    ("no kind of update", "SendLocalList", {"listVersion": 1, "updateType": "Some"}, "PropertyConstraintViolation"),
]  # fmt: skip


@pytest.mark.parametrize("what, action, payload, codes", WRONG_FIELDS, ids=[row[0] for row in WRONG_FIELDS])
async def test_a_wrong_call_gets_the_code_of_the_specification(site, what, action, payload, codes):
    answer = await site.ask(action, payload)
    assert answer.kind == CALLERROR, f"{what}: {answer}"
    assert answer.payload["errorCode"] in codes.split()
    assert isinstance(answer.payload["errorDescription"], str) and isinstance(answer.payload["errorDetails"], dict)


WRONG_SHAPES = [
    [2, "shape-1"],
    [2, "shape-2", "ClearCache"],
    [2, "shape-3", "ClearCache", {}, "more"],
    [2, "shape-4", 17, {}],
    [2, "shape-5", ["ClearCache"], {}],
    [2, "shape-6", {}, "ClearCache"],
]


@pytest.mark.parametrize("message", WRONG_SHAPES, ids=lambda message: message[1])
async def test_a_call_of_the_wrong_shape_is_refused(site, message):
    await site.central.send_raw(json.dumps(message))
    answer = await site.central.wait_answer(message[1])
    assert answer.kind == CALLERROR
    assert answer.payload["errorCode"] in ("FormationViolation", "ProtocolError", "TypeConstraintViolation")


NONSENSE = {
    "nothing": "",
    "a space": " ",
    "no json": "hello",
    "half a list": '[2,"x"',
    "an object": "{}",
    "a number": "5",
    "null": "null",
    "an empty list": "[]",
    "a type alone": "[2]",
    "an unknown type": '[9,"x","ClearCache",{}]',
    "a type that is text": '["2","x","ClearCache",{}]',
    "a type that is true": '[true,"x","ClearCache",{}]',
    "a numeric id": '[2,17,"ClearCache",{}]',
    "a null id": '[2,null,"ClearCache",{}]',
    "an empty id": '[2,"","ClearCache",{}]',
    "an id too long": json.dumps([2, "i" * 37, "ClearCache", {}]),
    "a list for an id": '[2,["x"],"ClearCache",{}]',
    "a deep nest": "[" * 3000,
    "a deep nest, closed": "[" * 3000 + "]" * 3000,
    "a large number": "[2e999]",
    "an endless string": '[2,"x","DataTransfer",{"vendorId":"' + "v" * 20000 + '"',
    "an answer to nothing": '[3,"nobody-asked",{}]',
    "an error to nothing": '[4,"nobody-asked","GenericError","",{}]',
    "half an answer": '[3,"nobody-asked"]',
    "half an error": '[4,"nobody-asked"]',
    "text that is no text": '[3,"\\ud800",{}]',
    "zeros": "\x00\x00\x00",
}


@pytest.mark.parametrize("text", NONSENSE.values(), ids=NONSENSE)
async def test_nonsense_is_refused_or_ignored(site, text):
    since = site.mark()
    await site.central.point().link.websocket.send(text)  # past the log, which parses what it keeps
    assert await site.configured("NumberOfConnectors") == "1"
    said = [m for m in site.central.messages.after(since) if m.direction == "in" and m.kind == CALLRESULT]
    assert len(said) == 1, "nonsense was answered as if it had been understood"
    told = [m for m in site.central.messages.after(since) if m.direction == "in" and m.kind is None]
    assert told == []


async def test_nonsense_is_counted_and_logged(site):
    await site.central.send_raw("hello, charger")
    await site.answer("log", r"W .*ocpp.*(JSON|OCPP-J)")
    await site.answer("status", r"(?i)malformed\D*[1-9]")


async def test_binary_messages_are_counted_and_dropped(site):
    await site.central.send_raw(b'[2,"b","ClearCache",{}]')
    assert await site.configured("ResetRetries")


async def test_deep_data_in_a_valid_place_is_a_type_error(site):
    text = '[2,"deep","DataTransfer",{"vendorId":"v","data":' + "[" * 500 + "]" * 500 + "}]"
    await site.central.send_raw(text)
    answer = await site.central.wait_answer("deep")
    assert answer.kind == CALLERROR and answer.payload["errorCode"] == "TypeConstraintViolation"


async def test_a_character_that_json_escapes_as_two_comes_back_as_utf8(site):
    """RFC 8259, section 7: two surrogates are one character. Sent as two, they would end the connection (1007)."""
    connections = site.central.connections
    answer = await site.ask("GetConfiguration", {"key": ["\U0001f600"]})
    assert answer.payload == {"unknownKey": ["\U0001f600"]} and site.central.connections == connections


async def test_a_call_that_comes_twice_is_answered_twice_and_done_once(site):
    """OCPP-J 4.1.4: the id tells whether a CALL is a repetition."""
    setting = {"key": "MeterValueSampleInterval", "value": "77"}
    assert (await site.ask("ChangeConfiguration", setting, uid="twice")).payload == {"status": "Accepted"}
    await site.configure(MeterValueSampleInterval=78)
    since = site.mark()
    await site.central.call_raw("ChangeConfiguration", setting, uid="twice")
    assert await site.configured("MeterValueSampleInterval") == "78"
    again = [m for m in site.central.messages.after(since) if m.direction == "in" and m.uid == "twice"]
    assert [json.loads(m.raw) for m in again] == [[3, "twice", {"status": "Accepted"}]]


async def test_many_calls_at_once_are_all_answered_in_order(site):
    ids = [f"flood-{n}" for n in range(40)]
    since = site.mark()
    for uid in ids:
        await site.central.call_raw("GetConfiguration", {"key": ["ResetRetries"]}, uid=uid)
    await site.central.wait_answer(ids[-1])
    answered = [m.uid for m in site.central.messages.after(since) if m.direction == "in" and m.kind == CALLRESULT]
    assert answered == ids


BAD_TIMES = [{}, {"currentTime": 5}, {"currentTime": "2024-13-45T99:99:99Z"}, {"currentTime": "yesterday"}, []]


async def test_a_heartbeat_without_a_usable_time_is_the_end_of_that_heartbeat_only(site):
    site.central.fault("Heartbeat", Fault(drop=True, times=None))
    since = site.mark()
    await site.configure(HeartbeatInterval=1)
    for answer in BAD_TIMES:
        beat = await site.received("Heartbeat", since)
        since = site.mark()
        await site.central.send_raw(json.dumps([CALLRESULT, beat.uid, answer]))
    site.central.fault("Heartbeat", None)
    await site.received("Heartbeat", since)
    await site.configure(HeartbeatInterval=300)
    since = site.mark()
    site.vehicle.plug()
    told = await site.status("Preparing", since)
    stamp = datetime.fromisoformat(told.payload["timestamp"].replace("Z", "+00:00")).timestamp()
    assert abs(told.time - stamp) < 60, "the clock followed nonsense"


BAD_ANSWERS = [
    '[3,"{id}",{{}}]',
    '[3,"{id}",[]]',
    '[3,"{id}","Accepted"]',
    '[3,"{id}",null,5,6]',
    '[3,"{id}"]',
    '[3,"{id}",{{"idTagInfo":"Accepted"}}]',
    '[3,"{id}",{{"idTagInfo":{{}}}}]',
    '[3,"{id}",{{"idTagInfo":[]}}]',
    '[3,"{id}",{{"idTagInfo":{{"status":"accepted"}}}}]',
    '[3,"{id}",{{"idTagInfo":{{"status":true}}}}]',
    '[3,"{id}",{{"idTagInfo":{{"status":["Accepted"]}}}}]',
    '[4,"{id}","InternalError","no",{{}}]',
    '[4,"{id}"]',
    '[4,"{id}",5,null,"no object"]',
    '[4,"{id}","' + "X" * 5000 + '","",{{}}]',
]


async def test_a_bad_answer_to_authorize_starts_nothing(site):
    """Each one ends its own question, so the next card is asked about at once."""
    begin = site.mark()
    site.vehicle.plug()
    await site.status("Preparing")
    site.central.fault("Authorize", Fault(drop=True, times=None))
    for text in BAD_ANSWERS:
        since = site.mark()
        await site.present("ODD-TAG")
        asked = await site.received("Authorize", since, idTag="ODD-TAG")
        await site.central.send_raw(text.format(id=asked.uid))
        assert await site.configured("ResetRetries")
        assert site.central.calls("StartTransaction", begin) == [], text[:60]
    await site.unplug()


async def test_one_call_is_outstanding_and_only_its_own_answer_ends_it(site):
    """While a Heartbeat waits, no card is asked about (OCPP-J 4.1.1); answers of another id change nothing."""
    site.central.fault("Heartbeat", Fault(drop=True))
    since = site.mark()
    await site.configure(HeartbeatInterval=1)
    beat = await site.received("Heartbeat", since)
    since = site.mark()
    await site.present("TAG-LATE")
    for text in (
        [CALLRESULT, "x" + beat.uid[1:], {"currentTime": utc_now()}],
        [CALLRESULT, beat.uid + "0", {"currentTime": utc_now()}],
        [CALLERROR, "nobody", "GenericError", "", {}],
    ):
        await site.central.send_raw(json.dumps(text))
        assert await site.configured("ResetRetries")
    assert [m.action for m in site.central.calls(since=since)] == []
    await site.central.send_raw(json.dumps([CALLRESULT, beat.uid, {"currentTime": utc_now()}]))
    await site.received("Authorize", since, idTag="TAG-LATE")
    await site.central.send_raw(json.dumps([CALLRESULT, beat.uid, {"currentTime": utc_now()}]))  # the same once more
    await site.configure(HeartbeatInterval=300)
    assert site.central.calls("Authorize", since)[1:] == []
    await site.status("Preparing", since)
    await site.answer("auth TAG-LATE", "taken back")  # one that waits for its plug is not replaced by the next


async def test_an_answer_that_comes_twice_counts_once(site):
    site.central.fault("Authorize", Fault(twice=True))
    since = site.mark()
    await site.present("TWICE")
    await site.received("Authorize", since)
    assert await site.configured("ResetRetries")
    assert [m.kind for m in site.central.messages.after(since) if m.direction == "in"][:1] == [CALL]
