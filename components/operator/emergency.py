"""The emergency stop: what its key does at once, and what becomes of it."""

import time
from micropython import const

_STOPPED = const("console.stop")  # in the store while it is pressed; by this name journals have had it from the first
_DECIDED_MS = const(500)  # without another key it was the emergency stop
_RECOVERY_MS = const(1000)


class EmergencyStop:
    """Closes every gate when its key is pressed; `hold` makes an emergency stop of it, `take_back` undoes the key.

    Until then the kernel's ``stop_cleared``, a condition of every gate, does not hold; after `take_back` for 1 s more.
    An emergency stop that was held before is held after either. It is journaled when the key is pressed, and
    `take_back` undoes that: after a power cut between them the emergency stop is pressed. ``pressed`` (Signal, bool):
    it is held. ``pending``: the key was pressed, and what it means is not known yet.
    """

    def __init__(self, clock, log, store, kernel):
        self._clock = clock
        self._log = log
        self._store = store
        self.pressed = kernel.emergency_stop
        self.pending = False
        self._held = False  # before the key was pressed
        self._since_ms = 0
        self._cleared = kernel.stop_cleared
        self._told = ()
        store.vital(_STOPPED, "the emergency stop")

    def start(self):
        """Read the journal."""
        if self._store.get(_STOPPED):
            self.pressed.set(True)
            self._log.warning("the emergency stop is still pressed")

    def tell(self, function):
        """Have ``function(held)`` called for each key: True after `hold`; False after `take_back`, if none was held."""
        self._told += (function,)

    def press(self):
        """The key. Up to the closing of the gate this takes no memory."""
        self._held = self.pressed.value is True
        self._since_ms = self._clock.ticks_ms()
        self.pending = True
        self._cleared.set(False)
        if not self._held:
            self._remember(True)

    def hold(self):
        """It is the emergency stop: it lasts, over restarts too, until `release`."""
        self.pressed.set(True)
        self.pending = False
        self._cleared.set(True)
        if not self._held:
            self._log.warning("emergency stop pressed")
        self._remember(True)
        for function in self._told:
            function(True)

    def take_back(self):
        """The key meant something else."""
        self._since_ms = self._clock.ticks_ms()
        self.pending = False
        if not self._held:
            self._remember(None)
            for function in self._told:
                function(False)

    def release(self):
        """Returns whether there was an emergency stop to release."""
        if not self.pressed.value:
            return False
        self._remember(None)
        self.pressed.set(False)
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
