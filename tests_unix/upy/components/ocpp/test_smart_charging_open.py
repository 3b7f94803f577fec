"""What the specification of Smart Charging leaves open, as this charge point reads it (OCPP 1.6, section 3.13)."""

from charging_profiles import MAX, TX, profile
from smart_charging_site import charge, clear, composite, limit, periods, ready, set_profile


async def test_a_relative_ChargePointMaxProfile_counts_from_its_acceptance(tmp):
    """As Home Assistant's integration sends it: no transaction for it to be relative to, and no startSchedule."""
    site = await ready(tmp)
    given = profile(1, {0: 10, 60: 12}, MAX, "Relative", level=1)
    assert await set_profile(site, 0, given) == "Accepted"
    await site.run(30000)
    await charge(site)
    assert limit(site) == 10000
    assert await clear(site, chargingProfilePurpose=MAX) == "Accepted" and limit(site) == 300000
    assert await set_profile(site, 0, given) == "Accepted"
    await site.run(61000)
    assert limit(site) == 12000


async def test_a_composite_schedule_of_no_duration_is_the_limit_of_now(tmp):
    site = await ready(tmp)
    assert await set_profile(site, 1, profile(1, {0: 16, 60: 6}, kind="Relative")) == "Accepted"
    for connector in (0, 1):
        answer = await composite(site, 0, connector)
        assert answer["chargingSchedule"]["duration"] == 0 and "scheduleStart" in answer
        assert await periods(site, 0, connector) == [(0, 16)]
    await charge(site)
    await site.run(60000)
    assert await periods(site, 0) == [(0, 6)]


async def test_two_default_profiles_that_the_specification_leaves_open_both_hold(tmp):
    """Connector 1's goes before connector 0's (3.13.2), a higher stack level before a lower (3.13.3): the lower current
    of the two until one is cleared, and the console says which profile that is.
    """
    site = await ready(tmp)
    await charge(site)
    for station, own, level, expected in ((10, 20, 1, 10000), (20, 10, 1, 10000), (10, 20, 0, 20000)):
        assert await set_profile(site, 0, profile(1, station, level=level)) == "Accepted"
        assert await set_profile(site, 1, profile(2, own, level=0)) == "Accepted"
        assert limit(site) == expected, (station, own, level)
        assert await periods(site, 60) == [(0, expected // 1000)]
        number, connector, stack = (1, 0, 1) if station == 10 and level else (2, 1, 0)
        text = "%d.0 A (profile %d, TxDefaultProfile of connector %d, stack level %d)"
        assert site.ocpp.connector.limit() == text % (expected // 1000, number, connector, stack)
        assert await clear(site, id=1) == "Accepted" and limit(site) == own * 1000
        assert await set_profile(site, 0, profile(1, station, level=level)) == "Accepted"
        assert await clear(site, id=2) == "Accepted" and limit(site) == station * 1000
        assert await clear(site) == "Accepted"
    assert site.ocpp.connector.state.value == "Charging" and site.ocpp.connector.limit() == ""


async def test_a_TxProfile_leaves_nothing_open(tmp):
    site = await ready(tmp)
    await charge(site)
    assert await set_profile(site, 0, profile(1, 10, level=5)) == "Accepted"
    assert await set_profile(site, 1, profile(2, 20)) == "Accepted" and limit(site) == 10000
    assert await set_profile(site, 1, profile(3, 30, TX)) == "Accepted" and limit(site) == 30000
