"""The unix board with a terminal of the tests' own: the real firmware, and a person at its console."""

import asyncio
import struct

from virtual_clock import VirtualClock

from boards import unix
from core.kernel import STOPPED, Kernel
from core.log import Log, LogTail


class Screen:
    """A terminal: `type` gives it bytes, `text` is what was written, `close` ends the input."""

    def __init__(self):
        self.echo = False
        self.text = ""
        self._bytes = b""
        self._more = asyncio.Event()
        self._closed = False

    def type(self, data):
        self._bytes += data.encode() if isinstance(data, str) else data
        self._more.set()

    def close(self):
        self._closed = True
        self._more.set()

    async def read(self, buf):
        while not self._bytes:
            if self._closed:
                return 0
            self._more.clear()
            await self._more.wait()
        count = min(len(buf), len(self._bytes))
        buf[:count] = self._bytes[:count]
        self._bytes = self._bytes[count:]
        return count

    def interrupt_by_key(self, on):
        pass

    def write(self, text):
        self.text += text if isinstance(text, str) else "".join([chr(byte) for byte in text])


class Board:
    NAME = "consoletest"
    COMPONENTS = tuple(
        [dict(entry, use="console_site:Screen") if entry["name"] == "terminal" else entry for entry in unix.COMPONENTS]
    )
    SETTINGS = unix.SETTINGS


SETTINGS = {
    "ocpp": {"url": "ws://127.0.0.1:1/ocpp", "id": "CP-1", "auth_key": "very-secret"},  # nobody is there
    "can": {"port": "socket://127.0.0.1:1"},
    "wifi": {"ssid": "home", "password": "also-secret"},
}


class ConsoleSite:
    """A running firmware and a person at its console."""

    board = Board

    def __init__(self, home):
        self.clock = VirtualClock()
        self.kernel = Kernel(self.board, SETTINGS, self.clock, Log(LogTail(self.clock, None), "main"), home)
        self.screen = self.kernel["terminal"]
        self._task = None

    async def __aenter__(self):
        self._task = asyncio.create_task(self.kernel.run())
        await self.clock.advance(100)
        return self

    async def __aexit__(self, *exc):
        if self._task is not None:
            await self.ended(STOPPED)

    async def ended(self, code):
        self.kernel.request_exit(STOPPED, "test")
        task, self._task = self._task, None
        assert await task == code

    async def cut_power(self):
        """End without a stop."""
        self._task.cancel()
        self.kernel._stop = _nothing
        try:
            await self._task
        except asyncio.CancelledError:
            pass
        self._task = None

    async def type(self, data):
        """What is written after these bytes."""
        before = len(self.screen.text)
        self.screen.type(data)
        await self.clock.settle()
        return self.screen.text[before:]

    async def wait(self, ms):
        """What is written while `ms` pass."""
        before = len(self.screen.text)
        await self.clock.advance(ms)
        return self.screen.text[before:]

    async def charge(self):
        """Have an idTag accepted, a vehicle plugged in, and the gate open."""
        await self.type("config AllowOfflineTxForUnknownId true\nauth CARD-7\n")
        await self.wait_charging(4000)
        gate = self.kernel["gate"]
        assert gate.enabled.value, gate.blocking()

    async def wait_charging(self, ms):
        """`wait` while vehicle and power module speak; of the bus it is only told that it works."""
        before = len(self.screen.text)
        for _ in range(ms // 50):
            self.kernel["can"].healthy.set(True)
            self.receive_all(18.49 if self.kernel["gate"].enabled.value else 0)
            await self.clock.advance(50)
        return self.screen.text[before:]

    def receive(self, identifier, data):
        """A CAN frame to whoever handles it."""
        assert self.kernel["can"]._handlers[identifier](data, len(data)) is not False

    def receive_all(self, deciamps=18.49):
        """What vehicle and power module say: 82.5 V, 30 A wanted; 76.234 V, 1.849 A; 25 of 30 Ah; 76.2 V, 41.5 degC."""
        self.receive(0x1806E5F4, b"\x03\x39\x01\x2c\x00\x00\x00\x00")
        self.receive(0x160B8001, struct.pack(">II", 125000, 0))
        self.receive(0x160D8001, struct.pack(">II", 100000, 0))
        self.receive(0x00433F01, struct.pack(">ff", 76.234, deciamps))
        self.receive(0x00473F01, b"\0\0\0\0\0\0\3\1")
        self.receive(0x0681827E, b"\x01\x84\0\0" + struct.pack(">I", 78029))
        self.receive(0x0681827E, b"\x01\x82\0\0\0\0" + struct.pack(">H", 19))
        self.receive(0x0681827E, b"\x01\x80\0\0\0\0" + struct.pack(">H", 41500))


async def _nothing():
    pass
