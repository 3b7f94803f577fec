"""Whether every measurement is inside the board's limits, and what is wrong if not."""

import time
from micropython import const

TERMINAL_UNKNOWN = const(1)
TERMINAL_LOW = const(2)
TERMINAL_HIGH = const(4)
CURRENT_HIGH = const(8)
TERMINAL = TERMINAL_UNKNOWN | TERMINAL_LOW | TERMINAL_HIGH | CURRENT_HIGH
OUTPUT_HIGH = const(16)
OUTPUT_CURRENT_HIGH = const(32)
TOO_HOT = const(64)
METER = const(128)
# the module's flags, moved up by 8 bits
HARDWARE = const(0x100)
FLAG_HOT = const(0x200)
INPUT = const(0x400)
SILENCE = const(0x1000)
ALL_FLAGS = HARDWARE | FLAG_HOT | INPUT | SILENCE
EXCESS_CURRENT = const(0x2000)  # more than was asked for
EXCESS_VOLTAGE = const(0x4000)
UNSTOPPED = const(0x10000)  # current flows with the gate closed
NO_SWITCH = const(0x40000)  # it does not switch on
SILENT = const(0x80000)
UNSTOPPED_YET = const(0x20000)  # since the start no measurement has shown that none flows
METER_YET = const(0x100000)  # since the start no meter has said that it works
REQUEST_LOW = const(0x200000)  # the vehicle's

_UNDER_VOLTAGE_MS = const(5000)  # longer than it may take to notice that a car is gone
_ERRORS = (  # OCPP 1.6, 7.6 ChargePointErrorCode; the first that applies
    (UNSTOPPED, "PowerSwitchFailure"),
    (TOO_HOT | FLAG_HOT, "HighTemperature"),
    (TERMINAL_HIGH | OUTPUT_HIGH | EXCESS_VOLTAGE, "OverVoltage"),
    (CURRENT_HIGH | OUTPUT_CURRENT_HIGH | EXCESS_CURRENT, "OverCurrentFailure"),
    (METER, "PowerMeterFailure"),
    (HARDWARE | INPUT, "OtherError"),
    (NO_SWITCH, "PowerSwitchFailure"),  # what is above may be why
    (SILENCE, "InternalError"),  # the power module does not hear us
    (SILENT, "the power module is silent"),  # words: OtherError
    (REQUEST_LOW, "the vehicle asks for too low a voltage"),
)


class Limits:
    """A set of things that are wrong. A frame that adds one closes the gate while it is handled.

    The gate's ``in_limits`` becomes True again only in `check`, after `recovery_ms` without anything wrong: a value at
    the edge of its limit must not switch the contactor with every frame. ``on_trial`` are things that are told as wrong
    while it is tried whether they still are.
    """

    on_trial = 0

    def __init__(self, clock, gate, error, recovery_ms):
        self._clock = clock
        self._gate = gate
        self._error = error  # Signal
        self._recovery_ms = recovery_ms
        self.wrong = TERMINAL_UNKNOWN | METER_YET
        self._wrong_ms = clock.ticks_ms()
        self._low_ms = clock.ticks_ms()

    def judge(self, mask, wrong):
        """Of the things in `mask`, exactly those in `wrong` are wrong. Allocates nothing unless that is news."""
        if wrong or self.wrong:
            self._change(self.wrong & ~mask | wrong)

    def _change(self, wrong):
        if wrong:
            self._gate.in_limits.set(False)
            self._wrong_ms = self._clock.ticks_ms()
        self.wrong = wrong

    def check(self):
        """To be called periodically."""
        now = self._clock.ticks_ms()
        if not self.wrong & TERMINAL_LOW or not self._gate.plugged.value:
            self._low_ms = now
        if self.wrong:
            self._wrong_ms = now
        elif time.ticks_diff(now, self._wrong_ms) >= self._recovery_ms:
            self._gate.in_limits.set(True)
        self._error.set(self._name(time.ticks_diff(now, self._low_ms)))

    def _name(self, low_for_ms):
        wrong = self.wrong | self.on_trial
        for mask, name in _ERRORS:
            if wrong & mask:
                return name
        if self._gate.flapping:
            return "EVCommunicationError"
        # without a vehicle, or while it is plugged in, low is what the voltage should be
        return "UnderVoltage" if low_for_ms >= _UNDER_VOLTAGE_MS else ""
