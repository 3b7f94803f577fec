"""Time stamps of what happened before the time was known, in this run and in earlier ones."""

from ocpp_site import NOON, Central, Site, booted
from offline_sessions import TX, offline_session

from core.isotime import format_utc, parse_utc


def times(central):
    return [parse_utc(p["timestamp"]) for p in central.of("StartTransaction", "StopTransaction")]


async def test_exact_within_the_run_that_learns_the_time(tmp):
    site = Site(tmp)
    await site.power_on()
    await site.run(10000)
    await offline_session(site, 60000)
    await site.run(3600000)
    central = Central()
    await site.connect(central)
    await site.run(1000)
    start, stop = times(central)
    assert abs(start - (NOON + 10500)) < 1000 and abs(stop - (NOON + 70500)) < 1000
    for payload in central.of(*TX):
        for value in payload.get("transactionData", ()):
            assert start <= parse_utc(value["timestamp"]) <= stop


async def test_exact_after_a_restart_if_the_run_had_learned_the_time(tmp):
    site = Site(tmp)
    await site.power_on()
    await site.run(10000)
    await offline_session(site, 60000)
    central = Central()
    central.answers["StartTransaction"] = None
    await site.connect(central)
    await site.run(500)
    assert site.clock.utc_ms() is not None
    await site.power_off()

    site = Site(tmp)
    await site.power_on()
    later = Central(NOON + 86400000)
    await site.connect(later)
    await site.run(1000)
    start, stop = times(later)
    assert abs(start - (NOON + 10500)) < 1000 and abs(stop - (NOON + 70500)) < 1000


async def test_approximate_but_ordered_if_the_run_never_knew(tmp):
    for _ in range(3):  # three runs without a central system, a session of 60 s in each
        site = Site(tmp)
        await site.power_on()
        await site.run(5000)
        await offline_session(site, 60000)
        await site.power_off()
    site = Site(tmp)
    await site.power_on()
    await site.run(7000)
    central = Central()
    await site.connect(central)
    await site.run(3000)
    got = times(central)
    assert got == sorted(got) and len(got) == 6
    assert all(abs(b - a - 60000) < 1000 for a, b in zip(got[::2], got[1::2]))
    assert got[-1] <= NOON  # before this run began
    assert NOON - got[0] < 4 * 70000


async def test_a_transaction_that_began_before_the_restart_is_not_dated_into_it(tmp):
    site = Site(tmp)
    await site.power_on()
    site.ocpp.set("AllowOfflineTxForUnknownId", "true")
    site.plug_in()
    await site.run(500)
    site.ocpp.present_tag("TAG")
    await site.run(5000)
    await site.power_off()
    site = Site(tmp)
    site.plug_in()
    await site.power_on()
    await site.run(5000)
    central = Central()
    await site.connect(central)
    await site.run(1000)
    assert site.gate.enabled.value
    site.ocpp.present_tag("TAG")
    await site.run(1000)
    start, stop = times(central)
    assert start <= NOON < stop


async def test_without_any_time_the_stamp_is_plainly_old(tmp):
    central = Central()
    central.answers["BootNotification"] = {"status": "Accepted", "currentTime": "", "interval": 300}
    await booted(tmp, central)
    assert [p["timestamp"][:10] for p in central.of("StatusNotification")] == ["2020-01-01"] * 2


async def test_ids_never_come_twice(tmp):
    ids = set()
    for i in range(4):
        site = await booted(tmp)
        await site.run(900000)
        ids.update([c[0] for c in site.central.calls])
        assert len(ids) == (i + 1) * len(site.central.calls) and max([len(c[0]) for c in site.central.calls]) <= 36
        await site.power_off()


async def test_the_journal_forgets_offsets_that_nobody_needs(tmp):
    site = Site(tmp)
    await site.power_on()
    await offline_session(site, 2000)
    await site.connect(Central())
    await site.run(1000)
    assert site.store.keys("ocpp/utc/") != []
    await site.power_off()
    site = Site(tmp)
    await site.power_on()
    assert site.store.keys("ocpp/utc/") == []


def test_format():
    assert format_utc(NOON) == "2027-01-15T12:00:00.000Z"
