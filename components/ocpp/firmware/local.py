"""An update by a person at this device: who feeds the image calls `begin`, `write` ... and awaits `finish`.

It is checked and installed as one of the central system is; that gets no notifications of it, for it has not ordered
it. Loaded while there is one.
"""

import asyncio
from micropython import const

from .update import LOAD, MODULES, Update

_MODULES = MODULES + ("components.ocpp.firmware.local",)

_CHARGES = const("a transaction runs, or is about to: it has to end before")


class Refused(OSError):
    """The order of the calls, the time or the signature is wrong; the message says what."""


def begin(firmware, size, signature, certificate):
    """See `Firmware.begin_local`: have it be the update of `firmware`, as long as it is not over."""
    firmware.let_go()
    if firmware.update is not None:
        raise Refused("another update is under way")
    update = LocalUpdate(firmware)
    update.modules = firmware.ocpp.on_demand.keep(_MODULES)
    firmware.update = update
    try:
        update.begin(size, signature, certificate)
    finally:
        firmware.let_go()


class LocalUpdate(Update):
    """See `Firmware.begin_local`. It is over by itself when no bytes come for the ``timeout_ms`` of the firmware."""

    _signed_by = None  # what the signature is verified by, None: it has none and needs none
    _fed_ms = 0

    def begin(self, size, signature, certificate):
        """Take an image of `size` bytes (None: not known before its end). Both texts "": it is not signed.

        signature: of its SHA-256, in base64; certificate: the signing one, PEM. Raises OSError.
        """
        firmware = self._firmware
        if self._sink.blocks and self._is_busy():
            raise Refused(_CHARGES)
        if signature or certificate:
            if firmware.verify is None:
                raise Refused("this board cannot verify signatures")
            self._signed_by = [certificate, signature]
        elif not firmware.unsigned:
            raise Refused("the image needs a signature")
        job = {"u": "", "d": 0, "n": 0, "i": 0, "s": LOAD, "t": "", "r": None, "w": 0}
        self._fed_ms = self._clock.uptime_ms()
        self._sink.begin(size)
        # From here on nothing needs memory: else the sink would be taken by an update that there is not.
        self._ocpp.station.availability.hold(self._sink.blocks)  # then nothing may be charged while it is written
        self.status = "Downloading"
        self._job = job
        self._log.info("an update by a person at this device begins")

    def order(self, *arguments):
        """The central system's has to wait for this one: it is told to order it again."""
        return "Rejected"

    def write(self, chunk):
        """Take the next bytes. Raises OSError: then the update is over."""
        self._must_be("Downloading")
        self._fed_ms = self._clock.uptime_ms()
        try:
            self._ocpp.urgent.block("flash", self._sink.write, chunk)
        except OSError as e:
            self._fail(str(e))
            raise

    async def finish(self):
        """All bytes are there: returns "" if the image is what its signature says, and it is installed, which is a
        restart, once no transaction runs; else why not.
        """
        self._must_be("Downloading")
        self.status, why = "Downloaded", "it was given up"
        try:
            await self._sink.finish()
            genuine = await self._is_genuine(self._job)
            why = "" if genuine else "the image is not what its signature says"
        except OSError as e:
            why = str(e)
        finally:
            if why:
                self._fail(why)
        if not why:
            self._task = asyncio.create_task(self._run(self._job))
        return why

    def abort(self):
        """Forget it, as long as it is not being installed. Raises OSError."""
        if self._job is None:
            return
        if self._job["s"] != LOAD:
            raise Refused("it is being installed")
        if self._working():
            self._task.cancel()
        self._fail("it was given up")

    def step(self):
        """Every 250 ms: one that nobody feeds any more is over."""
        if self._job is None:
            return
        if self.status == "Downloading":
            if self._clock.uptime_ms() - self._fed_ms > self._firmware.timeout_ms:
                self._fail("no bytes came for %d s" % (self._firmware.timeout_ms // 1000))
        elif self._job["s"] != LOAD and not self._working():
            Update.step(self)  # the journal has refused its end

    async def _work(self, job):
        await self._until_free(job)
        await self._install(job)

    def _signature(self, job):
        return self._signed_by

    def _fail(self, why):
        self._job = None
        self.status = ""
        self._log.error("the update by a person at this device: %s", why)
        if self._sink.state in ("writing", "finished"):
            self._sink.abort()
        self._ocpp.station.availability.hold(False)

    def _must_be(self, status):
        if self._job is None or self.status != status:
            raise Refused("no update was begun")
