"""The upload of GetDiagnostics, and DiagnosticsStatusNotification (OCPP 1.6, sections 4.4 and 5.9)."""

from ..orders import file_name
from ..report import diagnostics
from ..upload import UPLOADED, UPLOADING, file_of, upload_of

_RUNNING = "ocpp/diag"  # is there while an upload is under way


def failed_by_restart(firmware):
    """An upload that a restart has ended has failed."""
    try:
        firmware.notices().add("DiagnosticsStatusNotification", {"status": "UploadFailed"}, {_RUNNING: None})
    except firmware.store.Error as e:  # it is at the next start
        firmware.log.error("failure of the upload not sent: %s", e)


def upload(firmware, location, since_ms, until_ms, tries, interval_s):
    """Have diagnostics sent; returns the name of the file. It ends the upload before, of which nothing more is sent."""
    name = file_of(location, file_name(firmware.ocpp, firmware.clock, "diagnostics"))[1]
    args = firmware.ocpp, firmware.kernel, firmware.clock, firmware.log, since_ms, until_ms
    tell = lambda outcome: _tell(firmware, outcome)  # noqa: E731
    upload_of(firmware).begin(location, name, lambda: diagnostics(*args), tries, interval_s, tell)
    return name


def _tell(firmware, outcome):
    status = {UPLOADING: "Uploading", UPLOADED: "Uploaded"}.get(outcome, "UploadFailed")
    try:
        running = True if outcome == UPLOADING else None
        firmware.notices().add("DiagnosticsStatusNotification", {"status": status}, {_RUNNING: running})
    except firmware.store.Error as e:
        firmware.log.rare("not sent: %s", str(e))
