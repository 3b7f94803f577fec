"""The gate: every single condition that does not hold keeps charging disabled, and takes it away with a stop frame."""

from bus import CONTROL, STOP_FRAME, Rig

from components.gate import Gate
from core.clock import VirtualClock
from core.log import Log, LogTail
from core.signals import Signal

HEAPSIZE = "16M"  # the wire keeps every frame


class Kernel:
    def __init__(self, clock):
        self.alive = Signal(False, clock)
        self.emergency_stop = Signal(False, clock)
        self.stop_cleared = Signal(False, clock)


def make():
    clock = VirtualClock()
    tail = LogTail(clock, None)
    kernel = Kernel(clock)
    gate = Gate(clock, Log(tail, "gate"), kernel)
    bus = Signal(False, clock)
    locked = Signal(False, clock)
    gate.require("locked", locked)
    good = {
        "transaction": (gate.transaction, True, (False, None)),
        "limit_ma": (gate.limit_ma, 6000, (0, None)),
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


def test_enabled_exactly_while_every_condition_holds():
    gate, good, bus, tail = make()
    gate.add_bus(bus)
    seen = []
    gate.enabled.watch(seen.append)
    for signal, value, _ in good.values():
        assert gate.enabled.value is False
        signal.set(value)
    assert gate.enabled.value is True and seen == [True]
    for name, (signal, value, forbidding) in good.items():
        for bad in forbidding:
            signal.set(bad)
            assert gate.enabled.value is False, name
            assert gate.forbidding() == [name]
            assert (name, bad, False) in gate.conditions()
            signal.set(value)
            assert gate.enabled.value is True, name
    assert any(entry.endswith("charging disabled: bus") for entry in tail.lines), list(tail.lines)


def test_without_a_bus_nothing_is_enabled():
    gate, good, _, _ = make()
    for signal, value, _ in good.values():
        signal.set(value)
    assert gate.enabled.value is False and gate.forbidding() == ["bus"]


def test_every_bus_must_be_healthy():
    gate, good, bus, _ = make()
    second = Signal(False, VirtualClock())
    gate.add_bus(bus)
    gate.add_bus(second)
    for signal, value, _ in good.values():
        signal.set(value)
    assert gate.forbidding() == ["bus_2"] and not gate.enabled.value
    second.set(True)
    assert gate.enabled.value
    bus.set(False)
    assert not gate.enabled.value


async def test_each_condition_that_goes_sends_a_stop_frame(tmp):
    rig = await Rig(tmp).start()
    await rig.charge()
    gate = rig.gate
    signals = (
        (gate.transaction, False),
        (gate.limit_ma, 0),
        (gate.bms_permits, False),
        (gate.plugged, False),
        (gate.charger_online, False),
        (gate.in_limits, False),
        (gate.emergency_stop, True),
        (rig.kernel.alive, False),
    )
    for signal, bad in signals:
        good = signal.value
        since = len(rig.wire.frames)
        signal.set(bad)
        assert gate.enabled.value is False
        signal.set(good)
        assert gate.enabled.value is True, gate.forbidding()
        await rig.sent(CONTROL, STOP_FRAME, since)  # the virtual clock did not move
    await rig.stop()
    assert gate.enabled.value is False
