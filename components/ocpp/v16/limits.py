"""Smart Charging: the answers to the messages about charging profiles (OCPP 1.6, sections 5.4, 5.7, 5.11 and 5.16).

`charging` is the station's feature "limits", see there. ``numberPhases`` says nothing about direct current: 1 to 3 are
taken, and change nothing.
"""

from micropython import const

from core.isotime import format_utc, parse_utc

from ..dispatcher import CallError
from . import limits_schemas as schemas  # noqa: F401  # see `CallDispatcher`

_PURPOSES = const(("ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"))  # in the order of the station
_DAY_S = const(86400)
_WEEK_S = const(604800)
_PHASES_MAX = const(3)


def set_charging_profile(charging, payload):
    """SetChargingProfile (section 5.16)."""
    given, requests = payload["csChargingProfiles"], charging.requests()
    try:
        requests.install(charging, record(requests, payload["connectorId"], given), given.get("transactionId"))
    except requests.Refused as e:
        charging.log.warning("charging profile %s refused: %s", str(given["chargingProfileId"])[:11], str(e))
        return {"status": "Rejected"}
    except charging.store.Error as e:
        charging.log.error("no charging profile without a journal: %s", str(e))
        return {"status": "Rejected"}
    return {"status": "Accepted"}


def staged(charging, outlet, tag, given):
    """A ``function(outlet)`` that makes the profile of a RemoteStartTransaction wait for it (5.11); None: it cannot be
    taken.
    """
    requests = charging.requests()
    try:
        if "transactionId" in given:
            raise requests.Refused("a remote start takes a TxProfile without transactionId")
        return requests.stage(charging, tag, record(requests, outlet.id, given))
    except requests.Refused as e:
        charging.log.warning("charging profile of a remote start refused: %s", str(e))
        return None


def clear_charging_profile(charging, payload):
    """ClearChargingProfile (section 5.4)."""
    purpose = payload.get("chargingProfilePurpose")
    purpose = None if purpose is None else _PURPOSES.index(purpose)
    wanted = (payload.get("id"), payload.get("connectorId"), purpose, payload.get("stackLevel"))
    try:
        count = charging.requests().remove(charging, *wanted)
    except charging.store.Error as e:
        raise CallError("InternalError", str(e))  # neither cleared nor unknown
    return {"status": "Accepted" if count else "Unknown"}


async def get_composite_schedule(charging, payload):
    """GetCompositeSchedule (section 5.7)."""
    unit, connector, requests = payload.get("chargingRateUnit"), int(payload["connectorId"]), charging.requests()
    watts = None if unit is None else unit == "W"
    made = await requests.composite(charging, connector, int(payload["duration"]), watts)
    if made is None:
        return {"status": "Rejected"}
    start, duration_s, watts, min_rate, periods = made
    schedule = {
        "duration": duration_s,
        "chargingRateUnit": "W" if watts else "A",
        "chargingSchedulePeriod": [
            {"startPeriod": second, "limit": requests.decimal(tenths)} for second, tenths in periods
        ],
    }
    if min_rate is not None:
        schedule["minChargingRate"] = requests.decimal(min_rate)
    answer = {"status": "Accepted", "connectorId": connector, "chargingSchedule": schedule}
    if start is not None:
        answer["scheduleStart"] = format_utc(start)
    return answer


def record(requests, connector, given):
    """A ChargingProfile, valid by its schema (sections 7.8 to 7.14), as the record of a Profile. Raises Refused."""
    schedule, purpose = given["chargingSchedule"], _PURPOSES.index(given["chargingProfilePurpose"])
    every_s, start = _start(requests, given, purpose)
    periods, duration, least = schedule["chargingSchedulePeriod"], schedule.get("duration"), None
    if "minChargingRate" in schedule:
        least = requests.tenths(schedule["minChargingRate"])
    for period in periods:
        if not 1 <= period.get("numberPhases", 1) <= _PHASES_MAX:
            raise requests.Refused("numberPhases is not within 1..%d" % _PHASES_MAX)
    return [
        int(given["chargingProfileId"]),  # JSON may write 7 as 7.0
        int(connector),
        purpose,
        int(given["stackLevel"]),
        None,
        every_s,
        _time(requests, given, "validFrom"),
        _time(requests, given, "validTo"),
        start,
        None if duration is None else int(duration),
        schedule["chargingRateUnit"] == "W",
        least,
        [int(period["startPeriod"]) for period in periods],
        [requests.tenths(period["limit"]) for period in periods],
    ]


def _start(requests, given, purpose):
    """(recurrence in s or 0, start or None)."""
    kind, start = given["chargingProfileKind"], _time(requests, given["chargingSchedule"], "startSchedule")
    if kind == "Recurring":
        if start is None or "recurrencyKind" not in given:
            raise requests.Refused("Recurring needs startSchedule and recurrencyKind")
        return _DAY_S if given["recurrencyKind"] == "Daily" else _WEEK_S, start
    return 0, None if kind == "Relative" and purpose else start  # in a ChargePointMaxProfile it is as good as Absolute


def _time(requests, given, name):
    """UTC in ms, None if it is not there."""
    if name not in given:
        return None
    try:
        return parse_utc(given[name])
    except ValueError as e:
        raise requests.Refused("%s: %s" % (name, e))
