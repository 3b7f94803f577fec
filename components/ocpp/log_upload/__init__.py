"""GetLog and LogStatusNotification (white paper "Improved security for OCPP 1.6-J", use case N01)."""

from ..notices import Notices
from ..orders import file_name, how_often, takes, utc_or_none
from ..report import diagnostics
from ..upload import BAD, DENIED, UNSUPPORTED, UPLOADED, UPLOADING, Upload, file_of
from . import schemas

_RUNNING = "ocpp/log"  # [requestId] while an upload is under way
_STATUSES = {
    UPLOADING: "Uploading",
    UPLOADED: "Uploaded",
    BAD: "BadMessage",
    DENIED: "PermissionDenied",
    UNSUPPORTED: "NotSupportedOperation",
}


class LogUpload:
    """The DiagnosticsLog is what GetDiagnostics sends; the SecurityLog is that of the component ``security``: a board
    without that one rejects it. A second GetLog ends the upload of the first.

    Options: ``tries`` and ``interval_s`` where the central system does not say; ``timeout_ms`` for each step.
    """

    requires = ("ocpp", "clock", "log", "kernel", "store")
    keeps = ("ocpp/log", "ocpp/log/n")
    options = {
        "tries": (int, 3, 1, 100),
        "interval_s": (int, 60, 0, 86400),
        "timeout_ms": (int, 20000, 100, 600000),
    }

    def __init__(self, ocpp, clock, log, kernel, store, tries, interval_s, timeout_ms):
        self._ocpp = ocpp
        self._clock = clock
        self._log = log
        self._kernel = kernel
        self._store = store
        self._defaults = tries, interval_s
        self._request_id = None  # of the upload that is under way
        self._notices = Notices(ocpp, clock, log, store, "ocpp/log/n")
        self._upload = Upload(ocpp, clock, log, timeout_ms)
        ocpp.add_profile("", {"GetLog": self._get_log}, schemas)
        ocpp.triggers["LogStatusNotification"] = self._trigger
        ocpp.add_page(self._page)

    async def start(self):
        """An upload that a restart has ended has failed."""
        running = self._store.get(_RUNNING)
        if running:
            payload = {"status": "UploadFailure", "requestId": running[0]}
            try:
                self._notices.add("LogStatusNotification", payload, {_RUNNING: None})
            except self._store.Error as e:  # it is at the next start
                self._log.error("not told that the upload failed: %s", e)

    async def stop(self):
        await self._upload.stop()

    def _get_log(self, payload):
        log = payload["log"]
        kind = payload["logType"]
        since_ms, until_ms = utc_or_none(log, "oldestTimestamp"), utc_or_none(log, "latestTimestamp")
        lines = self._lines(kind, since_ms, until_ms)
        if lines is None or not takes(self._ocpp, self._log, log["remoteLocation"]):
            return {"status": "Rejected"}
        request_id = int(payload["requestId"])
        prefix = "security" if kind == "SecurityLog" else "diagnostics"
        name = file_of(log["remoteLocation"], file_name(self._ocpp, self._clock, prefix))[1]
        tell = lambda outcome: self._tell(request_id, outcome)  # noqa: E731
        tries, interval_s = how_often(payload, *self._defaults)
        canceled = self._upload.begin(log["remoteLocation"], name, lines, tries, interval_s, tell)
        self._request_id = request_id
        return {"status": "AcceptedCanceled" if canceled else "Accepted", "filename": name}

    def _lines(self, kind, since_ms, until_ms):
        """A function that yields the lines of a log, or None if there is no such log."""
        if kind == "DiagnosticsLog":
            return lambda: diagnostics(self._ocpp, self._kernel, self._clock, self._log, since_ms, until_ms)
        for part in self._kernel.parts:
            if part.name == "security":
                return lambda: part.instance.log_lines(since_ms, until_ms)
        return None

    def _tell(self, request_id, outcome):
        payload = {"status": _STATUSES.get(outcome, "UploadFailure"), "requestId": request_id}
        running = [request_id] if outcome == UPLOADING else None
        try:
            self._notices.add("LogStatusNotification", payload, {_RUNNING: running})
        except self._store.Error as e:
            self._log.rare("not told: %s", str(e))

    def _trigger(self, connector):
        busy = self._upload.busy()
        payload = {"status": "Uploading", "requestId": self._request_id} if busy else {"status": "Idle"}
        self._ocpp.outbox.add("LogStatusNotification", payload)
        return True

    def _page(self):
        yield "Log: %s, %d notifications wait" % (
            "is being uploaded" if self._upload.busy() else "no upload",
            len(self._notices),
        )
