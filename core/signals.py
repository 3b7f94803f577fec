"""Signals: how data flows between components."""

import asyncio
import time


class Signal:
    """A cell with the latest value and the time it was set.

    ``None`` means "not known": a value that has grown stale is set to ``None`` by its owner
    (see `expire`), so old data cannot be taken for fresh.

    There are two ways to be notified of a change: `watch` registers a function that is called at once, within
    `set` (for safety: what must happen while the frame that caused it is being handled); `changed` and
    `until` wait in a task. Setting allocates nothing. A watcher that raises does not hide the change from
    the others: `set` raises the first exception of them when all are notified.
    """

    # Of the class: a signal that is not watched or awaited has none of its own, which saves memory.
    _watchers = None  # a function, as most have one only, or a tuple of them
    _event = None
    _ticks_ms = staticmethod(time.ticks_ms)

    def __init__(self, value=None, clock=time):
        self.value = value
        self.at_ms = clock.ticks_ms()
        if clock.ticks_ms is not time.ticks_ms:  # a test's clock; else it would be a third attribute of each Signal
            self._ticks_ms = clock.ticks_ms

    def set(self, value):
        """Store `value` and its time; watchers and waiters are notified only if it differs."""
        self.at_ms = self._ticks_ms()
        if value != self.value:
            self.value = value
            if self._watchers or self._event:
                self._notify(value)

    def _notify(self, value):
        """The many signals with one watcher need no frame from the heap for that."""
        if type(self._watchers) is tuple:
            self._notify_all(value)
            return
        try:
            if self._watchers is not None:
                self._watchers(value)
        finally:
            if self.value is value:  # else a watcher changed it: all have been notified of the newer value already
                self._wake()

    def _notify_all(self, value):
        error = None
        for watcher in self._watchers:  # type: ignore[union-attr]
            watcher = _call(watcher, value)  # a local more, and this function's frame would come from the heap
            error = error or watcher
            if self.value is not value:
                break
        else:
            self._wake()
        if error:
            raise error

    def _wake(self):
        if self._event is not None:
            self._event.set()
            self._event.clear()

    def expire(self, max_age_ms):
        """Set the value to ``None`` if it was set longer than `max_age_ms` ago.

        The owner calls this from a periodic task. An age is not computed on demand, because ticks wrap
        around after 12.4 days on a 32-bit device: a value 12.4 days old would look fresh again.
        """
        if self.value is not None and self.age_ms() > max_age_ms:
            self.value = None
            self._notify(None)
            return True
        return False

    def age_ms(self):
        """Milliseconds since the value was set; only right up to 6 days, see `expire`."""
        return time.ticks_diff(self._ticks_ms(), self.at_ms)

    def watch(self, function, first=False):
        """Have ``function(value)`` called within every `set` that changes the value. It must not block.

        first: it is called before all others that watch by now, for it stops something; else after them.
        """
        watchers = self._watchers
        if watchers is None:
            self._watchers = function
            return
        if type(watchers) is not tuple:
            watchers = (watchers,)
        self._watchers = (function,) + watchers if first else watchers + (function,)

    async def changed(self):
        """Wait for the next change and return the new value."""
        if self._event is None:
            self._event = asyncio.Event()
        await self._event.wait()
        return self.value

    async def until(self, predicate):
        """Wait until ``predicate(value)`` holds (it may hold now) and return the value."""
        while not predicate(self.value):
            await self.changed()
        return self.value


class Untimed(Signal):
    """One without the time of its value, for what never grows stale: it takes less memory where it is watched."""

    def __init__(self, value):
        self.value = value

    def set(self, value):
        if value != self.value:
            self.value = value
            if self._watchers or self._event:
                self._notify(value)


def _call(watcher, value):
    """What it raises, or None."""
    try:
        watcher(value)
    except Exception as e:
        return e
