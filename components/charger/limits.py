"""Whether all that is measured is inside what is permitted, and what is wrong if not."""

import time
from micropython import const

TERMINAL_UNKNOWN = const(1)
_TERMINAL_LOW = const(2)
_TERMINAL_HIGH = const(4)
_CURRENT_HIGH = const(8)
TERMINAL = const(TERMINAL_UNKNOWN | _TERMINAL_LOW | _TERMINAL_HIGH | _CURRENT_HIGH)
_OUTPUT_HIGH = const(16)
_OUTPUT_CURRENT_HIGH = const(32)
TOO_HOT = const(64)
METER = const(128)
# the module's flags, moved up by 8 bits
_HARDWARE = const(0x100)
_FLAG_HOT = const(0x200)
_INPUT = const(0x400)
_SILENCE = const(0x1000)
ALL_FLAGS = const(_HARDWARE | _FLAG_HOT | _INPUT | _SILENCE)
_EXCESS_CURRENT = const(0x2000)  # above the setpoint
_EXCESS_VOLTAGE = const(0x4000)
STOP_FAILED = const(0x10000)  # current flows with the gate closed
NO_SWITCH = const(0x40000)  # it does not switch on
SILENT = const(0x80000)
STOP_UNCONFIRMED = const(0x20000)  # since the start no measurement has shown 0 A
METER_UNCONFIRMED = const(0x100000)  # since the start no meter has reported that it works
REQUEST_LOW = const(0x200000)  # the vehicle's

_HOLD_MS = const(1000)  # half of the second time; it doubles
_HOLDS = const(6)  # up to 64 s
_STEADY_MS = const(300000)  # after so long without, the next one is the first again
_UNDER_VOLTAGE_MS = const(5000)  # longer than the detection of an unplugged vehicle takes
# OCPP 1.6, 7.6 ChargePointErrorCode; the first that applies. Any other text is an OtherError.
_ERRORS = const((
    (STOP_FAILED, "PowerSwitchFailure"),
    (TOO_HOT | _FLAG_HOT, "HighTemperature"),
    (_TERMINAL_HIGH | _OUTPUT_HIGH | _EXCESS_VOLTAGE, "OverVoltage"),
    (_CURRENT_HIGH | _OUTPUT_CURRENT_HIGH | _EXCESS_CURRENT, "OverCurrentFailure"),
    (METER, "PowerMeterFailure"),
    (_HARDWARE, "a fault of the power module, or on its bus"),
    (_INPUT, "the power module's input voltage is wrong"),
    (NO_SWITCH, "PowerSwitchFailure"),  # those above may be the cause
    (_SILENCE, "InternalError"),  # the power module receives nothing
    (SILENT, "the power module is silent"),
    (REQUEST_LOW, "the vehicle requests too low a voltage"),
))  # fmt: skip


class Limits:
    """A set of things that are wrong. A frame that adds one closes the gate while it is handled.

    The gate's ``in_limits`` becomes True again only in `check`, after `recovery_ms` without anything wrong: a value at
    the edge of its limit must not switch the contactor with every frame. ``on_trial`` are things that are reported as
    wrong while it is tried whether they still are.
    """

    on_trial = 0

    def __init__(self, clock, gate, error, recovery_ms):
        self._clock = clock
        self._gate = gate
        self._error = error  # Signal
        self._recovery_ms = recovery_ms
        self.wrong = TERMINAL_UNKNOWN | METER_UNCONFIRMED
        self._wrong_ms = clock.ticks_ms()
        self._low_ms = clock.ticks_ms()

    def set_wrong(self, mask, wrong):
        """Of the things in `mask`, exactly those in `wrong` are wrong. Allocates only when that changes."""
        if wrong or self.wrong:
            self._change(self.wrong & ~mask | wrong)

    def _change(self, wrong):
        if wrong:
            self._gate.in_limits.set(False)
            self._wrong_ms = self._clock.ticks_ms()
        self.wrong = wrong

    def check(self):
        """To be called periodically. Returns whether the error is another one."""
        now = self._clock.ticks_ms()
        if not self.wrong & _TERMINAL_LOW or not self._gate.plugged.value:
            self._low_ms = now
        if self.wrong:
            self._wrong_ms = now
        elif time.ticks_diff(now, self._wrong_ms) >= self._recovery_ms:
            self._gate.in_limits.set(True)
        before = self._error.value
        self._error.set(self._name(time.ticks_diff(now, self._low_ms)))
        return self._error.value != before

    def _name(self, low_for_ms):
        wrong = self.wrong | self.on_trial
        for mask, name in _ERRORS:
            if wrong & mask:
                return name
        if self._gate.flapping:
            return "EVCommunicationError"
        # without a vehicle, or while it is plugged in, low is what the voltage should be
        return "UnderVoltage" if low_for_ms >= _UNDER_VOLTAGE_MS else ""


class Supervision:
    """Checks each measurement while its frame is handled.

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

    def __init__(self, module, clock, gate, setpoint, set_wrong, max_mdeg, tolerance):
        self._module = module  # whose limits are the board's
        self._clock = clock
        self._gate = gate
        self._setpoint = setpoint
        self._set_wrong = set_wrong
        self._max_mdeg = max_mdeg
        self._tolerance_ma, self._tolerance_mv, self._tolerance_ms = tolerance
        self._excess = False  # current above the setpoint
        self._excess_ms = clock.ticks_ms()
        self._high = False  # more voltage than the vehicle permits
        self._high_ms = self._tripped_ms = clock.ticks_ms()

    # -- the board's limits

    def terminal(self, mv, ma):
        """A measurement of the terminals, also one too large to be true. Returns 0 inside the board's limits."""
        wrong = 0
        module = self._module
        if mv < module.min_voltage_mv:
            wrong = _TERMINAL_LOW
        elif mv > module.max_voltage_mv:
            wrong = _TERMINAL_HIGH
        if ma > module.max_current_ma:
            wrong |= _CURRENT_HIGH
        self._set_wrong(TERMINAL, wrong)
        self._check_current(ma)
        self._check_voltage(mv)
        return wrong

    def output_voltage(self, mv):
        if mv is not None:
            self._set_wrong(_OUTPUT_HIGH, _OUTPUT_HIGH if mv > self._module.max_voltage_mv else 0)

    def output_current(self, ma):
        if ma is not None:
            self._set_wrong(_OUTPUT_CURRENT_HIGH, _OUTPUT_CURRENT_HIGH if ma > self._module.max_current_ma else 0)

    def temperature(self, mdeg):
        if mdeg is not None:
            self._set_wrong(TOO_HOT, TOO_HOT if mdeg > self._max_mdeg else 0)

    # -- compared with the setpoint

    def _check_current(self, ma):
        setpoint_ma = self._setpoint.current_ma.value
        if ma <= setpoint_ma + max(self._tolerance_ma, setpoint_ma // 10):
            self._excess = False
            self._end(_EXCESS_CURRENT)
        elif not self._excess:
            if self._gate.enabled.value:
                self._excess = True
                self._excess_ms = self._clock.ticks_ms()
        elif self._lasts(self._excess_ms):
            self._trip(_EXCESS_CURRENT)

    def _check_voltage(self, mv):
        max_mv = self._setpoint.voltage_mv.value
        if not max_mv or mv <= max_mv + self._tolerance_mv:
            self._high = False
            self._end(_EXCESS_VOLTAGE)
            return
        if not self._high:
            if not self._gate.enabled.value:
                return
            self._high = True
            self._high_ms = self._clock.ticks_ms()
        if self._lasts(self._high_ms) or not self._setpoint.settling:
            self._trip(_EXCESS_VOLTAGE)

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
        self._set_wrong(what, what)

    def _end(self, what):
        """It is within bounds again; it ends once the hold time is over."""
        if self._tripped & what:
            if time.ticks_diff(self._clock.ticks_ms(), self._tripped_ms) < self._hold_ms:
                return
            self._tripped &= ~what
        self._set_wrong(what, 0)
