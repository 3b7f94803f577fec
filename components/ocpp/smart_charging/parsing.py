"""A charging profile of SetChargingProfile or RemoteStartTransaction (OCPP 1.6, sections 7.8 to 7.14), checked."""

from array import array
from micropython import const

from core.isotime import parse_utc

from .profile import MAX, PURPOSES, Profile, Refused

_LOWEST = const((0, 0, 1))  # connector where a purpose may be set (section 3.13.1), MAX nowhere else
_DAY_S = const(86400)
_WEEK_S = const(604800)
_PHASES_MAX = const(3)
_RATE_MAX = const(10000000)  # A or W: more is the same as no limit
_SECONDS_MAX = const(315360000)  # ten years: no period or duration needs more
_ID_MAX = const(2147483647)


def parse(connector, given, connectors, levels_max, periods_max, utc_ms):
    """A Profile of what was sent for one of so many connectors, valid by its schema, at `utc_ms` (None: not known).

    Raises Refused.
    """
    purpose = PURPOSES.index(given["chargingProfilePurpose"])
    if not _LOWEST[purpose] <= connector <= (0 if purpose == MAX else connectors):
        raise Refused("no %s for connector %d" % (PURPOSES[purpose], connector))
    schedule = given["chargingSchedule"]
    starts, limits = _periods(schedule["chargingSchedulePeriod"], periods_max)
    every_s, start = _start(purpose, given, utc_ms)
    duration_s = _optional(schedule, "duration", 1, _ID_MAX)
    record = [
        _whole(given, "chargingProfileId", -_ID_MAX, _ID_MAX),
        int(connector),
        purpose,
        _whole(given, "stackLevel", 0, levels_max),
        None,
        every_s,
        _time(given, "validFrom"),
        _time(given, "validTo"),
        start,
        None if duration_s is None else min(duration_s, _SECONDS_MAX),
        schedule["chargingRateUnit"] == "W",
        _tenths(schedule["minChargingRate"]) if "minChargingRate" in schedule else None,
        starts,
        limits,
    ]
    profile = Profile(record)
    if profile.valid_from is not None and profile.valid_to is not None and profile.valid_from >= profile.valid_to:
        raise Refused("validTo is not after validFrom")
    if utc_ms is not None and profile.is_over(utc_ms):
        raise Refused("it is over")
    return profile


def _start(purpose, given, utc_ms):
    """(recurrence in s or 0, start or None)."""
    kind, start = given["chargingProfileKind"], _time(given["chargingSchedule"], "startSchedule")
    if kind == "Recurring":
        if start is None or "recurrencyKind" not in given:
            raise Refused("Recurring needs startSchedule and recurrencyKind")
        return _DAY_S if given["recurrencyKind"] == "Daily" else _WEEK_S, start
    if purpose != MAX:
        return 0, None if kind == "Relative" else start
    if start is None:
        start = utc_ms  # it belongs to no transaction: Relative or not, it is in force from now on
    if start is None:
        raise Refused("no startSchedule, and the time is not known")
    return 0, start


def _periods(given, periods_max):
    if not 0 < len(given) <= periods_max:
        raise Refused("%d periods, not 1 to %d" % (len(given), periods_max))
    starts, limits = array("i"), array("i")
    before = -1
    for period in given:
        start = _whole(period, "startPeriod", 0, _SECONDS_MAX)
        if start <= before or (before < 0 and start):
            raise Refused("periods start at 0 and in rising order")
        _optional(period, "numberPhases", 1, _PHASES_MAX)
        before = start
        starts.append(start)
        limits.append(_tenths(period["limit"]))
    return starts, limits


def _whole(given, name, low, high):
    value = int(given[name])  # JSON may write 7 as 7.0
    if not low <= value <= high:
        raise Refused("%s is not within %d..%d" % (name, low, high))
    return value


def _optional(given, name, low, high):
    return _whole(given, name, low, high) if name in given else None


def _time(given, name):
    if name not in given:
        return None
    try:
        return parse_utc(given[name])
    except ValueError as e:
        raise Refused("%s: %s" % (name, e))


def _tenths(value):
    if value < 0:
        raise Refused("a negative rate")
    return _RATE_MAX * 10 if value >= _RATE_MAX else int(value * 10 + 0.5)
