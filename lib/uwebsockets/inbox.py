"""Receiving: received frames become whole messages; control frames are handed on as they come."""

import asyncio

from .frames import FIN, TEXT, Violation, check_header, header_size, payload_size, text_of
from .wire import SIZE


class Inbox:
    """Assembles messages of at most ``limit`` bytes; calls ``on_control(opcode, payload)``; raises Violation.

    What is known of the message begun is kept here, not in a coroutine: any method may be cancelled and another one
    goes on with the same message.
    """

    def __init__(self, wire, limit, on_control):
        self._wire = wire
        self._limit = limit
        self._on_control = on_control
        self.is_text = False  # of the last whole message
        self._opcode = 0  # of the message begun, 0: none
        self._fin = 0
        self._left = -1  # bytes to come of the frame begun, -1: a header comes next
        self._n = 0  # bytes in _message
        self._message = b""
        self._utf8 = None  # the check of the text begun, once more than a frame of it is collected

    async def message(self):
        """Return the next message, str or bytes."""
        if self._left < 0:
            await self._next_frame()
        if self._fin and not self._n and self._left <= min(SIZE, self._limit):
            await self._wire.need(self._left)
            view = self._wire.take(self._left)  # a small message needs no buffer of its own
            data = text_of(view) if self._opcode == TEXT else bytes(view)
        else:
            n = await self._collect(None, self._limit)
            view = memoryview(self._message)[:n]
            try:
                data = str(view, "utf-8") if self._opcode == TEXT else bytes(view)
            except MemoryError:
                raise Violation(1009, "no memory")
            finally:
                self._message = b""
        self._done()
        return data

    async def into(self, buf):
        """Receive the next message into a bytearray and return its length."""
        try:
            n = await self._collect(buf, min(len(buf), self._limit))
        except asyncio.CancelledError:
            if self._n:  # the buffer is the caller's again
                self._message = bytearray(memoryview(buf)[: self._n])
            raise
        self._message = b""
        self._done()
        return n

    async def skip(self):
        """Throw away one message."""
        while True:
            if self._left < 0:
                await self._next_frame()
            while self._left:
                await self._wire.need(1)
                self._left -= len(self._take())
            self._left = -1
            if self._fin:
                break
        self._done()

    def reset(self):
        """Let go of the message begun: nothing more of it comes."""
        self._message = b""

    def _done(self):
        self.is_text = self._opcode == TEXT
        self._opcode = self._n = 0
        self._left = -1
        self._utf8 = None

    async def _collect(self, buf, limit):
        """Receive the rest of a message into ``buf``, or into a buffer of our own; return its whole length."""
        if buf is not None and self._n <= limit:
            buf[: self._n] = memoryview(self._message)[: self._n]
        while True:
            if self._left < 0:
                await self._next_frame()
            if self._n + self._left > limit:
                raise Violation(1009, "message longer than %d" % limit)
            target = self._grow(self._n + self._left) if buf is None else buf
            while self._left:
                await self._wire.need(1)
                self._copy(target)
            self._left = -1
            if self._fin:
                break
        if self._utf8 is not None:
            self._utf8.finish()
        return self._n

    def _grow(self, size):
        have = len(self._message)
        if have < size:
            size = max(size, min(2 * have, self._limit))  # many small fragments must not copy it each time
            try:
                message = bytearray(size)
            except MemoryError:
                raise Violation(1009, "no memory")
            message[: self._n] = memoryview(self._message)[: self._n]
            self._message = message
        return self._message

    def _take(self):
        wire = self._wire
        return wire.take(min(self._left, wire.end - wire.pos))

    def _copy(self, target):
        piece = self._take()
        if self._opcode == TEXT:
            if self._utf8 is None:
                from .utf8 import Utf8

                self._utf8 = Utf8()
            self._utf8.feed(piece)
        target[self._n : self._n + len(piece)] = piece
        self._n += len(piece)
        self._left -= len(piece)

    async def _next_frame(self):
        """Read the header of the next data frame; hand on the control frames before it."""
        wire = self._wire
        while True:
            await wire.need(2)
            first = wire.buf[wire.pos]
            second = wire.buf[wire.pos + 1]
            check_header(first, second, self._opcode)
            size = header_size(second)
            if not first & 8:
                break
            await wire.need(size + second)
            wire.take(size)
            self._on_control(first & 15, bytes(wire.take(second)))
        await wire.need(size)
        self._left = payload_size(wire.buf, wire.pos)
        wire.take(size)
        self._fin = first & FIN
        if first & 15:
            self._opcode = first & 15
