"""The payloads of OCPP 1.6 messages, as schemas of ujson_schema."""
# Made by tools/compile_schema.py from JSON schemas; do not edit.
# fmt: off

from micropython import const

_INTEGER = const(-3)
_DATE_TIME = const(-6)
_CLOSED = const(-8)

_GET_LOG = const((
    _CLOSED, 3,
    "log", (
        _CLOSED, 1,
        "remoteLocation", 512,
        "oldestTimestamp", _DATE_TIME,
        "latestTimestamp", _DATE_TIME,
    ),
    "logType", "|DiagnosticsLog|SecurityLog|",
    "requestId", _INTEGER,
    "retries", _INTEGER,
    "retryInterval", _INTEGER,
))
_GET_LOG_RESPONSE = const((
    _CLOSED, 1,
    "status", "|Accepted|Rejected|AcceptedCanceled|",
    "filename", 255,
))
_LOG_STATUS_NOTIFICATION = const((
    _CLOSED, 1,
    "status",
        "|BadMessage|Idle|NotSupportedOperation|PermissionDenied|Uploaded|"
        "UploadFailure|Uploading|",
    "requestId", _INTEGER,
))

_REQUESTS = const((
    "GetLog", _GET_LOG,
    "LogStatusNotification", _LOG_STATUS_NOTIFICATION,
))
_RESPONSES = const((
    "GetLog", _GET_LOG_RESPONSE,
    "LogStatusNotification", (_CLOSED, 0),
))


def request(action):
    """Return the schema of the payload of the CALL action, or None if this module has no such action."""
    return _REQUESTS[_REQUESTS.index(action) + 1] if action in _REQUESTS else None


def response(action):
    """Return the schema of the payload of the CALLRESULT to action, or None if this module has no such action."""
    return _RESPONSES[_RESPONSES.index(action) + 1] if action in _RESPONSES else None
