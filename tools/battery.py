"""A plausible traction battery: open-circuit voltage over charge, internal resistance, temperature."""

from __future__ import annotations

import bisect
from dataclasses import dataclass

# open-circuit voltage of one NMC lithium-ion cell in V, over its state of charge in per cent
_CELL_SOC = (0, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
_CELL_OCV = (3.00, 3.35, 3.45, 3.55, 3.61, 3.65, 3.70, 3.78, 3.87, 3.97, 4.08, 4.20)
_AMBIENT_C = 25.0
_THERMAL_S = 600.0  # time constant of the pack towards its surroundings


@dataclass(frozen=True)
class Pack:
    """What is printed on a battery. Units: V, A, Ah, Ohm."""

    name: str
    capacity_ah: float
    max_a: float
    resistance_ohm: float
    cells: int = 20
    max_v: float = 84.0
    kelvin_per_w: float = 0.05


PACKS = {
    "Classic": Pack("Classic", 30.0, 30.0, 0.050),
    "Pro": Pack("Pro", 60.0, 60.0, 0.025),
    "Max": Pack("Max", 90.0, 290.0, 0.006, kelvin_per_w=0.02),
}


class Battery:
    """One pack in use. ``soc`` 0..1; ``charged_ah`` and ``discharged_ah`` are its lifetime counters.

    ``speed`` multiplies the time that the chemistry sees: at 60, one minute of charge arrives in a second. Voltages,
    currents and everything that the wire measures stay in real time.
    """

    def __init__(self, pack: str | Pack = "Classic", soc: float = 0.35, speed: float = 1.0, cycles_ah: float = 1234.5):
        if not 0.0 <= soc <= 1.0:
            raise ValueError(f"soc {soc} is not in 0..1")
        self.pack = PACKS[pack] if isinstance(pack, str) else pack
        self.speed = speed
        self.discharged_ah = cycles_ah
        self.charged_ah = cycles_ah + soc * self.pack.capacity_ah
        self.temperature_c = _AMBIENT_C

    @property
    def soc(self) -> float:
        stored = self.charged_ah - self.discharged_ah
        return min(1.0, max(0.0, stored / self.pack.capacity_ah))

    @soc.setter
    def soc(self, soc: float) -> None:
        self.charged_ah = self.discharged_ah + soc * self.pack.capacity_ah

    @property
    def ocv(self) -> float:
        """Voltage at rest, V."""
        percent = self.soc * 100
        right = min(max(1, bisect.bisect_left(_CELL_SOC, percent)), len(_CELL_SOC) - 1)
        soc0, soc1 = _CELL_SOC[right - 1], _CELL_SOC[right]
        ocv0, ocv1 = _CELL_OCV[right - 1], _CELL_OCV[right]
        return self.pack.cells * (ocv0 + (ocv1 - ocv0) * (percent - soc0) / (soc1 - soc0))

    def voltage(self, current_a: float) -> float:
        """Voltage at the terminals while ``current_a`` flows in, V."""
        return self.ocv + current_a * self.pack.resistance_ohm

    def accepts(self, limit_v: float) -> float:
        """The current that flows in when ``limit_v`` is held at the terminals, A: the taper near the end."""
        return max(0.0, (limit_v - self.ocv) / self.pack.resistance_ohm)

    def charge(self, current_a: float, dt_s: float) -> None:
        """Let ``current_a`` flow in for ``dt_s`` seconds of real time."""
        self.charged_ah += current_a * dt_s * self.speed / 3600
        warm = _AMBIENT_C + current_a * current_a * self.pack.resistance_ohm * self.pack.kelvin_per_w
        self.temperature_c += (warm - self.temperature_c) * min(1.0, dt_s * self.speed / _THERMAL_S)
