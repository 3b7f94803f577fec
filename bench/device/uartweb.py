"""The web server of an image without sockets: each of two UARTs is the one connection of a client."""

import asyncio
from micropython import const

from components.web import Web

_UARTS = const((3, 4))
_LOOK_MS = const(5)
_BUFFER = const(1024)


class UartWeb(Web):
    """`Web`, whose clients are at the other ends of UART 3 and 4, which QEMU connects with TCP ports."""

    async def listen(self):
        from machine import UART

        uarts = [UART(number, 115200, rxbuf=_BUFFER) for number in _UARTS]
        while True:
            await asyncio.sleep_ms(_LOOK_MS)
            if any(uart.any() for uart in uarts):
                try:
                    await _serve(self, uarts)
                finally:
                    self.let_go()


async def _serve(web, uarts):
    from components.web.serving import pool_of
    from uhttpd.pool import Connection

    class Line(Connection):
        """A wire is not closed: where an answer ends the other side sees by its length."""

        def close(self):
            pass

    pool = pool_of(web)
    served = {}

    async def accept():
        while True:
            for number, uart in zip(_UARTS, uarts):
                if uart.any() and served.get(number) not in pool.connections:
                    served[number] = Line(asyncio.StreamReader(uart), "uart %d" % number)
                    pool.begin(served[number])
            await asyncio.sleep_ms(_LOOK_MS)

    await pool.run(accept())
