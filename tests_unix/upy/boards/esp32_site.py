"""An ESP32 board on stand-ins: its declaration, the real kernel, models of its CAN controllers, vehicle and module.

The console's terminal is a test's own (standard input is the test runner's); everything else is as declared.
"""

import asyncio

from bus import HEARTBEAT, POWER, REQUEST, STATUS, Wire, power, request, status
from esp32_standins import Device
from esp32_standins.uart import Timers, Uarts
from mcp2515_model import Machine as ChipOnPins
from mcp2515_model import Mcp2515
from twai_model import Twai as TwaiModel
from twai_rig import FRAMES, Registers, canguard
from virtual_clock import VirtualClock

from core.kernel import STOPPED, Kernel
from core.log import Log, LogTail
from core.settings import lay_identity_over
from drivers.can.twai_esp32 import TwaiEsp32
from drivers.nvs import Nvs

SETTINGS = {
    "ocpp": {"url": "ws://127.0.0.1:1/ocpp", "id": "CP-1"},  # nobody is there
    "wifi": {"ssid": "home", "password": "secret"},
}


class UartBus:
    """SLCAN at the far end of a UART."""

    def __init__(self, line, clock):
        self.line = line
        self.wire = Wire(clock)
        self.wire.writers.append(line)
        self._rest = b""
        line.on_write = self._take

    def _take(self, data):
        lines = (self._rest + data).split(b"\r")
        self._rest = lines.pop()
        for text in lines:
            self.wire.took(self.line, text)

    def send(self, identifier, data):
        self.wire.send(identifier, data)

    def frames(self, identifier):
        return [data for _, at, data in self.wire.frames if at == identifier]

    def step(self):
        pass


class ChipBus:
    """A bus with the model of a controller on it."""

    def __init__(self, chip):
        self.chip = chip

    def send(self, identifier, data):
        assert self.chip.receive(identifier, data) or identifier == HEARTBEAT  # one bus: the filters leave it out

    def frames(self, identifier):
        return [bytes(frame[1]) for frame in self.chip.sent if frame[0] == identifier and frame[2]]

    def step(self):
        while self.chip.transmit() is not None:
            pass


class Esp32:
    """The hardware: what the stand-ins give to the import statements."""

    def __init__(self, clock):
        self.twai = TwaiModel()
        self.mcp2515 = Mcp2515(8000000)
        self.uarts = Uarts()
        self.timers = Timers()
        spi = ChipOnPins(self.mcp2515, cs=5, interrupt=4)
        self.device = Device()
        self.device.radio.air["home"] = ("secret", -61)
        self.install = lambda: self.device.install(
            mem32=self.twai, Timer=self.timers, UART=self.uarts, Pin=spi.Pin, SPI=spi.SPI
        )
        self.install()
        self.on_chip = ChipBus(self.twai)
        self.on_spi = ChipBus(self.mcp2515)
        self.on_uart = UartBus(self.uarts.lines[1], clock)


class Site:
    """A board that runs. `module` and `vehicle` are the buses that these are on; `identity` is in its NVS.

    `kept`: what an NVS held when the power went: another life of the same device. `gate`: the name of the first.
    """

    def __init__(self, board, home, module, vehicle, settings=SETTINGS, identity=None, kept=None, gate="gate"):
        self.clock = VirtualClock()
        self.hardware = Esp32(self.clock)
        self.hardware.device.nvs.items.update(kept or {})
        Nvs("identity").commit(identity or {})
        self.module = getattr(self.hardware, module)
        self.vehicle = getattr(self.hardware, vehicle)
        self.tail = LogTail(self.clock, None)
        self.kernel = Kernel(
            here(board), lay_identity_over(dict(settings), board), self.clock, Log(self.tail, "main"), home
        )
        self.gate = self.kernel[gate]
        self.amps = 0
        self._tasks = []

    async def start(self):
        self._tasks = [asyncio.create_task(self.kernel.run()), asyncio.create_task(self._time())]
        await self.run(300)
        return self

    async def _time(self):
        """The hardware's time, 10 ms a turn: so often the timer ticks, and frames go out."""
        while True:
            self.hardware.timers.tick()
            self.module.step()
            self.vehicle.step()
            await self.clock.sleep_ms(10)

    async def run(self, ms):
        """Let time pass. (With flags to wait for, every turn of the loop costs the unix port a real millisecond.)"""
        await self.clock.advance(ms)
        await asyncio.sleep_ms(0)
        await self.clock.settle()

    async def talk(self, ms):
        """Vehicle and power module are there, for so long."""
        for _ in range(ms // 100):
            self.vehicle.send(REQUEST, request())
            self.module.send(POWER, power(76.0, self.amps))
            self.module.send(STATUS, status(self.amps > 0))
            await self.run(100)

    def permit(self):
        """A transaction begins."""
        self.gate.limit("transaction", 200000)
        self.gate.transaction.set(True)
        assert self.gate.enabled.value, self.gate.blocking()

    async def stop(self):
        self.kernel.request_exit(STOPPED, "end of test")
        code = await self._tasks[0]
        self._tasks[1].cancel()
        return code


class PlainTwai(TwaiEsp32):
    """The driver without its machine code, which would take real addresses; with that of the guard on the model."""

    def __init__(self, **options):
        import machine

        if canguard:
            canguard.model(machine.mem32, self.chip.address)
        super().__init__(registers=Registers(machine.mem32, self.chip.address), code=canguard or FRAMES, **options)


def here(board):
    """The board, with what cannot be on this machine replaced."""
    instead = {
        "drivers.terminal:Terminal": "console_site:Screen",
        "drivers.can.twai_esp32:TwaiEsp32": "esp32_site:PlainTwai",
    }

    def replaced(entry):
        if "scope" in entry:
            return dict(entry, components=tuple([replaced(one) for one in entry["components"]]))
        return dict(entry, use=instead.get(entry["use"], entry["use"]))

    class Here:
        NAME = board.NAME
        COMPONENTS = tuple([replaced(entry) for entry in board.COMPONENTS])
        SETTINGS = board.SETTINGS

    return Here
