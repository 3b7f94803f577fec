"""GetCompositeSchedule (OCPP 1.6, section 5.7)."""

from micropython import const

from core.isotime import format_utc

from .engine import Composite, capped_tenths

_SECONDS_MAX = const(31536000)  # a year: asked for more, we answer for that


async def composite_schedule(active, clock, periods_max, payload):
    """The answer for connector 1, and for 0: with one connector the charge point's schedule is that connector's.

    What is told is what is permitted: limits, and the charger's own. Without a transaction: as if one began now. A
    duration of 0 asks for the limit of this moment. Others get their turn between the parts of the schedule.
    """
    duration_s = min(int(payload["duration"]), _SECONDS_MAX)
    if payload["connectorId"] not in (0, 1) or duration_s < 0:
        return {"status": "Rejected"}
    moment = active.moment()
    at, _, known = moment
    watts = _unit(active.profiles, payload) == "W"
    mv, most_ma = active.voltage_mv(), active.most_ma
    limits_at = active.limits_from(moment)
    first = limits_at(at)
    composite = Composite(at, duration_s * 1000, periods_max)
    while composite.step(limits_at, lambda limits: capped_tenths(limits, watts, most_ma, mv)):
        await clock.sleep_ms(0)
    answer = {
        "status": "Accepted",
        "connectorId": int(payload["connectorId"]),
        "chargingSchedule": _schedule(composite, watts, first),
    }
    if known:
        answer["scheduleStart"] = format_utc(at - at % 1000)
    return answer


def _unit(profiles, payload):
    """What is asked for; else the one of the profiles, if they agree."""
    if "chargingRateUnit" in payload:
        return payload["chargingRateUnit"]
    return "W" if profiles and all(profile.watts for profile in profiles) else "A"


def _schedule(composite, watts, first):
    """A ChargingSchedule; `first`: the limits with which it begins."""
    schedule = {
        "duration": composite.duration_ms // 1000,
        "chargingRateUnit": "W" if watts else "A",
        "chargingSchedulePeriod": [
            {"startPeriod": second, "limit": _decimal(tenths)} for second, tenths in composite.periods
        ],
    }
    by = first.watts_by if watts else first.amps_by
    if by is not None and by.min_rate is not None:
        schedule["minChargingRate"] = _decimal(by.min_rate)
    return schedule


def _decimal(tenths):
    return tenths // 10 if tenths % 10 == 0 else tenths / 10
