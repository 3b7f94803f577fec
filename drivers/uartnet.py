"""A network that is one wire: a UART whose other end leads to the central system, in the shape of network.WLAN."""

import asyncio
import errno
from micropython import const

_BUFFER = const(2048)  # bytes received while the loop is busy


class UartNetwork:
    """Whoever holds the other end of UART `uart` has connected it with the central system's TCP port.

    `stream` is what a WebSocket is spoken over. It cannot be hung up from here: after a connection that was not closed
    in order, the central system gets the next request inside the old one, finds it wrong, and closes.
    """

    options = {
        "uart": (int, 2, 0, 9),
        "baudrate": (int, 115200),
        "tx": (int, -1, -1, 255),
        "rx": (int, -1, -1, 255),
    }

    def __init__(self, uart=2, baudrate=115200, tx=-1, rx=-1):
        self._number = uart
        self._line = {"baudrate": baudrate, "rxbuf": _BUFFER}
        if tx >= 0:
            self._line["tx"] = tx
        if rx >= 0:
            self._line["rx"] = rx
        self._uart = None

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
        """(reader, writer) for the WebSocket, without what is left of the connection before. Raises OSError."""
        uart = self._uart
        if uart is None:
            raise OSError(errno.ENOTCONN)
        while uart.any():
            uart.read(uart.any())
        stream = asyncio.StreamReader(uart)
        return stream, stream
