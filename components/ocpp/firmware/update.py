"""The update of the firmware, from the order to the restart, and what became of it after that.

In the journal is the job, ``ocpp/fw``:

    u  URL, "": `LocalUpdate`  d  UTC in ms from which it may be fetched, 0: at once
    n  tries that are left     i  seconds between them
    s  "wait": for its time; "load": the image is on its way, or waits for the end of a transaction; "install"
    t  the sink's slot that takes it (s is "install")
    r  requestId, null: an UpdateFirmware            w  UTC in ms from which it may be installed, 0: at once

and ``ocpp/fw/s``, what the signature of a SignedUpdateFirmware is verified by.
"""

import asyncio
from micropython import const

from core.kernel import RESTART
from core.text import bare_url
from uhttp import HttpError

from ..orders import MODULES as TRANSFERS
from ..orders import means, until_calm
from .download import Download

MODULES = TRANSFERS + ("components.ocpp.firmware.update", "components.ocpp.firmware.download")

_JOB = const("ocpp/fw")
_SIGNATURE = const("ocpp/fw/s")
_WAIT = const("wait")
LOAD = "load"
_INSTALL = const("install")
_POLL_MS = const(500)
_JOURNAL_MS = const(60000)  # after the journal refused
_DELIVERY_MS = const(10000)  # so long a restart waits for what the central system should get before
# What is sent of an UpdateFirmware; the other statuses are those of the security extension.
_UNSIGNED = const("|Downloaded|DownloadFailed|Downloading|InstallationFailed|Installing|Installed|")


class Update:
    """The one update of `firmware`, the Firmware. ``status`` was sent last; "" before."""

    modules = ()  # that are kept for it

    def __init__(self, firmware):
        self._firmware = firmware
        self._ocpp = firmware.ocpp
        self._sink = firmware.sink
        self._clock = firmware.clock
        self._log = firmware.log
        self._store = firmware.store
        self._task = None  # type: asyncio.Task
        self._job = None  # type: dict
        self._due_ms = 0
        self.status = ""

    def start(self):
        """Read the journal. A download that a restart interrupted begins again."""
        self._job = self._store.get(_JOB)
        if self._job is not None and self._job["s"] == LOAD:
            self._job["s"] = _WAIT

    async def stop(self):
        self._job = None  # it is in the journal for the next start, from which on an installed image runs
        if self._working():
            self._task.cancel()
            try:
                await self._task
            except asyncio.CancelledError:
                pass

    def is_over(self):
        """Is there nothing to do any more?"""
        return self._job is None and not self._working()

    def _working(self):
        return self._task is not None and not self._task.done()

    @property
    def signed(self):
        """Is the update that is under way a signed one?"""
        return self._job is not None and self._job["r"] is not None

    @property
    def request_id(self):
        return self._job["r"] if self._job is not None else None

    def order(self, url, retrieve_ms, tries, interval_s, request_id=None, install_ms=0, signature=None):
        """Take an order; it replaces the one before, unless that is being installed already.

        Returns Accepted, AcceptedCanceled (one was given up for it), or Rejected. Raises the store's Error.
        """
        former = self._job
        if former is not None and former["s"] == _INSTALL:
            return "Rejected"
        job = {"u": url, "d": retrieve_ms, "n": tries, "i": interval_s, "s": _WAIT, "t": "", "r": request_id}
        job["w"] = install_ms
        changes = {_JOB: job, _SIGNATURE: signature}
        if former is not None:
            changes[self._store.SCRUB] = True
        self._store.commit(changes)
        if self._working():
            self._task.cancel()  # its end gives the sink back
        self._job = job
        self._due_ms = 0
        self.status = ""
        self._log.info("update from %s ordered%s", bare_url(url), "" if former is None else ", in place of another")
        if request_id is not None and not self._is_due(job):
            self._tell("DownloadScheduled")
        return "Accepted" if former is None else "AcceptedCanceled"

    def describe(self):
        """The line to be shown."""
        if self._job is None:
            return "no update"
        size = self._sink.size
        text = "update: %s, from %s" % (self.status or "waits", bare_url(self._job["u"]) or "a person at this device")
        return text + (", %d of %s bytes" % (self._sink.written, size or "?") if self._sink.written else "")

    # --- telling ------------------------------------------------------------------------------------------------

    def _tell(self, status, changes=None):
        """Notify the central system, and journal `changes` with it. Raises the store's Error if there are any."""
        self.status = status
        request_id = self._job["r"]
        try:
            if request_id is not None:
                payload = {"status": status, "requestId": request_id}
                self._firmware.notices().add("SignedFirmwareStatusNotification", payload, changes)
            elif self._job["u"] and "|" + status + "|" in _UNSIGNED:
                self._firmware.notices().add("FirmwareStatusNotification", {"status": status}, changes)
            elif changes:
                self._store.commit(changes)
        except self._store.Error as e:
            if changes:
                raise
            self._log.rare("not sent: %s", str(e))

    def _end(self, status):
        """The update is over: is it? If the journal refuses that, it is begun or judged again after a while."""
        self._log.info("update: %s", status)
        self._ocpp.station.availability.hold(False)
        try:
            self._tell(status, {_JOB: None, _SIGNATURE: None, self._store.SCRUB: True})  # its URL may have a password
        except self._store.Error as e:
            self._log.error("the end of the update cannot be journaled: %s", str(e))
            self._due_ms = self._clock.uptime_ms() + _JOURNAL_MS
            return False
        self._job = None
        self.status = ""
        return True

    # --- the work -----------------------------------------------------------------------------------------------

    def step(self):
        """Begin what is due."""
        job = self._job
        if job is None or self._working() or self._clock.uptime_ms() < self._due_ms:
            return
        if job["s"] == _INSTALL:
            self._judge(job)
        elif self._is_due(job) and not self._sink.pending():
            self._task = asyncio.create_task(self._run(job))

    def _is_due(self, job):
        return self._is_past(job["d"])

    def _is_past(self, utc_ms):
        now = self._clock.utc_ms()
        return not utc_ms or (now is not None and now >= utc_ms)

    def _judge(self, job):
        """After the restart: which image runs?"""
        if self._sink.running() != job["t"]:
            self._end("InstallationFailed")
        elif not self._sink.pending() and self._end("Installed"):
            self._ocpp.security_event("FirmwareUpdated", job["t"])

    async def _run(self, job):
        try:
            await self._work(job)
        except Exception as e:  # a task of its own: no caller would get it
            self._log.exception("update: %r" % e, e)
            self._end("InstallationFailed" if job["s"] == _INSTALL else "DownloadFailed")
        finally:
            if self._sink.state in ("writing", "finished"):
                self._sink.abort()

    async def _work(self, job):
        if await self._load(job) and await self._is_genuine(job):
            await self._until_free(job)
            await self._install(job)

    def _forbidden(self):
        """May nothing be written now, because an outlet charges?"""
        return self._sink.blocks and any(one.transactions.current is not None for one in self._ocpp.outlets)

    async def _load(self, job):
        """Have the image in the sink, whole: is it?"""
        job["s"] = LOAD
        self._tell("Downloading", {_JOB: job})
        calm = lambda url: until_calm(self._ocpp, self._clock, self._log, url)  # noqa: E731
        on_demand = self._ocpp.on_demand
        how = self._clock, self._log, self._firmware.timeout_ms, self._forbidden, calm, on_demand
        download = Download(job["u"], self._sink, means(self._ocpp), *how)
        while True:
            try:
                await download.run()
                await self._sink.finish()
                self._tell("Downloaded")
                return True
            except self._sink.ImageError as e:
                self._log.error("the image is refused: %s", str(e))
                self._end("InstallationFailed")
                return False
            except (OSError, ValueError) as e:  # the next try would bring the same
                self._log.error("download failed: %s", str(e))
                job["n"] = 0
            except HttpError as e:
                job["n"] -= 1
                self._log.warning("download failed: %s; %d tries left", str(e), job["n"])
            if job["n"] <= 0:
                self._end("DownloadFailed")
                return False
            self._store.put(_JOB, job)
            await self._clock.sleep_ms(job["i"] * 1000)

    async def _is_genuine(self, job):
        """Is the image signed as it should be, or need not be signed?"""
        signature, verify = self._signature(job), self._firmware.verify
        if signature is None:
            return True
        with self._ocpp.on_demand:
            genuine = verify is not None and signature and await verify(signature, self._sink.digest)
        if genuine:
            self._tell("SignatureVerified")
            return True
        self._log.error("the image is not what its signature says")
        self._end("InvalidSignature")
        self._ocpp.security_event("InvalidFirmwareSignature", bare_url(job["u"])[:255] or "by a person at this device")
        return False

    def _signature(self, job):
        """What the image is verified by, None: it need not be signed."""
        return None if job["r"] is None else self._store.get(_SIGNATURE) or ()

    async def _until_free(self, job):
        """Wait for the time of the installation, and for the end of the transaction."""
        if self._is_past(job["w"]) and not self._is_busy():
            return
        self._log.info("the update waits for its time, or for the end of a transaction")
        self._tell("InstallScheduled")
        while not self._is_past(job["w"]) or self._is_busy():
            await self._clock.sleep_ms(_POLL_MS)

    def _is_busy(self):
        """Does an outlet charge, or is about to?"""
        for outlet in self._ocpp.outlets:
            if outlet.transactions.current is not None or outlet.transactions.expects_plug():
                return True
        return bool(self._ocpp.station.card)

    async def _install(self, job):
        """Have the next start run the image, and restart."""
        self._ocpp.station.availability.hold(True)  # no transaction begins from here on
        job["s"], job["t"] = _INSTALL, self._sink.target()
        self._tell("Installing", {_JOB: job})
        try:
            self._ocpp.urgent.block("image check", self._sink.activate)
        except OSError as e:
            self._log.error("installation failed: %s", str(e))
            self._end("InstallationFailed")
            return
        self._tell("InstallRebooting")
        until_ms = self._clock.uptime_ms() + _DELIVERY_MS
        while self._clock.uptime_ms() < until_ms and self._ocpp.online() and self._has_to_say():
            await self._clock.sleep_ms(_POLL_MS)
        self._firmware.kernel.request_exit(RESTART, "firmware update")
        while True:  # nothing else begins before the restart
            await self._clock.sleep_ms(_DELIVERY_MS)

    def _has_to_say(self):
        return len(self._store.queue("ocpp/fw/n")) or len(self._ocpp.station.journal)
