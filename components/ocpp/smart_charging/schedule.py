"""GetCompositeSchedule (OCPP 1.6, section 5.7)."""

from micropython import const

from core.isotime import format_utc

from .active import bounds, number_of, voltage_mv
from .engine import Composite, capped_tenths, limits_at, sooner

_SECONDS_MAX = const(31536000)  # a year: asked for more, we answer for that


class _Schedule:
    """What is permitted to some `outlets`, the ones of connector 0 or of another; all as it is now."""

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
        """The minChargingRate of the profile that limits, in tenths, or None."""
        for limits in [self.station] + self.limits:
            by = limits.watts_by if watts else limits.amps_by
            if by is not None:
                return by.min_rate
        return None


async def composite_schedule(active, outlets, clock, periods_max, payload):
    """The answer for a connector, or for 0: the sum of all, up to what the charge point is limited to.

    The answer is what is permitted: limits, and the charger's own. Without a transaction: as if one began now. A
    duration of 0 asks for the limit of this moment. Others get their turn between the parts of the schedule.
    """
    duration_s = min(int(payload["duration"]), _SECONDS_MAX)
    connector = int(payload["connectorId"])
    some = outlets if connector == 0 else [one for one in outlets if one.id == connector]
    if not some or duration_s < 0:
        return {"status": "Rejected"}
    watts = _unit(active.profiles, payload) == "W"
    schedule = _Schedule(active, some, len(outlets))
    at, first = schedule.at, schedule.limits_at(schedule.at)
    composite = Composite(at, duration_s * 1000, periods_max)
    while composite.step(schedule.limits_at, lambda moment: schedule.value_of(moment, watts)):
        await clock.sleep_ms(0)
    answer = {
        "status": "Accepted",
        "connectorId": connector,
        "chargingSchedule": _rendered(composite, watts, first.least_rate(watts)),
    }
    if schedule.known:
        answer["scheduleStart"] = format_utc(at - at % 1000)
    return answer


def _unit(profiles, payload):
    """What is asked for; else the one of the profiles, if they agree."""
    if "chargingRateUnit" in payload:
        return payload["chargingRateUnit"]
    return "W" if profiles and all(profile.watts for profile in profiles) else "A"


def _rendered(composite, watts, min_rate):
    """A ChargingSchedule; `min_rate`: its minChargingRate, in tenths, or None."""
    schedule = {
        "duration": composite.duration_ms // 1000,
        "chargingRateUnit": "W" if watts else "A",
        "chargingSchedulePeriod": [
            {"startPeriod": second, "limit": _decimal(tenths)} for second, tenths in composite.periods
        ],
    }
    if min_rate is not None:
        schedule["minChargingRate"] = _decimal(min_rate)
    return schedule


def _decimal(tenths):
    return tenths // 10 if tenths % 10 == 0 else tenths / 10
