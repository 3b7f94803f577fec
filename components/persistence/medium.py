"""Whether the medium can be relied on, and when one that refuses is tried again."""

import os
from micropython import const

from core.signals import Signal

ENOSPC = const(28)  # which MicroPython's errno has no name for
_PROBE_MS = const(2000)  # a medium that refuses is tried again after this; it doubles
_PROBE_MAX_MS = const(300000)


class Medium:
    """``fault`` (Signal, str): "" while the medium can be relied on, else what is wrong, in words."""

    def __init__(self, clock, log):
        self.fault = Signal("", clock)
        self._clock = clock
        self._log = log
        self._wait_ms = _PROBE_MS
        self._due_ms = 0

    def works(self):
        """Something was written and flushed."""
        self._wait_ms = _PROBE_MS
        if self.fault.value:
            self._log.info("the journal can be written again")
            try:
                self.fault.set("")
            except MemoryError:
                pass  # of a watcher: what was written is written

    def failed(self, error, words="the journal cannot be written"):
        """It refused with `error`, an exception."""
        self._due_ms = self._clock.uptime_ms() + self._wait_ms
        self._wait_ms = min(2 * self._wait_ms, _PROBE_MAX_MS)
        self.fault.set("the medium is full" if error.args and error.args[0] == ENOSPC else words)

    def is_due(self):
        """Is it to be tried whether it works again?"""
        return bool(self.fault.value) and self._clock.uptime_ms() >= self._due_ms


def remove(path):
    """Remove a file if it is there; returns whether it was."""
    try:
        os.remove(path)
        return True
    except OSError:
        return False
