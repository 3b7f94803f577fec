"""The composite schedule: what all profiles together permit from now on (OCPP 1.6, section 5.7)."""

from micropython import const

from .active import bounds, number_of, voltage_mv
from .engine import capped_tenths, limits_at, sooner

_SECONDS_MAX = const(31536000)  # a year: asked for more, we answer for that
_STEPS_A_PERIOD = const(4)  # moments evaluated for each period that a composite schedule may have


class _Schedule:
    """What is permitted to some `outlets`, of all or of one; all as it is now."""

    def __init__(self, active, outlets, count):
        self._station = active.station_profiles()
        self.at, _, self.known = active.moment(outlets[0])
        self._chains = [(active.profiles_of(one), number_of(one), active.moment(one)[1]) for one in outlets]
        self._voltages = [voltage_mv(one) for one in outlets]
        self._most = [one.evse.module.max_current_ma for one in outlets]
        self._parts = 1 if active.shared else count  # what each has of the station's limit
        self._bounds = bounds(outlets)

    def limits_at(self, at):
        """The Limits of a moment: of the station, and of each outlet."""
        return _Moment(
            limits_at(self._station, None, at, at, self.known),
            [limits_at(profiles, number, at, origin, self.known) for profiles, number, origin in self._chains],
        )

    def value_of(self, moment, watts):
        """In tenths of A, or (`watts`) of W."""
        tenths, part = 0, moment.station.part(self._parts)
        for limits, most_ma, mv in zip(moment.limits, self._most, self._voltages):
            tenths += min(capped_tenths(limits, watts, most_ma, mv), capped_tenths(part, watts, most_ma, mv))
        return min(tenths, capped_tenths(moment.station, watts, *self._bounds))


class _Moment:
    def __init__(self, station, limits):
        self.station = station
        self.limits = limits
        self.until = station.until
        for one in limits:
            self.until = sooner(self.until, one.until)

    def least_rate(self, watts):
        """The least rate of the profile that limits, in tenths, or None."""
        for limits in [self.station] + self.limits:
            by = limits.watts_by if watts else limits.amps_by
            if by is not None:
                return by.min_rate
        return None


class Composite:
    """The schedule that results from a moment on, made step by step: each costs some milliseconds on a microcontroller.

    ``periods``: [(second, value), ...], the first one at the whole second of the moment, also if the duration is 0;
    ``duration_ms``: less than asked for where more than `periods_max` periods would be needed.
    """

    def __init__(self, at, duration_ms, periods_max):
        self.periods = []
        self.duration_ms = 0
        self._zero = at - at % 1000
        self._at = at
        self._end = self._zero + duration_ms
        self._most = periods_max
        self._steps = periods_max * _STEPS_A_PERIOD

    def step(self, limits_at, value_of):
        """Do a part: ``limits_at(moment)`` gives Limits, ``value_of(limits)`` their value. False: nothing is left."""
        if self.periods and self._at >= self._end or self._steps == 0:
            return False
        self._steps -= 1
        limits = limits_at(self._at)
        if not self._add((self._at - self._zero) // 1000, value_of(limits)):
            return False
        until = self._end if limits.until is None else limits.until
        self._at = min(until, self._end)
        self.duration_ms = self._at - self._zero
        return True

    def _add(self, second, value):
        """Note the value from a second on; False if there is no room."""
        periods = self.periods
        if periods and periods[-1][0] == second:
            periods.pop()
        if not periods or periods[-1][1] != value:
            if len(periods) == self._most:
                return False
            periods.append((second, value))
        return True


async def composite_schedule(charging, connector, duration_s, watts):
    """What is permitted to an outlet, or to all (0: the sum, up to what the station is limited to), as (start or None,
    duration in s, is it in W?, least rate or None, [(second, limit), ...]). None: there is no such outlet.

    The start is the whole second of now, UTC in ms, None while the time is unknown; rates are in tenths of A or W.
    `watts` None: in W if all profiles are, else in A. Limits are those of the profiles, and the charger's own. Without
    a transaction: as if one began now. A duration of 0 asks for the limit of this moment. It is shorter than asked for
    where it has more periods than a schedule may have. Others get their turn between the parts of the schedule.
    """
    outlets = charging.station.outlets
    some = outlets if connector == 0 else [one for one in outlets if one.id == connector]
    if not some or duration_s < 0:
        return None
    active = charging.activate()
    if watts is None:
        watts = bool(active.profiles) and all(profile.watts for profile in active.profiles)
    schedule = _Schedule(active, some, len(outlets))
    at, first = schedule.at, schedule.limits_at(schedule.at)
    made = Composite(at, min(duration_s, _SECONDS_MAX) * 1000, charging.max_periods)
    while made.step(schedule.limits_at, lambda moment: schedule.value_of(moment, watts)):
        await charging.clock.sleep_ms(0)
    start = at - at % 1000 if schedule.known else None
    return start, made.duration_ms // 1000, watts, first.least_rate(watts), made.periods
