"""What the power module tells of itself beside its heartbeat: refusals, standing still, silence."""

import time
from micropython import const

from components.charger import limits

_WANTED_MA = const(1000)  # a lower setpoint may be what keeps it still
_IDLE_MS = const(10000)
_RETRY_MS = const(10000)
_FORGET_MS = const(60000)


class Faults:
    """Judges the power module by what it says.

    PowerSwitchFailure: it refuses to be switched on (`refused`, while the gate is open), or its status is "not
    charging" for 10 s though the gate is open, 1 A or more is wanted, and no current flows. It is tried again every
    10 s, and told as wrong until it charges, or nobody has had it tried for 60 s.

    Silence: if it is not online for longer than `silent_ms` (0: never) outside of transactions, that is told in words,
    also of one that was never heard.

    ``refusals`` counts requests that it refused.
    """

    _confirmed = False  # it failed a second time, when it was tried again

    def __init__(self, clock, gate, board_limits, log, setpoint, status, current_ma, flows_ma, silent_ms):
        self._clock = clock
        self._gate = gate
        self._limits = board_limits
        self._judge = board_limits.judge
        self._log = log
        self._setpoint = setpoint
        self._status = status
        self._current_ma = current_ma
        self._flows_ma = flows_ma
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
        self._judge(limits.NO_SWITCH, limits.NO_SWITCH)
        self._confirmed = bool(self._limits.on_trial)
        self._limits.on_trial = limits.NO_SWITCH
        self._log.error("power module: %s", why)

    def check(self, online):
        """To be called every 100 ms."""
        now = self._clock.ticks_ms()
        if not self._stands_still():
            self._idle_ms = now
        elif time.ticks_diff(now, self._idle_ms) >= _IDLE_MS:
            self._fail("it does not charge though it was told to")
        if self._limits.on_trial:
            self._try(time.ticks_diff(now, self._failed_ms))
        self._check_silence(now, online)

    def _try(self, failed_for_ms):
        """It failed: is it to be tried again, and does it work?"""
        if failed_for_ms >= _RETRY_MS:
            self._judge(limits.NO_SWITCH, 0)
        gate = self._gate
        charges = gate.enabled.value and self._status.value == "charging"
        free = not gate.plugged.value and not gate.transaction.value
        if charges or failed_for_ms >= _FORGET_MS or (free and not self._confirmed):
            self._judge(limits.NO_SWITCH, 0)
            self._limits.on_trial = 0

    def _stands_still(self):
        ma = self._current_ma.value
        return (
            self._gate.enabled.value
            and self._status.value == "not charging"
            and ma is not None
            and ma < self._flows_ma
            and self._setpoint.current_ma.value >= _WANTED_MA
        )

    def _check_silence(self, now, online):
        if online:
            self._online_ms = now
            self._silent = False
        elif self._silent_ms and time.ticks_diff(now, self._online_ms) >= self._silent_ms:
            self._silent = True  # kept as such: ticks wrap around
        silent = self._silent and not self._gate.transaction.value
        self._judge(limits.SILENT, limits.SILENT if silent else 0)
