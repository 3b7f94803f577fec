"""The trial of a new firmware image: it stays only if it has reached the central system."""

import asyncio

from core.kernel import RESTART


class Trial:
    """Confirms a new image as soon as the central system has accepted it (BootNotification), once.

    If that has not happened `limit_ms` after the start it requests a restart: the bootloader goes back to the image
    before, as it does after a crash or a watchdog reset. Nobody else confirms. Where no image is on trial it has
    nothing to do, and ends.
    """

    requires = ("sink", "ocpp", "kernel", "clock", "log")
    options = {"limit_ms": (int, 600000, 10000, 86400000)}

    def __init__(self, sink, ocpp, kernel, clock, log, limit_ms):
        self._sink = sink
        self._kernel = kernel
        self._clock = clock
        self._log = log
        self._limit_ms = limit_ms
        self._began_ms = clock.uptime_ms()
        self._reached = asyncio.Event()
        ocpp.connected.watch(self._on_connected)

    def _on_connected(self, connected):
        if connected:
            self._reached.set()

    async def run(self):
        if not self._sink.pending():
            return
        self._log.warning("this image is on trial: it has %d s to reach the central system", self._limit_ms // 1000)
        left_ms = self._began_ms + self._limit_ms - self._clock.uptime_ms()
        try:  # at once: if the central system's first request is a Reset, the image must be confirmed by then
            await self._clock.wait_for_ms(self._reached.wait(), max(0, left_ms))
        except asyncio.TimeoutError:
            self._log.error("central system not reached: back to the previous image")
            self._kernel.request_exit(RESTART, "new image failed its trial")
            return
        self._kernel.urgent.block("flash", self._sink.confirm)
        self._log.info("this image has reached the central system: confirmed")
