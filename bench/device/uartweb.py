"""The web server of an image without sockets: each of two UARTs is the one connection of a client."""

import asyncio
from micropython import const

from components.web import Web
from core.tasks import together
from uhttpd import Connection

_UARTS = const((3, 4))
_LOOK_MS = const(5)
_BUFFER = const(1024)


class _Line(Connection):
    """A wire is not closed: where an answer ends the other side sees by its length."""

    def close(self):
        pass


class UartWeb(Web):
    """`Web`, whose clients are at the other ends of UART 3 and 4, which QEMU connects with TCP ports."""

    async def serve(self, listener):
        await together(*[self._serve_line(listener, number) for number in _UARTS])

    async def _serve_line(self, listener, number):
        from machine import UART

        uart = UART(number, 115200, rxbuf=_BUFFER)
        while True:
            await asyncio.sleep_ms(_LOOK_MS)
            if uart.any():
                connection = _Line(asyncio.StreamReader(uart), "uart %d" % number)
                listener.begin(connection)
                while connection in listener.connections:
                    await asyncio.sleep_ms(_LOOK_MS)
