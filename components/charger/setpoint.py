"""What the power module is to deliver: the smallest of what everybody permits."""

import time
from micropython import const

from components.charger.requests import LEAST_MA
from core.signals import Signal

_AT_ONCE = const(10)  # lower setpoints told within one period of `check`, beside those told in turn
_SETTLE_MS = const(1000)


class Setpoint:
    """``voltage_mv``, ``current_ma`` (Signals): the smallest of the vehicle's request, the board's limit and, of the
    current, the central system's limit; 0 while one is not known. A current that is 0 on the wire is 0 here.

    While the gate is open the power module hears of a lower one in the call that made it lower, of a higher one in the
    turn of its function (900 ms). A vehicle that lowers its request more than ten times in 100 ms gets 0 A until the
    next turn: so the bus is not flooded, and nothing is above what was asked for.
    """

    def __init__(self, clock, bms, gate, requests, max_voltage_mv, max_current_ma):
        self.voltage_mv = Signal(0, clock)
        self.current_ma = Signal(0, clock)
        self._clock = clock
        self._bms = bms
        self._gate = gate
        self._requests = requests
        self._max_voltage_mv = max_voltage_mv
        self._max_current_ma = max_current_ma
        self._left = _AT_ONCE
        self._settling = False
        self._lowered_ms = clock.ticks_ms()
        changed = self._changed  # one object for all of them
        bms.max_voltage_mv.watch(changed)
        bms.max_current_ma.watch(changed)
        gate.limit_ma.watch(changed)

    def update(self):
        """Derive it anew: for a watcher of what it depends on that may be called before it."""
        bms = self._bms
        mv = min(bms.max_voltage_mv.value or 0, self._max_voltage_mv)
        if mv < self.voltage_mv.value or not self.voltage_mv.value:
            self._settling = True
            self._lowered_ms = self._clock.ticks_ms()
        self.voltage_mv.set(mv)
        ma = min(bms.max_current_ma.value or 0, self._max_current_ma, self._gate.limit_ma.value or 0)
        self.current_ma.set(ma if ma >= LEAST_MA else 0)

    def _changed(self, _):
        self.update()
        if self._gate.enabled.value:
            self._lower()

    def _lower(self):
        """Tell the power module what it may not have any more."""
        requests = self._requests
        mv, ma = self.voltage_mv.value, self.current_ma.value
        if mv < requests.told_mv or ma < requests.told_ma:
            if self._left <= 0:
                return
            self._left -= 1
            if not self._left:
                ma = 0
            if mv < requests.told_mv:
                requests.voltage(mv)
            if ma < requests.told_ma:
                requests.current(ma)

    def check(self):
        """To be called every 100 ms: tells what the bus did not take."""
        self._left = _AT_ONCE
        if self._settling and time.ticks_diff(self._clock.ticks_ms(), self._lowered_ms) >= _SETTLE_MS:
            self._settling = False
        self._changed(None)

    def tell(self):
        """Both, before a start."""
        self.update()
        self._requests.limits(self.voltage_mv.value, self.current_ma.value)

    def in_turn(self):
        """The next control request."""
        self.update()
        self._requests.control(self._gate.enabled.value, self.voltage_mv.value, self.current_ma.value)

    @property
    def settles(self):
        """Whether the voltage was lowered, or became known, less than a second ago."""
        return self._settling
