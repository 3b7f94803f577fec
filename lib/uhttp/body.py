"""The three ways in which the end of a body is marked (RFC 9112, section 6.3).

Each has ``length`` (bytes, None if unknown), ``whole`` (a cut differs from the end) and ``await readinto(buf)``.
"""

from micropython import const

from .errors import HttpError

_CHUNK_DIGITS = const(7)  # hexadecimal: a chunk of 256 MB is none
_TRAILERS_MAX = const(32)


class SizedBody:
    """So many bytes."""

    whole = True

    def __init__(self, wire, length):
        self.length = self._left = length
        self._wire = wire

    async def readinto(self, buf):
        if not self._left or not len(buf):
            return 0
        view = buf if len(buf) <= self._left else memoryview(buf)[: self._left]
        n = await self._wire.readinto(view)
        if not n:
            raise HttpError("broken off: %d of %d bytes are missing" % (self._left, self.length))
        self._left -= n
        return n


class OpenBody:
    """Everything until the server closes: HTTP/1.0."""

    length = None
    whole = False

    def __init__(self, wire):
        self._wire = wire

    async def readinto(self, buf):
        return await self._wire.readinto(buf)


class ChunkedBody:
    """Chunks, each with its size (RFC 9112, section 7.1); extensions and trailers are skipped."""

    length = None
    whole = True

    def __init__(self, wire):
        self._wire = wire
        self._left = 0  # of the chunk
        self._state = 0  # 0: before the first, 1: within a chunk or at its end, 2: after the last

    async def readinto(self, buf):
        if not self._left and self._state < 2 and len(buf):
            await self._next()
        if not self._left:
            return 0
        view = buf if len(buf) <= self._left else memoryview(buf)[: self._left]
        n = await self._wire.readinto(view)
        if not n:
            raise HttpError("broken off within a chunk")
        self._left -= n
        return n

    async def _next(self):
        if self._state and await self._wire.line():
            raise HttpError("a chunk is longer than its size")
        self._state = 1
        size = (await self._wire.line()).partition(";")[0].strip()
        if not 0 < len(size.lstrip("0") or "0") <= _CHUNK_DIGITS or not _is_hexadecimal(size):
            raise HttpError("bad size of a chunk")
        self._left = int(size, 16)
        if not self._left:
            self._state = 2
            for _ in range(_TRAILERS_MAX):
                if not await self._wire.line():
                    return
            raise HttpError("too many trailers")


def _is_hexadecimal(text):
    return bool(text) and all(char in "0123456789abcdefABCDEF" for char in text)
