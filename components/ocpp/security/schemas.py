"""The payloads of OCPP 1.6 messages, as schemas of ujson_schema."""
# Made by tools/compile_schema.py from JSON schemas; do not edit.
# fmt: off

from micropython import const

_DATE_TIME = const(-6)
_CLOSED = const(-8)

_SECURITY_EVENT_NOTIFICATION = const((
    _CLOSED, 2,
    "type", 50,
    "timestamp", _DATE_TIME,
    "techInfo", 255,
))

_REQUESTS = const(("SecurityEventNotification", _SECURITY_EVENT_NOTIFICATION))
_RESPONSES = const(("SecurityEventNotification", (_CLOSED, 0)))


def request(action):
    """Return the schema of the payload of the CALL action, or None if this module has no such action."""
    return _REQUESTS[_REQUESTS.index(action) + 1] if action in _REQUESTS else None


def response(action):
    """Return the schema of the payload of the CALLRESULT to action, or None if this module has no such action."""
    return _RESPONSES[_RESPONSES.index(action) + 1] if action in _RESPONSES else None
