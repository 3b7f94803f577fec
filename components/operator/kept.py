"""The operator's state between two calls: the emergency stop, a session's energy, what the journal has written."""

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
    it is held. ``pending``: the key was pressed, and is neither confirmed nor undone.
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
        self._watchers = ()
        store.vital(_STOPPED, "the emergency stop")

    def start(self):
        """Read the journal."""
        if self._store.get(_STOPPED):
            self.pressed.set(True)
            self._log.warning("the emergency stop is still pressed")

    def watch(self, function):
        """Have ``function(held)`` called for each key: True after `hold`; False after `take_back`, if none was held."""
        self._watchers += (function,)

    def press(self):
        """The key. Up to the closing of the gate this takes no memory."""
        self._held = self.pressed.value is True
        self._since_ms = self._clock.ticks_ms()
        self.pending = True
        try:
            self._cleared.set(False)
        finally:  # what watches the gate may raise
            if not self._held:
                self._journal(True)

    def hold(self):
        """It is the emergency stop: it lasts, over restarts too, until `release`."""
        try:
            self.pressed.set(True)
        finally:
            self.pending = False
            self._cleared.set(True)
            if not self._held:
                self._log.warning("emergency stop pressed")
            self._journal(True)
        for function in self._watchers:
            function(True)

    def take_back(self):
        """The key meant something else."""
        self._since_ms = self._clock.ticks_ms()
        self.pending = False
        if not self._held:
            self._journal(None)
            for function in self._watchers:
                function(False)

    def release(self):
        """Returns whether there was an emergency stop to release."""
        if not self.pressed.value:
            return False
        self._journal(None)
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

    def _journal(self, pressed):
        try:
            if self._store.get(_STOPPED) != pressed:
                self._store.put(_STOPPED, pressed)
        except (OSError, MemoryError) as e:
            what = "emergency stop" if pressed else "release of the emergency stop"
            self._log.error("%s not kept over a restart: %r", what, e)


class Session:
    """The energy of an outlet's transaction that runs, or of the last one."""

    _from = None  # the register at its start
    _stopped_from = None  # the same of the last one
    _mwh = 0

    def __init__(self, outlet, station):
        self._meter = outlet.evse.meter
        self._outlet = outlet
        outlet.evse.gate.transaction.watch(self._changed)
        station.watch_transactions(ended=self._ended)

    def _changed(self, runs):
        if runs:
            self._from = self._start_mwh()
        else:
            self._mwh = self.energy_mwh()
            self._stopped_from, self._from = self._from, None

    def _ended(self, transaction, meter_stop_wh):
        """The power module has stopped: what it delivered until then counts."""
        now = self._meter.energy_mwh.value
        if transaction.outlet is self._outlet and self._stopped_from is not None and now is not None:
            self._mwh = max(0, now - self._stopped_from)

    def _start_mwh(self):
        """The register at the start; the transaction has it in whole Wh: enough when it continues after a restart."""
        now = self._meter.energy_mwh.value
        transaction = self._outlet.transactions.current
        if transaction is None:
            return now
        start = transaction.meter_start_wh * 1000
        return now if now is not None and now - start < 1000 else start

    def energy_mwh(self):
        """0 before the first transaction, None if unknown."""
        if self._from is None:
            return self._mwh
        now = self._meter.energy_mwh.value
        return None if now is None else max(0, now - self._from)


class Writes:
    """What the journal writes, in this run and while an outlet charges."""

    _since = None
    _charging = _start = (0, 0, 0)

    def __init__(self, clock, store, outlets):
        self._clock = clock
        self._store = store
        self._gates = tuple([outlet.evse.gate.enabled for outlet in outlets])
        for enabled in self._gates:
            enabled.watch(self._changed)

    def begin(self):
        """Count from here on: the store is open."""
        self._start = self._now()

    def _now(self):
        return self._clock.uptime_ms(), self._store.bytes, self._store.erases

    def _changed(self, _):
        charges = any(enabled.value for enabled in self._gates)
        if charges and self._since is None:
            self._since = self._now()
        elif not charges:
            _, self._charging = self.counts()
            self._since = None

    def counts(self):
        """[ms, bytes, erases] since `begin`, and of these while an outlet charged."""
        now, start, since = self._now(), self._start, self._since or self._now()
        return (
            [now[i] - start[i] for i in range(3)],
            [self._charging[i] + now[i] - since[i] for i in range(3)],
        )
