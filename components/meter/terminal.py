"""The billing measurement of the power module's terminals: what it adds to the register, and what its silence costs."""

import time
from micropython import const

from components.meter.energy import Meter, options
from components.meter.plausible import Plausibility
from core.wire import product

_LOSSES = const(3)  # in a session, the third ends it
_LOST_MS = const(2000)  # a silence of so long with the gate open is a loss


class TerminalMeter(Meter):
    """Integrates the power that the module measures at its terminals.

    With the gate closed a current below the module's starting current is the noise of an idle sensor: once none flows
    any more, it counts nothing. No more than the board's highest voltage times its highest current is counted.
    ``flowing`` follows a period's measurements.

    Counter: ``losses``, how often in this session the gate was open in a silence of 2 s or more. A silence is billed
    with the last power that was measured with the gate open, but no more than the setpoint, for as long as it was open.

    PowerMeterFailure: the third loss of a session, or measurements that cannot be believed (see `Plausibility`). It
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
        self._most_ma = 0  # in this period
        self.works()

    # -- measurements

    def terminal(self, mv, ma):
        charger = self._charger
        mw = 0
        if self.flowing.value or ma >= charger.starting_current_ma:
            mw = product(min(mv, charger.max_voltage_mv), min(ma, charger.max_current_ma))
        mw = self.plausibility.heard(mw)
        if mw >= 0:
            self._period(mw)
        self._most_ma = max(self._most_ma, ma)

    def _period(self, mw):
        """A period of measurements is over."""
        at_ms = self.plausibility.at_ms
        most_ma = self._most_ma
        self._most_ma = 0
        self.measured(mw, at_ms)
        if self._gate.enabled.value:
            self._held_mw = min(mw, self._setpoint_mw())
        self.flows(most_ma, at_ms)

    def check(self):
        """What is doubtful for too long fails."""
        mw = self.plausibility.settled()
        if mw >= 0:
            self._period(mw)
        if self.plausibility.failed(self.flowing.value):
            self.fails("terminal power and the output, or its frames among themselves, differ by more than 20 %")
        self.save_seldom()

    def terminal_lost(self):
        """Bill the silence, before it closes the gate."""
        heard_ms, since_ms, until_ms = self.at_ms, self._opened_ms, self._closed_ms
        if time.ticks_diff(since_ms, heard_ms) < 0:
            since_ms = heard_ms
        held_mw = self._held_mw
        if self._gate.enabled.value:
            until_ms = self._clock.ticks_ms()
            held_mw = min(held_mw, self._setpoint_mw())  # it may be lower now
        if self.flowing.value:
            if time.ticks_diff(until_ms, heard_ms) >= _LOST_MS:
                self.losses += 1
            self.held(held_mw, time.ticks_diff(until_ms, since_ms))
        self.forget()
        self.plausibility.forget()
        if self.losses >= _LOSSES:
            self.fails("terminal power was lost %d times in a session" % self.losses)

    def _setpoint_mw(self):
        return product(self._charger.wanted_voltage_mv.value, self._charger.wanted_current_ma.value)

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
