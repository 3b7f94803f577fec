"""The answer to GetLog, and what is sent about the upload. `profile` is the LogUpload."""

import binascii
from micropython import const

from ..orders import file_name, how_often, takes, utc_or_none
from ..report import diagnostics
from ..upload import BAD, DENIED, UNSUPPORTED, UPLOADED, UPLOADING, file_of, upload_of
from . import schemas  # noqa: F401  # see `CallDispatcher`

_BASE64_BYTES = const(48)  # in a line
_RUNNING = "ocpp/log"  # [requestId] while an upload is under way
_STATUSES = {
    UPLOADING: "Uploading",
    UPLOADED: "Uploaded",
    BAD: "BadMessage",
    DENIED: "PermissionDenied",
    UNSUPPORTED: "NotSupportedOperation",
}


def get_log(profile, payload):
    """GetLog."""
    log = payload["log"]
    kind = payload["logType"]
    since_ms, until_ms = utc_or_none(log, "oldestTimestamp"), utc_or_none(log, "latestTimestamp")
    lines = _lines(profile, kind, since_ms, until_ms)
    if lines is None or not takes(profile.ocpp, profile.log, log["remoteLocation"]):
        return {"status": "Rejected"}
    request_id = int(payload["requestId"])
    prefix = "security" if kind == "SecurityLog" else "diagnostics"
    name = file_of(log["remoteLocation"], file_name(profile.ocpp, profile.clock, prefix))[1]
    tell = lambda outcome: _tell(profile, request_id, outcome)  # noqa: E731
    tries, interval_s = how_often(payload, profile.tries, profile.interval_s)
    canceled = upload_of(profile).begin(log["remoteLocation"], name, lines, tries, interval_s, tell)
    profile.request_id = request_id
    return {"status": "AcceptedCanceled" if canceled else "Accepted", "filename": name}


def _lines(profile, kind, since_ms, until_ms):
    """A function that yields the lines of a log, or None if there is no such log."""
    if kind == "DiagnosticsLog":
        return lambda: _diagnostics(profile, since_ms, until_ms)
    if profile.security is None:
        return None
    return lambda: profile.security.log_lines(since_ms, until_ms)


def _diagnostics(profile, since_ms, until_ms):
    for line in diagnostics(profile.ocpp, profile.kernel, profile.clock, profile.log, since_ms, until_ms):
        yield line
    if profile.blackbox is None:
        return
    for name, size in profile.blackbox.boxes():
        yield "[black box %s: %d bytes in base64]" % (name, size)
        try:
            for piece in profile.blackbox.read(name):
                for at in range(0, len(piece), _BASE64_BYTES):
                    yield binascii.b2a_base64(piece[at : at + _BASE64_BYTES])[:-1].decode()
        except (KeyError, OSError) as e:  # another one has taken its place
            yield "gone: %r" % e
        yield ""


def _tell(profile, request_id, outcome):
    payload = {"status": _STATUSES.get(outcome, "UploadFailure"), "requestId": request_id}
    running = [request_id] if outcome == UPLOADING else None
    try:
        profile.notices().add("LogStatusNotification", payload, {_RUNNING: running})
    except profile.store.Error as e:
        profile.log.rare("not sent: %s", str(e))


def failed_by_restart(profile):
    """An upload that a restart has ended has failed."""
    payload = {"status": "UploadFailure", "requestId": profile.store.get(_RUNNING)[0]}
    try:
        profile.notices().add("LogStatusNotification", payload, {_RUNNING: None})
    except profile.store.Error as e:  # it is at the next start
        profile.log.error("failure of the upload not sent: %s", e)


def trigger(profile, message, connector):
    """LogStatusNotification: see `triggers`."""
    busy = profile.upload is not None and profile.upload.busy()
    payload = {"status": "Uploading", "requestId": profile.request_id} if busy else {"status": "Idle"}
    profile.ocpp.outbox.add(message, payload)
    return True
