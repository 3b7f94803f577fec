"""A gate by itself, with a Signal for each of its conditions."""

from construct import construct
from virtual_clock import VirtualClock

from components.evse.gate import Gate
from core.log import Log, LogTail
from core.signals import Signal
from core.urgent import Urgent


class Kernel:
    def __init__(self, clock):
        self.clock = clock
        self.alive = Signal(False, clock)
        self.emergency_stop = Signal(False, clock)
        self.stop_cleared = Signal(False, clock)
        self.urgent = Urgent(clock)
        self.stopping = False


class Limit:
    """One source's limit of a gate."""

    def __init__(self, gate, source):
        self.gate = gate
        self.source = source

    def set(self, ma):
        self.gate.limit(self.source, ma)


def make():
    clock = VirtualClock()
    tail = LogTail(clock, None)
    kernel = Kernel(clock)
    gate = construct(Gate, clock, Log(tail, "gate"), kernel, kernel)
    bus = Signal(False, clock)
    locked = Signal(False, clock)
    gate.require("locked", locked)
    good = {
        "transaction": (gate.transaction, True, (False, None)),
        "limit_ma": (Limit(gate, "transaction"), 6000, (0, None)),
        "bms_permits": (gate.bms_permits, True, (False, None)),
        "plugged": (gate.plugged, True, (False, None)),
        "charger_online": (gate.charger_online, True, (False, None)),
        "in_limits": (gate.in_limits, True, (False, None)),
        "emergency_stop": (gate.emergency_stop, False, (True, None)),
        "stop_cleared": (kernel.stop_cleared, True, (False, None)),
        "alive": (kernel.alive, True, (False, None)),
        "locked": (locked, True, (False, None)),
        "bus": (bus, True, (False, None)),
    }
    return gate, good, bus, tail


def in_words(gate):
    """{what is told of a condition: whether it holds}"""
    return {words: holds for _, words, _, holds in gate.condition_texts()}


def pauses_end(gate):
    gate._kernel.clock._now += 2000
    gate.check()


def ready(gate, good, bus):
    """All but the limits holds."""
    gate.add_bus(bus)
    for name, (signal, value, _) in good.items():
        if name != "limit_ma":
            signal.set(value)
    pauses_end(gate)
