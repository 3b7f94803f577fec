"""The trial of a new firmware image: it stays only if it has reached the central system, where there is one."""

import asyncio
from micropython import const

from core.kernel import RESTART

_STEADY_MS = const(60000)


class Trial:
    """Confirms a new image as soon as the central system has accepted it (BootNotification), once; where none is
    configured, after a minute at the end of which all critical components run.

    If that has not happened `limit_ms` after the start it requests a restart: the bootloader goes back to the image
    before, as it does after a crash or a watchdog reset. Nobody else confirms. Where no image is on trial it has
    nothing to do, and ends.
    """

    requires = ("sink", "ocpp", "kernel", "clock", "log")
    options = {"limit_ms": (int, 600000, 10000, 86400000)}

    def __init__(self, sink, ocpp, kernel, clock, log, limit_ms):
        self._sink = sink
        self._link = ocpp.link
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
        aim = "reach the central system" if self._link.url else "have all critical components run"
        self._log.warning("this image is on trial: it has %d s to %s", self._limit_ms // 1000, aim)
        left_ms = self._began_ms + self._limit_ms - self._clock.uptime_ms()
        try:  # at once: if the central system's first request is a Reset, the image must be confirmed by then
            if self._link.url:
                await self._clock.wait_for_ms(self._reached.wait(), max(0, left_ms))
            while not self._link.url:
                steady_ms = min(_STEADY_MS, left_ms // 2)
                left_ms -= steady_ms
                if steady_ms <= 0:
                    raise asyncio.TimeoutError
                await self._clock.sleep_ms(steady_ms)
                if self._kernel.alive.value:
                    break
        except asyncio.TimeoutError:
            self._log.error("it has failed to %s: back to the previous image", aim)
            self._kernel.request_exit(RESTART, "new image failed its trial")
            return
        self._kernel.urgent.block("flash", self._sink.confirm)
        self._log.info("this image is confirmed: it was to %s", aim)
