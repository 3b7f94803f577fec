"""The byte stream below a request: one receive and one send buffer, and the time that each step may take."""

import asyncio
import time
from micropython import const

from .errors import HttpError

SIZE = const(1024)  # of each buffer
_LINE_MAX = const(4096)  # bytes of a head's line: the Location of a signed URL has 2 KB
_SLOWEST = const(1024)  # bytes that must come or go within one time-out: a server that drips is none


class Wire:
    """Moves bytes of an asyncio stream. Everything raises HttpError; a wire that has raised is of no more use.

    `tls`: for a TLS socket, what calls the steps of its handshake, as ``block`` in ``request``; else None.
    """

    def __init__(self, stream, timeout_ms, tls=None):
        self._stream = stream
        self._tls = tls
        self._timeout_ms = timeout_ms
        self._buf = bytearray(SIZE)
        self._rx = memoryview(self._buf)
        self._pos = self._end = 0
        self._tx = bytearray(SIZE)
        self._held = 0  # bytes in _tx
        self._waited_ms = 0
        self._moved = 0  # bytes in that time
        self.received = 0  # bytes ever

    def close(self):
        """Harmless when called again."""
        stream, self._stream = self._stream, None
        if stream is not None:
            try:
                stream.s.close()  # asyncio's Stream closes only in a coroutine
            except OSError:
                pass  # TLS could not send its close_notify

    async def _timed(self, awaitable):
        began = time.ticks_ms()
        try:
            return await asyncio.wait_for_ms(awaitable, self._timeout_ms)
        except asyncio.TimeoutError:
            raise HttpError("nothing for %d ms" % self._timeout_ms)
        except (OSError, ValueError) as error:  # a ValueError is mbedTLS's about a certificate: lines of text
            raise HttpError("connection lost: " + " ".join(str(error).split()))
        finally:
            self._waited_ms += time.ticks_diff(time.ticks_ms(), began)

    def _count(self, n):
        """Raises HttpError if what moved in one time-out of waiting for the server is hardly anything."""
        self._moved += n
        if self._waited_ms > self._timeout_ms:
            if self._moved < _SLOWEST:
                raise HttpError("too slow: %d bytes in %d ms" % (self._moved, self._waited_ms))
            self._waited_ms = self._moved = 0

    # --- receiving ----------------------------------------------------------------------------------------------

    async def _receive(self, view):
        """At least one byte, or 0 at the end of the stream."""
        while True:
            n = await self._timed(self._stream.readinto(view))
            if n is not None:  # None: nothing after all
                self._count(n)
                self.received += n
                return n

    async def readinto(self, view):
        """Some bytes into `view`: how many, 0 at the end of the stream."""
        n = min(len(view), self._end - self._pos)
        if n:
            view[:n] = self._rx[self._pos : self._pos + n]
            self._pos += n
            return n
        return await self._receive(view)

    async def line(self):
        """The next line, without its end, as Latin-1 text."""
        text = ""
        while True:
            at = self._buf.find(b"\n", self._pos, self._end)
            if at >= 0 or self._pos == 0 and self._end == SIZE:
                piece = self._rx[self._pos : at if at >= 0 else SIZE]
                if len(text) + len(piece) > _LINE_MAX:
                    raise HttpError("a line of more than %d bytes" % _LINE_MAX)
                text += "".join(map(chr, piece))
                self._pos = at + 1 if at >= 0 else SIZE
                if at >= 0:
                    return text.rstrip("\r")
            if self._pos:
                self._rx[: self._end - self._pos] = self._rx[self._pos : self._end]
                self._end -= self._pos
                self._pos = 0
            n = await self._receive(self._rx[self._end :])
            if not n:
                raise HttpError("the connection was closed within a line")
            self._end += n

    # --- sending ------------------------------------------------------------------------------------------------

    async def send(self, data):
        """Send bytes; they are gathered until the buffer is full or `flush`."""
        at = 0
        while at < len(data):
            n = min(len(data) - at, SIZE - self._held)
            self._tx[self._held : self._held + n] = data[at : at + n]
            self._held += n
            at += n
            if self._held == SIZE:
                await self.flush()

    async def flush(self):
        """Have everything on its way; the first one waits until the connection is there."""
        view = memoryview(self._tx)[: self._held]
        self._held = 0
        stream = self._stream
        tls, self._tls = self._tls, None
        if tls:
            from .tls import handshake_tls

            await self._timed(handshake_tls(stream.s, view, tls))
            self._count(len(view))
            return
        stream.out_buf = view  # not write(): that would try before the socket is connected
        try:
            await self._timed(stream.drain())
        finally:
            stream.out_buf = b""
        self._count(len(view))
