"""The payloads of OCPP 1.6 messages, as schemas of ujson_schema."""
# Made by tools/compile_schema.py from JSON schemas; do not edit.
# fmt: off

from micropython import const

_INTEGER = const(-3)
_DATE_TIME = const(-6)
_CLOSED = const(-8)

_SIGNED_UPDATE_FIRMWARE = const((
    _CLOSED, 2,
    "requestId", _INTEGER,
    "firmware", (
        _CLOSED, 4,
        "location", 512,
        "retrieveDateTime", _DATE_TIME,
        "signingCertificate", 5500,
        "signature", 800,
        "installDateTime", _DATE_TIME,
    ),
    "retries", _INTEGER,
    "retryInterval", _INTEGER,
))
_SIGNED_UPDATE_FIRMWARE_RESPONSE = const((
    _CLOSED, 1,
    "status", "|Accepted|Rejected|AcceptedCanceled|InvalidCertificate|RevokedCertificate|",
))
_SIGNED_FIRMWARE_STATUS_NOTIFICATION = const((
    _CLOSED, 1,
    "status",
        "|Downloaded|DownloadFailed|Downloading|DownloadScheduled|DownloadPaused|"
        "Idle|InstallationFailed|Installing|Installed|InstallRebooting|"
        "InstallScheduled|InstallVerificationFailed|InvalidSignature|"
        "SignatureVerified|",
    "requestId", _INTEGER,
))

_REQUESTS = const((
    "SignedUpdateFirmware", _SIGNED_UPDATE_FIRMWARE,
    "SignedFirmwareStatusNotification", _SIGNED_FIRMWARE_STATUS_NOTIFICATION,
))
_RESPONSES = const((
    "SignedUpdateFirmware", _SIGNED_UPDATE_FIRMWARE_RESPONSE,
    "SignedFirmwareStatusNotification", (_CLOSED, 0),
))


def request(action):
    """Return the schema of the payload of the CALL action, or None if this module has no such action."""
    return _REQUESTS[_REQUESTS.index(action) + 1] if action in _REQUESTS else None


def response(action):
    """Return the schema of the payload of the CALLRESULT to action, or None if this module has no such action."""
    return _RESPONSES[_RESPONSES.index(action) + 1] if action in _RESPONSES else None
