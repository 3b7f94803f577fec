"""Infypower charger modules (CAN protocol V1.13, 125 kbit/s), several in parallel at one outlet: one participant a bus.

From the published protocol: the identifier is error (bits 28..26), device (25..22: 0x0A one module, 0x0B a group),
command (21..16), destination (15..8) and source (7..0). A module answers requests under its own address; a
module that receives nothing from the controller for 10 s switches off. `tools/infypower.dbc` has the frames.
"""

from __future__ import annotations

import math
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tools.powerstage import STEP_S, PowerStage

CONTROLLER = 0xF0
ONE, GROUP = 0x0A, 0x0B  # device
EVERYBODY = 0x3F
COUNT, OUTPUT, STATUS, ABILITY, EXTERNAL, SWITCH, SET = 0x02, 0x03, 0x04, 0x0A, 0x0C, 0x1A, 0x1C
NORMAL, INVALID_COMMAND, INVALID_DATA, STARTING = 0, 2, 3, 7  # error
TIMEOUT_S = 10.0
DIODE_V = 0.6  # between the output and the terminals, while current flows
_OFF = 0x01  # byte 0 of a switch request

# Where a condition is among the three bytes 5, 6, 7 of the status.
BITS = {
    "power_limited": 16, "address_repeated": 17, "load_sharing": 18, "phase_lost": 19, "input_unbalanced": 20,
    "input_low": 21, "input_high": 22, "pfc_off": 23,
    "dc_off": 8, "fault": 9, "protection": 10, "fan": 11, "over_temperature": 12, "output_high": 13, "walk_in": 14,
    "not_heard": 15,
    "output_short": 0, "sleeping": 4, "discharge_abnormal": 5,
}  # fmt: skip
_STOPPING = {"fault", "protection", "over_temperature", "output_high", "output_short", "input_low", "input_high"}


class Identifier(NamedTuple):
    """What is in the 29 bits."""

    error: int
    device: int
    command: int
    destination: int
    source: int

    @classmethod
    def of(cls, can_id: int) -> Identifier:
        return cls(can_id >> 26 & 7, can_id >> 22 & 15, can_id >> 16 & 63, can_id >> 8 & 255, can_id & 255)

    @property
    def can_id(self) -> int:
        return self.error << 26 | self.device << 22 | self.command << 16 | self.destination << 8 | self.source


@dataclass(frozen=True)
class Rating:
    """What a module can. V, A, W."""

    max_v: float = 500.0
    min_v: float = 50.0
    max_a: float = 100.0
    power_w: float = 30000.0


class Unit:
    """One module: its orders, its answers, its faults.

    Faults: ``silent`` sends nothing, ``rx_off`` receives nothing, ``conditions`` are names of `BITS`, ``refusal`` is
    the error with which it answers orders (it executes none), ``answers_as`` another address under which it answers.
    """

    def __init__(self, address: int, rating: Rating):
        self.address = address
        self.rating = rating
        self.on = self.runs_on = self.lost = False
        self.set_v = self.set_a = self.current_a = 0.0
        self.received_at = -math.inf
        self.common: set[str] = set()  # conditions that all modules have
        self.clear_faults()

    def clear_faults(self) -> None:
        self.silent = self.rx_off = False
        self.conditions: set[str] = set()
        self.refusal = NORMAL
        self.answers_as: int | None = None

    def receive(self, command: int, data: bytes, now: float) -> int:
        """Obey; returns the error of the answer."""
        self.received_at = now
        if command not in (SWITCH, SET):
            return NORMAL if command in (COUNT, OUTPUT, STATUS, ABILITY, EXTERNAL) else INVALID_COMMAND
        if self.refusal:
            return self.refusal
        return self._switch(data[0]) if command == SWITCH else self._set(data)

    def _switch(self, off: int) -> int:
        if off > _OFF:
            return INVALID_DATA
        if off:
            self.on = self.on and self.runs_on
        elif self.faulty:
            return INVALID_DATA
        else:
            self.on = True
        return NORMAL

    def _set(self, data: bytes) -> int:
        millivolts, milliamps = struct.unpack(">II", data)
        if millivolts > self.rating.max_v * 1000 or not 0 < milliamps <= self.rating.max_a * 1000:
            return INVALID_DATA  # 0 A included: there is the switch for it
        self.set_v, self.set_a = millivolts / 1000, milliamps / 1000
        return NORMAL

    @property
    def faulty(self) -> bool:
        return bool((self.conditions | self.common) & _STOPPING)

    def watch(self, now: float) -> None:
        """Switch off 10 s after the last message, and with a fault."""
        self.lost = now - self.received_at > TIMEOUT_S
        if self.faulty or (self.lost and not self.runs_on):
            self.on = False

    def may_deliver_a(self, volts: float) -> float:
        """The current that it does not exceed."""
        return min(self.set_a, self.rating.max_a, self.rating.power_w / max(volts, 1.0)) if self.on else 0.0

    @property
    def status(self) -> int:
        """Bytes 5, 6 and 7 of the status."""
        own = {"dc_off": not self.on, "not_heard": self.lost}
        shown = self.conditions | self.common | {name for name, holds in own.items() if holds}
        return sum(1 << BITS[name] for name in shown)


class InfyModules(PowerStage):
    """Modules in parallel: their currents add up, and each delivers no more than it was set to, or than it can.

    ``units`` are the modules; group: the address of the group that they are, None: none. The faults of `PowerStage` are
    those of all of them, a unit has its own beside. ``delivered_wh`` is the energy at the terminals, behind the diodes,
    integrated every 20 ms: no frame reports it.
    """

    bitrate = 125_000

    def __init__(
        self,
        url: str,
        *,
        addresses: Sequence[int] = (0,),
        group: int | None = None,
        controller: int = CONTROLLER,
        rating: Rating = Rating(),
        ramp_a_s: float = 50,
    ):
        super().__init__(url, ramp_a_s=ramp_a_s, rated_v=rating.max_v, rated_a=rating.max_a * len(addresses))
        self.units = [Unit(address, rating) for address in addresses]
        self.group = group
        self.controller = controller

    def unit(self, address: int) -> Unit:
        """The module with this address."""
        return next(unit for unit in self.units if unit.address == address)

    @property
    def delivered_wh(self) -> float:
        return self.output_wh

    def clear_faults(self) -> None:
        super().clear_faults()
        for unit in self.units:
            unit.clear_faults()

    # -- physics

    def target(self) -> tuple[float, float]:
        """Of the units that are on: the highest voltage, the sum of their currents."""
        amps = sum(unit.may_deliver_a(self.voltage_v) for unit in self.units)
        return max((unit.set_v for unit in self.units if unit.on), default=0.0), amps and amps + self.excess_a

    def periodic(self):
        self.begin()
        return ((STEP_S, self._step),)

    def _step(self) -> None:
        self._spread()
        now = time.monotonic()
        for unit in self.units:
            unit.watch(now)
        self.enabled = any(unit.on for unit in self.units)
        self.step()
        ordered_a = sum(unit.may_deliver_a(self.voltage_v) for unit in self.units)
        for unit in self.units:
            unit.current_a = self.current_a * unit.may_deliver_a(self.voltage_v) / ordered_a if ordered_a else 0.0

    def _spread(self) -> None:
        """What is wrong with all of them is wrong with each."""
        wrong = {
            "fault": self.hardware_failure,
            "over_temperature": self.over_temperature,
            "input_low": self.input_wrong,
        }
        for unit in self.units:
            unit.common = {name for name, holds in wrong.items() if holds}
            unit.runs_on = self.runs_on

    # -- the wire

    def on_frame(self, can_id: int, data: bytes) -> None:
        request = Identifier.of(can_id)
        if request.source != self.controller or len(data) != 8 or request.error:
            return
        now = time.monotonic()
        if request.device == GROUP and request.destination == self.group:
            for place, unit in enumerate(self.units):  # the first of a group answers for all
                self._handle(unit, request, data, now, answers=not place and request.command == COUNT)
        elif request.device == ONE:
            for unit in self.units:
                if request.destination in (unit.address, EVERYBODY):
                    self._handle(unit, request, data, now, answers=request.destination != EVERYBODY)

    def _handle(self, unit: Unit, request: Identifier, data: bytes, now: float, answers: bool) -> None:
        if unit.rx_off:
            return
        error = unit.receive(request.command, data, now)
        if not answers or unit.silent:
            return
        source = unit.address if unit.answers_as is None else unit.answers_as
        reply = Identifier(error, request.device, request.command, request.source, source)
        self.send(reply.can_id, data if error else self.answer(unit, request.command, data))

    def answer(self, unit: Unit, command: int, data: bytes = bytes(8)) -> bytes:
        """The data of a reply; that to an order has the data of the order."""
        if command == COUNT:
            return struct.pack(">HBxI", 0, len(self.units), 0)
        if command == OUTPUT:
            return struct.pack(">ff", self._output_v(unit), unit.current_a)
        if command == STATUS:
            return struct.pack(">4xb", min(127, round(self.temperature_c))) + unit.status.to_bytes(3, "big")
        rating = unit.rating
        if command == ABILITY:
            figures = rating.max_v, rating.min_v, rating.max_a * 10, rating.power_w / 10
            return struct.pack(">HHHH", *(round(figure) for figure in figures))
        if command == EXTERNAL:
            able = min(rating.max_a, rating.power_w / max(self.voltage_v, 1.0))
            return struct.pack(">HHI", round(self.shown_v * 10), round(able * 10), 0)
        return data

    def _output_v(self, unit: Unit) -> float:
        """In front of its diode: 0 while it is off."""
        return self.shown_v + (DIODE_V if unit.current_a > 0 else 0.0) if unit.on else 0.0
