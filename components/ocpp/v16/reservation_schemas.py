"""The payloads of OCPP 1.6 messages, as schemas of ujson_schema."""
# Made by tools/compile_schema.py from JSON schemas; do not edit.
# fmt: off

from micropython import const

_INTEGER = const(-3)
_DATE_TIME = const(-6)
_CLOSED = const(-8)

_RESERVE_NOW = const((
    _CLOSED, 4,
    "connectorId", _INTEGER,
    "expiryDate", _DATE_TIME,
    "idTag", 20,
    "reservationId", _INTEGER,
    "parentIdTag", 20,
))
_RESERVE_NOW_RESPONSE = const((
    _CLOSED, 1,
    "status", "|Accepted|Faulted|Occupied|Rejected|Unavailable|",
))

_REQUESTS = const((
    "CancelReservation", (_CLOSED, 1, "reservationId", _INTEGER),
    "ReserveNow", _RESERVE_NOW,
))
_RESPONSES = const((
    "CancelReservation", (_CLOSED, 1, "status", "|Accepted|Rejected|"),
    "ReserveNow", _RESERVE_NOW_RESPONSE,
))


def request(action):
    """Return the schema of the payload of the CALL action, or None if this module has no such action."""
    return _REQUESTS[_REQUESTS.index(action) + 1] if action in _REQUESTS else None


def response(action):
    """Return the schema of the payload of the CALLRESULT to action, or None if this module has no such action."""
    return _RESPONSES[_RESPONSES.index(action) + 1] if action in _RESPONSES else None
