"""One outlet of a charge point for tests: the real Gate, Evse and register; vehicle and power module are facts."""

from construct import construct

from components.evse import Evse
from components.evse.gate import Gate
from components.meter.energy import Energy
from core.signals import Signal

_VEHICLE = ("permitted", "max_current_ma", "soc_permille", "model", "range_m")
_MODULE = (
    "power_mw", "terminal_current_ma", "terminal_voltage_mv", "temperature_mdeg", "setpoint_ma",
    "setpoint_mv", "error",
)  # fmt: skip


class Facts:
    """Signals that a test sets."""

    def __init__(self, clock, names):
        for name in names:
            setattr(self, name, Signal(None, clock))


class Bay:
    """Outlet `number` of a Site. ``module_stops``: at once, when the gate closes; False: the test says when."""

    def __init__(self, number, site):
        self.number = number
        self.clock = clock = site.clock
        self.module_stops = True
        self.bms, self.charger, self.plug = Facts(clock, _VEHICLE), Facts(clock, _MODULE), Facts(clock, ())
        self.gate = construct(Gate, clock, site.log, site.kernel, site.kernel)
        self.gate.add_bus(Signal(True, clock))
        self.plug.plugged = self.gate.plugged
        self.charger.flowing, self.charger.energy_mwh = Signal(False, clock), Signal(0, clock)
        self.charger.max_current_ma, self.charger.max_voltage_mv = 300000, 85500
        self.meter = meter = self.charger  # as far as these tests go
        self.gate.enabled.watch(self._module_follows)
        store = site.store if number == 1 else site.store.scoped(str(number), False)
        self.energy = Energy(clock, store, meter.energy_mwh, 10000)
        meter.read, meter.changes, meter.saved = self.energy.read, self.energy.changes, self.energy.saved

    def evse(self, lock):
        """The Evse of this outlet; `lock`: that of the first one."""
        lock = lock if self.number == 1 else None
        return Evse(self.gate, self.bms, self.charger, self.meter, self.plug, self.number, lock)

    def measure(self):
        """The power module measures: 10 kW while it is enabled."""
        self.energy.measured(10000000 if self.gate.enabled.value else 0, self.clock.ticks_ms())

    def _module_follows(self, enabled):
        if enabled or self.module_stops:
            self.charger.flowing.set(enabled)

    def plug_in(self):
        self.gate.bms_permits.set(True)
        self.gate.charger_online.set(True)
        self.gate.in_limits.set(True)
        self.gate.plugged.set(True)

    def unplug(self):
        self.gate.plugged.set(False)
