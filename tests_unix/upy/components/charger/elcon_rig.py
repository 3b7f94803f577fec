"""Elcon/TC modules on a bus of their own and the vehicle on another, for tests: a model of the modules, by the
protocol's document, and the CAN side of the firmware on the real kernel.
"""

import asyncio
import struct

import bus
from bus import Rig, Wire

from core.kernel import Kernel
from core.log import Log

PERIOD_MS = 1000
TIMEOUT_MS = 5000


def elcon_board(base, vehicle_port, one_bus, **options):
    """The test board `base` with Elcon modules, and the vehicle on a second bus unless it is to be on theirs."""
    entries = []
    for entry in base.COMPONENTS:
        if entry["name"] == "charger":
            entry = dict(entry, use="components.charger.elcon:Elcon", options=options)
        elif entry["name"] == "meter":
            entry = dict(entry, options={"power_period_ms": PERIOD_MS})
        elif entry["name"] in ("bms", "feedback") and not one_bus:
            entry = dict(entry, bind={"can": "vehicle_can"})
        entries.append(entry)
    driver = {"name": "vehicle_driver", "use": "drivers.can.slcan:Slcan", "options": {"port": vehicle_port}}
    can = {"name": "vehicle_can", "use": "components.can:Can", "bind": {"driver": "vehicle_driver"}, "critical": True}

    class Board:
        NAME = "elcon"
        COMPONENTS = tuple(entries) + (() if one_bus else (driver, can))

    return Board


class Module:
    """What one module does with its requests: on or off, and off 5 s after the last one."""

    def __init__(self, address):
        self.address = address
        self.decivolts = 760
        self.deciamps = self.flags = 0
        self.told = (0, 0, 1)  # decivolts, deciamps, b4
        self.told_ms = None
        self.silent = self.deaf = False
        self.ignores_stop = False

    def hear(self, now, data):
        if not self.deaf:
            self.told = struct.unpack(">HHB", data)
            self.told_ms = now

    def status(self, now):
        late = self.told_ms is None or now - self.told_ms > TIMEOUT_MS
        on = not late and not self.told[2] and not self.flags
        if not self.ignores_stop:
            self.deciamps = self.told[1] if on else 0
        return struct.pack(">HHBBH", self.decivolts, self.deciamps, self.flags | (0x10 if late else 0), 0, 0)


class ElconRig(Rig):
    """`modules`: those on the bus, by address. Each tells its status every second."""

    def __init__(self, home, addresses=(0xE5,), on_bus=None, one_bus=False, **options):
        super().__init__(home)
        self.modules = {address: Module(address) for address in on_bus or addresses}
        self.vehicle_wire = Wire(self.clock)
        self.one_bus = one_bus
        options["addresses"] = addresses
        self.charger_options = options
        self.heard = 0  # frames that the modules have heard

    async def start(self):
        await self.wire.start()
        await self.vehicle_wire.start()
        base = bus.board(self.wire.url, **self.options)
        board = elcon_board(base, self.vehicle_wire.url, self.one_bus, **self.charger_options)
        self.kernel = Kernel(board, {}, self.clock, Log(self.tail, "main"), self.home)
        for name in ("store", "gate", "driver", "can", "bms", "charger", "meter", "plug", "vehicle_can"):
            setattr(self, name, self.kernel[name])
        self.tasks = [asyncio.create_task(self.kernel.run()), asyncio.create_task(self.talk())]
        await self.until(lambda: self.can.healthy.value and self.vehicle_can.healthy.value)
        return self

    async def talk(self):
        begun = self.clock.ticks_ms()
        turn = 0
        while True:
            for identifier, data in self.say.items():
                self.vehicle_wire.send(identifier, data)
            for number, module in enumerate(self.modules.values()):
                if (turn + 3 * number) % 10 == 0 and not module.silent:
                    self.execute()
                    self.wire.send(0x18FF5000 | module.address, module.status(self.clock.ticks_ms()))
            turn += 1
            await self.clock.sleep_ms(max(0, begun + 100 * turn - self.clock.ticks_ms()))

    def execute(self):
        """Let the modules hear what has come."""
        for ms, identifier, data in self.wire.frames[self.heard :]:
            module = self.modules.get(identifier >> 8 & 0xFF)
            if identifier & 0x1FFF00FF == 0x180600F4 and module is not None:
                module.hear(ms, data[:5])
        self.heard = len(self.wire.frames)

    def told(self, address, since=0):
        """(ms, decivolts, deciamps, b4) of each request to a module."""
        frames = self.wire.of(0x180600F4 | address << 8, None, since)
        return [(ms,) + struct.unpack(">HHB", data[:5]) for ms, data in frames]

    def last(self, address):
        """(volts, amps, on) of the last request to a module."""
        _, decivolts, deciamps, off = self.told(address)[-1]
        return decivolts / 10, deciamps / 10, not off

    async def charge(self, amps=50.0):
        """Bring it to the point where charging is enabled and the current has been measured."""
        self.vehicle(amps=amps)
        await self.advance(4500)
        self.gate.limit("transaction", 200000)
        self.gate.transaction.set(True)
        assert self.gate.enabled.value, self.gate.blocking()
        await self.advance(2200)
