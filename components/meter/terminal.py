"""The billing measurement of the power module's terminals: what is added to the register, also for a gap."""

import time
from micropython import const

from components.meter.energy import Meter, options
from core.wire import product

_LOSSES = const(3)  # in a session, the third ends it
_LOST_MS = const(2000)  # a silence of so long with the gate open is a loss

_FLOOR_MW = const(250000)  # 3 A at 83 V: what the accuracies of two sensors of 300 A may differ by
_DOUBT_MS = const(5000)  # a doubt that lasts so long is a failure
_DOUBTS = const(5)  # at least in that time: a current that steps from frame to frame is a contradiction, too
_BLOCKED_MS = const(250)  # so long without a call that is due every 100 ms: the frames of that time come at once
_CLEAR_MS = const(2500)  # two periods of the telemetry without a doubt end it
_SANE = const(1000000)  # 1000 V, 1000 A
_ABOVE_ALL = const((1 << 30) - 1)


class TerminalMeter(Meter):
    """Integrates the power that the module measures at its terminals.

    With the gate closed a current below the module's starting current is the noise of an idle sensor: once none flows
    any more, it counts nothing. No more than the board's highest voltage times its highest current is counted.
    ``flowing`` follows a period's measurements.

    Counter: ``losses``, how often in this session the gate was open in a silence of 2 s or more. A silence is billed
    with the last power that was measured with the gate open, but no more than the setpoint, for as long as it was open.

    PowerMeterFailure: the third loss of a session, or implausible measurements (see `Plausibility`). It
    lasts until neither a vehicle is plugged in nor a transaction runs, and ends with a restart.

    Options: power_period_ms, see `Plausibility`; register_pause_ms, see `Energy`.
    """

    options = options(power_period_ms=(int, 200, 20, 1000))
    losses = 0

    def __init__(self, charger, clock, power_period_ms, **shared):
        super().__init__(charger=charger, clock=clock, **shared)
        output = charger.output_voltage_mv, charger.output_current_ma
        self.plausibility = Plausibility(clock, output, power_period_ms)
        self._held_mw = 0
        self._max_ma = 0  # in this period
        self.works()

    # -- measurements

    def terminal(self, mv, ma):
        charger = self._charger
        mw = 0
        if self.flowing.value or ma >= charger.starting_current_ma:
            mw = product(min(mv, charger.max_voltage_mv), min(ma, charger.max_current_ma))
        mw = self.plausibility.add(mw)
        if mw >= 0:
            self._period(mw)
        self._max_ma = max(self._max_ma, ma)

    def _period(self, mw):
        """A period of measurements is over."""
        at_ms = self.plausibility.at_ms
        max_ma = self._max_ma
        self._max_ma = 0
        self.measured(mw, at_ms)
        if self._gate.enabled.value:
            self._held_mw = min(mw, self._setpoint_mw())
        self.current_measured(max_ma, at_ms)

    def check(self):
        """Measurements that are in doubt for too long are a failure."""
        if self.plausibility.failed(self.flowing.value):  # first: the period that ends now is of the next output
            self.fails("terminal power and the output, or its frames among themselves, differ by more than 20 %")
        mw = self.plausibility.take_period()
        if mw >= 0:
            self._period(mw)
        self.save_if_due()

    def terminal_lost(self):
        """Bill the gap, before it closes the gate."""
        measured_ms, since_ms, until_ms = self.at_ms, self._opened_ms, self._closed_ms
        if time.ticks_diff(since_ms, measured_ms) < 0:
            since_ms = measured_ms
        held_mw = self._held_mw
        if self._gate.enabled.value:
            until_ms = self._clock.ticks_ms()
            held_mw = min(held_mw, self._setpoint_mw())  # it may be lower now
        if self.flowing.value:
            if time.ticks_diff(until_ms, measured_ms) >= _LOST_MS:
                self.losses += 1
            self.add_gap(held_mw, time.ticks_diff(until_ms, since_ms))
        self.forget()
        self.plausibility.forget()
        if self.losses >= _LOSSES:
            self.fails("terminal power was lost %d times in a session" % self.losses)

    def _setpoint_mw(self):
        return product(self._charger.setpoint_mv.value, self._charger.setpoint_ma.value)

    def session_over(self):
        self.losses = self._held_mw = 0
        super().session_over()

    def counters(self):
        """What was wrong with the measurement: losses of this session, the rest of this run."""
        seen = self.plausibility
        return (
            ("losses", self.losses),
            ("frames too early", seen.early),
            ("contradictions", seen.contradictions),
            ("disagreements with the output", seen.disagreements),
        )


class Plausibility:
    """Gathers the frames of one period, and compares them with each other and with the output.

    A period begins with a frame; those of the next three quarters of `period_ms` belong to it and are counted in
    ``early``. All frames of a period weigh the same, whatever the moments at which they came. Frames of one period that
    differ by more than 20 % (and 250 W) contradict each other (``contradictions``): then the one holds that is nearest
    to the module's own output; while that is not known, their mean.

    The output (telemetry 0x84 x 0x82, or the heartbeat) is compared when a new output current is known, against the
    periods since the one before, and if it does not fit them up to the first that begins after it: outside the range of
    them all by more than 20 % (and 250 W) it disagrees (``disagreements``), since it was told. A step or a ramp and the
    telemetry's delay of up to a second are no disagreement. Frames that come at once after nothing was called for
    250 ms are of different moments: no contradiction. Five contradictions or disagreements over 5 s, without 2.5 s in
    between that are free of them, are a failure. While the output is not known only contradictions are detected.
    """

    def __init__(self, clock, output, period_ms):
        self._clock = clock
        self._voltage_mv, self._current_ma = output  # Signals
        self._min_ms = period_ms * 3 // 4
        self.early = self.contradictions = self.disagreements = 0
        self._compared_ms = self._current_ma.at_ms
        self._doubts = 0  # in a row
        self._since_ms = self._doubt_ms = self._begun_ms = clock.ticks_ms()
        self.at_ms = 0  # when the period of the last result began
        self._count = 0
        self._mean_mw = self._near_mw = 0  # of this period
        self._called_ms = self._blocked_ms = self._begun_ms
        self.forget()

    def forget(self):
        """After a gap: what follows is compared with nothing from before it."""
        self._low_mw = _ABOVE_ALL  # of the periods since the last comparison
        self._high_mw = -1
        self._told_mw = -1  # an output that does not fit them yet

    def add(self, power_mw):
        """A frame. Returns `take_period()` as it was before it. Allocates nothing."""
        period_mw = self.take_period()
        if self._count:
            self.early += 1
        else:
            self._begun_ms = self._clock.ticks_ms()
            self._note_block(self._begun_ms)
        self._gather(power_mw)
        return period_mw

    def take_period(self):
        """The power of a period that is over by now, once; it began at ``at_ms``. Otherwise -1."""
        if not self._count or time.ticks_diff(self._clock.ticks_ms(), self._begun_ms) < self._min_ms:
            return -1
        self._count = 0
        self.at_ms = self._begun_ms
        power_mw = self._mean_mw
        if _differ(self._min_mw, self._max_mw):
            if not 0 <= time.ticks_diff(self._begun_ms, self._blocked_ms) < self._min_ms:
                self.contradictions += 1
                self._doubt(self._begun_ms)
            if self._output_mw() >= 0:
                power_mw = self._near_mw
        self._low_mw = min(self._low_mw, power_mw)
        self._high_mw = max(self._high_mw, power_mw)
        if self._told_mw >= 0 and time.ticks_diff(self.at_ms, self._compared_ms) > 0:
            if self._disagrees(self._told_mw):
                self.disagreements += 1
                self._doubt(self._compared_ms)
            self._low_mw = self._high_mw = power_mw
            self._told_mw = -1
        return power_mw

    def _gather(self, power_mw):
        self._count += 1
        if self._count == 1:
            self._min_mw = self._max_mw = self._mean_mw = self._near_mw = power_mw
            return
        self._min_mw = min(self._min_mw, power_mw)
        self._max_mw = max(self._max_mw, power_mw)
        self._mean_mw += (power_mw - self._mean_mw) // self._count
        output_mw = self._output_mw()
        if abs(power_mw - output_mw) < abs(self._near_mw - output_mw):
            self._near_mw = power_mw

    def _output_mw(self):
        """The output in mW, -1 while it is not known; at most 2**30 - 1."""
        mv, ma = self._voltage_mv.value, self._current_ma.value
        if mv is None or ma is None:
            return -1
        return _ABOVE_ALL if mv > _SANE or ma > _SANE else mv // 10 * (ma // 100)  # the telemetry has steps of 0.1 A

    def failed(self, flowing):
        """To be called every 100 ms; `flowing`: there may be a current. Whether doubts have lasted for too long."""
        now = self._clock.ticks_ms()
        self._note_block(now)
        self._called_ms = now
        if self._told_mw < 0 and self._current_ma.at_ms != self._compared_ms:
            self._compared_ms = self._current_ma.at_ms
            self._compare(flowing)
        if self._doubts and time.ticks_diff(now, self._doubt_ms) > _CLEAR_MS:
            self._doubts = 0
        return self._doubts >= _DOUBTS and time.ticks_diff(now, self._since_ms) >= _DOUBT_MS

    def _note_block(self, now):
        if time.ticks_diff(now, self._called_ms) >= _BLOCKED_MS:
            self._blocked_ms = now

    def _compare(self, flowing):
        output_mw = self._output_mw()
        if output_mw < 0 or self._high_mw < 0:
            return
        if flowing and self._disagrees(output_mw):
            self._told_mw = output_mw
        else:
            self.forget()

    def _disagrees(self, output_mw):
        low_mw, high_mw = self._low_mw, self._high_mw
        return output_mw < low_mw and _differ(output_mw, low_mw) or output_mw > high_mw and _differ(high_mw, output_mw)

    def _doubt(self, now):
        if not self._doubts:
            self._since_ms = now
        self._doubts += 1
        self._doubt_ms = now


def _differ(less_mw, more_mw):
    return more_mw - less_mw > max(_FLOOR_MW, more_mw // 5)
