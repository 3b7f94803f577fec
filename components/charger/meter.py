"""The billing measurement: terminal power from the wire, what it adds to the register, and what its silence costs."""

import time
from micropython import const

from components.charger import limits
from core.signals import Signal
from core.wire import f32_scale, f32be

_SANE = const(1000000)  # 1000 V, 1000 A: what is above is no measurement
_LOSSES = const(3)  # in a session, the third ends it
_LOST_MS = const(2000)  # a silence of so long with the gate open is a loss


class TerminalMeter:
    """Terminal voltage, current and power (0x00433F01), and the energy register that integrates them.

    The register is that of a physical meter: it counts what the terminals show as delivered, whether the gate is open
    or not, and a transaction is billed the difference of two readings. With the gate closed a current below the board's
    starting current is the noise of an idle sensor: once none flows any more, it counts nothing. No more than the
    board's highest voltage times its highest current is counted.

    Signals: ``voltage_mv``, ``current_ma``, ``power_mw`` (None: not known); ``flowing`` (bool): True from the moment
    the gate opens until, with the gate closed, a period's measurements are all below the starting current; also while
    they are above it with the gate closed. What is not known leaves it as it is.
    Counter: ``losses``, how often in this session the gate was open in a silence of 2 s or more. A silence is billed
    with the last power that was measured with the gate open, but no more than the setpoint, for as long as it was open.

    PowerMeterFailure: the third loss of a session, or measurements that cannot be believed (see `Plausibility`). It
    lasts until neither a vehicle is plugged in nor a transaction runs, and ends with a restart.
    """

    def __init__(self, clock, gate, log, judge, parts, board):
        self.voltage_mv = Signal(None, clock)
        self.current_ma = Signal(None, clock)
        self.power_mw = Signal(None, clock)
        self.flowing = Signal(False, clock)
        self.losses = 0
        self.failed = False
        self._clock = clock
        self._gate = gate
        self._log = log
        self._judge = judge
        self._energy, self._plausibility, self._supervision, self._setpoint = parts
        self._max_mv, self._max_ma = board.max_voltage_mv, board.max_current_ma
        self._starting_ma = board.starting_current_ma
        self._volts = f32_scale(1000)
        self._amps = f32_scale(1000 // board.current_scale)
        self._held_mw = 0
        self._most_ma = 0  # in this period
        self._opened_ms = self._closed_ms = clock.ticks_ms()
        gate.enabled.watch(self._switched)
        changed = self._session_changed  # one object for both
        gate.plugged.watch(changed)
        gate.transaction.watch(changed)

    # -- received

    def terminal_power(self, data, length):
        """0x00433F01: f32be in V, f32be in 1/current_scale A. Returns False if that is no measurement."""
        if length < 8:
            return False
        mv = f32be(data, 0, self._volts)
        ma = f32be(data, 4, self._amps)
        if mv < 0 or ma < 0:
            return False
        self._supervision.terminal(mv, ma)  # too large to be true is still no proof of being inside the limits
        if mv > _SANE or ma > _SANE:
            return False
        self._count(mv, ma)
        self.voltage_mv.set(mv)
        self.current_ma.set(ma)
        self.power_mw.set(_power_mw(mv, ma))
        return True

    def _count(self, mv, ma):
        mw = 0
        if self.flowing.value or ma >= self._starting_ma:
            mw = _power_mw(min(mv, self._max_mv), min(ma, self._max_ma))
        mw = self._plausibility.heard(mw)
        if mw >= 0:
            self._period(mw)
        self._most_ma = max(self._most_ma, ma)

    def _period(self, mw):
        """A period of measurements is over."""
        at_ms = self._plausibility.at_ms
        most_ma = self._most_ma
        self._most_ma = 0
        self._energy.measured(mw, at_ms)
        if self._gate.enabled.value:
            self._held_mw = min(mw, self._setpoint_mw())
        elif most_ma >= self._starting_ma:
            self.flowing.set(True)
        elif self.flowing.value and time.ticks_diff(at_ms, self._closed_ms) >= 0:
            self.flowing.set(False)

    # -- the gate and the session

    def _switched(self, enabled):
        if enabled:
            self._opened_ms = self._clock.ticks_ms()
            self.flowing.set(True)
        else:
            self._closed_ms = self._clock.ticks_ms()

    def _session_changed(self, _):
        if not self._gate.plugged.value and not self._gate.transaction.value:
            self.losses = self._held_mw = 0
            self.failed = False
            self._judge(limits.METER, 0)

    # -- periodic

    def check(self, silent_ms):
        """To be called every 100 ms: what is older than `silent_ms` is lost, what is doubtful for too long fails."""
        mw = self._plausibility.settled()
        if mw >= 0:
            self._period(mw)
        if self.power_mw.expire(silent_ms):
            self._lost()
            self.voltage_mv.set(None)
            self.current_ma.set(None)
        if self.power_mw.value is None:
            self._judge(limits.TERMINAL, limits.TERMINAL_UNKNOWN)
        if self._plausibility.failed(self.flowing.value):
            self._fail("terminal power and the output, or its frames among themselves, differ by more than 20 %")

    def _lost(self):
        """Bill the silence, before it closes the gate."""
        heard_ms, since_ms, until_ms = self._energy.at_ms, self._opened_ms, self._closed_ms
        if time.ticks_diff(since_ms, heard_ms) < 0:
            since_ms = heard_ms
        held_mw = self._held_mw
        if self._gate.enabled.value:
            until_ms = self._clock.ticks_ms()
            held_mw = min(held_mw, self._setpoint_mw())  # it may be lower now
        if self.flowing.value:
            if time.ticks_diff(until_ms, heard_ms) >= _LOST_MS:
                self.losses += 1
            self._energy.held(held_mw, time.ticks_diff(until_ms, since_ms))
        self._energy.forget()
        self._plausibility.forget()
        if self.losses >= _LOSSES:
            self._fail("terminal power was lost %d times in a session" % self.losses)

    def _setpoint_mw(self):
        return _power_mw(self._setpoint.voltage_mv.value, self._setpoint.current_ma.value)

    def _fail(self, why):
        if not self.failed:
            self.failed = True
            self._judge(limits.METER, limits.METER)
            self._log.error("%s", why)


def _power_mw(mv, ma):
    """mV x mA / 1000 in two parts, each below 2**30 up to 1000 V and 1000 A."""
    return mv * (ma // 1000) + mv * (ma % 1000) // 1000
