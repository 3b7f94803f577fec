"""Time as a service for tests: a clock that stands still until somebody moves it."""

import asyncio
import time
from micropython import const

from core.clock import Clock

_LONG_MS = const(1 << 28)  # three days: no test takes so long


class VirtualClock(Clock):
    """A clock that stands still until `advance` moves it: for tests."""

    def __init__(self, start_ms=0):
        self._now = start_ms
        self._sleepers = []
        super().__init__()

    def ticks_ms(self):
        return self._now

    async def sleep_ms(self, ms):
        if ms <= 0:
            await asyncio.sleep_ms(0)
            return
        # A plain sleep that `advance` cuts short: asyncio.wait_for takes no other one for its time-out.
        sleeper = (self._now + ms, asyncio.core.cur_task)  # type: ignore[attr-defined]
        index = len(self._sleepers)
        while index and self._sleepers[index - 1][0] > sleeper[0]:
            index -= 1
        self._sleepers.insert(index, sleeper)
        try:
            await asyncio.sleep_ms(_LONG_MS)
        finally:
            if sleeper in self._sleepers:
                self._sleepers.remove(sleeper)

    async def advance(self, ms):
        """Let `ms` pass: every sleeper wakes in its order, and what it causes happens before time goes on."""
        end = self._now + ms
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            due, task = self._sleepers.pop(0)
            self._now = max(self._now, due)
            queue = asyncio.core._task_queue  # type: ignore[attr-defined]
            queue.remove(task)
            queue.push(task)
            await self.settle()
        self._now = end

    async def settle(self):
        """Run until no other task is ready. (Tasks that wait for I/O of the operating system do not count.)"""
        while True:
            await asyncio.sleep_ms(0)
            task = asyncio.core._task_queue.peek()  # type: ignore[attr-defined]
            if task is None or time.ticks_diff(task.ph_key, time.ticks_ms()) > 0:
                return
