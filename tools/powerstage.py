"""What every simulated power module is behind its protocol: an output stage, its faults, and the meter of reference."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from fractions import Fraction

from tools.battery import Battery
from tools.node import Node

STEP_S = 0.02
AMBIENT_C = 28.0
_RATED_V, _RATED_A = 100.0, 300.0
_BLEED_S = 150.0  # the output capacitors bleed from 80 V to under 56 V within a minute
_FALL_S = 0.02  # the output stage cuts the current this fast
_THERMAL_S, _KELVIN_PER_A, _TRIP_C = 90.0, 0.1, 75.0


class PowerStage(Node):
    """A power module without its frames. Currents in A, voltages in V.

    A protocol calls ``step`` every `STEP_S` and ``meter`` with every report, and gives `target`; it sets ``enabled``,
    ``limit_v``, ``limit_a``. ``delivered_wh`` is the sum of reported V x reported A x real time since the report
    before, in exact fractions; it is what a bill can be held against. ``output_wh`` integrates the simulated output
    itself every 20 ms. ramp_a_s: how fast the current rises.
    """

    def __init__(self, url: str, *, ramp_a_s: float = 200, rated_v: float = _RATED_V, rated_a: float = _RATED_A):
        super().__init__(url)
        self.ramp_a_s = ramp_a_s
        self.rated_v, self.rated_a = rated_v, rated_a
        self.battery: Battery | None = None
        self.enabled = False
        self.limit_v = self.limit_a = 0.0
        self.voltage_v = self.current_a = 0.0
        self.temperature_c = AMBIENT_C
        self.output_wh = 0.0
        self.hardware_failure = self.over_temperature = self.input_wrong = False
        self.runs_on = False  # fault: it does not stop
        self.excess_a = 0.0  # fault: so much more than its setpoint
        self.forced_v: float | None = None  # fault: the voltage that is shown instead of the real one
        self.on_report: Callable[[float, float], None] | None = None  # of every report that is metered: volts, amps
        self._joules = Fraction(0)
        self._reported_ns = self._stepped_ns = 0

    # -- the power contacts

    def attach(self, battery: Battery) -> None:
        self.battery = battery
        self.voltage_v = battery.ocv

    def detach(self) -> None:
        self.battery = None
        self.current_a = 0.0

    # -- state

    @property
    def delivered_wh(self) -> float:
        return float(self._joules / 3600)

    @property
    def faulty(self) -> bool:
        return self.hardware_failure or self.over_temperature or self.input_wrong

    @property
    def charging(self) -> bool:
        """Switched on and able to deliver."""
        return self.enabled and not self.faulty

    @property
    def shown_v(self) -> float:
        return self.voltage_v if self.forced_v is None else self.forced_v

    def clear_faults(self) -> None:
        """End every fault of the module."""
        self.silent = self.hardware_failure = self.over_temperature = self.input_wrong = False
        self.forced_v = None
        self.runs_on = False
        self.excess_a = 0.0
        self.temperature_c = min(self.temperature_c, 40.0)

    def overheat(self) -> None:
        """Over-temperature: flag and temperature rise, the output stage shuts itself off."""
        self.over_temperature = True
        self.temperature_c = max(self.temperature_c, _TRIP_C)

    # -- physics

    def target(self) -> tuple[float, float]:
        """The voltage and the current that are not to be exceeded; 0 A: the output is off."""
        return self.limit_v, self.limit_a + self.excess_a if self.charging else 0.0

    def begin(self) -> None:
        """Time begins now."""
        self._stepped_ns = self._reported_ns = time.monotonic_ns()

    def step(self) -> None:
        """Let the time since the step before pass."""
        now = time.monotonic_ns()
        dt, self._stepped_ns = (now - self._stepped_ns) / 1e9, now
        self._regulate(dt)
        target = AMBIENT_C + self.current_a * _KELVIN_PER_A
        if not self.over_temperature:
            self.temperature_c += (target - self.temperature_c) * min(1.0, dt / _THERMAL_S)
        self.output_wh += self.voltage_v * self.current_a * dt / 3600

    def _regulate(self, dt: float) -> None:
        """Constant current up to the limit, then constant voltage; without a battery only the capacitors are left."""
        limit_v, limit_a = self.target()
        limit_v = min(limit_v, self.rated_v)
        wanted = 0.0
        if limit_a > 0 and self.battery is not None:
            wanted = min(limit_a, self.rated_a, self.battery.accepts(limit_v))
        if wanted >= self.current_a:
            self.current_a = min(wanted, self.current_a + self.ramp_a_s * dt)
        else:
            self.current_a += (wanted - self.current_a) * min(1.0, dt / _FALL_S)
        if self.battery is not None:
            self.voltage_v = self.battery.voltage(self.current_a)
            self.battery.charge(self.current_a, dt)
        elif self.charging:
            self.voltage_v = limit_v
        else:
            self.voltage_v *= math.exp(-dt / _BLEED_S)

    def meter(self, volts: Fraction, amps: Fraction) -> None:
        """A report goes out: what is reported is what is metered, nothing is metered that no report shows."""
        now = time.monotonic_ns()
        if not self.silent:
            self._joules += volts * amps * Fraction(now - self._reported_ns, 10**9)
        self._reported_ns = now
        if self.on_report is not None:
            self.on_report(float(volts), float(amps))
