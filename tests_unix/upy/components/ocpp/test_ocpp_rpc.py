"""OCPP-J framing: malformed frames, wrong calls, unknown ids, time-outs, what comes twice (OCPP-J 1.6, section 4)."""

import asyncio
import gc
import json

from ocpp_site import Central, Site, booted

from components.ocpp.dispatcher import CallError


async def frame_answer(site, text):
    """What we answer to a text: the frame, or None."""
    before = len(site.central.results)
    await site.central.give(text)
    await site.run(50)
    return site.central.results[before] if len(site.central.results) > before else None


async def test_frames_that_are_dropped_with_a_counter(tmp):
    site = await booted(tmp)
    texts = (
        "", "null", "{}", "[]", "[2]", '"x"', "nonsense",
        '[5, "id", "Reset", {}]', '["2", "id", "Reset", {}]', '[2.5, "id"]',
        '[true, "id", "Reset", {}]', '[2, 7, "Reset", {}]', '[2, "", "Reset", {}]', '[2, null, "Reset", {}]',
        '[2, "%s", "Reset", {}]' % ("x" * 37), "[" * 400, '[2, "\\u0000',
    )  # fmt: skip
    for text in texts:
        malformed = site.ocpp.counters.malformed
        assert await frame_answer(site, text) is None, text
        assert site.ocpp.counters.malformed == malformed + 1, text
    assert site.exits == [] and (await site.central.call("ClearCache", {})) == {"status": "Accepted"}


async def test_broken_json_with_a_readable_id_is_answered(tmp):
    site = await booted(tmp)
    answer = await frame_answer(site, '[2, "abc", "Reset", {"type": ')
    assert answer[:3] == [4, "abc", "FormationViolation"] and len(answer) == 5
    assert site.ocpp.counters.malformed == 1


async def test_calls_that_are_refused_with_the_right_code(tmp):
    site = await booted(tmp)
    cases = (
        ('[2, "1", "Reset"]', "ProtocolError"),
        ('[2, "2", 5, {}]', "FormationViolation"),
        ('[2, "3", "Reset", {"type": "Soft"}, {}]', "FormationViolation"),
        ('[2, "4", "Reset", []]', "FormationViolation"),
        ('[2, "5", "Reset", null]', "FormationViolation"),
        ('[2, "6", "Reset", {}]', "OccurenceConstraintViolation"),
        ('[2, "7", "Reset", {"type": 1}]', "TypeConstraintViolation"),
        ('[2, "8", "Reset", {"type": "Medium"}]', "PropertyConstraintViolation"),
        ('[2, "9", "Reset", {"type": "Soft", "when": "now"}]', "FormationViolation"),
        ('[2, "10", "Explode", {}]', "NotImplemented"),
        ('[2, "11", "UpdateFirmware", {}]', "NotSupported"),
        ('[2, "12", "StartTransaction", {}]', "NotSupported"),
        ('[2, "13", "Reset|TriggerMessage", {}]', "NotImplemented"),
    )
    for text, code in cases:
        answer = await frame_answer(site, text)
        assert answer[0] == 4 and answer[1] == json.loads(text)[1] and answer[2] == code, (text, answer)
        assert isinstance(answer[3], str) and answer[4] == {}
    assert site.exits == [] and site.ocpp.counters.errors_sent == len(cases)


async def test_unknown_fields_are_tolerated_if_so_configured(tmp):
    site = await booted(tmp, strict=False)
    assert await site.central.call("ClearCache", {"extra": 1}) == {"status": "Accepted"}


async def test_null_is_an_absent_field_unless_strict(tmp):
    """Optional fields, nested ones, too; what is required is missing then, and an array has no place for null."""
    profiles = (("components.station.limits:SmartCharging", {}),)
    for strict in (False, True):
        site = await booted(tmp, strict=strict, profiles=profiles)
        answer = await site.central.call("GetConfiguration", {"key": None})
        assert answer == "TypeConstraintViolation" if strict else "configurationKey" in answer
        schedule = {"chargingRateUnit": "A", "duration": None, "startSchedule": None, "minChargingRate": None}
        schedule["chargingSchedulePeriod"] = [{"startPeriod": 0, "limit": 16, "numberPhases": None}]
        given = {
            "chargingProfileId": 1, "transactionId": None, "stackLevel": 0, "validFrom": None, "validTo": None,
            "chargingProfilePurpose": "TxDefaultProfile", "chargingProfileKind": "Relative", "recurrencyKind": None,
            "chargingSchedule": schedule,
        }  # fmt: skip
        answer = await site.central.call("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": given})
        assert answer == "TypeConstraintViolation" if strict else answer == {"status": "Accepted"}
        answer = await site.central.call("RemoteStartTransaction", {"idTag": None})
        assert answer == "TypeConstraintViolation" if strict else answer == "OccurenceConstraintViolation"
        for payload in (None, {"key": [None]}):
            assert await site.central.call("GetConfiguration", payload) in (
                "FormationViolation", "TypeConstraintViolation",
            )  # fmt: skip
        await site.power_off()


async def test_null_in_an_answer_is_an_absent_field_unless_strict(tmp):
    for strict, bad in ((False, 0), (True, 1)):
        site = await booted(tmp, strict=strict)
        info = {"status": "Accepted", "expiryDate": None, "parentIdTag": None}
        site.central.answers["Authorize"] = {"idTagInfo": info}
        site.ocpp.present_tag("TAG")
        await site.run(500)
        assert site.ocpp.state.value == "Preparing" and site.ocpp.counters.bad_answers == bad
        await site.power_off()


async def test_an_exception_in_a_handler_is_an_InternalError_with_a_traceback(tmp):
    site = await booted(tmp)
    site.ocpp.core.set_data_transfer_handler("v", "m", lambda data: {}["missing"])
    assert await site.central.call("DataTransfer", {"vendorId": "v", "messageId": "m"}) == "InternalError"
    assert site.lines("Traceback") and site.lines("KeyError")
    assert await site.central.call("ClearCache", {}) == {"status": "Accepted"}


def slowly(site, *answers):
    """Have DataTransfer and ClearCache answered by coroutines that wait; returns the events that let them go on."""
    events = []

    def handler(answer):
        async def work(event):
            await event.wait()
            if isinstance(answer, Exception):
                raise answer
            return answer

        def handle(payload):
            events.append(asyncio.Event())
            return work(events[-1])

        return handle

    for name, answer in zip(("data_transfer", "clear_cache"), answers):
        setattr(site.ocpp.core, name, handler(answer))
    return events


TRANSFER = '[2, "slow", "DataTransfer", {"vendorId": "v"}]'


async def test_the_answer_of_a_coroutine_comes_when_it_is_done(tmp):
    site = await booted(tmp)
    done = []
    events = slowly(site, ({"status": "Accepted"}, lambda: done.append(len(site.central.results))))
    assert await frame_answer(site, TRANSFER) is None
    site.ocpp.present_tag("TAG")  # what we ask ourselves goes on
    await site.run(1000)
    assert site.central.of("Authorize") == [{"idTag": "TAG"}] and done == []
    events[0].set()
    await site.run(50)
    assert site.central.results == [[3, "slow", {"status": "Accepted"}]] and done == [1]
    assert await frame_answer(site, TRANSFER) == [3, "slow", {"status": "Accepted"}] and len(events) == 1


async def test_a_message_waits_unread_while_a_coroutine_is_at_work(tmp):
    site = await booted(tmp)
    events = slowly(site, {"status": "Accepted"})
    texts = [TRANSFER, '[2, "next", "GetConfiguration", {"key": ["NumberOfConnectors"]}]']

    class Socket:
        async def recv(self):
            if not texts:
                await asyncio.Event().wait()
            return texts.pop(0)

    task = asyncio.create_task(site.ocpp.link._read(Socket()))
    await site.run(1000)
    assert len(texts) == 1 and site.central.results == []
    events[0].set()
    await site.run(50)
    assert [frame[1] for frame in site.central.results] == ["slow", "next"]
    task.cancel()


async def test_a_coroutine_that_fails_or_never_ends_is_an_InternalError(tmp):
    site = await booted(tmp)
    events = slowly(site, KeyError("missing"), CallError("SecurityError", "no"))
    await frame_answer(site, TRANSFER)
    await frame_answer(site, '[2, "other", "ClearCache", {}]')
    for event in events:
        event.set()
    await site.run(50)
    assert [frame[1:4] for frame in site.central.results] == [
        ["slow", "InternalError", "KeyError"],
        ["other", "SecurityError", "no"],
    ]
    assert site.lines("Traceback") and site.lines("handler of DataTransfer")
    await frame_answer(site, '[2, "never", "DataTransfer", {"vendorId": "v"}]')
    await site.run(31000)
    assert site.central.results[2][1:3] == ["never", "InternalError"] and "30000 ms" in site.central.results[2][3]
    assert await site.central.call("GetConfiguration", {"key": ["X"]}) == {"unknownKey": ["X"]}


async def test_a_call_that_comes_twice_is_executed_once(tmp):
    site = await booted(tmp)
    taken = []
    handler = lambda data: (taken.append(data) or "Accepted", str(len(taken)))  # noqa: E731
    site.ocpp.core.set_data_transfer_handler("v", "m", handler)
    text = '[2, "same", "DataTransfer", {"vendorId": "v", "messageId": "m"}]'
    first = await frame_answer(site, text)
    assert await frame_answer(site, text) == first and len(taken) == 1
    assert site.ocpp.counters.duplicates == 1
    other = '[2, "same", "DataTransfer", {"vendorId": "v", "messageId": "m", "data": "2"}]'
    assert (await frame_answer(site, other))[2]["data"] == "2"  # a careless server: the same id for something else


async def test_answers_with_unknown_ids_are_counted(tmp):
    site = await booted(tmp)
    assert await frame_answer(site, '[3, "nobody", {}]') is None
    assert await frame_answer(site, '[4, "nobody", "GenericError", "", {}]') is None
    assert site.ocpp.counters.unknown_ids == 2


async def test_one_call_at_a_time_and_calls_are_answered_meanwhile(tmp):
    central = Central()
    central.answers["StatusNotification"] = None
    site = await booted(tmp, central)
    await site.run(1000)
    assert central.actions().count("StatusNotification") == 1  # the second waits for the first
    assert await central.call("GetConfiguration", {"key": ["HeartbeatInterval"]}) == {
        "configurationKey": [{"key": "HeartbeatInterval", "value": "300", "readonly": False}]
    }
    await site.run(30000)
    assert site.ocpp.counters.timeouts == 1
    assert central.states(0) == ["Available"] and central.states() == ["Available"]


async def test_answers_that_make_no_sense_harm_nothing(tmp):
    central = Central()
    for bad in (None, [], 5, {"idTagInfo": None}, {"idTagInfo": {"status": "Fine"}}, {"idTagInfo": "Accepted"}):
        central.answers["Authorize"] = lambda payload, bad=bad: [bad][0] if bad is not None else {"x": 1}
        site = await booted(tmp, central)
        site.plug_in()
        site.ocpp.present_tag("TAG")
        await site.run(1000)
        assert site.ocpp.transaction is None and not site.gate.enabled.value, bad
        assert site.ocpp.counters.bad_answers == 1
        await site.power_off()


async def test_a_garbled_error_answer(tmp):
    site = await booted(tmp)
    site.central.answers["Heartbeat"] = None
    await site.run(301000)
    message_id = [c[0] for c in site.central.calls if c[1] == "Heartbeat"][0]
    await site.central.give('[4, "%s"]' % message_id)
    await site.run(100)
    assert site.ocpp.counters.errors_received == 1


async def test_the_message_that_is_too_much_for_the_heap_is_dropped(tmp):
    site = await booted(tmp)
    text = '[2, "a", "Reset", [%s]]' % ("1," * 5000 + "1")
    assert (await frame_answer(site, text))[2] == "FormationViolation"
    assert site.exits == []


async def test_heap_stays_where_it_is_under_nonsense(tmp):
    import gc

    site = Site(tmp)
    await site.power_on()
    central = Central()
    await site.connect(central)
    texts = ("[", '[2, "7", "Reset", {"type": 7}]', '[3, "7", {}]', '[2, "7", "GetConfiguration", {}]', "[2]")

    async def flood(n):
        for i in range(n):
            await site.ocpp.rpc.receive(texts[i % len(texts)])
        central.results.clear()
        gc.collect()
        return gc.mem_alloc()

    await flood(50)
    before = await flood(100)
    assert await flood(400) - before < 2000


def tell_much(site):
    site.ocpp.outbox.add("DataTransfer", {"vendorId": "x", "data": "y" * 20000})


async def test_nothing_of_a_message_is_in_the_heap_while_its_answer_is_awaited(tmp):
    """A StopTransaction has some KB, and the answer needs its room."""
    site = await booted(tmp)
    sent = []

    async def swallow(text):
        sent.append(len(text))

    site.ocpp.rpc._transmit = swallow
    gc.collect()
    before = gc.mem_alloc()
    tell_much(site)
    await site.run(1000)
    gc.collect()
    assert sent[0] > 20000 and gc.mem_alloc() - before < 10000, gc.mem_alloc() - before
