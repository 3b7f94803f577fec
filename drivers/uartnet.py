"""A network that is one wire: a UART whose other end leads to the central system, in the shape of network.WLAN."""

import asyncio
import errno
from micropython import const

_BUFFER = const(2048)  # bytes received while the loop is busy
_HANG_UP = const(b"\x88\x80\0\0\0\0\r\n\r\n")  # WebSocket: close, without a reason, masked. HTTP: no request
_DIAL_MS = const(2500)  # so long whoever holds the other end takes to connect it again; QEMU up to 2 s


class _Line(asyncio.StreamReader):
    """The UART as a stream. What is sent first waits until the other end has hung up and is connected again."""

    def __init__(self, uart, hold_ms):
        super().__init__(uart)
        self._hold_ms = hold_ms

    async def drain(self):
        if self._hold_ms:
            hold_ms, self._hold_ms = self._hold_ms, 0
            await asyncio.sleep_ms(hold_ms)
            _empty(self.s)  # type: ignore[attr-defined]
        await super().drain()  # type: ignore[misc]


def _empty(uart):
    """Throw away what was received."""
    while uart.any():
        uart.read(uart.any())


class UartNetwork:
    """Whoever holds the other end of UART `uart` has connected it with the central system's TCP port.

    `stream` is what a WebSocket is spoken over. A wire cannot be hung up, so before each connection but the first one
    the central system is sent what makes it end whatever was before: a Close in a WebSocket, nonsense in HTTP.
    """

    options = {
        "uart": (int, 2, 0, 9),
        "baudrate": (int, 115200),
        "tx": (int, -1, -1, 255),
        "rx": (int, -1, -1, 255),
    }

    def __init__(self, uart, baudrate, tx, rx):
        self._number = uart
        self._line = {"baudrate": baudrate, "rxbuf": _BUFFER}
        if tx >= 0:
            self._line["tx"] = tx
        if rx >= 0:
            self._line["rx"] = rx
        self._uart = None
        self._dialled = False

    def active(self, is_active=None):
        """Whether the UART is open; ``active(True)`` opens it. Raises OSError, ValueError for one that is not there."""
        if is_active and self._uart is None:
            from machine import UART

            self._uart = UART(self._number, **self._line)
        return self._uart is not None

    def connect(self, ssid=None, key=None):
        """Nothing to do: the wire is there."""

    def disconnect(self):
        """Nothing to do: the wire is there."""

    def isconnected(self):
        """Whether the UART is open: a wire does not tell more."""
        return self._uart is not None

    def status(self, param=None):
        """``status("rssi")``: None, a wire has no strength."""
        if param != "rssi":
            raise ValueError("unknown status %r" % param)
        return None

    def stream(self):
        """(reader, writer) for a new WebSocket. Raises OSError."""
        uart = self._uart
        if uart is None:
            raise OSError(errno.ENOTCONN)
        hold_ms = 0
        if self._dialled:
            uart.write(_HANG_UP)
            hold_ms = _DIAL_MS
        self._dialled = True
        _empty(uart)
        stream = _Line(uart, hold_ms)
        return stream, stream
