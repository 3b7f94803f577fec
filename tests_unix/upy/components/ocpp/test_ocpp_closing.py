"""The end of a transaction is taken once the power module has stopped (OCPP 1.6, sections 4.8 and 6.49)."""

import asyncio

from lock_site import made, position
from ocpp_site import NOON, Central, Site, booted

from components.persistence import Persistence
from core.isotime import format_utc, parse_utc
from core.kernel import RESTART


async def charging(home, central=None, **options):
    site = await booted(home, central, **options)
    await begin(site)
    return site


async def begin(site):
    site.plug_in()
    site.ocpp.present_tag("TAG")
    await site.run(2000)
    assert site.gate.enabled.value and site.ocpp.transaction.id is not None
    site.module_stops = False


def deliver(site, wh):
    """The power module goes on for a while."""
    for _ in range(wh):
        site.energy.add_gap(36000000, 100)  # 36 kW for 100 ms are 1 Wh
    site.energy.fold()


def stops(site):
    return site.central.of("StopTransaction")


async def test_what_the_module_delivers_after_the_stop_is_billed(tmp):
    site = await charging(tmp, vendor_id="V")
    stopped_ms = site.clock.utc_ms()
    assert site.ocpp.present_tag("TAG") == "transaction ended"
    before = site.charger.energy_mwh.value
    assert not site.gate.enabled.value and not site.gate.transaction.value and site.ocpp.transaction is None
    await site.run(300)
    assert site.ocpp.state.value == "Finishing", "told at once, not when the module has stopped"
    deliver(site, 9)
    await site.run(700)
    assert stops(site) == [] and len(site.ocpp.journal) == 0
    site.charger.flowing.set(False)
    await site.run(500)
    (stop,) = stops(site)
    after = site.charger.energy_mwh.value
    assert after - before >= 9000 and stop["meterStop"] == (after + 999) // 1000
    assert stop["reason"] == "Local" and stop["idTag"] == "TAG"
    assert stop["timestamp"] == format_utc(stopped_ms)
    end = stop["transactionData"][-1]
    assert end["timestamp"] == stop["timestamp"] and end["sampledValue"][0]["context"] == "Transaction.End"
    assert float(end["sampledValue"][0]["value"]) <= stop["meterStop"]
    (summary,) = [p["data"] for p in site.central.of("DataTransfer") if p["messageId"] == "SessionSummary"]
    billed = stop["meterStop"] - site.central.of("StartTransaction")[0]["meterStart"]
    assert '"energyDelivered": %d,' % billed in summary, summary


async def test_a_module_that_does_not_stop_is_awaited_for_stop_ms(tmp):
    for stop_ms, least, most in ((2000, 2000, 2500), (700, 700, 1250), (0, 0, 500)):
        site = await charging("%s/%d" % (tmp, stop_ms), stop_ms=stop_ms)
        site.ocpp.set("MeterValueSampleInterval", "1")
        stopped_ms = site.clock.uptime_ms()
        site.unplug()
        while not stops(site):
            await site.run(50)
            assert site.clock.uptime_ms() < stopped_ms + 5000
        assert least <= site.clock.uptime_ms() - stopped_ms <= most, stop_ms
        assert stops(site)[0]["reason"] == "EVDisconnected"
        assert site.central.of("MeterValues") == [], "no sample is later than the stop"


async def test_the_next_transaction_waits_for_the_end_of_the_last(tmp):
    site = await charging(tmp)
    assert await site.central.call("RemoteStopTransaction", {"transactionId": 1}) == {"status": "Accepted"}
    assert await site.central.call("RemoteStopTransaction", {"transactionId": 1}) == {"status": "Rejected"}
    assert await site.central.call("RemoteStartTransaction", {"idTag": "NEXT"}) == {"status": "Accepted"}
    await site.run(1000)
    assert site.ocpp.transaction is None and not site.gate.transaction.value
    site.charger.flowing.set(False)
    await site.run(1000)
    assert site.ocpp.transaction.id_tag == "NEXT" and site.gate.enabled.value
    actions = [a for a in site.central.actions() if a in ("StartTransaction", "StopTransaction")]
    assert actions == ["StartTransaction", "StopTransaction", "StartTransaction"]
    assert site.central.of("StartTransaction")[1]["meterStart"] >= stops(site)[0]["meterStop"]


async def test_after_a_power_cut_it_has_its_end_and_charges_no_more(tmp):
    """Its reason, its idTag and its time are those of the stop, whether the vehicle is there or not."""
    for plugged in (True, False):
        home = "%s/%s" % (tmp, plugged)
        site = await charging(home)
        central = site.central
        stopped_ms = site.clock.utc_ms()
        site.ocpp.present_tag("TAG")
        await site.run(300)
        assert stops(site) == []
        await site.power_off()
        central.start_ms = NOON + 60000
        site = Site(home)
        opened = []
        site.gate.transaction.watch(opened.append)
        if plugged:
            site.plug_in()
        await site.power_on()
        await site.connect(central)
        await site.run(3000)
        (stop,) = stops(site)
        assert stop["reason"] == "Local" and stop["idTag"] == "TAG" and True not in opened
        assert stop["timestamp"] == format_utc(stopped_ms) and stop["transactionId"] == 1
        assert central.states()[-1] == ("Finishing" if plugged else "Available"), central.states()
        assert site.store.get("ocpp/tx") is None and len(site.ocpp.journal) == 0
        await site.power_off()


async def test_a_power_cut_in_the_wait_costs_nothing_of_what_was_delivered_before_the_stop(tmp):
    """The register is journaled with the stop: the last sample may be long ago, or there are none."""
    site = await charging(tmp)
    site.ocpp.set("MeterValueSampleInterval", "0")
    central = site.central
    deliver(site, 90)
    delivered = site.charger.energy_mwh.value
    site.ocpp.present_tag("TAG")
    await site.run(300)
    assert stops(site) == []
    await site.power_off()
    site = Site(tmp)
    await site.power_on()
    await site.connect(central)
    await site.run(3000)
    (stop,) = stops(site)
    assert stop["meterStop"] >= delivered / 1000 >= 90
    await site.power_off()


async def test_a_hard_reset_does_not_wait_and_a_soft_one_does(tmp):
    for kind, at_once in (("Hard", True), ("Soft", False)):
        site = await charging(tmp + "/" + kind)
        assert await site.central.call("Reset", {"type": kind}) == {"status": "Accepted"}
        assert bool(site.exits) == at_once
        site.charger.flowing.set(False)
        await site.run(1000)
        assert site.exits[0][0] == RESTART
        assert stops(site)[0]["reason"] == kind + "Reset"
    site = await charging(tmp + "/stopped before")
    site.ocpp.present_tag("TAG")
    await site.central.call("Reset", {"type": "Hard"})
    assert site.exits and site.store.get("ocpp/tx") is None
    await site.run(500)
    assert stops(site)[0]["reason"] == "Local"


async def test_an_orderly_stop_waits_half_a_second_for_the_module(tmp):
    for online in (True, False):
        site = await charging("%s/%s" % (tmp, online))
        site.ocpp.set("StopTransactionOnPowerLoss", "true")
        central = site.central
        if not online:
            await site.disconnect()
        finishing = asyncio.create_task(site.station.before_stop())
        await site.run(400)
        assert site.store.get("ocpp/tx")[6][0] == "PowerLoss", "a power cut now finds the reason"
        await site.run(800)
        assert site.store.get("ocpp/tx") is None
        assert [p["reason"] for p in central.of("StopTransaction")] == ["PowerLoss"] * online
        assert finishing.done()
        await site.power_off()


async def test_an_end_that_the_journal_refuses_is_tried_again_until_it_takes_it(tmp):
    """First the note that it ends, then its end: each is refused for a while."""
    site = await charging(tmp)
    commit = site.store.commit

    def refuse(*args, **kwargs):
        raise Persistence.Error("medium broken")

    site.store.commit = refuse
    stopped_ms = site.clock.utc_ms()
    site.ocpp.present_tag("TAG")
    await site.run(3000)
    assert not site.gate.enabled.value and stops(site) == [] and site.ocpp.transaction.reason == "Local"
    site.store.commit = commit
    await site.run(500)
    assert site.ocpp.transaction is None and site.store.get("ocpp/tx")[6] == ["Local", "TAG", stopped_ms]
    site.store.commit = refuse
    site.charger.flowing.set(False)
    await site.run(3000)
    assert stops(site) == [] and not site.gate.transaction.value
    site.store.commit = commit
    await site.run(500)
    (stop,) = stops(site)
    assert stop["timestamp"] == format_utc(stopped_ms) and stop["idTag"] == "TAG"


async def test_an_answer_to_StartTransaction_that_comes_while_it_ends(tmp):
    site = await booted(tmp)
    site.central.answers["StartTransaction"] = None
    site.plug_in()
    site.ocpp.present_tag("TAG")
    await site.run(1000)
    site.module_stops = False
    message_id = [m for m, action, _ in site.central.calls if action == "StartTransaction"][0]
    site.ocpp.present_tag("TAG")
    await site.central.give([3, message_id, {"transactionId": 33, "idTagInfo": {"status": "Invalid"}}])
    await site.run(3000)
    (stop,) = stops(site)
    assert stop["transactionId"] == 33 and stop["reason"] == "Local"
    assert site.store.get("ocpp/tx") is None and not site.gate.transaction.value


async def test_the_cable_stays_locked_until_the_module_has_stopped(tmp):
    site = await made(tmp)
    await begin(site)
    site.ocpp.present_tag("TAG")
    await site.run(1500)
    assert position(tmp) == "locked"
    site.charger.flowing.set(False)
    await site.run(1500)
    assert position(tmp) == "unlocked"
    site.unplug()
    await site.run(500)
    site.module_stops = True
    site.ocpp.set("UnlockConnectorOnEVSideDisconnect", "false")
    await begin(site)
    site.unplug()
    await site.run(1500)
    assert position(tmp) == "locked"
    site.charger.flowing.set(False)
    await site.run(1500)
    assert position(tmp) == "locked", "kept for the idTag"
    assert site.ocpp.present_tag("TAG") == "the cable is unlocked"


async def test_time_never_goes_back(tmp):
    central = Central()
    site = await charging(tmp, central)
    site.ocpp.set("MeterValueSampleInterval", "1")
    await site.run(3500)
    site.ocpp.present_tag("TAG")
    await site.run(4000)
    times = []
    for _, action, payload in central.calls:
        if action == "MeterValues":
            times.append(parse_utc(payload["meterValue"][0]["timestamp"]))
        elif action in ("StartTransaction", "StopTransaction"):
            times.append(parse_utc(payload["timestamp"]))
    assert len(times) >= 5 and times == sorted(times)


class Small(Persistence):
    """A journal that is soon full of what waits for the central system."""

    options = dict(Persistence.options, max_bytes=(int, 8192))


async def test_an_end_for_which_a_full_journal_has_no_room_is_known_over_a_power_cut(tmp):
    """What waits fills the part that is for messages: the end is kept as a value, and told when there is room."""
    central = Central()
    site = await charging(tmp, central, store=Small, vendor_id="")
    site.module_stops = True
    for size in (200, 20, 1):
        try:
            while True:
                site.store.commit(push=(("test", "x" * size),))
        except Persistence.Full:
            pass
    stopped_ms = site.clock.utc_ms()
    site.ocpp.present_tag("TAG")
    await site.run(1000)
    assert site.store.get("ocpp/tx")[6] == ["Local", "TAG", stopped_ms] and site.ocpp.transaction is None
    assert "cannot be journaled" in site.ocpp.present_tag("NEXT"), "it is not kept waiting for ever"
    await site.power_off()
    central.start_ms += 60000
    site = Site(tmp, store=Small, vendor_id="")
    opened = []
    site.gate.transaction.watch(opened.append)
    site.plug_in()
    await site.power_on()
    await site.connect(central)
    await site.run(20000)
    assert True not in opened and stops(site) == []
    while len(site.store.queue("test")):
        site.store.commit(pop=("test",))
    await site.run(1000)
    (stop,) = stops(site)
    assert stop["timestamp"] == format_utc(stopped_ms) and stop["reason"] == "Local"
    site.ocpp.present_tag("NEXT")
    await site.run(2000)
    assert site.gate.enabled.value and True in opened
