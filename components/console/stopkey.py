"""The emergency stop at the keyboard: what its key does at once, and what becomes of it."""

import time
from micropython import const

_STOPPED = const("console.stop")  # in the store while the emergency stop is pressed
_DECIDED_MS = const(500)  # without another key it was the emergency stop
_RECOVERY_MS = const(1000)


class StopKey:
    """Closes the gate when its key is pressed; `hold` makes an emergency stop of it, `word` takes it back.

    Until then the kernel's ``stop_cleared``, a condition of every gate, does not hold; after `word` for 1 s more. An
    emergency stop that was held before is held after either. It is journaled when the key is pressed, and a word takes
    that back: after a power cut between them the emergency stop is pressed. ``pending``: the key was pressed, and
    what it means is not known yet. ``tell(line)`` shows a line to people.
    """

    def __init__(self, clock, log, store, kernel, tell):
        self._clock = clock
        self._log = log
        self._store = store
        self._stopped = kernel.emergency_stop
        self._tell = tell
        self.pending = False
        self._held = False  # before the key was pressed
        self._since_ms = 0
        self._cleared = kernel.stop_cleared
        store.vital(_STOPPED, "the emergency stop")

    def start(self):
        """Read the journal."""
        if self._store.get(_STOPPED):
            self._stopped.set(True)
            self._log.warning("the emergency stop is still pressed; s releases it")

    def press(self):
        """The key. Up to the closing of the gate this takes no memory."""
        self._held = self._stopped.value is True
        self._since_ms = self._clock.ticks_ms()
        self.pending = True
        self._cleared.set(False)
        if not self._held:
            self._remember(True)

    def hold(self):
        """It is the emergency stop: it lasts, over restarts too, until `release`."""
        self._stopped.set(True)
        self.pending = False
        self._cleared.set(True)
        if not self._held:
            self._log.warning("emergency stop pressed")
        self._remember(True)
        self._tell("EMERGENCY STOP: charging is disabled until s releases it")

    def word(self):
        """The key was the first of a word."""
        self._since_ms = self._clock.ticks_ms()
        self.pending = False
        if not self._held:
            self._remember(None)
            self._tell("t stopped charging for a moment; a word begins with it, so the gate may open again in 1 s")

    def release(self):
        """Returns whether there was an emergency stop to release."""
        if not self._stopped.value:
            return False
        self._remember(None)
        self._stopped.set(False)
        self._log.info("emergency stop released")
        return True

    def waits(self):
        """Is there something that `due` has to see to?"""
        return not self._cleared.value

    def due(self):
        """To be called while it `waits`: returns whether no other key came in time, so that it is to `hold`."""
        passed_ms = time.ticks_diff(self._clock.ticks_ms(), self._since_ms)
        if not self.pending and passed_ms >= _RECOVERY_MS:
            self._cleared.set(True)
        return self.pending and passed_ms >= _DECIDED_MS

    def _remember(self, pressed):
        try:
            if self._store.get(_STOPPED) != pressed:
                self._store.put(_STOPPED, pressed)
        except (OSError, MemoryError) as e:
            what = "emergency stop" if pressed else "release of the emergency stop"
            self._log.error("%s not kept over a restart: %r", what, e)
