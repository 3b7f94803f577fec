"""A CAN bus for tests: an SLCAN server on TCP in this process, and the CAN side of the firmware on the real kernel."""

import asyncio
import gc
import micropython
import os
import struct
import time

from virtual_clock import VirtualClock

from core import ticks
from core.kernel import STOPPED, Kernel
from core.log import DEBUG, Log, LogTail

REQUEST, CHARGED, DISCHARGED = 0x1806E5F4, 0x160B8001, 0x160D8001
POWER, STATUS, HEARTBEAT = 0x00433F01, 0x00473F01, 0x18FF50E5
CONTROL, TELEMETRY = 0x068181FE, 0x068182FE
CONTROL_REPLY, TELEMETRY_REPLY = 0x0681817E, 0x0681827E
STOP_FRAME = bytes((1, 0x32, 0, 1, 0, 0, 0, 0))
START_FRAME = bytes((1, 0x32, 0, 0, 0, 0, 0, 0))


def line(identifier, data):
    return b"T%08X%d" % (identifier, len(data)) + b"".join([b"%02X" % byte for byte in data]) + b"\r"


def request(volts=84.0, amps=100.0, switch=0, mode=0):
    return struct.pack(">HHBBH", round(volts * 10), round(amps * 10), switch, mode, 0)


def power(volts, amps, scale=10):
    return struct.pack(">ff", volts, amps * scale)


def status(charging):
    return bytes(6) + (b"\x03\x02" if charging else b"\x03\x01")


def check_period(frames, ms):
    """The frames come every `ms` of virtual time: no drift at all, and each at the time that the stream allows."""
    times = [at for at, _ in frames]
    late = [at - times[0] - ms * i for i, at in enumerate(times)]
    assert max(late) - min(late) <= 60, late


class Wire:
    """The other end of the stream: answers as an adapter does, keeps what it receives, sends what it is told."""

    def __init__(self, clock):
        self.clock = clock
        self.port = 0
        self.commands = []
        self.frames = []  # (virtual ms, identifier, data)
        self.writers = []
        self.serving = []
        self.after_open = b""  # sent behind the answer to O
        self.answer = True

    async def start(self):
        while not self.port:
            port = 20000 + int.from_bytes(os.urandom(2), "big") % 12000  # the port has no getsockname()
            try:
                self.server = await asyncio.start_server(self.serve, "127.0.0.1", port)
                self.port = port
            except OSError:
                pass
        return self

    @property
    def url(self):
        return "socket://127.0.0.1:%d" % self.port

    async def serve(self, reader, writer):
        self.writers.append(writer)
        self.serving.append(asyncio.current_task())
        rest = b""
        try:
            while True:
                data = await reader.read(1024)
                if not data:
                    break
                lines = (rest + data).split(b"\r")
                rest = lines.pop()
                for text in lines:
                    self.took(writer, text)
        except OSError:
            pass
        finally:
            if writer in self.writers:
                self.writers.remove(writer)
            writer.s.close()

    def took(self, writer, text):
        if text[:1] == b"T":
            assert len(text) == 10 + 2 * int(text[9:10]), text
            self.frames.append((self.clock.ticks_ms(), int(text[1:9], 16), bytes.fromhex(text[10:].decode())))
            return
        self.commands.append(text)
        if self.answer:
            writer.write((b"\a" if text == b"C" else b"\r") + (self.after_open if text == b"O" else b""))

    def raw(self, data):
        for writer in self.writers:
            writer.write(data)
            if writer.out_buf:  # the system took a part only
                asyncio.create_task(self.drain(writer))

    async def drain(self, writer):
        try:
            await writer.drain()
        except OSError:
            pass

    def send(self, identifier, data):
        self.raw(line(identifier, data))

    def of(self, identifier, function=None, since=0):
        """The frames with this identifier (and function), from index `since` on, as (ms, data)."""
        found = [(ms, data) for ms, at, data in self.frames[since:] if at == identifier]
        return [entry for entry in found if function is None or entry[1][1] == function]

    def hang_up(self):
        for task in self.serving:
            task.cancel()
        self.serving = []
        self.writers = []

    def close(self):
        self.hang_up()
        self.server.close()


REFERENCE = "components.charger:Charger"
TERMINAL = {"use": "components.meter.terminal:TerminalMeter"}


def board(
    port, charger=None, feedback=True, gate=None, vehicle="components.bms:Bms", module=REFERENCE, meter=TERMINAL,
    extra=(),
):  # fmt: skip
    """`charger`: options of the `module`; `meter`: an entry, without its name, or None; `extra`: further entries."""
    options = {"heartbeat": not feedback} if module == REFERENCE else {}
    options.update(charger or {})
    more = tuple(extra) + ((dict(meter, name="meter"),) if meter else ())
    if feedback:
        more += ({"name": "feedback", "use": "components.feedback:Feedback", "critical": True},)

    class Board:
        NAME = "bench"
        COMPONENTS = (
            {"name": "store", "use": "components.persistence:Persistence", "critical": True},
            {"name": "gate", "use": "components.evse.gate:Gate", "options": gate or {}},
            {"name": "driver", "use": "drivers.can.slcan:Slcan", "options": {"port": port}},
            {"name": "can", "use": "components.can:Can", "critical": True},
            {"name": "bms", "use": vehicle, "critical": True},
            {"name": "charger", "use": module, "options": options, "critical": True},
            {"name": "plug", "use": "components.evse.plug:Plug", "critical": True},
        ) + more

    return Board


class Rig:
    """The CAN side of a firmware on a virtual clock, and what the vehicle and the power module say periodically."""

    def __init__(self, home, **options):
        self.home = home
        self.options = options
        self.clock = VirtualClock(1000)
        self.tail = LogTail(self.clock, None, level=DEBUG)
        self.wire = Wire(self.clock)
        self.say = {}  # identifier: data, sent every 100 ms
        self.obeys = False  # the module: whatever it is to say, it tells no current while the gate is closed
        self.tasks = []

    async def start(self):
        await self.wire.start()
        self.kernel = Kernel(board(self.wire.url, **self.options), {}, self.clock, Log(self.tail, "main"), self.home)
        for part in self.kernel.parts:
            setattr(self, part.name, part.instance)
        self.tasks = [asyncio.create_task(self.kernel.run()), asyncio.create_task(self.talk())]
        await self.until(lambda: self.can.healthy.value)
        return self

    async def talk(self):
        while True:
            for identifier, data in self.say.items():
                if identifier == POWER and self.obeys and not self.gate.enabled.value:
                    data = data[:4] + bytes(4)
                self.wire.send(identifier, data)
            await self.clock.sleep_ms(100)

    async def until(self, condition, seconds=10):
        """Wait in real time, for the operating system's part of it, while the virtual clock stands still."""
        deadline = time.ticks_add(time.ticks_ms(), seconds * 1000)
        while not condition():
            assert time.ticks_diff(deadline, time.ticks_ms()) > 0, "condition did not come true"
            await asyncio.sleep_ms(1)

    async def receive(self, identifier, data):
        """Send a frame to the firmware and wait until it was handled."""
        rx = self.can.rx
        self.wire.send(identifier, data)
        await self.until(lambda: self.can.rx > rx)

    def drain(self, stream, frames):
        """Have so many frames of a filled buffer handled, with a heap and without one: nothing is allocated."""
        lines = self.driver._lines
        for locked in (False, True):
            lines.room[: len(stream)] = stream
            lines.came(len(stream))
            rx = self.can.rx
            gc.collect()
            gc.disable()  # a function with a large frame takes it from the heap, and from the stack if that is locked
            if locked:
                micropython.heap_lock()
            before = gc.mem_alloc()
            self.can._drain()
            used = gc.mem_alloc() - before
            if locked:
                micropython.heap_unlock()
            gc.enable()
            assert used == 0 and self.can.rx == rx + frames, (locked, used, self.can.rx - rx)

    async def sent(self, identifier, data, since):
        await self.until(lambda: data in [frame for _, frame in self.wire.of(identifier, None, since)])

    async def grow_old(self):
        """Let more time pass than ticks can tell (2**61 ms here, 6.2 days on 32 bit); the bus goes on talking."""
        for _ in range(3):
            self.clock._now += 1 << 60
            for identifier, data in list(self.say.items()):
                await self.receive(identifier, data)
            await self.advance(500)

    async def advance(self, ms):
        """Let time pass in steps, so that what is on the wire arrives in between."""
        while ms > 0:
            step = min(ms, 50)
            await self.clock.advance(step)
            await asyncio.sleep_ms(0)
            await self.clock.settle()
            ms -= step

    def vehicle(self, **options):
        self.say[REQUEST] = request(**options)

    def module(self, volts=76.0, amps=0.0, charging=False):
        self.say[POWER] = power(volts, amps)
        self.say[STATUS] = status(charging)

    async def charge(self, amps=50.0):
        """Bring it to the point where charging is enabled."""
        self.vehicle()
        self.module()
        await self.advance(1500)
        self.gate.limit("transaction", 200000)
        self.gate.transaction.set(True)
        assert self.gate.enabled.value, self.gate.blocking()
        self.module(amps=amps, charging=True)
        await self.advance(200)

    async def fail(self, name):
        """A component fails: its tick raised, or a task that it awaits was cancelled. It is started again after 1 s."""
        part = self.part(name)
        if hasattr(part.instance, "tick"):
            part.raised = OSError("invented")
            ticks.end(self.kernel, part)
        else:
            part.task.cancel()
        await self.clock.settle()

    def part(self, name):
        """What the kernel knows of a component."""
        return [part for part in self.kernel.parts if part.name == name][0]

    def logged(self, text):
        return [entry for entry in self.tail.lines if text in entry]

    async def stop(self):
        self.kernel.request_exit(STOPPED, "end of test")
        await self.tasks[0]
        for task in self.tasks:
            task.cancel()
        self.wire.close()
