"""The payloads of OCPP 1.6 messages, as schemas of ujson_schema."""
# Made by tools/compile_schema.py from JSON schemas; do not edit.
# fmt: off

from micropython import const

_INTEGER = const(-3)
_CLOSED = const(-8)

_EXTENDED_TRIGGER_MESSAGE = const((
    _CLOSED, 1,
    "requestedMessage",
        "|BootNotification|LogStatusNotification|FirmwareStatusNotification|"
        "Heartbeat|MeterValues|SignChargePointCertificate|StatusNotification|",
    "connectorId", _INTEGER,
))
_TRIGGER_MESSAGE = const((
    _CLOSED, 1,
    "requestedMessage",
        "|BootNotification|DiagnosticsStatusNotification|FirmwareStatusNotification|"
        "Heartbeat|MeterValues|StatusNotification|",
    "connectorId", _INTEGER,
))

_REQUESTS = const((
    "ExtendedTriggerMessage", _EXTENDED_TRIGGER_MESSAGE,
    "TriggerMessage", _TRIGGER_MESSAGE,
))
_RESPONSES = const((
    "ExtendedTriggerMessage", (_CLOSED, 1, "status", "|Accepted|Rejected|NotImplemented|"),
    "TriggerMessage", (_CLOSED, 1, "status", "|Accepted|Rejected|NotImplemented|"),
))


def request(action):
    """Return the schema of the payload of the CALL action, or None if this module has no such action."""
    return _REQUESTS[_REQUESTS.index(action) + 1] if action in _REQUESTS else None


def response(action):
    """Return the schema of the payload of the CALLRESULT to action, or None if this module has no such action."""
    return _RESPONSES[_RESPONSES.index(action) + 1] if action in _RESPONSES else None
