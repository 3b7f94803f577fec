"""Two outlets of one board, each with its bus, power module and meter, over one journal."""

import asyncio

from bus import POWER, REQUEST, STATUS, Rig, Wire, power, request, status
from virtual_clock import VirtualClock

from core.kernel import STOPPED, Kernel
from core.log import DEBUG, Log, LogTail

HEAPSIZE = "16M"  # the wire keeps every frame


def outlet(name, port):
    return {"scope": name, "components": (
        {"name": "gate", "use": "components.evse.gate:Gate"},
        {"name": "driver", "use": "drivers.can.slcan:Slcan", "options": {"port": port}},
        {"name": "can", "use": "components.can:Can", "critical": True},
        {"name": "bms", "use": "components.bms:Bms", "critical": True},
        {"name": "charger", "use": "components.charger:Charger", "options": {"heartbeat": False}, "critical": True},
        {"name": "meter", "use": "components.meter.terminal:TerminalMeter"},
        {"name": "plug", "use": "components.evse.plug:Plug", "critical": True},
    )}  # fmt: skip


class Station:
    """The firmware of such a board, and what is said on its two buses every 100 ms; ``amps``, {scope: amps}."""

    def __init__(self, home):
        self.home = home
        self.clock = VirtualClock(1000)
        self.wires = {name: Wire(self.clock) for name in ("1", "2")}
        self.amps = {"1": 0, "2": 0}

    async def start(self):
        for wire in self.wires.values():
            await wire.start()

        class Board:
            NAME = "twomodules"
            COMPONENTS = (
                {"name": "store", "use": "components.persistence:Persistence", "critical": True},
                outlet("1", self.wires["1"].url),
                outlet("2", self.wires["2"].url),
            )

        tail = LogTail(self.clock, None, level=DEBUG)
        self.kernel = Kernel(Board, {}, self.clock, Log(tail, "main"), self.home)
        self.store = self.kernel["store"]
        self.tasks = [asyncio.create_task(self.kernel.run()), asyncio.create_task(self.talk())]
        for name in self.wires:
            await Rig.until(self, lambda can=self.kernel[name + "/can"]: can.healthy.value)
        return self

    async def talk(self):
        while True:
            for name, wire in self.wires.items():
                wire.send(REQUEST, request())
                wire.send(POWER, power(76, self.amps[name]))
                wire.send(STATUS, status(self.amps[name] > 0))
            await self.clock.sleep_ms(100)

    async def advance(self, ms):
        await Rig.advance(self, ms)

    def gate(self, name):
        return self.kernel[name + "/gate"]

    async def charge(self):
        await self.advance(2000)
        for name in self.wires:
            self.gate(name).limit("transaction", 200000)
            self.gate(name).transaction.set(True)
            assert self.gate(name).enabled.value, self.gate(name).blocking()
        self.amps = {"1": 50, "2": 20}
        await self.advance(500)

    async def stop(self):
        self.kernel.request_exit(STOPPED, "end of test")
        await self.tasks[0]
        self.cut()

    def cut(self):
        for task in self.tasks:
            task.cancel()
        for wire in self.wires.values():
            wire.close()


async def test_each_outlet_has_its_register_in_one_journal(tmp):
    """They would share one, and each bill what both delivered."""
    station = await Station(tmp).start()
    await station.charge()
    meters = [station.kernel[name + "/meter"] for name in ("1", "2")]
    before = [meter.read() for meter in meters]
    await station.advance(20000)
    grown = [meter.changes()[0] - mwh for meter, mwh in zip(meters, before)]
    for amps, mwh in zip((50, 20), grown):
        assert abs(mwh - 76 * amps * 20 / 3.6) < 0.02 * mwh, grown
    mwh, changes = meters[0].changes()
    station.store.commit(changes)  # with it goes the register of the other
    meters[0].saved(mwh)
    for name, meter in zip(("1", "2"), meters):
        assert station.store.get(name + "/register") == meter.energy_mwh.value > 0 and meter.changes()[1] == {}
    assert station.store.get("register") is None
    station.cut()
    again = await Station(tmp).start()
    for name, meter in zip(("1", "2"), meters):
        assert again.kernel[name + "/meter"].energy_mwh.value == meter.energy_mwh.value
    await again.stop()


async def test_what_one_module_does_wrong_leaves_the_other_outlet_charging(tmp):
    """Its current goes on after the stop: that is kept for its outlet alone, over a power cut."""
    station = await Station(tmp).start()
    await station.charge()
    station.amps["1"] = 250  # and 100 A were asked for
    await station.advance(7000)
    chargers = [station.kernel[name + "/charger"] for name in ("1", "2")]
    assert chargers[0].error.value == "PowerSwitchFailure" and chargers[1].error.value == ""
    assert not station.gate("1").enabled.value and station.gate("2").enabled.value
    assert station.store.get("1/charger/unstopped") is True and station.store.get("2/charger/unstopped") is None
    station.cut()
    again = await Station(tmp).start()
    await again.advance(6000)
    assert [again.kernel[name + "/charger"].error.value for name in ("1", "2")] == ["PowerSwitchFailure", ""]
    await again.stop()


async def test_the_register_of_a_board_with_one_outlet_is_that_of_the_first(tmp):
    rig = await Rig(tmp).start()
    await rig.charge(amps=50)
    await rig.advance(5000)
    mwh = rig.meter.read()
    await rig.stop()
    assert mwh > 4000
    station = await Station(tmp).start()
    meters = [station.kernel[name + "/meter"] for name in ("1", "2")]
    assert meters[0].energy_mwh.value >= mwh and meters[1].energy_mwh.value == 0
    await station.charge()
    await station.advance(5000)
    mwh = meters[0].read()
    assert station.store.get("1/register") == mwh and station.store.get("register") is None
    await station.stop()
