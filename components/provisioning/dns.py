"""A DNS that answers every name with one address (RFC 1035), so that a phone finds the page of an access point.

Loaded while that is open. Asked for anything but an A record it answers that the name has none; what is no query with
one question gets no answer.
"""

import asyncio
import select
import socket
from micropython import const

_SIZE = const(512)  # bytes of a message over UDP (section 4.2.1)
_HEADER = const(12)
_NAME_MAX = const(255)
_A = const(1)
_ANY = const(255)
_IN = const(1)
_LOOK_MS = const(20)
_BURST = const(8)  # answers between two looks
_ANSWERED = const(b"\0\0\x84\0\0\1\0\1\0\0\0\0")  # authoritative; 1 question, 1 answer
_NONE = const(b"\0\0\x84\0\0\1\0\0\0\0\0\0")
_RECORD = const(b"\xc0\x0c\0\1\0\1\0\0\0\5\0\4")  # the name asked for; A, IN, 5 s, 4 bytes


def reply(query, address):
    """The answer to `query`, None if it gets none. `address`: 4 bytes."""
    end = _end_of_question(query)
    if not end:
        return None
    kind, of_class = query[end - 4] << 8 | query[end - 3], query[end - 2] << 8 | query[end - 1]
    known = kind in (_A, _ANY) and of_class in (_IN, _ANY)
    head = bytearray(_ANSWERED if known else _NONE)
    head[0:2] = query[0:2]
    head[2] |= query[2] & 1  # recursion desired, as it was
    return bytes(head) + query[_HEADER:end] + (_RECORD + address if known else b"")


def _end_of_question(query):
    """Where the only question of a standard query ends, 0 if it is none. Its name is not compressed."""
    size = len(query)
    if size < _HEADER or query[2] & 0xF8 or query[4] or query[5] != 1 or query[6] or query[7]:
        return 0
    at = _HEADER
    while at < size and query[at]:
        if query[at] > 63:
            return 0
        at += 1 + query[at]
    at += 5
    return at if at <= size and at - _HEADER - 4 <= _NAME_MAX else 0


async def serve(host, port):
    """Answer at `host`, an IPv4 address, until it is cancelled. Raises OSError."""
    address = bytes([int(part) for part in host.split(".")])
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.bind(socket.getaddrinfo(host, port, 0, socket.SOCK_DGRAM)[0][-1])
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        while True:
            for _ in range(_BURST):
                if not poll.poll(0):
                    break
                _take(sock, address)
                await asyncio.sleep_ms(0)
            await asyncio.sleep_ms(_LOOK_MS)
    finally:
        sock.close()


def _take(sock, address):
    """Answer one query; what goes wrong with it is its sender's loss."""
    try:
        packet, sender = sock.recvfrom(_SIZE)
        answer = reply(packet, address)
        if answer is not None:
            sock.sendto(answer, sender)
    except (OSError, MemoryError):
        pass
