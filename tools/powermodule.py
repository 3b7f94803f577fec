"""The charger power module: obeys control frames, delivers current into a battery, and is the meter of reference."""

from __future__ import annotations

import math
import struct
import time
from fractions import Fraction

from tools.powerstage import STEP_S, PowerStage

CONTROL, TELEMETRY = 0x068181FE, 0x068182FE
CONTROL_REPLY, TELEMETRY_REPLY = 0x0681817E, 0x0681827E
TERMINAL_POWER, TERMINAL_STATUS, HEARTBEAT = 0x00433F01, 0x00473F01, 0x18FF50E5

_VOLTS_PER, _AMPS_PER = 1024, 30.5
_CONTROL_TIMEOUT_S = 2.0
_INPUT_V = 230.0
_REFUSED = 0x21  # byte 0 of a reply: an error in the upper four bits, the signal's in the lower


class PowerModule(PowerStage):
    """A power module of the reference protocol (docs/can.md).

    scale: terminal current on the wire is in 1/scale A. heartbeat: whether ``0x18FF50E5`` is sent (on a single bus it
    is the controller's, unless set).
    """

    def __init__(
        self, url: str, *, scale: int = 10, heartbeat: bool = False, power_period_s: float = 0.2, ramp_a_s: float = 200
    ):
        super().__init__(url, ramp_a_s=ramp_a_s)
        self.scale = scale
        self.heartbeat = heartbeat
        self.power_period_s = power_period_s
        self._control_at = -math.inf
        self._timed_out = True

    @property
    def flags(self) -> int:
        """Byte 4 of the heartbeat."""
        alive = self.battery is not None
        bits = (self.hardware_failure, self.over_temperature, self.input_wrong, alive, self._timed_out)
        return sum(bit << place for place, bit in enumerate(bits))

    def periodic(self):
        self.begin()
        return (
            (STEP_S, self._step),
            (self.power_period_s, self._report),
            (0.5, self._status),
            (0.5, self._heartbeat),
        )

    def _step(self) -> None:
        self._timed_out = time.monotonic() - self._control_at > _CONTROL_TIMEOUT_S
        if self._timed_out and self.enabled and not self.runs_on:
            self.enabled = False
            self.limit_a = 0.0
        self.step()

    # -- the wire

    def _report(self) -> None:
        """Terminal power."""
        frame = struct.pack(">ff", self.shown_v, self.current_a * self.scale)
        volts, amps = (Fraction(value) for value in struct.unpack(">ff", frame))
        self.meter(volts, amps / self.scale)
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
        values = {
            0x84: struct.pack(">I", round(self.shown_v * _VOLTS_PER)),
            0x82: struct.pack(">HH", 0, round(self.current_a * 10)),
            0x80: struct.pack(">HH", 0, min(0xFFFF, round(self.temperature_c * 1000))),
            0x79: struct.pack(">HH", 0, self.flags),
            0x83: struct.pack(">f", 0.0 if self.input_wrong else _INPUT_V),
        }
        if function in values:
            self.send(TELEMETRY_REPLY, struct.pack(">BBH", 0x01, function, 0) + values[function])
