"""Charging profiles without OCPP: what any dialect asks of the station's feature "limits", in its units."""

from feature_site import asked, made, ready
from ocpp_site import NOON

from components.station.limits import requests
from components.station.limits.profile import DEFAULT, MAX, TX, Refused

LIMITS = ("components.station.limits:SmartCharging", {"max_profiles": 3, "max_periods": 4, "max_level": 2})
DAY_S = 86400


def record(number, limits, purpose=DEFAULT, connector=1, level=0, every_s=0, valid=(None, None), start=None,
           duration_s=None, watts=False, least=None):  # fmt: skip
    """As a dialect makes it; `limits`: {second: tenths}."""
    seconds = sorted(limits)
    rates = [limits[second] for second in seconds]
    made = [number, connector, purpose, level, None, every_s, valid[0], valid[1], start, duration_s, watts, least]
    return made + [seconds, rates]


async def charge(site, tag="TAG"):
    site.plug_in()
    await site.run(500)
    assert site.station.present(tag)[1] == "started"
    await site.run(1000)
    return site.station.outlets[0].transactions.current


async def composite(site, *given):
    return await asked(site, "composite", *given)


def refused(site, *given):
    try:
        asked(site, "install", *given)
    except Refused as e:
        return str(e)
    return ""


def limit(site):
    return site.gate.limit_ma.value


async def test_a_profile_limits_until_it_is_removed(tmp):
    site = await ready(tmp, *LIMITS)
    await charge(site)
    asked(site, "install", record(7, {0: 160, 60: 65}))
    assert limit(site) == 16000 and site.feature.why(site.station.outlets[0]).startswith("16.0 A (profile 7")
    await site.run(60000)
    assert limit(site) == 6500
    assert [one.record() for one in site.feature.active.profiles] == [record(7, {0: 160, 60: 65})]
    assert asked(site, "remove", 8) == 0 and limit(site) == 6500
    assert asked(site, "remove", 7, 1, DEFAULT, 0) == 1 and limit(site) == 300000
    asked(site, "install", record(8, {0: 7500}, MAX, 0, watts=True, start=NOON))
    assert 0 < limit(site) < 300000 and asked(site, "remove", None, 1) == 0
    assert asked(site, "remove") == 1 and limit(site) == 300000
    await site.run(500)
    assert site.feature.active is None and site.store.keys("ocpp/cp/") == []
    await site.power_off()


async def test_it_is_in_the_journal(tmp):
    site = await ready(tmp, *LIMITS)
    await charge(site)
    asked(site, "install", record(1, {0: 100}, TX))
    asked(site, "install", record(2, {0: 50}, level=1, every_s=DAY_S, start=NOON))
    await site.power_off()
    site = made(tmp, *LIMITS)
    site.plug_in()
    await site.power_on()
    await site.run(1000)
    assert limit(site) == 5000  # while the time is unknown the smallest
    site.station.stamps.learn(NOON + 60000)
    await site.run(1000)
    assert limit(site) == 10000
    site.station.present("TAG")
    await site.run(500)
    assert site.store.keys("ocpp/cp/") == ["ocpp/cp/2"]  # the other one went with its transaction
    await site.power_off()


async def test_a_TxProfile_is_for_the_transaction_that_the_central_system_names(tmp):
    site = await ready(tmp, *LIMITS)
    given = record(1, {0: 100}, TX)
    assert refused(site, given) == "no transaction runs"
    current = await charge(site)
    changes, then = current.outlet.transactions.confirmed(current.number, "a-name", ("Accepted", 0, None))
    site.store.commit(changes)
    then()
    assert refused(site, given, "another-name") == "another transaction runs" and limit(site) == 300000
    assert refused(site, given, "a-name") == "" and limit(site) == 10000
    await site.power_off()


async def test_the_profile_of_a_remote_start_waits_for_it(tmp):
    site = await ready(tmp, *LIMITS)
    outlet = site.station.outlets[0]
    try:
        asked(site, "stage", "TAG", record(1, {0: 100}))
        raise AssertionError("not a TxProfile")
    except Refused:
        pass
    for kept in (True, False):
        asked(site, "stage", "TAG", record(1, {0: 100}, TX))(outlet)
        outlet.transactions.remote_start("TAG")
        if not kept:
            site.station.charging.unstage(outlet)  # another remote start, without one
        site.plug_in()
        await site.run(1000)
        assert outlet.transactions.current is not None and limit(site) == (10000 if kept else 300000)
        site.station.present("TAG")
        await site.run(500)
        site.unplug()
        await site.run(500)
    await site.power_off()


async def test_the_composite_schedule_is_data(tmp):
    site = await ready(tmp, *LIMITS)
    start = NOON // 1000 * 1000
    assert await composite(site, 1, 60) == (start, 60, False, None, [(0, 3000)])  # the module's own limit
    asked(site, "install", record(1, {0: 60, 30: 80}, start=NOON, least=60))
    expected = (start, 60, False, 60, [(0, 60), (30, 80)])
    for given in ((1, 60), (0, 60), (1, 60, False)):
        assert await composite(site, *given) == expected
    assert (await composite(site, 1, 60, True))[2] is True
    assert await composite(site, 2, 60) is None and await composite(site, 1, -1) is None
    asked(site, "install", record(2, {0: 10, 60: 20}, start=NOON, every_s=DAY_S))
    found = await composite(site, 1, 30 * DAY_S)
    assert found[1] < 30 * DAY_S and len(found[4]) == 4  # no more than max_periods
    asked(site, "remove")
    asked(site, "install", record(3, {0: 1000}, watts=True))
    assert await composite(site, 1, 60) == (start, 60, True, None, [(0, 1000)])
    await site.power_off()


async def test_what_is_refused_changes_nothing(tmp):
    site = await ready(tmp, *LIMITS)
    for given, why in (
        (record(1, {0: 1}, connector=2), "no TxDefaultProfile for connector 2"),
        (record(1, {0: 1}, MAX), "no ChargePointMaxProfile for connector 1"),
        (record(1, {0: 1}, TX, 0), "no TxProfile for connector 0"),
        (record(1, {0: 1}, level=3), "stackLevel is not within 0..2"),
        (record(2**31, {0: 1}), "chargingProfileId is not within"),
        (record(1, {}), "0 periods, not 1 to 4"),
        (record(1, {0: 1, 1: 1, 2: 1, 3: 1, 4: 1}), "5 periods"),
        (record(1, {5: 1}), "periods start at 0"),
        (record(1, {0: 1, 2**40: 1}), "startPeriod"),
        (record(1, {0: -1}), "a negative rate"),
        (record(1, {0: 2**31}), "a rate is not within"),
        (record(1, {0: 1}, least=-1), "a negative rate"),
        (record(1, {0: 1}, duration_s=0), "duration"),
        (record(1, {0: 1}, every_s=DAY_S), "no start"),
        (record(1, {0: 1}, valid=(NOON + 1000, NOON + 1000)), "validTo is not after validFrom"),
        (record(1, {0: 1}, valid=(None, NOON)), "it is over"),
    ):
        assert why in refused(site, given), (given, refused(site, given))
    for number in (1, 2, 3):
        assert refused(site, record(number, {0: number * 10}, level=number - 1)) == ""
    before = site.store.keys("ocpp/cp/")
    assert refused(site, record(4, {0: 40}, MAX, 0)) == "3 profiles are installed"
    assert site.store.keys("ocpp/cp/") == before and len(site.feature.active.profiles) == 3
    assert refused(site, record(3, {0: 40}, MAX, 0)) == ""  # in the place of the one with its id
    await site.power_off()


def test_rates_as_JSON_has_them():
    for value, tenths in ((16, 160), (16.1, 161), (0.05, 1), (0, 0), (1e30, 100000000)):
        assert requests.tenths(value) == tenths
    assert requests.tenths(-0.01) < 0 and requests.tenths(-5) < 0
    assert requests.decimal(160) == 16 and isinstance(requests.decimal(160), int) and requests.decimal(161) == 16.1
