"""The payloads of OCPP 1.6 messages, as schemas of ujson_schema."""
# Made by tools/compile_schema.py from JSON schemas; do not edit.
# fmt: off

from micropython import const

_INTEGER = const(-3)
_DATE_TIME = const(-6)
_URI = const(-7)
_CLOSED = const(-8)

_UPDATE_FIRMWARE = const((
    _CLOSED, 2,
    "location", _URI,
    "retrieveDate", _DATE_TIME,
    "retries", _INTEGER,
    "retryInterval", _INTEGER,
))
_GET_DIAGNOSTICS = const((
    _CLOSED, 1,
    "location", _URI,
    "retries", _INTEGER,
    "retryInterval", _INTEGER,
    "startTime", _DATE_TIME,
    "stopTime", _DATE_TIME,
))
_FIRMWARE_STATUS_NOTIFICATION = const((
    _CLOSED, 1,
    "status",
        "|Downloaded|DownloadFailed|Downloading|Idle|InstallationFailed|Installing|"
        "Installed|",
))
_DIAGNOSTICS_STATUS_NOTIFICATION = const((
    _CLOSED, 1,
    "status", "|Idle|Uploaded|UploadFailed|Uploading|",
))

_REQUESTS = const((
    "UpdateFirmware", _UPDATE_FIRMWARE,
    "GetDiagnostics", _GET_DIAGNOSTICS,
    "FirmwareStatusNotification", _FIRMWARE_STATUS_NOTIFICATION,
    "DiagnosticsStatusNotification", _DIAGNOSTICS_STATUS_NOTIFICATION,
))
_RESPONSES = const((
    "UpdateFirmware", (_CLOSED, 0),
    "GetDiagnostics", (_CLOSED, 0, "fileName", 255),
    "FirmwareStatusNotification", (_CLOSED, 0),
    "DiagnosticsStatusNotification", (_CLOSED, 0),
))


def request(action):
    """Return the schema of the payload of the CALL action, or None if this module has no such action."""
    return _REQUESTS[_REQUESTS.index(action) + 1] if action in _REQUESTS else None


def response(action):
    """Return the schema of the payload of the CALLRESULT to action, or None if this module has no such action."""
    return _RESPONSES[_RESPONSES.index(action) + 1] if action in _RESPONSES else None
