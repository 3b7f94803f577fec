"""The handshake of a TLS socket, step by step: each blocks the event loop for as long as its arithmetic takes."""

import asyncio
import select
from micropython import const

_LOOK_MS = const(10)


async def handshake_tls(sock, data, block):
    """Send `data`, which has the socket make its handshake first; ``block("TLS handshake", ...)`` calls each step."""
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    left = memoryview(data)
    while left:
        if poll.poll(0):
            left = left[block("TLS handshake", sock.write, left) or 0 :]
        await asyncio.sleep_ms(_LOOK_MS if left else 0)
