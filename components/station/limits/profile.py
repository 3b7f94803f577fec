"""One charging profile, as it is kept (OCPP 1.6, sections 7.8 to 7.14; 2.0.1, ChargingProfileType).

Times are UTC in ms, currents and powers integers in tenths of A or W: a limit has one decimal (section 7.14), and a
float on a microcontroller has 24 bits.
"""

from array import array

PURPOSES = ("ChargePointMaxProfile", "TxDefaultProfile", "TxProfile")
MAX, DEFAULT, TX = 0, 1, 2  # indexes of PURPOSES


class Refused(ValueError):
    """A profile that this station cannot take: the text says why."""


class Profile:
    """``id``, ``connector`` (the id of the outlet, 0: each; of a MAX: all together), ``purpose`` (index of PURPOSES),
    ``level``; ``number``: our own number of the transaction that a TxProfile is for.

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
        """What the journal keeps, and what a dialect gives: [id, connector, purpose, level, number, recurrence in s or
        0, valid from, valid to, start, duration in s, in W?, least rate, the periods' seconds, the periods' limits].
        """
        duration_s = None if self.duration_ms is None else self.duration_ms // 1000
        head = [self.id, self.connector, self.purpose, self.level, self.number, self.every_ms // 1000]
        tail = [self.valid_from, self.valid_to, self.start, duration_s, self.watts, self.min_rate]
        return head + tail + [list(self.starts), list(self.limits)]

    def rank(self):
        """Of two profiles that say something about the same moment the one with the lower rank does (3.13.2, 3.13.3):

        TxProfile before TxDefaultProfile, an outlet before 0, the higher stack level. ChargePointMaxProfile is by
        itself, and comes first.
        """
        return (0 if self.purpose == MAX else 1, -self.purpose, -self.connector, -self.level)

    def replaces(self, other):
        """Does this one, newly set, take the place of the other (section 5.16)?"""
        return self.id == other.id or self.rank() == other.rank()

    def needs_utc(self):
        """Does what it permits depend on the time?"""
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
