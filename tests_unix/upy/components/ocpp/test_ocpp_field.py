"""Central systems as they are: answers of the wrong shape, or none, and a charge point that goes on."""

import json

from ocpp_site import NOON, Central, Site, booted, session

from core.isotime import format_utc

TX = ("StartTransaction", "StopTransaction")
# every request of Core that a session brings
OURS = (
    "BootNotification", "StatusNotification", "Authorize", "StartTransaction", "MeterValues", "StopTransaction",
    "Heartbeat", "DataTransfer",
)  # fmt: skip
# those of other profiles, which go through the outbox
OTHERS = ("FirmwareStatusNotification", "DiagnosticsStatusNotification", "SecurityEventNotification")


async def whole(site, tag="TAG"):
    """A session with meter values, and time for everything that is tried again; is all well afterwards?"""
    site.ocpp.set("MeterValueSampleInterval", "1")
    site.ocpp.set("TransactionMessageRetryInterval", "1")
    await session(site, tag)
    await site.run(10000)
    assert site.ocpp.transaction is None and len(site.ocpp.journal) == 0
    assert site.ocpp.state.value == "Available" and not site.gate.transaction.value
    assert site.lines("Traceback") == []


async def test_null_or_extra_fields_in_place_of_an_empty_answer(tmp):
    for answer in (lambda p: [], lambda p: {"vendor": {"x": [1]}, "status": "Accepted"}):
        site = await booted(tmp)
        for action in ("StatusNotification", "MeterValues", "StopTransaction", "Heartbeat", "DataTransfer"):
            site.central.answers[action] = answer
        await whole(site)
        assert len(site.central.of("StopTransaction")) == 1
        await site.run(310000)
        assert site.ocpp.online() and site.central.of("Heartbeat")
        await site.power_off()


async def test_null_itself(tmp):
    """`null` is no JSON object, but the answer to a request whose answer has nothing to say."""
    site = await booted(tmp)
    central = site.central
    take = central.take

    async def nulls(text):
        if text.startswith("[2,") and ("StatusNotification" in text or "MeterValues" in text or "StopTrans" in text):
            central.calls.append(tuple(json.loads(text)[1:]))
            await central.give([3, json.loads(text)[1], None])
        else:
            await take(text)

    site.ocpp.rpc.attach(nulls)
    await whole(site)
    stops = [call for call in central.calls if call[1] == "StopTransaction"]
    assert len(stops) == 1 and site.ocpp.counters.bad_answers > 0


def refuse(central, action, code):
    """Have it answer with a CALLERROR; returns the list of what it refused."""
    refused = []
    central.answers[action] = lambda payload: refused.append(payload) or code
    return refused


async def test_an_error_in_answer_to_each_of_our_requests(tmp):
    """CALLERROR is an answer: nothing waits for a better one for ever, and what comes after is sent."""
    for action in OURS:
        for code in ("NotSupported", "InternalError", "NoSuchCode"):
            site = Site("%s/%s-%s" % (tmp, action, code), vendor_id="Ours")
            await site.power_on()
            central = Central()
            refused = refuse(central, action, code)
            await site.connect(central)
            site.ocpp.set("HeartbeatInterval", "5")
            await whole(site)
            await site.run(8000)
            if action == "DataTransfer":
                site.plug_in()
                await site.run(10000)
            assert refused, action
            assert site.ocpp.counters.errors_received == len(refused)
            asked = await central.call("GetConfiguration", {"key": ["NumberOfConnectors"]})
            assert asked["configurationKey"][0]["value"] == "1", action
            if action == "BootNotification":
                assert len(refused) == 1 and not site.ocpp.online(), "asked again 30 s later"
                del central.answers[action]
                await site.run(20000)
            assert site.ocpp.online(), action
            given_up = site.ocpp.counters.dropped
            assert given_up >= 1 if action == "MeterValues" else given_up == (1 if action in TX else 0), action
            await site.power_off()


async def test_an_error_in_answer_to_what_other_profiles_send(tmp):
    site = await booted(tmp)
    outcomes = []
    for action in OTHERS:
        site.central.answers[action] = "InternalError"
        site.ocpp.outbox.add(action, {"status": "Idle"}, lambda answer, error: outcomes.append((answer, error)))
        site.ocpp.outbox.add(action, {"status": "Idle"})
    await site.run(1000)
    assert outcomes == [(None, "InternalError")] * len(OTHERS)
    await whole(site)
    assert len(site.central.of("StopTransaction")) == 1


async def test_no_answer_to_each_of_our_requests_once(tmp):
    """The request is repeated where it must not be lost, and nothing after it is."""
    for action in OURS[1:6]:
        site = await booted(tmp + "/" + action)
        site.ocpp.set("AllowOfflineTxForUnknownId", "true")
        site.central.answers[action] = None
        site.ocpp.set("TransactionMessageRetryInterval", "1")
        site.plug_in()
        await site.run(500)
        site.ocpp.present_tag("TAG")
        await site.run(500)
        if action in ("StopTransaction", "MeterValues"):
            site.ocpp.set("MeterValueSampleInterval", "1")
            await site.run(1500)
            site.ocpp.present_tag("TAG")
            await site.run(500)
        assert action in site.central.actions()
        del site.central.answers[action]
        await site.run(40000)
        if site.ocpp.transaction is not None:
            site.ocpp.present_tag("TAG")
        site.unplug()
        await site.run(5000)
        assert [p["transactionId"] for p in site.central.of("StopTransaction")][-1:] == [1], action
        assert len(site.ocpp.journal) == 0 and site.ocpp.state.value == "Available"
        assert site.central.states()[-1] == "Available"
        await site.power_off()


async def test_calls_before_the_boot_is_answered(tmp):
    """They are answered; nothing of ours but BootNotification is sent, and nobody charges by remote."""
    central = Central()
    central.answers["BootNotification"] = None
    site = await booted(tmp, central)
    site.plug_in()
    ask = central.call
    for key in ({}, {"key": []}):
        assert len((await ask("GetConfiguration", key))["configurationKey"]) > 30
    value = {"key": "MeterValueSampleInterval", "value": "7"}
    assert await ask("ChangeConfiguration", value) == {"status": "Accepted"}
    assert await ask("ChangeAvailability", {"connectorId": 1, "type": "Operative"}) == {"status": "Accepted"}
    assert await ask("ClearCache", {}) == {"status": "Accepted"}
    assert await ask("RemoteStartTransaction", {"idTag": "TAG"}) == {"status": "Rejected"}
    assert await ask("DataTransfer", {"vendorId": "x"}) == {"status": "UnknownVendorId"}
    assert set(central.actions()) == {"BootNotification"}
    del central.answers["BootNotification"]
    await site.run(65000)
    assert site.ocpp.online() and central.states() == ["Preparing"]
    assert await ask("RemoteStartTransaction", {"idTag": "TAG"}) == {"status": "Accepted"}


async def test_transaction_ids_zero_and_negative(tmp):
    for number in (0, -1, -7, 2147483647):
        home = "%s/%d" % (tmp, number)
        central = Central()
        central.answers["StartTransaction"] = {"transactionId": number, "idTagInfo": {"status": "Accepted"}}
        site = await booted(home, central)
        site.ocpp.set("MeterValueSampleInterval", "1")
        site.plug_in()
        site.ocpp.present_tag("TAG")
        await site.run(2500)
        assert site.ocpp.transaction.id == number
        await site.power_off()  # it is kept
        site = Site(home)
        site.plug_in()
        await site.power_on()
        await site.connect(central)
        await site.run(2000)
        assert site.ocpp.transaction.id == number
        assert {payload["transactionId"] for payload in central.of("MeterValues")} == {number}
        wrong = await central.call("RemoteStopTransaction", {"transactionId": number - 1 if number else 1})
        assert wrong == {"status": "Rejected"}
        assert await central.call("RemoteStopTransaction", {"transactionId": number}) == {"status": "Accepted"}
        await site.run(1000)
        (stop,) = central.of("StopTransaction")
        assert stop["transactionId"] == number and stop["reason"] == "Remote"
        await site.power_off()


async def test_an_answer_to_the_start_that_comes_over_the_next_connection(tmp):
    """With the id of the request before or after we repeat that: the transaction has one id, and is begun once."""
    for repeated_first in (False, True):
        site = await booted("%s/%s" % (tmp, repeated_first))
        central = site.central
        central.answers["StartTransaction"] = None
        site.plug_in()
        site.ocpp.present_tag("TAG")
        await site.run(1000)
        message_id = [call[0] for call in central.calls if call[1] == "StartTransaction"][0]
        await site.disconnect()
        answer = [3, message_id, {"transactionId": 41, "idTagInfo": {"status": "Accepted"}}]
        if repeated_first:
            await site.connect(central)
        else:
            central.site = site
            await central.give(answer)
            await site.run(10)
            await site.connect(central)
        starts = central.actions().count("StartTransaction")
        assert starts == (2 if repeated_first else 1)
        await central.give(answer)
        await site.run(500)
        assert site.ocpp.transaction.id == 41
        assert {call[0] for call in central.calls if call[1] == "StartTransaction"} == {message_id}
        assert site.ocpp.counters.unknown_ids == (0 if repeated_first else 1)
        site.ocpp.present_tag("TAG")
        await site.run(500)
        assert [payload["transactionId"] for payload in central.of("StopTransaction")] == [41]
        await site.power_off()


async def test_an_idTagInfo_that_is_missing(tmp):
    """Nobody refused the start: it goes on. An Authorize without it authorizes nobody."""
    site = await booted(tmp)
    site.central.answers["StartTransaction"] = {"transactionId": 3}
    site.central.answers["StopTransaction"] = {}
    await whole(site)
    assert [payload["transactionId"] for payload in site.central.of("StopTransaction")] == [3]
    for info in ({}, {"idTagInfo": None}, {"idTagInfo": {}}, {"idTagInfo": "Accepted"}):
        site.central.answers["Authorize"] = info
        site.plug_in()
        site.ocpp.present_tag("OTHER")
        await site.run(1000)
        assert site.ocpp.transaction is None and not site.gate.enabled.value, info


async def test_the_same_call_twice_starts_and_stops_once(tmp):
    site = await booted(tmp)
    central = site.central
    site.plug_in()
    for call in (
        [2, "twice-1", "RemoteStartTransaction", {"idTag": "TAG"}],
        [2, "twice-2", "RemoteStopTransaction", {"transactionId": 1}],
    ):
        await central.give(call)
        await central.give(call)
        await site.run(2000)
        answers = [frame[2] for frame in central.results if frame[1] == call[1]]
        assert answers == [{"status": "Accepted"}] * 2, call
    assert [call[1] for call in central.calls if call[1] in TX] == list(TX)
    assert site.ocpp.counters.duplicates == 2


async def test_the_same_answer_twice(tmp):
    class Stutters(Central):
        async def give(self, frame):
            await super().give(frame)
            if frame[0] == 3:
                await super().give(frame)

    site = await booted(tmp, Stutters())
    await whole(site)
    assert [call[1] for call in site.central.calls if call[1] in TX] == list(TX)
    assert site.ocpp.counters.unknown_ids > 4


async def test_a_boot_that_is_answered_late_and_twice(tmp):
    """The second answer is to nothing that we asked: it is counted, and changes nothing."""
    central = Central()
    central.answers["BootNotification"] = None
    site = await booted(tmp, central)
    message_id = central.calls[0][0]
    good = {"status": "Accepted", "currentTime": format_utc(NOON), "interval": 300}
    await central.give([3, message_id, good])
    await central.give([3, message_id, {"status": "Rejected", "currentTime": format_utc(NOON), "interval": 300}])
    await site.run(1000)
    assert site.ocpp.online() and not site.ocpp.rpc.muted and site.ocpp.counters.unknown_ids == 1
