"""One charging profile: what SetChargingProfile brings (OCPP 1.6, sections 7.8 to 7.14), checked, and kept compact.

Times are UTC in ms, currents and powers integers in tenths of A or W: a limit has one decimal (section 7.14), and a
float on a microcontroller has 24 bits.
"""

from array import array
from micropython import const

from core.isotime import parse_utc

PURPOSES = ("ChargePointMaxProfile", "TxDefaultProfile", "TxProfile")
MAX, DEFAULT, TX = 0, 1, 2  # indexes of PURPOSES
_CONNECTORS = const(((0,), (0, 1), (1,)))  # where a purpose may be set (section 3.13.1)
_EVERY_S = {"Daily": 86400, "Weekly": 604800}
_PHASES_MAX = const(3)
_RATE_MAX = const(10000000)  # A or W: more is the same as no limit
_SECONDS_MAX = const(315360000)  # ten years: no period or duration needs more
_ID_MAX = const(2147483647)


class Refused(ValueError):
    """A profile that this charge point cannot take: the text says why."""


class Profile:
    """``id``, ``connector``, ``purpose`` (index of PURPOSES), ``level``; ``number``: our own number of the transaction
    that a TxProfile is for.

    ``every_ms``: of a recurring one a day or a week, else 0. ``start``: when its schedule starts, or None: with the
    start of charging. ``valid_from``, ``valid_to``, ``duration_ms`` may be None. ``watts``: limits are in W, not in A.
    ``min_rate``: minChargingRate or None. ``starts`` in seconds and ``limits`` are arrays, one entry a period.
    """

    def __init__(self, record):
        self.id, self.connector, self.purpose, self.level, self.number = record[:5]
        every_s, self.valid_from, self.valid_to, self.start, duration_s, self.watts, self.min_rate = record[5:12]
        self.every_ms = every_s * 1000
        self.duration_ms = None if duration_s is None else duration_s * 1000
        self.starts = array("i", record[12])
        self.limits = array("i", record[13])
        if not 0 <= self.purpose <= TX or not 0 < len(self.starts) == len(self.limits):
            raise ValueError("purpose %r, %d periods" % (self.purpose, len(self.starts)))

    def record(self):
        """What the journal keeps."""
        duration_s = None if self.duration_ms is None else self.duration_ms // 1000
        head = [self.id, self.connector, self.purpose, self.level, self.number, self.every_ms // 1000]
        tail = [self.valid_from, self.valid_to, self.start, duration_s, self.watts, self.min_rate]
        return head + tail + [list(self.starts), list(self.limits)]

    def rank(self):
        """Of two profiles that say something about the same moment the one with the lower rank does (3.13.2, 3.13.3):

        TxProfile before TxDefaultProfile, connector 1 before 0, the higher stack level. ChargePointMaxProfile is by
        itself, and comes first.
        """
        return (0 if self.purpose == MAX else 1, -self.purpose, -self.connector, -self.level)

    def replaces(self, other):
        """Does this one, newly set, take the place of the other (section 5.16)?"""
        return self.id == other.id or self.rank() == other.rank()

    def needs_utc(self):
        """Can nobody tell what it permits who does not know the time?"""
        return not (self.start is None and self.valid_from is None and self.valid_to is None)

    def is_over(self, utc_ms):
        """Will it never be in force again?"""
        if self.valid_to is not None and utc_ms >= self.valid_to:
            return True
        return (
            self.start is not None
            and self.duration_ms is not None
            and not self.every_ms
            and utc_ms >= self.start + self.duration_ms
        )

    def period_at(self, offset_ms):
        """Index of the period in force at an offset of 0 or more from the start of the schedule."""
        low, high = 0, len(self.starts)
        while high - low > 1:
            middle = (low + high) // 2
            if self.starts[middle] * 1000 <= offset_ms:
                low = middle
            else:
                high = middle
        return low

    def least(self):
        """The smallest limit of all periods."""
        return min(self.limits)


def parse(connector, given, levels_max, periods_max, utc_ms):
    """A Profile of what was sent, valid by its schema, at `utc_ms` (None: not known). Raises Refused."""
    purpose = PURPOSES.index(given["chargingProfilePurpose"])
    if connector not in _CONNECTORS[purpose]:
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
        return _EVERY_S[given["recurrencyKind"]], start
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
