"""Two outlets on one CAN bus: their power modules have addresses, and each vehicle has a bus of its own."""

import elcon_rig
import infy_rig
from bus import VirtualClock
from shared_bus_rig import NUMBERS, SharedBus, board, settings

from core.kernel import Kernel
from core.log import Log, LogTail
from core.parts import DeclarationError

HEAPSIZE = "16M"  # the wire keeps every frame


class ElconBus(SharedBus):
    """A module at each outlet; each tells its status every second."""

    module = "components.charger.elcon:Elcon"
    meter = {"power_period_ms": 1000}
    turn = heard = 0

    def __init__(self, home):
        super().__init__(home, *[{"addresses": (address,), "shared_bus": True} for address in (0xE5, 0xE6)])
        self.units = {address: elcon_rig.Module(address) for address in (0xE5, 0xE6)}

    def say(self):
        for ms, identifier, data in self.wire.frames[self.heard :]:
            if identifier & 0x1FFF00FF == 0x180600F4:
                self.units[identifier >> 8 & 0xFF].hear(ms, data[:5])
        self.heard = len(self.wire.frames)
        for number, unit in enumerate(self.units.values()):
            if (self.turn + 3 * number) % 10 == 0:
                self.wire.send(0x18FF5000 | unit.address, unit.status(self.clock.ticks_ms()))
        self.turn += 1

    def told(self, address):
        """(A, off) of the last request."""
        data = self.wire.of(0x180600F4 | address << 8)[-1][1]
        return (data[2] << 8 | data[3]) / 10, data[4]


class InfyBus(SharedBus):
    """A module at each outlet; each answers the controller that asks."""

    module = "components.charger.infy:Infypower"
    meter = {"power_period_ms": 100}

    def __init__(self, home):
        limits = {"min_voltage_mv": 50000, "max_voltage_mv": 500000, "max_current_ma": 200000}
        super().__init__(
            home, dict(limits, addresses=(0,), controller=0xF0), dict(limits, addresses=(1,), controller=0xF1)
        )
        for unit, volts in zip(self.wire.units, (400.0, 380.0)):
            unit.external, unit.obeys = volts, True

    def made_wire(self):
        return InfyWire(self.clock)


class InfyWire(infy_rig.Modules):
    """Modules 0 and 1."""

    def __init__(self, clock):
        self.units = [infy_rig.Module(), infy_rig.Module()]
        super().__init__(clock, infy_rig.Bank({0: self.units[0], 1: self.units[1]}, 63))

    def send(self, identifier, data):
        """An answer goes to who asked: the model knows one controller."""
        super().send(identifier & ~0xFF00 | (self.frames[-1][1] & 0xFF) << 8, data)


def bills(bus):
    """Of each outlet (mWh, up to which measurement in ms)."""
    meters = [bus.part(number, "meter") for number in NUMBERS]
    return [(meter.read(), meter.at_ms) for meter in meters]


async def check_bills(bus, seconds, *watts):
    """So much is delivered at each outlet, and billed there."""
    before = bills(bus)
    await bus.advance(1000 * seconds)
    for (first, since_ms), (last, until_ms), power in zip(before, bills(bus), watts):
        exact = power * (until_ms - since_ms) / 3600
        assert exact > 0.9 * power * seconds / 3.6 and abs(last - first - exact) < 0.005 * exact, (last - first, exact)


async def test_two_outlets_with_elcon_modules_charge_at_once_and_each_bill_is_its_own(tmp):
    bus = await ElconBus(tmp).start()
    await bus.charge(outlet_1=(84.0, 30.0), outlet_2=(84.0, 12.5))
    assert (bus.told(0xE5), bus.told(0xE6)) == ((30.0, 0), (12.5, 0))
    await check_bills(bus, 30, 76 * 30, 76 * 12.5)
    bus.asks["1"] = (84.0, 30.0, 1)
    await bus.advance(500)
    assert bus.enabled() == [False, True], "the vehicle of the first stops it, and the other one goes on"
    assert bus.told(0xE5) == (0.0, 1) and bus.told(0xE6) == (12.5, 0)
    bus.units[0xE6].flags = 0x02
    bus.asks["1"] = (84.0, 30.0)
    await bus.advance(5000)
    assert bus.enabled() == [True, False], "a fault of the second is its own"
    assert bus.part("2", "charger").error.value == "HighTemperature" and bus.part("1", "charger").error.value == ""
    await bus.stop()


async def test_two_outlets_with_infypower_modules_charge_at_once_and_each_bill_is_its_own(tmp):
    bus = await InfyBus(tmp).start()
    await bus.charge(outlet_1=(450.0, 60.0), outlet_2=(450.0, 25.0))
    assert [unit.amps for unit in bus.wire.units] == [60.0, 25.0]
    await check_bills(bus, 20, 400 * 60, 380 * 25)
    assert bus.kernel["can"].unknown == bus.kernel["can"].refused == 0
    bus.asks["2"] = (450.0, 25.0, 1)
    await bus.advance(500)
    assert bus.enabled() == [True, False] and [unit.amps for unit in bus.wire.units] == [60.0, 0.0]
    await bus.stop()


async def test_a_shared_bus_that_is_down_closes_both_gates_and_a_vehicles_bus_its_own(tmp):
    bus = await ElconBus(tmp).start()
    await bus.charge(outlet_1=(84.0, 30.0), outlet_2=(84.0, 12.5))
    bus.vehicles["1"].hang_up()
    while bus.part("1", "vehicle_can").healthy.value:
        await bus.advance(50)
    assert bus.enabled() == [False, True] and bus.part("1", "gate").blocking() == ["bus_2"]
    await bus.advance(8000)
    assert bus.enabled() == [True, True]
    bus.wire.hang_up()
    while bus.kernel["can"].healthy.value:
        await bus.advance(50)
    assert bus.enabled() == [False, False]
    assert [bus.part(number, "gate").blocking() for number in NUMBERS] == [["bus"], ["bus"]]
    await bus.advance(8000)
    assert bus.enabled() == [True, True]
    await bus.stop()


def test_two_outlets_with_clashing_identifiers_are_refused_with_both_names():
    """Modules without an address, one address twice, and a bus that is not declared as shared."""
    cases = (
        ("components.charger:Charger", {}, {}, "0x00433F01"),
        ("components.charger.elcon:Elcon", {"shared_bus": True}, {"shared_bus": True}, "0x1806E5F4"),
        ("components.charger.elcon:Elcon", {}, {"addresses": (0xE6,)}, "0x18FF5000/0x1FFFFF00"),
        ("components.charger.infy:Infypower", {}, {"addresses": (1,)}, "0x0280F000/0x0380FF00"),
    )
    for module, first, second, identifier in cases:
        clock = VirtualClock()
        where = settings(*["socket://127.0.0.1:1"] * 3)
        try:
            Kernel(board(module, (first, second), {}), where, clock, Log(LogTail(clock, None), "main"), "/nowhere")
        except DeclarationError as e:
            for words in ("2/charger", "two handlers for CAN identifier " + identifier, "1/charger"):
                assert words in str(e), e
        else:
            raise AssertionError(module)
