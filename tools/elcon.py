"""Power modules with the Elcon/TC charger protocol, several in parallel at one outlet: one participant a bus.

From the protocol's document: each module receives ``0x1806<address>F4`` (voltage and current in 0.1, b4 0 = on, b5
mode), expects it every second and switches off 5 s after the last one; it sends ``0x18FF50<address>`` every second
(output voltage and current in 0.1, flags). Its flags: bit 0 hardware failure, 1 over-temperature, 2 input voltage, 3 no
battery voltage found (so it stays off), 4 receive time-out.
"""

from __future__ import annotations

import math
import struct
import time
from collections.abc import Sequence
from fractions import Fraction

from tools.powerstage import STEP_S, PowerStage

REQUEST, STATUS = 0x18060000, 0x18FF5000  # without the address
ADDRESSES = (0xE5, 0xE6, 0xE7, 0xE8)
TIMEOUT_S = 5.0
STATUS_PERIOD_S = 1.0
_ON = 0x00  # byte 4 of a request
_BATTERY_V = 20.0  # below, the output finds no battery
_TENTH = Fraction(1, 10)


def request_id(address: int) -> int:
    """The identifier that a module receives."""
    return REQUEST | address << 8 | 0xF4


def status_id(address: int) -> int:
    """The identifier of a module's status."""
    return STATUS | address


class Unit:
    """One module of the rack: its last request and its own faults."""

    def __init__(self, address: int):
        self.address = address
        self.on = False
        self.limit_v = self.limit_a = self.current_a = 0.0
        self.requests = 0
        self.silent = self.rx_off = False  # faults: it sends nothing, it receives nothing
        self.hardware_failure = self.over_temperature = self.input_wrong = False
        self.received_at = -math.inf
        self.reported_ns = 0

    @property
    def timed_out(self) -> bool:
        return time.monotonic() - self.received_at > TIMEOUT_S

    @property
    def faulty(self) -> bool:
        return self.hardware_failure or self.over_temperature or self.input_wrong

    def clear_faults(self) -> None:
        self.silent = self.rx_off = False
        self.hardware_failure = self.over_temperature = self.input_wrong = False

    def receive(self, data: bytes) -> None:
        """A request."""
        if self.rx_off or len(data) != 8:
            return
        decivolts, deciamps, control = struct.unpack(">HHB", data[:5])
        self.requests += 1
        self.received_at = time.monotonic()
        self.limit_v, self.limit_a = decivolts / 10, deciamps / 10
        self.on = control == _ON


class ElconModules(PowerStage):
    """Modules in parallel: their currents add up, and each delivers no more than it was set to, or than it can.

    ``units`` are the modules. The faults of `PowerStage` are those of all of them, a unit has its own beside. Each
    report of a unit is metered for itself: ``delivered_wh`` is the sum over all of reported V x reported A x time.
    ramp_a_s: that of the whole rack; a real module starts softly.
    """

    def __init__(
        self,
        url: str,
        *,
        addresses: Sequence[int] = ADDRESSES[:1],
        status_period_s: float = STATUS_PERIOD_S,
        ramp_a_s: float = 20,
        unit_a: float = 150.0,
    ):
        super().__init__(url, ramp_a_s=ramp_a_s, rated_a=unit_a * len(addresses))
        self.units = [Unit(address) for address in addresses]
        self.status_period_s = status_period_s
        self.unit_a = unit_a

    def unit(self, address: int) -> Unit:
        """The module with this address."""
        return next(unit for unit in self.units if unit.address == address)

    # -- physics

    def _may_deliver(self, unit: Unit) -> bool:
        told = unit.on and not unit.timed_out
        return (told or self.runs_on and unit.limit_a > 0) and not (self.faulty or unit.faulty)

    def target(self) -> tuple[float, float]:
        """Of the units that are on: the lowest voltage, the sum of their currents."""
        on = [unit for unit in self.units if self._may_deliver(unit)]
        if not on:
            return 0.0, 0.0
        return min(unit.limit_v for unit in on), sum(min(unit.limit_a, self.unit_a) for unit in on) + self.excess_a

    def _step(self) -> None:
        on = [unit for unit in self.units if self._may_deliver(unit)]
        self.enabled = bool(on)
        self.step()
        told = sum(unit.limit_a for unit in on)
        for unit in self.units:
            unit.current_a = self.current_a * unit.limit_a / told if unit in on and told else 0.0

    def periodic(self):
        self.begin()
        for unit in self.units:
            unit.reported_ns = time.monotonic_ns()
        return ((STEP_S, self._step), (self.status_period_s, self._report))

    def clear_faults(self) -> None:
        super().clear_faults()
        for unit in self.units:
            unit.clear_faults()

    # -- the wire

    def flags(self, unit: Unit) -> int:
        """Byte 4 of the status."""
        bits = (
            self.hardware_failure or unit.hardware_failure,
            self.over_temperature or unit.over_temperature,
            self.input_wrong or unit.input_wrong,
            self.shown_v < _BATTERY_V,
            unit.timed_out,
        )
        return sum(bit << place for place, bit in enumerate(bits))

    def _report(self) -> None:
        """The status of each unit."""
        for unit in self.units:
            decivolts, deciamps = round(self.shown_v * 10), round(unit.current_a * 10)
            now, before = time.monotonic_ns(), unit.reported_ns
            unit.reported_ns = now
            if unit.silent or self.silent:
                continue
            self._joules += decivolts * deciamps * _TENTH * _TENTH * Fraction(now - before, 10**9)
            if self.on_report is not None:
                self.on_report(decivolts / 10, deciamps / 10)
            self.send(status_id(unit.address), struct.pack(">HHBBH", decivolts, deciamps, self.flags(unit), 0, 0))

    def on_frame(self, can_id: int, data: bytes) -> None:
        for unit in self.units:
            if can_id == request_id(unit.address):
                unit.receive(data)
