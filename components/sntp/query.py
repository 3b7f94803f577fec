"""One question to an SNTP server (RFC 4330), and whether its answer can be right; loaded for that."""

import asyncio
import os
import select
import socket
import time
from micropython import const

from core.clock import LATEST_MS

_SIZE = const(48)  # bytes of a message without authentication
_REQUEST = const(0x23)  # leap indicator 0, version 4, mode 3: client
_VERSIONS = const((3, 4))
_SERVER = const(4)  # mode
_UNSYNCHRONIZED = const(3)  # leap indicator
_STRATUM_MAX = const(15)
_DISTANCE_MAX_MS = const(1000)  # RFC 5905's MAXDIST: half the root delay, and the root dispersion
_GATEWAY = const("gateway")
_PORT = const(123)
_ANSWER_MS = const(2000)
_LOOK_MS = const(20)
_EPOCH_S = const(2208988800)  # from 1900-01-01 to 1970-01-01
_ERA_S = const(4294967296)  # seconds of 32 bits, which begin again in 2036
_HALF_ERA_S = const(2147483648)
DENIED = ("DENY", "RSTR")  # kiss codes after which a server is not to be asked any more


class Refused(Exception):
    """The server has no time for us: a kiss code, or what is wrong with its answer."""


async def ask(server, wifi, block, earliest_ms):
    """The time of ``host[:port]``, see `Sntp`: UTC in ms. Raises OSError, Refused. `block`: `Urgent.block`.

    What is no answer to this question is dropped, and the answer awaited for 2 s.
    """
    host, _, port = server.partition(":")
    if host == _GATEWAY:
        host = wifi.address(True)
        if not host:
            raise Refused("it is not known")
    elif not host.replace(".", "").isdigit():
        host = await wifi.resolve(host) or host
    address = block("DNS", socket.getaddrinfo, host, int(port or _PORT), 0, socket.SOCK_DGRAM)[0][-1]
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.connect(address)  # the system hands over what comes from there alone
        cookie = os.urandom(8)  # in place of our time, which is nobody's business: only who saw it can answer
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        began = time.ticks_ms()
        sock.send(bytes((_REQUEST,)) + bytes(_SIZE - 9) + cookie)
        while time.ticks_diff(time.ticks_ms(), began) < _ANSWER_MS:
            if not poll.poll(0):
                await asyncio.sleep_ms(_LOOK_MS)
                continue
            data = sock.recv(_SIZE)
            took_ms = time.ticks_diff(time.ticks_ms(), began)
            if len(data) == _SIZE and data[0] & 7 == _SERVER and data[24:32] == cookie:
                return read(data, took_ms, earliest_ms)
            await asyncio.sleep_ms(0)  # who floods us does not stop the loop
    finally:
        sock.close()
    raise Refused("no answer")


def read(data, took_ms, earliest_ms):
    """UTC in ms at which the answer to our question came, `took_ms` after that. Raises Refused."""
    if not data[1]:
        code = "".join([chr(byte) if 32 < byte < 127 else "?" for byte in data[12:16]])
        raise Refused(code)
    if data[0] >> 6 == _UNSYNCHRONIZED or data[1] > _STRATUM_MAX:
        raise Refused("it is not synchronized")
    if data[0] >> 3 & 7 not in _VERSIONS:
        raise Refused("it speaks another version")
    if _ms(data, 4, 2) // 2 + _ms(data, 8, 2) > _DISTANCE_MAX_MS:
        raise Refused("it is too far from its reference")
    if data[40:48] == bytes(8):
        raise Refused("its time is empty")
    received_ms, sent_ms = _ms(data, 32, 4), _ms(data, 40, 4)
    kept_ms = sent_ms - received_ms
    utc_s = sent_ms // 1000 - _EPOCH_S + (_ERA_S if data[40] < 128 else 0)
    utc_ms = 1000 * utc_s + sent_ms % 1000
    if 0 <= kept_ms <= took_ms:
        took_ms -= kept_ms
    utc_ms += took_ms // 2
    if not earliest_ms <= utc_ms <= LATEST_MS:
        raise Refused("a time before this firmware was made, or too late")
    return utc_ms


def _ms(data, at, size):
    """A fixed-point number of seconds in ms: `size` bytes before the point, and as many behind it."""
    whole = int.from_bytes(data[at : at + size], "big")
    part = int.from_bytes(data[at + size : at + 2 * size], "big")
    return 1000 * whole + (1000 * part >> 8 * size)
