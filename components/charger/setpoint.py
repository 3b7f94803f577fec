"""The setpoint of the power module: the smallest of all limits."""

import time
from micropython import const

from components.charger import limits
from core.signals import Signal

NO_LIMIT = const((1 << 29) - 1)  # more than any module can
_AT_ONCE = const(10)  # lower setpoints sent within one period of `check`, beside the periodic ones
_SETTLE_MS = const(1000)


class Setpoint:
    """``voltage_mv``, ``current_ma`` (Signals): the smallest of the vehicle's request, what the module can, the board's
    limit and, of the current, the outlet's limit; 0 while one is not known. A current that is 0 on the wire is 0 here.

    While the gate is open the power module is sent a lower one in the call that made it lower, a higher one with the
    protocol's next periodic frame. A vehicle that lowers its request more than ten times in 100 ms gets 0 A until the
    next `check`: so the bus is not flooded, and nothing is above the request.

    A vehicle that requests less than the lowest voltage of the board or the module is not charged.

    ``settling``: the voltage was lowered, or became known, less than a second ago.
    """

    def __init__(self, clock, bms, gate, module, set_wrong):
        self.voltage_mv = Signal(0, clock)
        self.current_ma = Signal(0, clock)
        self._clock = clock
        self._bms = bms
        self._gate = gate
        self._module = module
        self._set_wrong = set_wrong
        self._left = _AT_ONCE
        self.settling = False
        self._lowered_ms = clock.ticks_ms()
        changed = self.changed  # one object for all of them
        bms.max_voltage_mv.watch(changed)
        bms.max_current_ma.watch(changed)
        gate.limit_ma.watch(changed)

    def update(self):
        """Derive it again: for a watcher that may be called before the Setpoint's own."""
        module = self._module
        requested_mv = self._bms.max_voltage_mv.value or 0
        least_mv = max(module.min_voltage_mv, module.available_min_mv)
        self._set_wrong(limits.REQUEST_LOW, limits.REQUEST_LOW if 0 < requested_mv < least_mv else 0)
        mv = min(requested_mv, module.max_voltage_mv, module.available_mv)
        if mv < self.voltage_mv.value or not self.voltage_mv.value:
            self.settling = True
            self._lowered_ms = self._clock.ticks_ms()
        self.voltage_mv.set(mv)
        requested_ma = self._bms.max_current_ma.value or 0
        ma = min(requested_ma, module.max_current_ma, module.available_ma, self._gate.limit_ma.value or 0)
        self.current_ma.set(ma if ma >= module.min_ma else 0)

    def changed(self, _):
        """A value it depends on has changed: a lower setpoint is sent now."""
        self.update()
        if self._gate.enabled.value:
            self._lower()

    def _lower(self):
        """Send the power module a setpoint below the one it has."""
        module = self._module
        mv, ma = self.voltage_mv.value, self.current_ma.value
        if mv < module.sent_mv or ma < module.sent_ma:
            if self._left <= 0:
                return
            self._left -= 1
            if not self._left:
                ma = 0
            module.lower(mv, ma)

    def check(self):
        """To be called every 100 ms: sends again what the bus did not take."""
        self._left = _AT_ONCE
        if self.settling and time.ticks_diff(self._clock.ticks_ms(), self._lowered_ms) >= _SETTLE_MS:
            self.settling = False
        self.changed(None)

    def send_again(self):
        """Send it again: to be called every `control_ms`."""
        self.update()
        if self._gate.enabled.value:
            self._module.control(self.voltage_mv.value, self.current_ma.value)
        else:
            self._module.stop_now()
