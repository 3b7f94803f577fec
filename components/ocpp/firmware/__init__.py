"""Firmware Management (OCPP 1.6, sections 4.4, 4.5, 5.9 and 5.19): updates and diagnostics over HTTP and HTTPS.

===========  ==============================================================
update       the update, from the order to the restart, and what became of it
download     one image from a URL into the sink
diagnostics  GetDiagnostics
schemas      of the messages, generated
===========  ==============================================================
"""

from core.isotime import parse_utc

from ..actions import CallError
from ..notices import Notices
from ..orders import how_often, takes, utc_or_none
from . import schemas
from .diagnostics import Diagnostics
from .update import Update


class Firmware:
    """Updates of the firmware, and diagnostics.

    An update goes to the board's ``sink`` while it is being fetched. It is installed, which is a restart, once no
    transaction runs; with a sink that blocks it is also fetched only then. A new order replaces one that is not being
    installed yet; while one is, an UpdateFirmware is ignored with a word in the log, for its answer has no status. One
    from a URL that is neither http nor https has failed at once, and changes nothing.

    Options: ``tries`` and ``interval_s`` where the central system does not say how often and how long after each other;
    ``timeout_ms`` for each step of a transfer.
    """

    requires = ("ocpp", "sink", "clock", "log", "kernel", "store")
    keeps = ("ocpp/fw", "ocpp/fw/s", "ocpp/fw/n", "ocpp/diag")
    options = {
        "tries": (int, 3, 1, 100),
        "interval_s": (int, 60, 0, 86400),
        "timeout_ms": (int, 20000, 100, 600000),
    }

    def __init__(self, ocpp, sink, clock, log, kernel, store, tries, interval_s, timeout_ms):
        self._ocpp = ocpp
        self._log = log
        self._defaults = tries, interval_s
        self._unsigned = True
        self.notices = Notices(ocpp, clock, log, store, "ocpp/fw/n")
        self.update = Update(ocpp, sink, clock, log, kernel, store, self.notices, timeout_ms)
        self.diagnostics = Diagnostics(ocpp, clock, log, kernel, store, self.notices, timeout_ms)
        ocpp.add_profile("FirmwareManagement", self._handlers(), schemas)
        ocpp.triggers["FirmwareStatusNotification"] = self._trigger_firmware
        ocpp.triggers["DiagnosticsStatusNotification"] = self._trigger_diagnostics
        ocpp.add_page(self._page)

    def _handlers(self):
        return {"GetDiagnostics": self._get_diagnostics, "UpdateFirmware": self._update_firmware}

    def take_signed(self, verify, unsigned):
        """For the component of SignedUpdateFirmware. ``verify``: coroutine function (what `Update.order` was given as
        `signature`, SHA-256 of the image) -> bool. `unsigned`: is UpdateFirmware taken as well?
        """
        self.update.verify = verify
        self._unsigned = unsigned

    async def start(self):
        """Read the journal."""
        self.update.start()
        self.diagnostics.start()

    async def stop(self):
        await self.update.stop()
        await self.diagnostics.upload.stop()

    def _update_firmware(self, payload):
        """UpdateFirmware (section 5.19)."""
        if not self._unsigned:
            self._log.warning("UpdateFirmware refused: it has no signature")
            raise CallError("SecurityError", "only SignedUpdateFirmware")
        if not takes(self._ocpp, self._log, payload["location"]):
            return {}, self.update.fail
        retrieve_ms = parse_utc(payload["retrieveDate"])
        if self.update.order(payload["location"], retrieve_ms, *how_often(payload, *self._defaults)) == "Rejected":
            self._log.warning("UpdateFirmware ignored: another update is being installed")
        return {}

    def _get_diagnostics(self, payload):
        """GetDiagnostics (section 5.9); without a file name where there is nowhere to upload it to."""
        if not takes(self._ocpp, self._log, payload["location"]):
            return {}
        since_ms, until_ms = utc_or_none(payload, "startTime"), utc_or_none(payload, "stopTime")
        name = self.diagnostics.get(payload["location"], since_ms, until_ms, *how_often(payload, *self._defaults))
        return {"fileName": name}

    def _trigger_firmware(self, connector):
        status = "Idle" if self.update.signed else self.update.status or "Idle"
        self._ocpp.outbox.add("FirmwareStatusNotification", {"status": status})
        return True

    def _trigger_diagnostics(self, connector):
        status = "Uploading" if self.diagnostics.upload.busy() else "Idle"
        self._ocpp.outbox.add("DiagnosticsStatusNotification", {"status": status})
        return True

    def _page(self):
        yield "Firmware: %s; %d notifications wait%s" % (
            self.update.describe(),
            len(self.notices),
            "; diagnostics are being uploaded" if self.diagnostics.upload.busy() else "",
        )
