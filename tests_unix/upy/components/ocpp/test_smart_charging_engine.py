"""From charging profiles to limits, beside a model that looks at every second (OCPP 1.6, section 3.13)."""

import random

from charging_profiles import DAY, DEFAULT, MAX, TX, model_limits, parse, parsed, profile, random_models

from components.station.limits import engine
from components.station.limits.composite import Composite
from components.station.limits.engine import capped_ma, capped_tenths, limits_at, piece
from components.station.limits.profile import Profile, Refused

NOW = 1800014400  # 2027-01-15T12:00:00Z
HORIZON = 130  # s
CASES = 120


def cases(seed):
    """(models, profiles in their order, the start of charging in s)"""
    random.seed(seed)
    for _ in range(CASES):
        models = random_models(random, NOW, NOW)
        profiles = sorted([model.parsed() for model in models], key=lambda one: one.rank())
        yield models, profiles, NOW - random.randint(0, 60)


def both(limits):
    return limits.amps, limits.watts


def test_every_second_is_as_the_model_says():
    seen = set()
    for models, profiles, origin in cases(16):
        for second in range(NOW, NOW + HORIZON):
            expected = model_limits(models, 7, second, origin)
            limits = limits_at(profiles, 7, second * 1000, origin * 1000, True)
            assert both(limits) == expected, (second - NOW, both(limits), expected, [m.given() for m in models])
            assert limits.sure
            seen.add((expected[0] is None, expected[1] is None))
    assert len(seen) == 4  # every kind of outcome was met


def test_nothing_changes_before_until_and_until_comes():
    changes = 0
    for models, profiles, origin in cases(17):
        at, end = NOW * 1000, (NOW + HORIZON) * 1000
        while at < end:
            limits = limits_at(profiles, 7, at, origin * 1000, True)
            until = end if limits.until is None else min(limits.until, end)
            assert until > at
            for second in range(at // 1000, until // 1000):
                assert model_limits(models, 7, second, origin) == both(limits), [m.given() for m in models]
            changes += 1
            at = until
    assert changes > 3 * CASES


def test_the_composite_schedule_is_the_model_s():
    for models, profiles, origin in cases(18):
        watts = bool(random.getrandbits(1))
        made = Composite(NOW * 1000, HORIZON * 1000, 100)
        value_of = lambda limits: capped_tenths(limits, watts, 30000, 75000)  # noqa: E731, B023
        while made.step(lambda at: limits_at(profiles, 7, at, origin * 1000, True), value_of):  # noqa: B023
            pass
        assert made.duration_ms == HORIZON * 1000 and made.periods[0][0] == 0
        told = dict(made.periods)
        value, before = None, None
        for second in range(HORIZON):
            value = told.get(second, value)
            amps, power = model_limits(models, 7, NOW + second, origin)
            if watts:
                expected = min(22500, 22500 if amps is None else amps * 75, 22500 if power is None else power)
            else:
                expected = min(300, 300 if amps is None else amps, 300 if power is None else power * 1000 // 75000)
            assert value == expected, (second, value, expected, made.periods)
            assert second not in told or told[second] != before
            before = value


def test_a_composite_schedule_has_no_more_periods_than_announced():
    daily = parsed(1, profile(1, {0: 10, 3600: 20}, kind="Recurring", start=NOW, recurrencyKind="Daily"))
    made = Composite(NOW * 1000 + 400, 30 * DAY * 1000, 5)
    while made.step(lambda at: limits_at([daily], None, at, at, True), lambda limits: limits.amps):
        pass
    assert made.periods == [(0, 100), (3600, 200), (DAY, 100), (DAY + 3600, 200), (2 * DAY, 100)]
    assert made.duration_ms == (2 * DAY + 3600) * 1000
    same = parsed(1, profile(1, 10, kind="Recurring", start=NOW, recurrencyKind="Daily"))
    made = Composite(NOW * 1000, 3000 * DAY * 1000, 5)
    while made.step(lambda at: limits_at([same], None, at, at, True), lambda limits: limits.amps):
        pass
    assert made.periods == [(0, 100)] and made.duration_ms == 20 * DAY * 1000  # so far it has looked


def test_what_cannot_be_evaluated_never_permits_more():
    """Without the time, or the start of charging, no more is permitted than there can be."""
    unsure = 0
    for _, profiles, origin in cases(19):
        elapsed = NOW - origin
        blind = limits_at(profiles, 7, 5000, (5 - elapsed) * 1000, False)
        unsure += not blind.sure
        both_unknown = limits_at(profiles, 7, 5000, None, False)
        assert capped_ma(both_unknown, 300000, 75000) <= capped_ma(blind, 300000, 75000)
        for moved in (-3 * DAY, -100, -30, 0, 30, 100, 3 * DAY):
            at = (NOW + moved) * 1000
            known = limits_at(profiles, 7, at, at - elapsed * 1000, True)
            assert capped_ma(blind, 300000, 75000) <= capped_ma(known, 300000, 75000)
    assert unsure > CASES // 2


def test_what_needs_no_time_is_evaluated_without():
    relative = parsed(1, profile(1, {0: 32, 60: 6}, kind="Relative"))
    assert both(limits_at([relative], None, 5000, 0, False)) == (320, None)
    assert both(limits_at([relative], None, 61000, 0, False)) == (60, None)
    below = parsed(1, profile(2, 5, kind="Absolute", start=NOW, level=0))
    above = parsed(1, profile(3, 10, kind="Relative", level=1, validTo="2027-01-15T13:00:00Z"))
    limits = limits_at([above, below], None, 5000, 0, False)
    assert both(limits) == (50, None) and limits.amps_by is below and not limits.sure


def test_the_borders_of_a_period():
    one = parsed(1, profile(1, {0: 8, 10: 6}, start=NOW, duration=20, validTo="2027-01-15T12:00:15Z"))
    at = NOW * 1000
    assert piece(one, at - 1, at) == (None, at)
    assert piece(one, at, at) == (80, at + 10000)
    assert piece(one, at + 9999, at) == (80, at + 10000)
    assert piece(one, at + 10000, at) == (60, at + 15000)
    assert piece(one, at + 15000, at) == (None, None)
    assert one.is_over(at + 15000) and not one.is_over(at + 14999)
    one.valid_to = None
    assert piece(one, at + 15000, at) == (60, at + 20000) and piece(one, at + 20000, at) == (None, None)
    assert one.is_over(at + 20000) and not one.is_over(at + 19999)


def test_a_leap_day_is_a_day():
    begin = 1834444800  # 2028-02-18T00:00:00Z
    weekly = parsed(1, profile(1, {0: 8, DAY: 6}, kind="Recurring", start=begin, recurrencyKind="Weekly"))
    leap_day = begin + 11 * DAY
    assert piece(weekly, leap_day * 1000, 0) == (60, (begin + 14 * DAY) * 1000)
    assert not weekly.is_over((begin + 1000 * DAY) * 1000)


def test_power_becomes_current():
    assert engine.milliamps(50000, 75000) == 66666 and engine.milliamps(0, 75000) == 0
    for deciwatts in range(0, 1000000, 7919):
        for mv in (1, 999, 56000, 74321, 85500, 1000000):
            assert engine.milliamps(deciwatts, mv) == deciwatts * 100000 // mv
    limits = limits_at([parsed(0, profile(1, 32.1, MAX, start=NOW)), parsed(1, profile(2, 1500.5, unit="W"))],
                       None, NOW * 1000, NOW * 1000, True)  # fmt: skip
    assert both(limits) == (321, 15005)
    assert capped_ma(limits, 300000, 75000) == 20006 and capped_ma(limits, 10000, 75000) == 10000
    assert capped_ma(limits, 300000, 40000) == 32100
    assert capped_tenths(limits, False, 300000, 75000) == 200
    assert capped_tenths(limits, True, 300000, 75000) == 15005
    assert capped_tenths(limits, True, 300000, 40000) == 12840
    assert capped_tenths(limits, True, 10000, 75000) == 7500


def test_which_profile_replaces_which():
    one = parsed(1, profile(1, 8, level=2))
    assert parsed(0, profile(1, 8, MAX, start=NOW, level=5)).replaces(one)  # the same id
    assert parsed(1, profile(2, 8, level=2)).replaces(one)  # the same purpose, level and connector
    assert not parsed(0, profile(2, 8, level=2)).replaces(one)
    assert not parsed(1, profile(2, 8, level=1)).replaces(one)
    assert not parsed(1, profile(2, 8, TX, level=2)).replaces(one)


def test_the_journal_keeps_all_of_it():
    for _, profiles, _ in cases(20):
        for one in profiles:
            again = Profile(one.record())
            assert again.record() == one.record() and again.rank() == one.rank()
            assert piece(again, (NOW + 5) * 1000, NOW * 1000) == piece(one, (NOW + 5) * 1000, NOW * 1000)
    for broken in (None, [], [1] * 12, [1, 1, 9, 0, None, 0, None, None, None, None, False, None, [0], [1]],
                   [1, 1, 1, 0, None, 0, None, None, None, None, False, None, [], []],
                   [1, 1, 1, 0, None, 0, None, None, None, None, False, None, [0, 1], [1]]):  # fmt: skip
        try:
            Profile(broken)
        except (ValueError, TypeError, IndexError):
            continue
        raise AssertionError(broken)


def refused(connector, given, utc_ms=NOW * 1000):
    try:
        parse(connector, given, 1, 8, 3, utc_ms)
    except Refused as e:
        return str(e)
    return None


def test_what_is_refused():
    for connector, given, why in (
        (2, profile(1, 8), "no TxDefaultProfile for connector 2"),
        (-1, profile(1, 8), "no TxDefaultProfile for connector -1"),
        (1, profile(1, 8, MAX), "no ChargePointMaxProfile for connector 1"),
        (0, profile(1, 8, TX), "no TxProfile for connector 0"),
        (1, profile(1, 8, level=9), "stackLevel"),
        (1, profile(1, 8, level=-1), "stackLevel"),
        (1, profile(2**31, 8), "chargingProfileId"),
        (1, profile(1, {}), "0 periods"),
        (1, profile(1, {0: 1, 1: 1, 2: 1, 3: 1}), "4 periods"),
        (1, profile(1, {1: 8}), "start at 0"),
        (1, profile(1, {-1: 8}), "startPeriod"),
        (1, profile(1, {0: 8, 2**40: 8}), "startPeriod"),
        (1, profile(1, -0.1), "negative"),
        (1, profile(1, 8, minChargingRate=-1), "negative"),
        (1, profile(1, 8, duration=0), "duration"),
        (1, profile(1, 8, kind="Recurring", recurrencyKind="Daily"), "Recurring needs"),
        (1, profile(1, 8, kind="Recurring", start=NOW), "Recurring needs"),
        (1, profile(1, 8, validFrom="2027-01-15T13:00:00Z", validTo="2027-01-15T13:00:00Z"), "validTo"),
        (1, profile(1, 8, validTo="2027-01-15T12:00:00Z"), "it is over"),
        (1, profile(1, 8, start=NOW - 10, duration=10), "it is over"),
        (1, profile(1, 8, validTo="2027-02-30T12:00:00Z"), "validTo: "),
    ):
        assert why in (refused(connector, given) or ""), (given, refused(connector, given))
    assert "not known" in refused(0, profile(1, 8, MAX), None)
    twice = profile(1, {0: 8})
    twice["chargingSchedule"]["chargingSchedulePeriod"].append({"startPeriod": 0, "limit": 9})
    assert "rising" in refused(1, twice)
    phases = profile(1, 8)
    for count, good in ((1, True), (3, True), (0, False), (4, False)):
        phases["chargingSchedule"]["chargingSchedulePeriod"][0]["numberPhases"] = count
        assert (refused(1, phases) is None) == good


def test_numbers_as_JSON_may_write_them():
    one = parsed(1, profile(7.0, {0: 16.1, 10.0: 1e30}, level=3.0, duration=86400.0, start=NOW))
    assert (one.id, one.level, one.duration_ms) == (7, 3, 86400000)
    assert list(one.starts) == [0, 10] and one.limits[0] == 161 and one.limits[1] == 100000000
    assert "7" in str(one.record()) and "." not in str(one.record())


def test_start_of_a_ChargePointMaxProfile_without_startSchedule():
    for kind in ("Absolute", "Relative"):
        assert parsed(0, profile(1, 8, MAX, kind), NOW * 1000).start == NOW * 1000
        assert parsed(0, profile(1, 8, MAX, kind, start=NOW + 5), NOW * 1000).start == (NOW + 5) * 1000
    assert parsed(1, profile(1, 8, DEFAULT), NOW * 1000).start is None


def test_sooner():
    assert engine.sooner(None, None) is None and engine.sooner(1, None) == 1 and engine.sooner(None, 2) == 2
    assert engine.sooner(1, 2) == 1 and engine.sooner(2, 1) == 1
