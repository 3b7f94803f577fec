"""Time as a service: components take ``clock`` instead of the time module, so tests can let a day pass."""

import asyncio
import time
from micropython import const

LATEST_MS = 4102444799999  # 2099-12-31T23:59:59.999Z: four digits of the year, and no mistaken epoch
_RELEASED_MS = const(1793491200000)  # 2026-11-01T00:00:00Z: of this release; an image has its own
_DAY_MS = const(86400000)


class Clock:
    """The device's time.

    ``ticks_ms`` is cheap, allocates nothing and wraps around: compare with ``time.ticks_diff``, and never across
    more than 6 days. ``uptime_ms`` counts from the start of the firmware and never wraps. UTC is unknown until
    it is set; a time before ``earliest_ms`` or after LATEST_MS is wrong.

    `built_ms`: UTC of the build, 0 if unknown.
    """

    def __init__(self, built_ms=0):
        self.earliest_ms = max(_RELEASED_MS, built_ms - _DAY_MS)  # a day: the builder's clock may be wrong as well
        self._last = self.ticks_ms()
        self._up_ms = 0
        self._utc_offset_ms = None
        self._sure = False

    ticks_ms = staticmethod(time.ticks_ms)  # no Python function between: it is called for every CAN frame

    def sleep_ms(self, ms):
        """Awaitable: wait for `ms` milliseconds."""
        return asyncio.sleep_ms(ms)

    def wait_for_ms(self, awaitable, ms):
        """Awaitable: the result of `awaitable`, or asyncio.TimeoutError after `ms` milliseconds."""
        return asyncio.wait_for(awaitable, ms, self.sleep_ms)  # type: ignore[call-arg]  # MicroPython has a third argument

    def uptime_ms(self):
        """Milliseconds since the start. To be called at least every 6 days: the kernel does."""
        now = self.ticks_ms()
        self._up_ms += time.ticks_diff(now, self._last)
        self._last = now
        return self._up_ms

    def utc_ms(self):
        """Milliseconds since 1970-01-01T00:00:00Z, or None while unknown."""
        return None if self._utc_offset_ms is None else self.uptime_ms() + self._utc_offset_ms

    def sure_utc_ms(self):
        """The same, but None as well while nobody vouches for it."""
        return self.utc_ms() if self._sure else None

    def set_utc_ms(self, utc_ms, sure=True):
        """`sure`: it is a time by which for example certificates may be judged."""
        self._utc_offset_ms = utc_ms - self.uptime_ms()
        self._sure = sure

    def utc_of(self, uptime_ms):
        """The UTC in ms at an uptime of this run, or None while UTC is unknown."""
        return None if self._utc_offset_ms is None else uptime_ms + self._utc_offset_ms
