"""udns: looks up IPv4 addresses (RFC 1035) for MicroPython's asyncio, where getaddrinfo() would block the event loop.

::

    address = await resolve("example.org", ("192.168.1.1",))  # "93.184.215.14"
    address = await resolve("example.org", servers, cache)  # a dictionary of the caller's, with what was found

- Each server, IPv4 address and maybe ``:port``, is queried in turn, and all of them ``tries`` times, each time with a
  socket, a port and an id of its own. What comes from elsewhere, has another id or question, or is malformed, is
  dropped.
- A name is found by its A records, or by those of the alias (CNAME) in the same answer. Of several addresses each call
  gives the next one. A cache keeps the names that were looked up last, for their time to live, up to an hour.
- An answer is read up to 512 bytes; of one that was cut off (TC) counts what is there. No TCP, no IPv6, no search list.
- Raises OSError: ENOENT if there is no such name, or none with an IPv4 address, ETIMEDOUT without an answer, EINVAL for
  what is no name.
"""

import asyncio
import errno
import os
import select
import socket
import time
from micropython import const

_SIZE = const(512)  # bytes of a message over UDP (section 4.2.1)
_ANSWER = const(0x8000)  # flags of a header (section 4.1.1)
_CUT_OFF = const(0x0200)
_OPCODE_RCODE = const(0x780F)
_NO_SUCH_NAME = const(3)
_A = const(1)
_CNAME = const(5)
_ALIASES = const(8)  # that are followed
_JUMPS = const(8)  # of a compressed name
_NAME_MAX = const(255)
_ADDRESSES = const(8)  # of a name that are kept
_NAMES = const(4)  # in a cache
_TTL_MAX_S = const(3600)
_LOOK_MS = const(20)
_PORT = const(53)
_FIRST_PORT = const(0xC000)  # of ours; they are random


class _Malformed(Exception):
    """Bytes that are no answer."""


async def resolve(name, servers, cache=None, timeout_ms=2000, tries=2):
    """Return an IPv4 address of `name`, as text; `timeout_ms` is for each question."""
    question = _question(name)
    key = name.lower()
    found = _cached(cache, key)
    if found is None:
        found = await _query_all(question, servers, timeout_ms, tries)
        if cache is not None:
            while len(cache) >= _NAMES and key not in cache:
                del cache[min(cache, key=lambda name: cache[name][0])]
            cache[key] = found
    addresses = found[2]
    found[2] = addresses[4:] + addresses[:4]
    return "%d.%d.%d.%d" % tuple(addresses[:4])


def _cached(cache, key):
    """[time, seconds to live, addresses] that is still good, or None."""
    found = cache.get(key) if cache else None
    if found is not None and not 0 <= time.time() - found[0] < found[1]:  # a clock that was set makes it old
        del cache[key]
        return None
    return found


async def _query_all(question, servers, timeout_ms, tries):
    error = errno.ETIMEDOUT
    for _ in range(tries):
        for server in servers:
            try:
                found = await _query(question, server, timeout_ms)
            except OSError as e:
                error = e.errno
                continue
            if found is not None:
                if not found[2]:
                    raise OSError(errno.ENOENT, "no such name")
                return found
    raise OSError(error, "no answer from a DNS server")


async def _query(question, server, timeout_ms):
    """[time, seconds to live, addresses] by one server, without addresses if there are none; or None."""
    host, _, port = server.partition(":")
    packet = os.urandom(2) + b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + question  # recursion desired
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        _bind(sock)
        # connected: the system hands over what comes from there alone
        sock.connect(socket.getaddrinfo(host, int(port or _PORT), 0, socket.SOCK_DGRAM)[0][-1])
        sock.send(packet)
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        began = time.ticks_ms()
        while time.ticks_diff(time.ticks_ms(), began) < timeout_ms:
            if not poll.poll(0):
                await asyncio.sleep_ms(_LOOK_MS)
                continue
            try:
                return _read(packet, sock.recv(_SIZE))
            except _Malformed:
                pass  # of another sender: the answer may still come
    finally:
        sock.close()
    return None


def _bind(sock):
    """To a random port, so that answers are hard to forge."""
    at = _FIRST_PORT | int.from_bytes(os.urandom(2), "big") & ~_FIRST_PORT
    try:
        sock.bind(socket.getaddrinfo("0.0.0.0", at, 0, socket.SOCK_DGRAM)[0][-1])
    except OSError:
        pass  # it is taken: one of the system's


def _question(name):
    """The question for A records of `name` (section 4.1.2). Raises OSError(EINVAL)."""
    question = bytearray()
    for label in name[:-1].split(".") if name.endswith(".") else name.split("."):
        data = label.encode()
        if not 0 < len(data) < 64 or min(data) <= 32 or max(data) >= 127:
            raise OSError(errno.EINVAL, "no host name")
        question.append(len(data))
        question.extend(data)
    if len(question) >= _NAME_MAX:
        raise OSError(errno.EINVAL, "no host name")
    question.extend(b"\0\0\1\0\1")  # the root, type A, class IN
    return bytes(question)


# --- reading an answer ------------------------------------------------------------------------------------------


def _u16(data, at):
    if at + 2 > len(data):
        raise _Malformed
    return data[at] << 8 | data[at + 1]


def _read(packet, data):
    """What `_query` returns, by an answer to `packet`; None: this server has no answer. Raises _Malformed."""
    flags = _u16(data, 2)
    end = len(packet)
    ours = data[:2] == packet[:2] and data[12:end].lower() == packet[12:].lower()
    if not ours or not flags & _ANSWER or _u16(data, 4) != 1:
        raise _Malformed
    if flags & _OPCODE_RCODE == _NO_SUCH_NAME:
        return [0, 0, b""]
    if flags & _OPCODE_RCODE:
        return None
    found = _follow(data, end, _u16(data, 6), _name(data, 12)[0])
    if not found[2] and flags & _CUT_OFF:
        return None  # cut off before it
    return found


def _follow(data, start, count, name):
    """Look for the addresses of `name`, and of what it is an alias of."""
    ttl = _TTL_MAX_S
    for _ in range(_ALIASES):
        addresses = b""
        alias = None
        at = start
        for _ in range(count):
            owner, at = _name(data, at)
            kind, size = _u16(data, at), _u16(data, at + 8)
            at += 10 + size
            if at > len(data):
                raise _Malformed
            if owner != name or _u16(data, at - size - 8) != 1:  # not its own, or not of the class IN
                continue
            if kind == _A and size == 4 and len(addresses) < 4 * _ADDRESSES:
                addresses += data[at - 4 : at]
            elif kind == _CNAME:
                alias = _name(data, at - size)[0]
            else:
                continue
            ttl = min(ttl, _ttl(data, at - size - 6))
        if addresses or alias is None:
            break
        name = alias
    return [time.time(), ttl, addresses]


def _ttl(data, at):
    """Seconds; a large one is cut to what counts, one with the highest bit set is 0 (RFC 2181, section 8)."""
    high = _u16(data, at)
    return 0 if high & 0x8000 else _TTL_MAX_S if high else _u16(data, at + 2)


def _name(data, at):
    """(name in lower case, where it ends) of a name that may be compressed (section 4.1.4). Raises _Malformed."""
    name = b""
    end = 0
    jumps = 0
    while True:
        if at >= len(data):
            raise _Malformed
        length = data[at]
        if length >= 0xC0:
            end = end or at + 2
            at = _u16(data, at) & 0x3FFF
            jumps += 1
            if jumps > _JUMPS:
                raise _Malformed
            continue
        at += 1 + length
        if length >= 64 or at > len(data) or len(name) + length >= _NAME_MAX:
            raise _Malformed
        if not length:
            return name, end or at
        name += b"." + data[at - length : at].lower()
