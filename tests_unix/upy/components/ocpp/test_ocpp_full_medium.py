"""A medium that is full: the station stays connected, says so, sells nothing that it cannot account for, and recovers.

The medium is a real littlefs on a model of a flash chip, filled up by another file.
"""

import asyncio

from flash import Flash, Mounted
from ocpp_site import Central, Site, booted

from core.isotime import parse_utc

PROFILES = (
    ("components.station.reservation:Reservation", {}),
    ("components.station.limits:SmartCharging", {}),
    ("components.ocpp.security:Security", {}),
)


class Filled:
    """A flash with a site's journal; `fill` leaves no room for a single record, `free` gives it back."""

    def __init__(self, home):
        self.path = home + "/junk"

    def fill(self, site):
        for number in range(4):  # what a compaction of the journal gives back is taken, too
            with open(self.path + str(number), "wb") as file:
                for size in (4096, 256, 16, 1):
                    try:
                        while True:
                            file.write(b"x" * size)
                            file.flush()
                    except OSError:
                        pass
            site.store.fault.set("")
            while not site.store.fault.value:
                try:
                    site.store.put("test", 1)
                except OSError:
                    pass

    def free(self):
        for number in range(4):
            with open(self.path + str(number), "wb"):
                pass


def run_store(site):
    """The store tries by itself whether the medium works again."""
    site._tasks.insert(0, asyncio.create_task(site.store.run()))


async def ready(home, **keys):
    site = await booted(home, vendor_id="", profiles=PROFILES[:2])
    run_store(site)
    for key, value in keys.items():
        assert site.ocpp.set(key, value) == "Accepted"
    return site, Filled(home)


def told(site):
    """The last (status, errorCode, info) of connector 1."""
    last = [p for p in site.central.of("StatusNotification") if p["connectorId"] == 1][-1]
    return last["status"], last["errorCode"], last.get("info", "")


async def calm(site):
    """Connected, and no component has ended."""
    assert site.ocpp.connected.value and not any(task.done() for task in site._tasks)
    assert await site.central.call("GetConfiguration", {"key": ["NumberOfConnectors"]}) is not None


async def test_starts_are_refused_with_the_reason_and_come_back_with_the_room(tmp):
    with Mounted(Flash(32), "/full", fresh=True) as home:
        site, medium = await ready(home)
        medium.fill(site)
        site.plug_in()
        await site.run(1000)
        assert told(site) == ("Faulted", "InternalError", "the medium is full")
        assert await site.central.call("RemoteStartTransaction", {"idTag": "R"}) == {"status": "Rejected"}
        assert "the medium is full" in site.ocpp.present_tag("TAG")
        await site.run(60000)
        assert site.ocpp.transaction is None and not site.gate.transaction.value
        await calm(site)
        medium.free()
        await site.run(400000)  # the store tries again by itself
        assert told(site)[:2] == ("Preparing", "NoError")
        assert site.ocpp.present_tag("TAG") in ("accepted", "being checked")
        await site.run(2000)
        assert site.gate.enabled.value
        site.ocpp.present_tag("TAG")
        await site.run(1000)
        assert len(site.central.of("StopTransaction")) == 1 and len(site.ocpp.journal) == 0
        await site.power_off()


async def test_a_session_ends_while_its_bill_is_safe_and_is_reported_once_there_is_room(tmp):
    with Mounted(Flash(32), "/full", fresh=True) as home:
        site, medium = await ready(home, MeterValueSampleInterval="60")
        site.plug_in()
        site.ocpp.present_tag("TAG")
        await site.run(5000)
        assert site.gate.enabled.value
        medium.fill(site)
        began, mwh = site.clock.uptime_ms(), site.charger.energy_mwh.value
        while site.gate.enabled.value:
            await site.run(250)
            assert site.clock.uptime_ms() - began < 15000
        assert site.charger.energy_mwh.value - mwh < 100000, "no more than a power cut may cost at any time"
        stopped_ms = site.clock.utc_ms()
        await site.run(120000)
        assert told(site) == ("Faulted", "InternalError", "the medium is full")
        assert site.central.of("StopTransaction") == [] and not site.gate.transaction.value
        await calm(site)
        medium.free()
        await site.run(8000)
        (stop,) = site.central.of("StopTransaction")
        assert stop["reason"] == "Other" and stop["meterStop"] * 1000 >= site.charger.energy_mwh.value
        assert abs(parse_utc(stop["timestamp"]) - stopped_ms) <= 500
        assert told(site)[0] == "Finishing" and site.store.get("ocpp/tx") is None
        assert len(site.ocpp.journal) == 0 and site.store.fault.value == ""
        await site.power_off()


async def test_a_card_and_the_vehicle_end_it_at_once_though_nothing_can_be_journaled(tmp):
    for how in ("card", "plug", "remote"):
        with Mounted(Flash(32), "/full", fresh=True) as home:
            site, medium = await ready(home)
            site.plug_in()
            site.ocpp.present_tag("TAG")
            await site.run(3000)
            medium.fill(site)
            if how == "card":
                assert site.ocpp.present_tag("TAG") == "transaction ended"
            elif how == "plug":
                site.unplug()
                await site.run(300)
            else:
                await site.central.call("RemoteStopTransaction", {"transactionId": 1})
            assert not site.gate.transaction.value, how
            await site.run(30000)
            await calm(site)
            medium.free()
            await site.run(8000)
            (stop,) = site.central.of("StopTransaction")
            assert stop["reason"] == {"card": "Local", "plug": "EVDisconnected", "remote": "Remote"}[how]
            await site.power_off()


async def test_a_glitch_of_the_medium_ends_nothing(tmp):
    """One operation of the chip fails: the fault is gone with the next commit, or the store's own try."""
    flash = Flash(32)
    with Mounted(flash, "/full", fresh=True) as home:
        site, _ = await ready(home, MeterValueSampleInterval="1")
        site.plug_in()
        site.ocpp.present_tag("TAG")
        await site.run(3000)
        flash.glitch = 0
        await site.run(30000)
        assert flash.glitch is None and site.gate.enabled.value and site.store.fault.value == ""
        assert site.ocpp.transaction is not None and site.ocpp.journal.thinned == 1
        await site.power_off()


async def test_a_restart_with_a_full_medium_connects_and_charges_nothing(tmp):
    """Also with a transaction that ran: it goes on once there is room, or ends; nothing is lost."""
    with Mounted(Flash(32), "/full", fresh=True) as home:
        site, medium = await ready(home)
        central = site.central
        site.plug_in()
        site.ocpp.present_tag("TAG")
        await site.run(3000)
        medium.fill(site)
        await site.power_off()
        central.start_ms += 60000
        site = Site(home, vendor_id="", profiles=PROFILES[:2])
        opened = []
        site.gate.transaction.watch(opened.append)
        site.plug_in()
        await site.power_on()
        run_store(site)
        await site.connect(central)
        await site.run(60000)
        assert True not in opened, site.tail.lines
        assert told(site)[:2] == ("Faulted", "InternalError"), (told(site), site.tail.lines)
        await calm(site)
        medium.free()
        await site.run(400000)
        (stop,) = central.of("StopTransaction")
        assert stop["reason"] == "PowerLoss" and stop["meterStop"] >= central.of("StartTransaction")[0]["meterStart"]
        site.ocpp.present_tag("NEXT")
        await site.run(2000)
        assert site.gate.enabled.value and site.ocpp.transaction.id == 2
        await site.power_off()


async def test_an_aligned_sample_of_a_register_that_cannot_be_journaled_is_left_out(tmp):
    """Outside a transaction, as what a module delivers without one; the component goes on."""
    with Mounted(Flash(32), "/full", fresh=True) as home:
        site, medium = await ready(home, ClockAlignedDataInterval="900")
        medium.fill(site)
        site.energy.add_gap(36000000, 1000)
        await site.run(2000000)
        assert site.central.of("MeterValues") == [] and site.ocpp.metering.dropped == 2
        await calm(site)
        medium.free()
        await site.run(900000)
        assert len(site.central.of("MeterValues")) == 1
        await site.power_off()


async def test_what_waits_keeps_its_message_id_over_a_restart_that_cannot_be_journaled(tmp):
    with Mounted(Flash(32), "/full", fresh=True) as home:
        site, medium = await ready(home)
        central, frames = site.central, []
        central.answers["StartTransaction"] = lambda payload: "InternalError"
        site.ocpp.set("TransactionMessageAttempts", "10")
        take = Central.take

        async def keep(text):
            if "StartTransaction" in text:
                frames.append(text)
            await take(central, text)

        central.take = keep
        await site.disconnect()
        await site.connect(central)
        site.plug_in()
        site.ocpp.present_tag("TAG")
        await site.run(1000)
        medium.fill(site)
        await site.power_off()
        central.start_ms += 60000
        site = Site(home, vendor_id="", profiles=PROFILES[:2])
        await site.power_on()
        await site.connect(central)
        await site.run(1000)
        assert site.store.fault.value and len(frames) >= 2 and len(set(frames)) == 1, frames
        await site.power_off()


async def test_with_every_profile_nothing_raises_on_a_full_medium(tmp):
    with Mounted(Flash(32), "/full", fresh=True) as home:
        site = await booted(home, Central(), vendor_id="V", profiles=PROFILES)
        medium = Filled(home)
        medium.fill(site)
        site.plug_in()
        ask = site.central.call
        late = "2099-01-01T00:00:00Z"
        await ask("ReserveNow", {"connectorId": 1, "expiryDate": late, "idTag": "A", "reservationId": 1})
        await ask("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "77"})
        await ask("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})
        await ask("ClearCache", {})
        await site.disconnect()
        await site.connect(Central())
        await site.run(60000)
        await calm(site)
        assert site.lines("raised") == []
        await site.power_off()


async def test_what_was_answered_is_not_sent_again_while_the_medium_is_full(tmp):
    """Each 5 s it was: a central system that does not look at message ids begins a transaction for each."""
    with Mounted(Flash(32), "/full", fresh=True) as home:
        site, medium = await ready(home, TransactionMessageAttempts="100", TransactionMessageRetryInterval="1")
        central = site.central
        central.answers["StartTransaction"] = lambda payload: "InternalError"
        site.plug_in()
        site.ocpp.present_tag("TAG")
        await site.run(1000)
        medium.fill(site)
        told = len(central.of("StartTransaction")) + 1
        del central.answers["StartTransaction"]
        await site.run(120000)
        assert len(site.ocpp.journal) == 1 and not any("Traceback" in line for line in site.tail.lines)
        medium.free()
        await site.run(400000)
        assert len(central.of("StartTransaction")) == told and len(site.ocpp.journal) == 0
        assert [stop["transactionId"] for stop in central.of("StopTransaction")] == [1]
        await site.power_off()


async def test_no_sample_is_taken_after_a_stop_that_cannot_be_journaled_yet(tmp):
    """The journal works again for a sample before the end is tried again: it had a time after the stop."""
    for wait_ms in range(30000, 36000, 1000):
        with Mounted(Flash(32), "/full", fresh=True) as home:
            site, medium = await ready(home, MeterValueSampleInterval="1", StopTxnSampledData="")
            site.plug_in()
            site.ocpp.present_tag("TAG")
            await site.run(3000)
            medium.fill(site)
            site.ocpp.present_tag("TAG")
            await site.run(wait_ms)
            medium.free()
            await site.run(20000)
            (stop,) = site.central.of("StopTransaction")
            for values in site.central.of("MeterValues"):
                assert values["meterValue"][0]["timestamp"] <= stop["timestamp"], wait_ms
            await site.power_off()
