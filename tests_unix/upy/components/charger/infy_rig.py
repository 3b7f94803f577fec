"""Infypower modules at the other end of the stream: they answer the firmware's questions, by docs/can.md."""

import asyncio
import struct

from bus import REQUEST, Rig, Wire, request

from core.kernel import Kernel
from core.log import Log

COUNT, OUTPUT, STATUS, ABILITY, EXTERNAL, SWITCH, SET = 0x02, 0x03, 0x04, 0x0A, 0x0C, 0x1A, 0x1C
OFF = bytes((1, 0, 0, 0, 0, 0, 0, 0))
ON = bytes(8)
DC_OFF = 0x000100


def reply_id(command, address=0, error=0, device=0x0A, controller=0xF0):
    return error << 26 | device << 22 | command << 16 | controller << 8 | address


def asked_id(command, address=0, device=0x0A, controller=0xF0):
    return device << 22 | command << 16 | address << 8 | controller


class Module:
    """What one of them answers. V, A, degC."""

    def __init__(self, external=400.0, output=0.0, amps=0.0):
        self.external, self.output, self.amps = external, output, amps
        self.status, self.degrees = DC_OFF, 27
        self.ability = bytes.fromhex("01F4003203E80BB8")  # 500 V, 50 V, 100.0 A, 30 kW
        self.silent = self.obeys = False
        self.error = 0  # in the answers to orders
        self.told = None  # mV, mA
        self.answers_as = None

    def answer(self, command, data):
        if command == OUTPUT:
            return struct.pack(">ff", self.output, self.amps)
        if command == EXTERNAL:
            return struct.pack(">HHI", round(self.external * 10), 1000, 0)
        if command == STATUS:
            return struct.pack(">IbBH", 0, self.degrees, self.status >> 16, self.status & 0xFFFF)
        if command == ABILITY:
            return self.ability
        return data

    def execute(self, command, data):
        if command == SET:
            self.told = struct.unpack(">II", data)
        if self.obeys and not self.error and command in (SET, SWITCH):
            self.switch(not data[0] if command == SWITCH else not self.status & DC_OFF)

    def switch(self, on):
        self.status = self.status & ~DC_OFF | (0 if on else DC_OFF)
        self.amps = self.told[1] / 1000 if on else 0.0
        self.output = self.external + 0.6 if on else 0.0


class Bank:
    """Modules, {address: Module}, and their group, which the first one counts."""

    def __init__(self, modules, group):
        self.modules, self.group = modules, group
        self.in_group = len(modules)

    def hear(self, identifier, data):
        """What is answered: [(identifier, data)]."""
        command, address = identifier >> 16 & 63, identifier >> 8 & 255
        if identifier >> 22 == 0x0B and address == self.group:
            for module in self.modules.values():
                module.execute(command, data)
            counted = bytes((0, 0, self.in_group, 0, 0, 0, 0, 0))
            return [(reply_id(COUNT, 0, 0, 0x0B), counted)] if command == COUNT else []
        if identifier >> 22 != 0x0A or address not in self.modules:
            return []
        module = self.modules[address]
        module.execute(command, data)
        if module.silent:
            return []
        source = address if module.answers_as is None else module.answers_as
        error = module.error if command in (SWITCH, SET) else 0
        return [(reply_id(command, source, error), module.answer(command, data))]


class Modules(Wire):
    """The wire with modules on it."""

    def __init__(self, clock, bank):
        super().__init__(clock)
        self.bank = bank

    async def serve(self, reader, writer):
        writer.s.setsockopt(6, 1, 1)  # TCP_NODELAY: an answer must not wait for the acknowledgement of the one before
        await super().serve(reader, writer)

    def took(self, writer, text):
        super().took(writer, text)
        if text[:1] == b"T":
            for identifier, data in self.bank.hear(self.frames[-1][1], self.frames[-1][2]):
                self.send(identifier, data)


def board(port, options):
    limits = {"min_voltage_mv": 50000, "max_voltage_mv": 500000, "max_current_ma": 200000}
    limits.update(options)

    class Board:
        NAME = "infy"
        COMPONENTS = (
            {"name": "store", "use": "components.persistence:Persistence", "critical": True},
            {"name": "gate", "use": "components.evse.gate:Gate"},
            {"name": "driver", "use": "drivers.can.slcan:Slcan", "options": {"port": port, "bitrate": 125000}},
            {"name": "can", "use": "components.can:Can", "critical": True},
            {"name": "bms", "use": "components.bms:Bms", "options": {"highest_mv": 500000}, "critical": True},
            {"name": "charger", "use": "components.charger.infy:Infypower", "options": limits, "critical": True},
            {
                "name": "meter",
                "use": "components.meter.terminal:TerminalMeter",
                "options": {"power_period_ms": 100},
            },
            {"name": "plug", "use": "components.evse.plug:Plug", "critical": True},
        )

    return Board


class InfyRig(Rig):
    """The CAN side of a firmware with Infypower modules; `modules`: {address: Module}, the usual: one at 0."""

    def __init__(self, home, modules=None, **options):
        super().__init__(home)
        self.modules = modules or {0: Module()}
        options.setdefault("addresses", tuple(sorted(self.modules)))
        self.options = options
        self.bank = Bank(self.modules, options.get("group", -1))
        self.wire = Modules(self.clock, self.bank)

    async def start(self):
        await self.wire.start()
        self.kernel = Kernel(board(self.wire.url, self.options), {}, self.clock, Log(self.tail, "main"), self.home)
        for name in ("store", "gate", "driver", "can", "bms", "charger", "meter", "plug"):
            setattr(self, name, self.kernel[name])
        self.tasks = [asyncio.create_task(self.kernel.run()), asyncio.create_task(self.talk())]
        await self.until(lambda: self.can.healthy.value)
        return self

    async def advance(self, ms):
        """Let time pass; the modules answer at once: no time passes until all is quiet."""
        while ms > 0:
            step = min(ms, 50)
            await self.clock.advance(step)
            ms -= step
            before = None
            while before != (len(self.wire.frames), self.can.rx):
                before = len(self.wire.frames), self.can.rx
                await asyncio.sleep_ms(1)
                await self.clock.settle()

    async def charge(self, volts=450.0, amps=60.0):
        """Bring it to the point where charging is enabled and the modules deliver."""
        for module in self.modules.values():
            module.obeys = True
        self.say[REQUEST] = request(volts, amps)
        await self.advance(3000)
        self.gate.limit("transaction", 200000)
        self.gate.transaction.set(True)
        assert self.gate.enabled.value, (self.gate.blocking(), self.charger.error.value, self.tail.lines)
        await self.advance(1000)
        assert self.gate.enabled.value, (self.gate.blocking(), self.charger.error.value, self.tail.lines)

    def handle(self, identifier, data):
        """Have a frame handled now; returns whether it was refused."""
        refused = self.can.refused
        self.dispatch((identifier, memoryview(data), self.driver.FLAG_EXT_ID, 0))
        return self.can.refused > refused

    def dispatch(self, frame):
        """As if the driver had filled it in. Allocates nothing itself."""
        own = self.can._frame
        own[0], own[1], own[2] = frame[0], frame[1], frame[2]
        self.can._dispatch(own)

    def sent(self, since=0):
        """[(identifier, data)]."""
        return [(identifier, data) for _, identifier, data in self.wire.frames[since:]]

    def orders(self, since=0):
        """Those that are no questions."""
        return [frame for frame in self.sent(since) if frame[0] >> 16 & 63 in (SWITCH, SET) and frame[0] & 255 == 0xF0]


async def started(tmp, modules=None, **options):
    """A rig that has been heard for a second."""
    rig = await InfyRig(tmp, modules, **options).start()
    await rig.advance(1000)
    return rig
