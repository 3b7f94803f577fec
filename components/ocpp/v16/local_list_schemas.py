"""The payloads of OCPP 1.6 messages, as schemas of ujson_schema."""
# Made by tools/compile_schema.py from JSON schemas; do not edit.
# fmt: off

from micropython import const

_INTEGER = const(-3)
_DATE_TIME = const(-6)
_CLOSED = const(-8)
_ARRAY = const(-10)

_SEND_LOCAL_LIST = const((
    _CLOSED, 2,
    "listVersion", _INTEGER,
    "updateType", "|Differential|Full|",
    "localAuthorizationList", (_ARRAY, (
        _CLOSED, 1,
        "idTag", 20,
        "idTagInfo", (
            _CLOSED, 1,
            "status", "|Accepted|Blocked|Expired|Invalid|ConcurrentTx|",
            "expiryDate", _DATE_TIME,
            "parentIdTag", 20,
        ),
    ), 0, -1),
))
_SEND_LOCAL_LIST_RESPONSE = const((
    _CLOSED, 1,
    "status", "|Accepted|Failed|NotSupported|VersionMismatch|",
))

_REQUESTS = const((
    "GetLocalListVersion", (_CLOSED, 0),
    "SendLocalList", _SEND_LOCAL_LIST,
))
_RESPONSES = const((
    "GetLocalListVersion", (_CLOSED, 1, "listVersion", _INTEGER),
    "SendLocalList", _SEND_LOCAL_LIST_RESPONSE,
))


def request(action):
    """Return the schema of the payload of the CALL action, or None if this module has no such action."""
    return _REQUESTS[_REQUESTS.index(action) + 1] if action in _REQUESTS else None


def response(action):
    """Return the schema of the payload of the CALLRESULT to action, or None if this module has no such action."""
    return _RESPONSES[_RESPONSES.index(action) + 1] if action in _RESPONSES else None
