"""Which time is believed, and what becomes of stamps when the clock is set."""

from ocpp_site import NOON, Central, Site, booted
from offline_sessions import TX, all_times, offline_session

from core.clock import Clock
from core.isotime import format_utc, parse_utc

WRONG = (
    "1970-01-01T00:00:00Z", "2019-12-31T23:59:59Z", "2026-10-31T23:59:59Z", "2100-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z", "12027-01-15T12:00:00Z", "+2027-01-15T12:00:00Z", "0027-01-15T12:00:00Z", 1800014400, None,
)  # fmt: skip


async def test_a_time_before_this_firmware_was_made_or_after_2099_is_none(tmp):
    """In the answer to a BootNotification and to a Heartbeat; the registration counts all the same."""
    told = []
    central = Central()
    central.answers["BootNotification"] = lambda _: {"status": "Accepted", "currentTime": told[-1], "interval": 30}
    central.answers["Heartbeat"] = lambda _: {"currentTime": told[-1]}
    told.append(WRONG[0])
    site = await booted(tmp, central)
    for time in WRONG:
        told.append(time)
        heard = len(central.of("Heartbeat"))
        await site.run(40000)
        assert len(central.of("Heartbeat")) > heard
        assert site.clock.utc_ms() is None and site.ocpp.boot.accepted.value, time
    told.append("2099-12-31T23:00:00Z")
    await site.run(40000)
    assert format_utc(site.clock.utc_ms()).startswith("2099-12-31T23:0")
    assert site.ocpp.boot.bad_times > len(WRONG)


async def test_an_image_believes_no_time_before_its_own():
    assert Clock().earliest_ms == parse_utc("2026-11-01T00:00:00Z") == Clock(1).earliest_ms
    assert Clock(parse_utc("2027-02-02T00:00:00Z")).earliest_ms == parse_utc("2027-02-01T00:00:00Z")


SECURITY = (("components.ocpp.security:Security", {}),)


async def test_a_jump_of_more_than_an_hour_must_be_received_twice_and_is_logged(tmp):
    site = await booted(tmp, profiles=SECURITY)
    central, clock = site.central, site.clock
    events = lambda: [p for p in central.of("SecurityEventNotification") if p["type"] == "SettingSystemTime"]  # noqa: E731
    ours = clock.utc_ms() - clock.uptime_ms()
    for jump_ms in (7200000, -7200000, 10800000, 7200000, 86400000):  # each another one than before
        central.start_ms = ours + jump_ms
        site.ocpp.boot.ask()
        await site.run(2000)
        assert clock.utc_ms() - clock.uptime_ms() == ours and events() == []
    assert site.lines("used if received again")
    heartbeats = len(central.of("Heartbeat"))
    await site.run(15000)  # the same once more: it asks by itself
    assert len(central.of("Heartbeat")) == heartbeats + 1
    assert clock.utc_ms() - clock.uptime_ms() == ours + 86400000 and len(events()) == 1
    central.start_ms = ours + 86400000 - 3000000  # less than an hour: at once
    site.ocpp.boot.ask()
    await site.run(2000)
    assert clock.utc_ms() - clock.uptime_ms() == central.start_ms and len(events()) == 2


async def test_a_central_system_with_two_clocks_gets_no_flood_of_heartbeats(tmp):
    site = await booted(tmp)
    central = site.central
    central.answers["Heartbeat"] = lambda _: {"currentTime": format_utc(NOON + 86400000 * len(central.calls))}
    await site.run(3600000)
    assert len(central.of("Heartbeat")) <= 3600 // 300 + 1
    assert abs(site.clock.utc_ms() - NOON - 3600000) < 2000


# --- within a transaction -------------------------------------------------------------------------------------


async def test_stamps_of_a_transaction_never_go_back_when_the_clock_is_set(tmp):
    """Back by 50 minutes at once, and by a day after two answers."""
    for back_ms in (3000000, 86400000):
        site = await booted(tmp)
        site.ocpp.set("MeterValueSampleInterval", "30")
        site.ocpp.set("StopTxnSampledData", "Energy.Active.Import.Register")
        site.plug_in()
        site.ocpp.present_tag("TAG")
        await site.run(65000)
        site.central.start_ms -= back_ms
        for _ in range(2):
            site.ocpp.boot.ask()
            await site.run(20000)
        assert site.clock.utc_ms() < NOON
        site.ocpp.present_tag("TAG")
        await site.run(1000)
        got = all_times(site.central)
        assert len(got) >= 5 and got == sorted(got), got
        site.central.calls.clear()
        site.unplug()
        await site.run(5000)
        told = [parse_utc(payload["timestamp"]) for payload in site.central.of("StatusNotification")]
        assert told[-1] < NOON, "what comes after it has the time as it is"
        await site.power_off()


async def test_nor_after_a_restart_before_the_time_is_known(tmp):
    site = await booted(tmp)
    site.plug_in()
    site.ocpp.present_tag("TAG")
    await site.run(65000)
    await site.power_off()
    for _ in range(2):
        site = Site(tmp)
        site.plug_in()
        await site.power_on()
        await site.run(20000)
        assert site.gate.transaction.value
        await site.power_off()
    site = Site(tmp)
    site.plug_in()
    await site.power_on()
    await site.run(20000)
    site.ocpp.present_tag("TAG")
    await site.run(1000)
    central = Central(NOON - 86400000)
    await site.connect(central)
    await site.run(3000)
    (stop,) = central.of("StopTransaction")
    assert parse_utc(stop["timestamp"]) >= NOON
    assert site.clock.utc_ms() < NOON


async def test_nor_below_a_sample_that_was_delivered_before_the_restart(tmp):
    """It is not in the journal any more; the clock is set back by an hour while the power is off."""
    site = await booted(tmp)
    site.ocpp.set("MeterValueSampleInterval", "30")
    site.ocpp.set("StopTxnSampledData", "")  # whose samples stay in the journal
    site.plug_in()
    site.ocpp.present_tag("TAG")
    await site.run(130000)
    assert len(site.ocpp.journal) == 0
    before = all_times(site.central)
    assert len(before) == 5
    await site.power_off()
    site = Site(tmp)
    site.plug_in()
    await site.power_on()
    central = Central(NOON - 3600000)
    await site.connect(central)
    await site.run(40000)
    site.ocpp.present_tag("TAG")
    await site.run(3000)
    got = before + all_times(central)
    assert len(got) >= 7 and got == sorted(got), got
    await site.power_off()
    site = await booted(tmp, Central(NOON - 3600000))
    site.plug_in()
    site.ocpp.present_tag("NEXT")
    await site.run(1000)
    await site.power_off()
    site = Site(tmp)
    site.plug_in()
    await site.power_on()
    await site.connect(Central(NOON - 3500000))
    site.ocpp.present_tag("NEXT")
    await site.run(3000)
    assert all_times(site.central)[-1] < NOON, "another transaction is not bound by it"


async def test_a_stamp_that_was_reported_stays_the_same_after_two_power_cuts(tmp):
    """Of a run that never knew the time: it is set before the first run that does, not before each later one."""
    site = Site(tmp)
    await site.power_on()
    await offline_session(site, 60000)
    await site.power_off()
    told = []
    for hours in (0, 5, 9):
        site = Site(tmp)
        await site.power_on()
        await site.run(7000)
        central = Central(NOON + hours * 3600000)
        central.answers["StartTransaction"] = None  # it hears it, and its answer is lost
        await site.connect(central)
        await site.run(3000)
        told.append([(message_id, payload) for message_id, action, payload in central.calls if action == TX[0]][0])
        await site.power_off()
    assert told[0] == told[1] == told[2], told
