"""What is measured, held against what is permitted: the board's limits, the setpoint, the vehicle's maximum."""

import time
from micropython import const

from components.charger import limits

_HOLD_MS = const(1000)  # half of the second time; it doubles
_HOLDS = const(6)  # up to 64 s
_STEADY_MS = const(300000)  # after so long without, the next one is the first again


class Supervision:
    """Judges each measurement while its frame is handled.

    The terminal voltage must be inside the board's limits, terminal and output current, output voltage and temperature
    not above theirs. (Behind an open contactor the output may have any voltage below.) What was wrong stays wrong until
    it is known to be right: None changes nothing.

    While the gate is open, the terminal current may be above the setpoint by the larger of `tolerance_ma` and a tenth
    of the setpoint; what is more for longer than `tolerance_ms` is an over-current. A terminal voltage above the
    vehicle's maximum by more than `tolerance_mv` is an over-voltage at once, or, if that maximum was lowered less than
    a second ago, after `tolerance_ms`. Both stay wrong, with the gate closed, until a measurement is within bounds, and
    from the second time on at least for 2 s, 4 s, ... 64 s: a module that does the same each time it is switched on is
    switched on less and less often. After 5 minutes without any, the next one is the first again.
    """

    _tripped = 0  # what is held as wrong
    _trips = _hold_ms = 0

    def __init__(self, clock, gate, setpoint, judge, board, tolerance):
        self._clock = clock
        self._gate = gate
        self._setpoint = setpoint
        self._judge = judge
        self._min_mv, self._max_mv, self._max_ma, self._max_mdeg = board
        self._tolerance_ma, self._tolerance_mv, self._tolerance_ms = tolerance
        self._excess = False  # more current than was asked for
        self._excess_ms = clock.ticks_ms()
        self._high = False  # more voltage than the vehicle permits
        self._high_ms = self._tripped_ms = clock.ticks_ms()

    # -- the board's limits

    def terminal(self, mv, ma):
        """A measurement of the terminals, also one too large to be true. Returns 0 inside the board's limits."""
        wrong = 0
        if mv < self._min_mv:
            wrong = limits.TERMINAL_LOW
        elif mv > self._max_mv:
            wrong = limits.TERMINAL_HIGH
        if ma > self._max_ma:
            wrong |= limits.CURRENT_HIGH
        self._judge(limits.TERMINAL, wrong)
        self._judge_current(ma)
        self._judge_voltage(mv)
        return wrong

    def output_voltage(self, mv):
        if mv is not None:
            self._judge(limits.OUTPUT_HIGH, limits.OUTPUT_HIGH if mv > self._max_mv else 0)

    def output_current(self, ma):
        if ma is not None:
            self._judge(limits.OUTPUT_CURRENT_HIGH, limits.OUTPUT_CURRENT_HIGH if ma > self._max_ma else 0)

    def temperature(self, mdeg):
        if mdeg is not None:
            self._judge(limits.TOO_HOT, limits.TOO_HOT if mdeg > self._max_mdeg else 0)

    # -- what was asked for

    def _judge_current(self, ma):
        wanted_ma = self._setpoint.current_ma.value
        if ma <= wanted_ma + max(self._tolerance_ma, wanted_ma // 10):
            self._excess = False
            self._end(limits.EXCESS_CURRENT)
        elif not self._excess:
            if self._gate.enabled.value:
                self._excess = True
                self._excess_ms = self._clock.ticks_ms()
        elif self._lasts(self._excess_ms):
            self._trip(limits.EXCESS_CURRENT)

    def _judge_voltage(self, mv):
        most_mv = self._setpoint.voltage_mv.value
        if not most_mv or mv <= most_mv + self._tolerance_mv:
            self._high = False
            self._end(limits.EXCESS_VOLTAGE)
            return
        if not self._high:
            if not self._gate.enabled.value:
                return
            self._high = True
            self._high_ms = self._clock.ticks_ms()
        if self._lasts(self._high_ms) or not self._setpoint.settles:
            self._trip(limits.EXCESS_VOLTAGE)

    def _lasts(self, since_ms):
        return time.ticks_diff(self._clock.ticks_ms(), since_ms) >= self._tolerance_ms

    def _trip(self, what):
        if self._tripped & what:
            return
        now = self._clock.ticks_ms()
        if time.ticks_diff(now, self._tripped_ms) > _STEADY_MS:
            self._trips = 0
        self._hold_ms = _HOLD_MS << self._trips if self._trips else 0
        self._trips = min(self._trips + 1, _HOLDS)
        self._tripped_ms = now
        self._tripped |= what
        self._judge(what, what)

    def _end(self, what):
        """It is within bounds: not before its time is over."""
        if self._tripped & what:
            if time.ticks_diff(self._clock.ticks_ms(), self._tripped_ms) < self._hold_ms:
                return
            self._tripped &= ~what
        self._judge(what, 0)
