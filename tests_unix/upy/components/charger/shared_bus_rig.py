"""Two outlets whose power modules are on one bus, each with its vehicle on a bus of its own."""

import asyncio

from bus import REQUEST, VirtualClock, Wire, request

from core.kernel import Kernel
from core.log import DEBUG, Log, LogTail

NUMBERS = ("1", "2")


def board(module, modules, meter):
    """`module`: a class; `modules`: its options at each outlet; `meter`: options."""

    def outlet(number, options):
        parts = (
            {"name": "gate", "use": "components.evse.gate:Gate"},
            {"name": "vehicle_driver", "use": "drivers.can.slcan:Slcan"},
            {
                "name": "vehicle_can",
                "use": "components.can:Can",
                "bind": {"driver": "vehicle_driver"},
                "critical": True,
            },
            {
                "name": "bms",
                "use": "components.bms:Bms",
                "bind": {"can": "vehicle_can"},
                "options": {"highest_mv": 500000},
                "critical": True,
            },
            {"name": "charger", "use": module, "options": options, "critical": True},
            {"name": "meter", "use": "components.meter.terminal:TerminalMeter", "options": meter},
            {"name": "plug", "use": "components.evse.plug:Plug", "critical": True},
            {"name": "evse", "use": "components.evse:Evse", "options": {"id": int(number)}},
        )
        return {"scope": number, "components": parts}

    class Board:
        NAME = "shared"
        COMPONENTS = (
            {"name": "store", "use": "components.persistence:Persistence", "critical": True},
            {"name": "can_driver", "use": "drivers.can.slcan:Slcan"},
            {"name": "can", "use": "components.can:Can", "bind": {"driver": "can_driver"}, "critical": True},
        ) + tuple([outlet(*one) for one in zip(NUMBERS, modules)])
        SETTINGS = {
            "can": {
                "port": "can_driver.port",
                "1": {"port": "1/vehicle_driver.port"},
                "2": {"port": "2/vehicle_driver.port"},
            }
        }

    return Board


def settings(port, first, second):
    """Where the three buses are."""
    return {"can": {"port": port, "1": {"port": first}, "2": {"port": second}}}


class SharedBus:
    """The CAN side of a firmware with that board; a subclass has the modules, on ``self.wire``.

    ``asks``: what the vehicle of each outlet asks for, (V, A, switch), or None: there is none.
    """

    module = ""
    meter = {}

    def __init__(self, home, *modules):
        self.home = home
        self.modules = modules
        self.clock = VirtualClock(1000)
        self.tail = LogTail(self.clock, None, level=DEBUG)
        self.wire = self.made_wire()
        self.vehicles = {number: Wire(self.clock) for number in NUMBERS}
        self.asks = dict.fromkeys(NUMBERS)
        self.tasks = []

    def made_wire(self):
        return Wire(self.clock)

    async def start(self):
        ports = []
        for wire in (self.wire, self.vehicles["1"], self.vehicles["2"]):
            await wire.start()
            ports.append(wire.url)
        made = board(self.module, self.modules, self.meter)
        self.kernel = Kernel(made, settings(*ports), self.clock, Log(self.tail, "main"), self.home)
        self.tasks = [asyncio.create_task(self.kernel.run()), asyncio.create_task(self.talk())]
        for name in ("can", "1/vehicle_can", "2/vehicle_can"):
            while not self.kernel[name].healthy.value:
                await asyncio.sleep_ms(1)
        return self

    async def talk(self):
        while True:
            for number, asked in self.asks.items():
                if asked is not None:
                    self.vehicles[number].send(REQUEST, request(*asked))
            self.say()
            await self.clock.sleep_ms(100)

    def say(self):
        """What the modules say by themselves; every 100 ms."""

    def part(self, number, name):
        return self.kernel[number + "/" + name]

    def enabled(self):
        return [self.part(number, "gate").enabled.value for number in NUMBERS]

    async def advance(self, ms):
        """Let time pass; all that is on a wire arrives in between."""
        for _ in range(ms // 50):
            await self.clock.advance(50)
            before = None
            while before != (len(self.wire.frames), self.kernel["can"].rx):
                before = len(self.wire.frames), self.kernel["can"].rx
                await asyncio.sleep_ms(1)
                await self.clock.settle()
            for number, asked in self.asks.items():
                heard = self.part(number, "bms").online
                while asked and self.vehicles[number].writers and heard.age_ms() > 150:
                    await asyncio.sleep_ms(1)
                    await self.clock.settle()

    async def charge(self, **asks):
        """Plug in at both outlets, and have a transaction at each."""
        for number in NUMBERS:
            self.asks[number] = asks["outlet_" + number]
        await self.advance(4500)
        for number in NUMBERS:
            gate = self.part(number, "gate")
            gate.limit("transaction", 200000)
            gate.transaction.set(True)
        assert self.enabled() == [True, True], [self.part(number, "gate").blocking() for number in NUMBERS]
        await self.advance(2500)

    async def stop(self):
        for task in self.tasks:
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                pass
        for wire in (self.wire,) + tuple(self.vehicles.values()):
            wire.close()
