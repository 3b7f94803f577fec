"""What the power module is to deliver: the smallest of what everybody permits."""

import time
from micropython import const

from components.charger import limits
from core.signals import Signal

NO_LIMIT = const((1 << 29) - 1)  # more than any module can
_AT_ONCE = const(10)  # lower setpoints told within one period of `check`, beside those told in turn
_SETTLE_MS = const(1000)


class Setpoint:
    """``voltage_mv``, ``current_ma`` (Signals): the smallest of the vehicle's request, what the module can, the board's
    limit and, of the current, the outlet's limit; 0 while one is not known. A current that is 0 on the wire is 0 here.

    While the gate is open the power module gets a lower one in the call that made it lower, a higher one in the
    turn of its protocol. A vehicle that lowers its request more than ten times in 100 ms gets 0 A until the next turn:
    so the bus is not flooded, and nothing is above what was asked for.

    A vehicle that asks for less voltage than the board permits, or the module can, at least is not charged.

    ``settles``: the voltage was lowered, or became known, less than a second ago.
    """

    def __init__(self, clock, bms, gate, module, judge):
        self.voltage_mv = Signal(0, clock)
        self.current_ma = Signal(0, clock)
        self._clock = clock
        self._bms = bms
        self._gate = gate
        self._module = module
        self._judge = judge
        self._left = _AT_ONCE
        self.settles = False
        self._lowered_ms = clock.ticks_ms()
        changed = self.changed  # one object for all of them
        bms.max_voltage_mv.watch(changed)
        bms.max_current_ma.watch(changed)
        gate.limit_ma.watch(changed)

    def update(self):
        """Derive it anew: for a watcher of what it depends on that may be called before it."""
        module = self._module
        asked_mv = self._bms.max_voltage_mv.value or 0
        least_mv = max(module.min_voltage_mv, module.able_least_mv)
        self._judge(limits.REQUEST_LOW, limits.REQUEST_LOW if 0 < asked_mv < least_mv else 0)
        mv = min(asked_mv, module.max_voltage_mv, module.able_mv)
        if mv < self.voltage_mv.value or not self.voltage_mv.value:
            self.settles = True
            self._lowered_ms = self._clock.ticks_ms()
        self.voltage_mv.set(mv)
        asked_ma = self._bms.max_current_ma.value or 0
        ma = min(asked_ma, module.max_current_ma, module.able_ma, self._gate.limit_ma.value or 0)
        self.current_ma.set(ma if ma >= module.least_ma else 0)

    def changed(self, _):
        """What it depends on is another: a lower one is told now."""
        self.update()
        if self._gate.enabled.value:
            self._lower()

    def _lower(self):
        """Tell the power module what it may not have any more."""
        module = self._module
        mv, ma = self.voltage_mv.value, self.current_ma.value
        if mv < module.told_mv or ma < module.told_ma:
            if self._left <= 0:
                return
            self._left -= 1
            if not self._left:
                ma = 0
            module.lower(mv, ma)

    def check(self):
        """To be called every 100 ms: tells what the bus did not take."""
        self._left = _AT_ONCE
        if self.settles and time.ticks_diff(self._clock.ticks_ms(), self._lowered_ms) >= _SETTLE_MS:
            self.settles = False
        self.changed(None)

    def in_turn(self):
        """Tell it again."""
        self.update()
        if self._gate.enabled.value:
            self._module.control(self.voltage_mv.value, self.current_ma.value)
        else:
            self._module.stop_now()
