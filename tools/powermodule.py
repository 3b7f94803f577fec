"""The charger power module: obeys control frames, delivers current into a battery, and is the meter of reference."""

from __future__ import annotations

import math
import struct
import time
from collections.abc import Callable
from fractions import Fraction

from tools.battery import Battery
from tools.node import Node

CONTROL, TELEMETRY = 0x068181FE, 0x068182FE
CONTROL_REPLY, TELEMETRY_REPLY = 0x0681817E, 0x0681827E
TERMINAL_POWER, TERMINAL_STATUS, HEARTBEAT = 0x00433F01, 0x00473F01, 0x18FF50E5

_VOLTS_PER, _AMPS_PER = 1024, 30.5
_STEP_S = 0.02
_CONTROL_TIMEOUT_S = 2.0
_RATED_V, _RATED_A = 100.0, 300.0
_BLEED_S = 150.0  # the output capacitors bleed from 80 V to under 56 V within a minute
_FALL_S = 0.02  # the output stage cuts the current this fast
_AMBIENT_C, _THERMAL_S, _KELVIN_PER_A, _TRIP_C = 28.0, 90.0, 0.1, 75.0
_INPUT_V = 230.0
_REFUSED = 0x21  # byte 0 of a reply: an error in the upper four bits, the signal's in the lower


class PowerModule(Node):
    """A power module. Currents in A, voltages in V.

    ``delivered_wh`` is the sum of reported V x reported A x real time since the report before, in exact fractions; it
    is what a bill can be held against. ``output_wh`` integrates the simulated output itself every 20 ms.
    scale: terminal current on the wire is in 1/scale A. heartbeat: whether ``0x18FF50E5`` is sent (on a single bus it
    is the controller's, unless told). ramp_a_s: how fast the current rises.
    """

    def __init__(
        self, url: str, *, scale: int = 10, heartbeat: bool = False, power_period_s: float = 0.2, ramp_a_s: float = 200
    ):
        super().__init__(url)
        self.scale = scale
        self.heartbeat = heartbeat
        self.power_period_s = power_period_s
        self.ramp_a_s = ramp_a_s
        self.battery: Battery | None = None
        self.enabled = False
        self.limit_v = self.limit_a = 0.0
        self.voltage_v = self.current_a = 0.0
        self.temperature_c = _AMBIENT_C
        self.output_wh = 0.0
        self.hardware_failure = self.over_temperature = self.input_wrong = False
        self.runs_on = False  # fault: it does not stop
        self.excess_a = 0.0  # fault: so much more than it was told to
        self.forced_v: float | None = None  # fault: the terminal voltage that is shown instead of the real one
        self.on_report: Callable[[float, float], None] | None = None  # of every terminal power report: volts, amps
        self._joules = Fraction(0)
        self._reported_ns = 0
        self._stepped = 0.0
        self._control_at = -math.inf
        self._timed_out = True

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
    def flags(self) -> int:
        """Byte 4 of the heartbeat."""
        alive = self.battery is not None
        bits = (self.hardware_failure, self.over_temperature, self.input_wrong, alive, self._timed_out)
        return sum(bit << place for place, bit in enumerate(bits))

    def heal(self) -> None:
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

    def periodic(self):
        self._stepped = time.monotonic()
        self._reported_ns = time.monotonic_ns()
        return (
            (_STEP_S, self._step),
            (self.power_period_s, self._report),
            (0.5, self._status),
            (0.5, self._heartbeat),
        )

    def _step(self) -> None:
        now = time.monotonic()
        dt, self._stepped = now - self._stepped, now
        self._timed_out = now - self._control_at > _CONTROL_TIMEOUT_S
        if self._timed_out and self.enabled and not self.runs_on:
            self.enabled = False
            self.limit_a = 0.0
        self._regulate(dt)
        target = _AMBIENT_C + self.current_a * _KELVIN_PER_A
        if not self.over_temperature:
            self.temperature_c += (target - self.temperature_c) * min(1.0, dt / _THERMAL_S)
        self.output_wh += self.voltage_v * self.current_a * dt / 3600

    def _regulate(self, dt: float) -> None:
        """Constant current up to the limit, then constant voltage; without a battery only the capacitors are left."""
        wanted = 0.0
        if self.charging and self.battery is not None:
            wanted = min(self.limit_a + self.excess_a, _RATED_A, self.battery.accepts(min(self.limit_v, _RATED_V)))
        if wanted >= self.current_a:
            self.current_a = min(wanted, self.current_a + self.ramp_a_s * dt)
        else:
            self.current_a += (wanted - self.current_a) * min(1.0, dt / _FALL_S)
        if self.battery is not None:
            self.voltage_v = self.battery.voltage(self.current_a)
            self.battery.charge(self.current_a, dt)
        elif self.charging:
            self.voltage_v = min(self.limit_v, _RATED_V)
        else:
            self.voltage_v *= math.exp(-dt / _BLEED_S)

    # -- the wire

    def _report(self) -> None:
        """Terminal power: what is reported is what is metered, nothing is metered that no report shows."""
        shown_v = self.voltage_v if self.forced_v is None else self.forced_v
        frame = struct.pack(">ff", shown_v, self.current_a * self.scale)
        volts, amps = (Fraction(value) for value in struct.unpack(">ff", frame))
        amps /= self.scale
        now = time.monotonic_ns()
        if not self.silent:
            self._joules += volts * amps * Fraction(now - self._reported_ns, 10**9)
        self._reported_ns = now
        if self.on_report is not None:
            self.on_report(float(volts), float(amps))
        self.send(TERMINAL_POWER, frame)

    def _status(self) -> None:
        self.send(TERMINAL_STATUS, bytes(6) + (b"\x03\x02" if self.charging else b"\x03\x01"))

    def _heartbeat(self) -> None:
        if self.heartbeat:
            volts, amps = round(self.voltage_v * 10), round(self.current_a * 10)
            self.send(HEARTBEAT, struct.pack(">HHBBH", volts, amps, self.flags, 0, 0))

    def on_frame(self, can_id: int, data: bytes) -> None:
        if len(data) == 8 and data[0] == 0x01:
            if can_id == CONTROL:
                self._control(data[1], data)
            elif can_id == TELEMETRY:
                self._telemetry(data[1])

    def _control(self, function: int, data: bytes) -> None:
        self._control_at = time.monotonic()
        (value,) = struct.unpack(">I", data[4:])
        if function == 0x32 and data[3] in (0x00, 0x01):
            wanted = data[3] == 0x00
            self.enabled = (wanted and not self.faulty) or (self.enabled and self.runs_on)
            refused = wanted and self.faulty  # then the upper four bits of the reply are an error
            head = _REFUSED if refused else 0x01
            reply = bytes((head, function, 0, 0x00 if self.enabled else 0x01, 0, 0, 0, 0))
        elif function == 0x00:
            self.limit_v = value / _VOLTS_PER
            reply = struct.pack(">BBHI", 0x01, function, 0, value)
        elif function == 0x03:
            self.limit_a = value / _AMPS_PER
            reply = struct.pack(">BBHI", 0x01, function, 0, value)
        else:
            return
        self.send(CONTROL_REPLY, reply)

    def _telemetry(self, function: int) -> None:
        shown_v = self.voltage_v if self.forced_v is None else self.forced_v
        values = {
            0x84: struct.pack(">I", round(shown_v * _VOLTS_PER)),
            0x82: struct.pack(">HH", 0, round(self.current_a * 10)),
            0x80: struct.pack(">HH", 0, min(0xFFFF, round(self.temperature_c * 1000))),
            0x79: struct.pack(">HH", 0, self.flags),
            0x83: struct.pack(">f", 0.0 if self.input_wrong else _INPUT_V),
        }
        if function in values:
            self.send(TELEMETRY_REPLY, struct.pack(">BBH", 0x01, function, 0) + values[function])
