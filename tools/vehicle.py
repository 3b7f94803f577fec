"""The vehicle's side of the bus: a battery and its BMS (``0x1806E5F4``, ``0x160B8001``, ``0x160D8001``)."""

from __future__ import annotations

import struct

from tools.battery import Battery
from tools.node import Node
from tools.powerstage import PowerStage

CHARGE_REQUEST = 0x1806E5F4
CHARGED_AH, DISCHARGED_AH = 0x160B8001, 0x160D8001
ASK_CHARGED_AH, ASK_DISCHARGED_AH = 0x160B0180, 0x160D0180
FEEDBACK = 0x18FF50E5

CHARGING, HEATING = 0x00, 0x01  # byte 5, mode
_PERMIT, _STOP = 0x00, 0x01  # byte 4, charging switch
_FULL_PART = 0.05  # charging ends when the current tapers below this part of the pack's maximum
_FULL_SOC = 0.98


class Vehicle(Node):
    """A vehicle that can be plugged in. It talks only while it is; ``module`` is where its power contacts end.

    period_s is that of the charge request, 0.1..1.0 s. Faults: ``forbid()``, ``permit()``, ``silent``, ``heat()``.
    """

    def __init__(self, url: str, battery: Battery, module: PowerStage | None = None, period_s: float = 0.5):
        if not 0.1 <= period_s <= 1.0:
            raise ValueError(f"period {period_s} s is not in 0.1..1.0 s")
        super().__init__(url)
        self.battery = battery
        self.module = module
        self.period_s = period_s
        self.plugged = False
        self.stopped = False
        self.full = False
        self.mode = CHARGING
        self.max_a: float | None = None  # what the BMS requests instead of the pack's maximum
        self.max_v: float | None = None
        self.feedback: tuple[float, float, int] | None = None  # last: V, A, flags

    def plug(self) -> None:
        """Plug in: contacts first, then the BMS starts and sends."""
        if self.plugged:
            return
        self.plugged, self.full = True, False
        if self.module is not None:
            self.module.attach(self.battery)
        self.request()

    def unplug(self) -> None:
        """Unplug: current and frames end at once; the module's capacitors stay charged."""
        self.plugged = False
        if self.module is not None:
            self.module.detach()

    def stop_charging(self) -> None:
        """The BMS stops charging and sends that at once."""
        self.stopped = True
        self.request()

    def permit(self) -> None:
        """The BMS permits charging again and sends that at once."""
        self.stopped = self.full = False
        self.request()

    def heat(self, on: bool = True) -> None:
        """Battery heating mode: the charge request is for heating instead of charging."""
        self.mode = HEATING if on else CHARGING
        self.request()

    def clear_faults(self) -> None:
        """End every fault of the vehicle."""
        self.silent = self.stopped = False
        self.max_a = self.max_v = None
        self.mode = CHARGING

    @property
    def permits(self) -> bool:
        return not self.stopped and not self.full

    def request(self) -> None:
        """Send the charge request."""
        if not self.plugged:
            return
        pack = self.battery.pack
        volts = pack.max_v if self.max_v is None else self.max_v
        amps = pack.max_a if self.max_a is None else self.max_a
        switch = _PERMIT if self.permits else _STOP
        self.send(CHARGE_REQUEST, struct.pack(">HHBBH", round(volts * 10), round(amps * 10), switch, self.mode, 0))

    def periodic(self):
        return ((self.period_s, self._tick),)

    def _tick(self) -> None:
        if not self.full and self._is_full():
            self.full = True
        self.request()

    def _is_full(self) -> bool:
        if self.module is None or not self.plugged or not self.module.charging:
            return False
        return self.battery.soc > _FULL_SOC and self.module.current_a < self.battery.pack.max_a * _FULL_PART

    def on_frame(self, can_id: int, data: bytes) -> None:
        if not self.plugged:
            return
        if can_id == ASK_CHARGED_AH:
            self._answer(CHARGED_AH, self.battery.charged_ah)
        elif can_id == ASK_DISCHARGED_AH:
            self._answer(DISCHARGED_AH, self.battery.discharged_ah)
        elif can_id == FEEDBACK and len(data) == 8:
            volts, amps, flags = struct.unpack(">HHB", data[:5])
            self.feedback = (volts / 10, amps / 10, flags)

    def _answer(self, can_id: int, amp_hours: float) -> None:
        self.send(can_id, struct.pack(">II", round(amp_hours * 1000), 0))
