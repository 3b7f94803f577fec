"""What a central system asks us to send: TriggerMessage and ExtendedTriggerMessage (OCPP 1.6, section 5.17)."""

import gc
import json

from ocpp_site import Central, booted
from triggered_messages import Telling

PROFILES = (
    ("components.ocpp.v16.triggers:RemoteTrigger", {}),
    ("components.ocpp.v16.triggers:ExtendedTrigger", {}),
)


class Order(Central):
    """Keeps what it gets in ``order``: the action of a CALL, the status in an answer."""

    def __init__(self):
        super().__init__()
        self.order = []

    async def take(self, text):
        frame = json.loads(text)
        self.order.append(frame[2] if frame[0] == 2 else frame[2].get("status"))
        await super().take(text)


async def made(tmp, central=None, **options):
    site = await booted(tmp, central, profiles=PROFILES, **options)
    site.central.calls = []
    return site


async def trigger(site, message, connector=None, action="TriggerMessage"):
    """Returns the answer's status, or the code of the CALLERROR."""
    ask = {"requestedMessage": message}
    if connector is not None:
        ask["connectorId"] = connector
    answer = await site.central.call(action, ask)
    return answer["status"] if isinstance(answer, dict) else answer


async def charging(site):
    site.plug_in()
    site.ocpp.present_tag("TAG")
    await site.run(1000)
    site.central.calls = []


def journaled(site):
    """Returns a list of the messages that are journaled from now on."""
    pushed = []
    commit = site.store.commit

    def watched(changes=None, push=(), pop=(), drop=()):
        pushed.extend(push)
        commit(changes, push, pop, drop)

    site.store.commit = watched
    return pushed


async def test_the_answer_goes_out_before_each_message_that_it_promises(tmp):
    site = await made(tmp, Order())
    for message in ("BootNotification", "Heartbeat", "MeterValues", "StatusNotification"):
        for connector in (None, 1):
            site.central.order = []
            assert await trigger(site, message, connector) == "Accepted"
            await site.run(300)
            told = 2 if message == "StatusNotification" and connector is None else 1
            assert site.central.order == ["Accepted"] + [message] * told


async def test_also_while_a_call_of_ours_is_on_its_way_out(tmp):
    class Slow(Order):
        async def take(self, text):
            if '"Heartbeat"' in text:
                await self.site.clock.sleep_ms(400)
            await super().take(text)

    site = await made(tmp, Slow())
    for _ in range(2):
        await trigger(site, "Heartbeat")
    await trigger(site, "StatusNotification", 1)
    await site.run(3000)
    order = site.central.order[-6:]
    assert order == ["Accepted", "Heartbeat", "Accepted", "Accepted", "StatusNotification", "Heartbeat"]


async def test_status_of_each_connector_though_nothing_changed(tmp):
    site = await made(tmp)
    cases = ((None, [0, 1]), (0, [0]), (1, [1]))
    for connector, told in cases:
        site.central.calls = []
        assert await trigger(site, "StatusNotification", connector) == "Accepted"
        await site.run(300)
        assert [p["connectorId"] for p in site.central.of("StatusNotification")] == told
        for payload in site.central.of("StatusNotification"):
            assert payload["status"] == "Available" and payload["errorCode"] == "NoError" and payload["timestamp"]
    site.central.calls = []
    for connector in (2, -1, 99):
        assert await trigger(site, "StatusNotification", connector) == "Rejected"
    await site.run(300)
    assert site.central.calls == []


async def test_a_state_that_was_reported_before_it_lasted_is_followed_by_what_comes_after_it(tmp):
    """MinimumStatusDuration keeps short states back, not those that were asked for; what is told last is true."""
    site = await made(tmp)
    site.ocpp.set("MinimumStatusDuration", "5")
    site.plug_in()
    await site.run(1000)
    assert await trigger(site, "StatusNotification", 1) == "Accepted"
    await site.run(300)
    assert site.central.states() == ["Preparing"]
    site.unplug()
    await site.run(10000)
    assert site.central.states() == ["Preparing", "Available"]


async def test_meter_values_with_all_that_is_measured(tmp):
    site = await made(tmp)
    site.ocpp.set("MeterValuesSampledData", "Energy.Active.Import.Register,Voltage,SoC")
    site.charger.terminal_voltage_mv.set(76200)
    site.bms.soc_permille.set(835)
    for connector in (None, 1):
        assert await trigger(site, "MeterValues", connector) == "Accepted"
    await site.run(300)
    told = site.central.of("MeterValues")
    assert len(told) == 2
    for payload in told:
        assert payload["connectorId"] == 1 and "transactionId" not in payload
        values = payload["meterValue"][0]["sampledValue"]
        assert [(v["measurand"], v["value"], v["context"]) for v in values] == [
            ("Energy.Active.Import.Register", "0.000", "Trigger"),
            ("Voltage", "76.200", "Trigger"),
            ("SoC", "83.500", "Trigger"),
        ]
    for connector in (0, 2):  # there is no main meter
        assert await trigger(site, "MeterValues", connector) == "Rejected"


async def test_meter_values_of_a_transaction(tmp):
    site = await made(tmp)
    await charging(site)
    pushed = journaled(site)
    assert await trigger(site, "MeterValues") == "Accepted"
    await site.run(200)
    told = site.central.of("MeterValues")
    assert len(told) == 1 and told[0]["transactionId"] == site.ocpp.transaction.id == 1
    assert pushed == []  # a flash sector would not stand every trigger


async def test_a_transaction_whose_id_is_not_known_yet(tmp):
    site = await made(tmp)
    site.central.answers["StartTransaction"] = "InternalError"
    await charging(site)
    assert site.ocpp.transaction.id is None
    assert await trigger(site, "MeterValues") == "Accepted"
    await site.run(200)
    assert len(site.central.of("MeterValues")) == 1 and "transactionId" not in site.central.of("MeterValues")[0]


async def test_no_empty_sample_is_sent(tmp):
    site = await made(tmp)
    for wanted in ("", "Voltage"):  # the voltage is not known
        site.ocpp.set("MeterValuesSampledData", wanted)
        assert await trigger(site, "MeterValues") == "Rejected"
    await site.run(300)
    assert site.central.calls == []


async def test_what_is_not_there(tmp):
    site = await made(tmp)
    for message in ("DiagnosticsStatusNotification", "FirmwareStatusNotification"):
        assert await trigger(site, message) == "NotImplemented"
    for message in ("LogStatusNotification", "FirmwareStatusNotification", "SignChargePointCertificate"):
        assert await trigger(site, message, action="ExtendedTriggerMessage") == "NotImplemented"
    assert await trigger(site, "StopTransaction") == "PropertyConstraintViolation"
    assert await trigger(site, "LogStatusNotification") == "PropertyConstraintViolation"
    await site.run(300)
    assert site.central.calls == []


async def test_another_profile_brings_its_messages(tmp):
    site = await made(tmp)
    seen = []

    def signed(connector):
        seen.append(connector)
        site.ocpp.outbox.add("SignedFirmwareStatusNotification", {"status": "Idle"})
        return True

    site.ocpp.dispatcher.add("signed_firmware", Telling(signed))
    site.ocpp.dispatcher.add("firmware", Telling(lambda connector: False))
    assert await trigger(site, "FirmwareStatusNotification") == "Rejected"
    assert await trigger(site, "FirmwareStatusNotification", 1, "ExtendedTriggerMessage") == "Accepted"
    await site.run(300)
    assert seen == [1] and site.central.actions() == ["SignedFirmwareStatusNotification"]


async def test_the_extended_message_requests_the_same(tmp):
    site = await made(tmp)
    for message in ("BootNotification", "Heartbeat", "MeterValues"):
        site.central.calls = []
        assert await trigger(site, message, action="ExtendedTriggerMessage") == "Accepted"
        await site.run(300)
        assert site.central.actions() == [message]
    assert await trigger(site, "StatusNotification", 5, "ExtendedTriggerMessage") == "Rejected"
    assert "Core,RemoteTrigger" == site.ocpp.get("SupportedFeatureProfiles")[0][1]


async def test_while_pending_what_is_requested_is_sent_and_nothing_else(tmp):
    """Section 4.2."""
    central = Central()
    pending = {"status": "Pending", "currentTime": "2027-01-15T12:00:00Z", "interval": 600}
    central.answers["BootNotification"] = pending
    site = await made(tmp, central)
    site.ocpp.outbox.add("DataTransfer", {"vendorId": "V"})  # nobody asked for this one
    site.plug_in()
    await site.run(1000)
    for message in ("Heartbeat", "MeterValues", "StatusNotification"):
        assert await trigger(site, message) == "Accepted"
    site.ocpp.outbox.add("DataTransfer", {"vendorId": "V"})
    await site.run(1000)
    assert sorted(central.actions()) == ["Heartbeat", "MeterValues", "StatusNotification", "StatusNotification"]
    assert central.states() == ["Preparing"]
    central.calls = []
    del central.answers["BootNotification"]
    assert await trigger(site, "BootNotification") == "Accepted"
    await site.run(1000)
    assert central.actions()[0] == "BootNotification" and "DataTransfer" in central.actions()
    assert central.states() == ["Preparing"] and central.states(0) == ["Available"]  # told anew: we are accepted now


async def test_before_the_first_answer_only_the_boot_notification_can_be_requested(tmp):
    central = Central()
    central.answers["BootNotification"] = "InternalError"
    site = await made(tmp, central)
    for message in ("Heartbeat", "MeterValues", "StatusNotification"):
        assert await trigger(site, message) == "Rejected"
    del central.answers["BootNotification"]
    assert await trigger(site, "BootNotification") == "Accepted"
    await site.run(500)
    assert central.actions()[0] == "BootNotification" and site.ocpp.connected.value


async def test_a_boot_notification_that_is_requested_may_change_the_registration(tmp):
    site = await made(tmp)
    site.central.answers["BootNotification"] = {"status": "Pending", "currentTime": "", "interval": 5}
    assert await trigger(site, "BootNotification") == "Accepted"
    await site.run(500)
    assert not site.ocpp.connected.value
    del site.central.answers["BootNotification"]
    await site.run(5000)
    assert site.ocpp.connected.value


async def test_one_every_two_seconds_for_an_hour(tmp):
    site = await made(tmp)
    await charging(site)
    pushed = journaled(site)
    sent = {"Heartbeat": 0, "MeterValues": 0, "StatusNotification": 0, "BootNotification": 0}
    site.ocpp.set("MeterValueSampleInterval", "0")
    names = tuple(sent)
    free = None
    for n in range(1800):
        name = names[n % 4]
        assert await trigger(site, name, 1) == "Accepted"
        await site.run(1950)
        sent[name] += len(site.central.of(name))
        site.central.calls, site.central.results, site.central._answered = [], [], {}
        if n in (400, 1799):
            gc.collect()
            before, free = free, gc.mem_free()
    assert sent == dict.fromkeys(names, 450)
    assert site.ocpp.outbox.dropped == 0 and not site.ocpp.outbox.full()
    assert before - free < 4000, (before, free)
    assert pushed == []


async def test_more_than_it_can_send_is_refused_and_what_was_accepted_is_sent(tmp):
    site = await made(tmp)
    site.central.answers["Heartbeat"] = None
    assert await trigger(site, "Heartbeat") == "Accepted"
    await site.run(500)
    answers = []
    for _ in range(20):
        answers.append(await trigger(site, "MeterValues"))
    assert answers == ["Accepted"] * 8 + ["Rejected"] * 12
    await site.run(31000)
    assert len(site.central.of("MeterValues")) == 8 and site.ocpp.outbox.dropped == 0
