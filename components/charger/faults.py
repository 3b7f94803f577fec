"""Failures of a power module: it refuses, does not charge, sends nothing, or delivers after the stop."""

import time
from micropython import const

from components.charger import limits

_KEY = const("charger/unstopped")  # in the store from the failure on until it is released
_SETPOINT_MA = const(1000)  # with a lower setpoint no current may be right
_IDLE_MS = const(10000)
_RETRY_MS = const(10000)
_FORGET_MS = const(60000)


class Faults:
    """Failures of the power module that its frames show.

    PowerSwitchFailure: it refuses to be switched on (`refused`, while the gate is open), or its status is "not
    charging" for 10 s though the gate is open, the setpoint is 1 A or more, and no current flows. It is tried again
    every 10 s, and reported until it charges, or has not been tried for 60 s.

    Silence: if it is not online for longer than `silent_ms` (0: never) outside of transactions, that is an error, also
    of one that was never online.

    ``refusals`` counts requests that it refused.
    """

    _confirmed = False  # it failed a second time, when it was tried again

    def __init__(self, module, clock, gate, board_limits, log, silent_ms):
        self._module = module
        self._clock = clock
        self._gate = gate
        self._limits = board_limits
        self._log = log
        self._silent_ms = silent_ms
        self.refusals = 0
        self._failed_ms = self._idle_ms = self._online_ms = clock.ticks_ms()
        self._silent = False

    def refused(self, switch):
        """It refused a request; `switch`: that to switch on or off. To be called while its reply is handled."""
        self.refusals += 1
        if switch and self._gate.enabled.value:
            self._fail("it refuses to switch on")

    def _fail(self, why):
        self._failed_ms = self._clock.ticks_ms()
        self._limits.set_wrong(limits.NO_SWITCH, limits.NO_SWITCH)
        self._confirmed = bool(self._limits.on_trial)
        self._limits.on_trial = limits.NO_SWITCH
        self._log.error("power module: %s", why)

    def check(self, online):
        """To be called every 100 ms."""
        now = self._clock.ticks_ms()
        if not self._is_idle():
            self._idle_ms = now
        elif time.ticks_diff(now, self._idle_ms) >= _IDLE_MS:
            self._fail("it does not charge though switched on")
        if self._limits.on_trial:
            self._try(time.ticks_diff(now, self._failed_ms))
        self._check_silence(now, online)

    def _try(self, failed_for_ms):
        """It failed: is it to be tried again, and does it work?"""
        if failed_for_ms >= _RETRY_MS:
            self._limits.set_wrong(limits.NO_SWITCH, 0)
        gate = self._gate
        charges = gate.enabled.value and self._module.status.value == "charging"
        free = not gate.plugged.value and not gate.transaction.value
        if charges or failed_for_ms >= _FORGET_MS or (free and not self._confirmed):
            self._limits.set_wrong(limits.NO_SWITCH, 0)
            self._limits.on_trial = 0

    def _is_idle(self):
        module = self._module
        ma = module.terminal_current_ma.value
        return (
            self._gate.enabled.value
            and module.status.value == "not charging"
            and ma is not None
            and ma < module.starting_current_ma
            and module.setpoint_ma.value >= _SETPOINT_MA
        )

    def _check_silence(self, now, online):
        if online:
            self._online_ms = now
            self._silent = False
        elif self._silent_ms and time.ticks_diff(now, self._online_ms) >= self._silent_ms:
            self._silent = True  # kept as such: ticks wrap around
        silent = self._silent and not self._gate.transaction.value
        self._limits.set_wrong(limits.SILENT, limits.SILENT if silent else 0)


class StopFailure:
    """With the gate closed, the module's starting current or more that is measured after `after_ms` is a failure of the
    power switch.

    It lasts, also over a power cut, until an operator released it after no current had flowed for `quiet_ms`: at the
    console (``s``, ``reset``), or the central system's operator (Reset). No other restart, such as that of an
    update, releases it. An unknown current is neither a current nor none. After each start charging is not possible
    until a measurement shows no current.
    """

    def __init__(self, module, clock, gate, set_wrong, store, log, after_ms, quiet_ms):
        self._module = module
        self._clock = clock
        self._gate = gate
        self._set_wrong = set_wrong
        self._store = store
        store.vital(_KEY, "whether the power module stops")
        self._log = log
        self._after_ms = after_ms
        self._quiet_ms = quiet_ms
        self.failed = False
        self._kept = True  # whether the store has the state
        self._stopped_ms = self._flowed_ms = clock.ticks_ms()
        set_wrong(limits.STOP_UNCONFIRMED, limits.STOP_UNCONFIRMED)

    def load(self):
        """Restore a failure that was not released before the power failed."""
        if self._store.get(_KEY):
            self._fail()

    def measured(self, ma):
        """To be called for each measurement of the terminals."""
        if ma < self._module.starting_current_ma:
            self._set_wrong(limits.STOP_UNCONFIRMED, 0)

    def check(self):
        """To be called every 100 ms."""
        now = self._clock.ticks_ms()
        current_ma, flows_ma = self._module.terminal_current_ma, self._module.starting_current_ma
        ma = current_ma.value
        if ma is None or ma < flows_ma or self._gate.enabled.value:
            self._stopped_ms = now
        elif not self.failed and time.ticks_diff(current_ma.at_ms, self._stopped_ms) >= self._after_ms:
            self._kept = False  # by the time of the measurement: the last before a silence may be from before the stop
            self._fail()
        if ma is None or ma >= flows_ma:
            self._flowed_ms = now
        if self.failed and not self._kept and not self._store.fault.value:
            self._remember(True)

    def _fail(self):
        self.failed = True
        self._set_wrong(limits.STOP_FAILED, limits.STOP_FAILED)
        self._log.error("current flows with the gate closed: the power module did not stop")

    def release(self, _=None):
        """An operator acknowledges the failure; while current flows, or is unknown, this does nothing."""
        if not self.failed:
            return
        if time.ticks_diff(self._clock.ticks_ms(), self._flowed_ms) < self._quiet_ms:
            self._log.warning("not released: no current must have flowed for %d ms", self._quiet_ms)
            return
        self.failed = False
        self._set_wrong(limits.STOP_FAILED, 0)
        self._remember(None)
        self._log.info("the failure to stop is released")

    def _remember(self, failed):
        try:
            self._store.put(_KEY, failed)
            self._kept = True
        except (self._store.Error, MemoryError) as e:  # tried again, if it failed, as soon as the store works
            self._log.rare("the failure to stop is not kept over a restart: %r", e)
