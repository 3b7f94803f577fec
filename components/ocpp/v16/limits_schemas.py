"""The payloads of OCPP 1.6 messages, as schemas of ujson_schema."""
# Made by tools/compile_schema.py from JSON schemas; do not edit.
# fmt: off

from micropython import const

_INTEGER = const(-3)
_NUMBER = const(-4)
_DATE_TIME = const(-6)
_CLOSED = const(-8)
_ARRAY = const(-10)
_RANGE = const(-12)

_CHARGING_PROFILE_PURPOSE = const("|ChargePointMaxProfile|TxDefaultProfile|TxProfile|")
_CLEAR_CHARGING_PROFILE = const((
    _CLOSED, 0,
    "id", _INTEGER,
    "connectorId", _INTEGER,
    "chargingProfilePurpose", _CHARGING_PROFILE_PURPOSE,
    "stackLevel", _INTEGER,
))
_GET_COMPOSITE_SCHEDULE = const((
    _CLOSED, 2,
    "connectorId", _INTEGER,
    "duration", _INTEGER,
    "chargingRateUnit", "|A|W|",
))
_LIMIT = const((_RANGE, _NUMBER, None, None, 1, 10))
_CHARGING_SCHEDULE = const((
    _CLOSED, 2,
    "chargingRateUnit", "|A|W|",
    "chargingSchedulePeriod", (_ARRAY, (
        _CLOSED, 2,
        "startPeriod", _INTEGER,
        "limit", _LIMIT,
        "numberPhases", _INTEGER,
    ), 0, -1),
    "duration", _INTEGER,
    "startSchedule", _DATE_TIME,
    "minChargingRate", _LIMIT,
))
_GET_COMPOSITE_SCHEDULE_RESPONSE = const((
    _CLOSED, 1,
    "status", "|Accepted|Rejected|",
    "connectorId", _INTEGER,
    "scheduleStart", _DATE_TIME,
    "chargingSchedule", _CHARGING_SCHEDULE,
))
_SET_CHARGING_PROFILE = const((
    _CLOSED, 2,
    "connectorId", _INTEGER,
    "csChargingProfiles", (
        _CLOSED, 5,
        "chargingProfileId", _INTEGER,
        "stackLevel", _INTEGER,
        "chargingProfilePurpose", _CHARGING_PROFILE_PURPOSE,
        "chargingProfileKind", "|Absolute|Recurring|Relative|",
        "chargingSchedule", _CHARGING_SCHEDULE,
        "transactionId", _INTEGER,
        "recurrencyKind", "|Daily|Weekly|",
        "validFrom", _DATE_TIME,
        "validTo", _DATE_TIME,
    ),
))

_REQUESTS = const((
    "ClearChargingProfile", _CLEAR_CHARGING_PROFILE,
    "GetCompositeSchedule", _GET_COMPOSITE_SCHEDULE,
    "SetChargingProfile", _SET_CHARGING_PROFILE,
))
_RESPONSES = const((
    "ClearChargingProfile", (_CLOSED, 1, "status", "|Accepted|Unknown|"),
    "GetCompositeSchedule", _GET_COMPOSITE_SCHEDULE_RESPONSE,
    "SetChargingProfile", (_CLOSED, 1, "status", "|Accepted|Rejected|NotSupported|"),
))


def request(action):
    """Return the schema of the payload of the CALL action, or None if this module has no such action."""
    return _REQUESTS[_REQUESTS.index(action) + 1] if action in _REQUESTS else None


def response(action):
    """Return the schema of the payload of the CALLRESULT to action, or None if this module has no such action."""
    return _RESPONSES[_RESPONSES.index(action) + 1] if action in _RESPONSES else None
