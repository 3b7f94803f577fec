"""BootNotification, Heartbeat, and the time (OCPP 1.6, sections 4.2 and 4.6)."""

from ocpp_site import NOON, Central, Site, booted

from components.persistence import Persistence
from core.isotime import format_utc


def answer(status, interval, time="2027-01-15T12:00:00Z"):
    return {"status": status, "currentTime": time, "interval": interval}


async def test_pending_answers_but_requests_nothing(tmp):
    central = Central()
    central.answers["BootNotification"] = answer("Pending", 20)
    site = await booted(tmp, central)
    site.plug_in()
    got = await central.call("GetConfiguration", {"key": ["NumberOfConnectors"]})
    assert got["configurationKey"][0]["value"] == "1"
    set_it = {"key": "HeartbeatInterval", "value": "77"}
    assert await central.call("ChangeConfiguration", set_it) == {"status": "Accepted"}
    assert await central.call("RemoteStartTransaction", {"idTag": "TAG"}) == {"status": "Rejected"}
    assert await central.call("RemoteStopTransaction", {"transactionId": 1}) == {"status": "Rejected"}
    await site.run(18000)
    assert central.actions() == ["BootNotification"] and not site.ocpp.connected.value
    del central.answers["BootNotification"]
    await site.run(2000)
    assert central.actions()[:2] == ["BootNotification"] * 2 and site.ocpp.connected.value
    assert central.states() == ["Preparing"]


async def test_rejected_is_silent_until_the_interval_is_over(tmp):
    central = Central()
    central.answers["BootNotification"] = answer("Rejected", 60)
    site = await booted(tmp, central)
    assert await central.call("ClearCache", {}) is None
    assert site.ocpp.counters.ignored == 1
    await site.run(58000)
    assert central.actions() == ["BootNotification"]
    await site.run(2000)
    assert central.actions() == ["BootNotification"] * 2
    assert site.clock.utc_ms() is None  # not our central system: its time is not ours


async def test_interval_zero_and_nonsense_do_not_flood(tmp):
    for interval in (0, -5, "soon", None):
        central = Central()
        central.answers["BootNotification"] = answer("Pending", interval)
        site = await booted(tmp, central)
        await site.run(95000)
        assert 3 <= len(central.calls) <= 4, (interval, len(central.calls))
        await site.power_off()


async def test_no_answer_at_all(tmp):
    central = Central()
    central.answers["BootNotification"] = None
    site = await booted(tmp, central)
    await site.run(300000)
    assert 4 <= central.actions().count("BootNotification") <= 6
    assert set(central.actions()) == {"BootNotification"}


async def test_heartbeats_only_when_nothing_else_is_said(tmp):
    central = Central()
    site = await booted(tmp, central)
    await site.run(299000)
    assert central.actions().count("Heartbeat") == 0
    await site.run(302000)
    assert central.actions().count("Heartbeat") == 2
    await central.call("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "10"})
    await site.run(60000)
    assert 7 <= central.actions().count("Heartbeat") <= 8


async def test_the_interval_of_the_answer_survives(tmp):
    central = Central()
    central.answers["BootNotification"] = answer("Accepted", 42)
    site = await booted(tmp, central)
    assert site.ocpp.get("HeartbeatInterval") == [("HeartbeatInterval", "42", False)]
    await site.power_off()
    site = Site(tmp)
    await site.power_on()
    assert site.ocpp.configuration["HeartbeatInterval"] == 42


async def test_times_of_all_sorts(tmp):
    cases = (
        ("2027-01-15T12:00:00", NOON), ("2027-01-15T13:00:00+01:00", NOON), ("2027-01-15T12:00:00.123456Z", NOON + 123),
        ("", None), ("soon", None), (None, None), (12, None), ("2027-02-30T00:00:00Z", None),
    )  # fmt: skip
    for text, utc_ms in cases:
        central = Central()
        central.answers["BootNotification"] = answer("Accepted", 300, text)
        site = Site(tmp)
        await site.power_on()
        await site.connect(central)
        assert site.ocpp.connected.value, text
        now = site.clock.utc_ms()
        assert now is None if utc_ms is None else now - utc_ms == site.clock.uptime_ms(), (text, now)
        assert site.ocpp.boot.bad_times == (1 if utc_ms is None else 0)
        for payload in central.of("StatusNotification"):
            assert payload["timestamp"].endswith("Z")
        await site.power_off()


async def test_time_is_corrected_by_the_heartbeat(tmp):
    central = Central()
    site = await booted(tmp, central)
    central.start_ms += 60000
    await site.run(301000)
    assert abs(site.clock.utc_ms() - central.utc_ms()) < 1000
    assert format_utc(site.clock.utc_ms())[:16] == "2027-01-15T12:06"


async def test_a_journal_that_refuses_is_no_flood_and_no_dead_end(tmp):
    site = Site(tmp)
    await site.power_on()

    def refuse(*args, **kwargs):
        raise Persistence.Error("medium broken")

    site.store.commit = refuse
    central = Central()
    central.answers["BootNotification"] = answer("Accepted", 77)
    await site.connect(central)
    await site.run(5000)
    assert central.actions().count("BootNotification") == 1 and site.ocpp.online()
    assert site.clock.utc_ms() is not None and central.states() == ["Available"]
