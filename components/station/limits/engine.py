"""From charging profiles to limits: what is permitted at a moment, and until when (OCPP 1.6, section 3.13). Pure: no
clock, no store.

Moments are ms on one axis: UTC, or, while the time is unknown, the uptime. `origin` is the start of charging on that
axis, None if it is not known.
"""

from .profile import DEFAULT, MAX, PURPOSES, TX


def sooner(a, b):
    """The earlier of two moments, of which each may be None: never."""
    if a is None or b is None:
        return b if a is None else a
    return a if a < b else b


def piece(profile, at, origin):
    """What one profile says about a moment: ``(limit in tenths, None: nothing; until when, None: for ever)``."""
    if profile.valid_from is not None and at < profile.valid_from:
        return None, profile.valid_from
    if profile.valid_to is not None and at >= profile.valid_to:
        return None, None
    begin = origin if profile.start is None else profile.start
    if at < begin:
        return None, sooner(begin, profile.valid_to)
    end = profile.valid_to
    if profile.every_ms:
        begin += (at - begin) // profile.every_ms * profile.every_ms
        end = sooner(end, begin + profile.every_ms)
    if profile.duration_ms is not None:
        over = begin + profile.duration_ms
        if at >= over:
            return None, end
        end = sooner(end, over)
    index = profile.period_at(at - begin)
    if index + 1 < len(profile.starts):
        end = sooner(end, begin + profile.starts[index + 1] * 1000)
    return profile.limits[index], end


class Limits:
    """What is permitted at a moment: ``amps`` and ``watts`` in tenths (None: no limit of that kind; where both are
    given, both hold), the profiles ``amps_by`` and ``watts_by`` that say so, ``until`` when (None: for ever), and
    whether that is ``sure``.
    """

    def __init__(self):
        self.amps = self.watts = self.amps_by = self.watts_by = self.until = None
        self.sure = True

    def take(self, limit, profile):
        if profile.watts:
            if self.watts is None or limit < self.watts:
                self.watts, self.watts_by = limit, profile
        elif self.amps is None or limit < self.amps:
            self.amps, self.amps_by = limit, profile

    def part(self, count):
        """The `count`-th part of it, rounded down."""
        part = Limits()
        part.amps = None if self.amps is None else self.amps // count
        part.watts = None if self.watts is None else self.watts // count
        return part

    def words(self, whole=False):
        """``16.0 A (profile 1), 5000.0 W (profile 2)``, "" if nothing limits; `whole`: with what the profiles are."""
        words = []
        for limit, unit, profile in ((self.amps, "A", self.amps_by), (self.watts, "W", self.watts_by)):
            if profile is not None:
                words.append(_worded(limit, unit, profile, whole))
        if not self.sure:
            words.append("the smallest, until the time is known")
        return ", ".join(words)


def _worded(limit, unit, profile, whole):
    text = "%d.%d %s (profile %d" % (limit // 10, limit % 10, unit, profile.id)
    if whole:
        text += ", %s of connector %d, stack level %d" % (PURPOSES[profile.purpose], profile.connector, profile.level)
    return text + ")"


def limits_at(profiles, number, at, origin, known):
    """The Limits at a moment. `profiles` in the order of their ranks; `number`: our number of the transaction, if any.

    Of the profiles that say something about the moment the first limits the transaction, and the first of purpose
    ChargePointMaxProfile the station; both hold. Where a TxDefaultProfile of an outlet is the first, one of
    outlet 0 with a higher stack level holds besides: the specification has a rule for either, and does not say which
    comes first (3.13.2, 3.13.3). One that cannot be judged, because the time is not `known` or the
    origin is not, counts besides with its smallest limit: it may be in force.
    """
    limits = Limits()
    led = [None, None]
    for profile in profiles:
        side = 0 if profile.purpose == MAX else 1
        if led[side] is not None and not _rivals(led[side], profile):
            continue
        if profile.purpose == TX and profile.number != number:
            continue
        if not known and profile.needs_utc() or origin is None and profile.start is None:
            limits.take(profile.least(), profile)
            limits.sure = False
            continue
        limit, until = piece(profile, at, origin)
        limits.until = sooner(limits.until, until)
        if limit is not None:
            limits.take(limit, profile)
            led[side] = profile
    return limits


def _rivals(first, profile):
    """Does the specification leave open which of two TxDefaultProfiles holds, so that both do?"""
    both = first.purpose == profile.purpose == DEFAULT
    return both and first.connector > profile.connector and profile.level > first.level


def milliamps(deciwatts, mv):
    """Current in mA, rounded down, of a power in tenths of W at mV above 0; in 30-bit integers up to 100 kW, 1000 V."""
    deciwatts *= 1000
    return deciwatts // mv * 100 + deciwatts % mv * 100 // mv  # divmod() would make a tuple


def capped_ma(limits, most_ma, mv):
    """The current in mA that `limits` permit a charger of at most `most_ma` at a voltage of `mv`."""
    if limits.amps is not None and limits.amps * 100 < most_ma:
        most_ma = limits.amps * 100
    if limits.watts is not None:
        most_ma = min(most_ma, milliamps(limits.watts, mv))
    return most_ma


def capped_tenths(limits, watts, most_ma, mv):
    """The same in tenths of A, or (`watts`) of W, each rounded down."""
    if not watts:
        return capped_ma(limits, most_ma, mv) // 100
    most = most_ma * mv // 100000
    if limits.amps is not None:
        most = min(most, limits.amps * mv // 1000)
    return most if limits.watts is None else min(most, limits.watts)
