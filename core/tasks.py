"""Two things that components need beside asyncio's own: tasks that live and die together, and a pace without drift."""

import asyncio
import time


async def together(*coroutines):
    """Run `coroutines` side by side until the first of them ends or raises; cancel and await the others.

    What that first one raised is raised here, so a component with several loops fails, and is restarted, as a whole.
    """
    ended = asyncio.Event()
    over = []  # not task.done(): that never becomes true for the task that a KeyboardInterrupt has hit
    tasks = [asyncio.create_task(_report_end(i, coroutine, ended, over)) for i, coroutine in enumerate(coroutines)]
    try:
        await ended.wait()
        for task in tasks:
            if task.done():
                await task
    finally:
        left = [task for i, task in enumerate(tasks) if i not in over]
        for task in left:  # all of them first: if one raises something of its own, the others must not go on
            task.cancel()
        for task in left:
            try:
                await task
            except asyncio.CancelledError:
                pass


async def _report_end(i, coroutine, ended, over):
    try:
        await coroutine
    finally:
        over.append(i)
        ended.set()


class Pace:
    """Absolute deadlines, `period_ms` apart: the time that the work takes does not add up.

    ``pace = Pace(clock, 300)``, then ``await pace.next()`` before each piece of work. If more than one whole period was
    missed, the missed ones are left out instead of being made up for in a burst; the deadlines stay where they were.

    ``passed``: how many periods have passed at the last deadline: more than 1 if some were missed.
    """

    passed = 1

    def __init__(self, clock, period_ms):
        self._clock = clock
        self._period_ms = period_ms
        self._due = clock.ticks_ms()

    def next(self):
        """Awaitable, at once: the next deadline. (It is no coroutine, which would be on the heap while it waits.)"""
        self._due = time.ticks_add(self._due, self._period_ms)
        left_ms = time.ticks_diff(self._due, self._clock.ticks_ms())
        missed = 0
        if left_ms < -self._period_ms:
            missed = -left_ms // self._period_ms
            self._due = time.ticks_add(self._due, missed * self._period_ms)
        self.passed = 1 + missed
        return self._clock.sleep_ms(max(0, left_ms))
