"""GetDiagnostics and DiagnosticsStatusNotification (OCPP 1.6, sections 4.4 and 5.9)."""

from ..orders import file_name
from ..report import diagnostics
from ..upload import UPLOADED, UPLOADING, Upload, file_of

_RUNNING = "ocpp/diag"  # is there while an upload is under way


class Diagnostics:
    """A second GetDiagnostics ends the upload of the first, of which nothing more is told."""

    def __init__(self, ocpp, clock, log, kernel, store, notices, timeout_ms):
        self._ocpp = ocpp
        self._clock = clock
        self._log = log
        self._kernel = kernel
        self._store = store
        self._notices = notices
        self.upload = Upload(ocpp, clock, log, timeout_ms)

    def start(self):
        """An upload that a restart has ended has failed."""
        if self._store.get(_RUNNING):
            try:
                self._notices.add("DiagnosticsStatusNotification", {"status": "UploadFailed"}, {_RUNNING: None})
            except self._store.Error as e:  # it is at the next start
                self._log.error("not told that the upload failed: %s", e)

    def get(self, location, since_ms, until_ms, tries, interval_s):
        """GetDiagnostics: returns the name of the file."""
        name = file_of(location, file_name(self._ocpp, self._clock, "diagnostics"))[1]
        args = self._ocpp, self._kernel, self._clock, self._log, since_ms, until_ms
        self.upload.begin(location, name, lambda: diagnostics(*args), tries, interval_s, self._tell)
        return name

    def _tell(self, outcome):
        status = {UPLOADING: "Uploading", UPLOADED: "Uploaded"}.get(outcome, "UploadFailed")
        try:
            running = True if outcome == UPLOADING else None
            self._notices.add("DiagnosticsStatusNotification", {"status": status}, {_RUNNING: running})
        except self._store.Error as e:
            self._log.rare("not told: %s", str(e))
