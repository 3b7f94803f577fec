"""Sending: messages become masked frames, with the control frames that are owed in between."""

import asyncio
import os

from .frames import BINARY, CLOSE, FIN, TEXT, ConnectionClosed, mask, put_header
from .wire import SIZE


class Outbox:
    """Sends messages one after the other and control frames as soon as no frame is half out."""

    def __init__(self, wire):
        self._wire = wire
        wire.on_flushed = self._send_pending
        self.lock = asyncio.Lock()  # held while a message is sent
        self.shut = None  # (code, reason) after which nothing but a close frame is sent
        self._half_frame = False
        self._half_message = False
        self._control = {}  # opcode: payload
        self._close_sent = False

    async def send(self, data, fragment):
        """Send str as text, bytes as binary, in frames of ``fragment`` bytes (0: one frame)."""
        view = memoryview(data)
        opcode = TEXT if isinstance(data, str) else BINARY
        size = fragment or len(view) or 1
        async with self.lock:
            try:
                for i in range(0, len(view) or 1, size):
                    last = i + size >= len(view)
                    await self._send_frame(FIN | opcode if last else opcode, view[i : i + size])
                    opcode = 0
            except ConnectionClosed:
                raise
            except BaseException as error:  # such as a MemoryError: what followed would be taken for the message's rest
                if self._half_message:
                    self._wire.drop("send cancelled" if isinstance(error, asyncio.CancelledError) else "send failed")
                raise

    async def _send_frame(self, first, payload):
        await self._wire.ready()
        if self.shut:
            raise ConnectionClosed(*self.shut)
        key = os.urandom(4)
        self._half_message = True
        i = self._put(first, payload, key)
        while i < len(payload):
            await asyncio.sleep_ms(0)
            await self._wire.ready()
            i += self._put_part(0, payload, i, key)
        self._half_message = not first & FIN
        self._send_pending()
        await asyncio.sleep_ms(0)  # a loop that only sends leaves room for the others

    def _put(self, first, payload, key):
        """Send a frame as far as the wire's buffer goes; return how much of the payload is out."""
        return self._put_part(put_header(self._wire.tx, first, len(payload), key), payload, 0, key)

    def _put_part(self, at, payload, i, key):
        n = min(len(payload) - i, (SIZE - at) & ~3)  # whole words keep the key in step
        mask(self._wire.tx, at, payload, i, n, key)
        self._half_frame = i + n < len(payload)
        self._wire.put(at + n)
        return n

    def send_control(self, opcode, payload):
        """Send a control frame now or between the next two frames; a newer one replaces it (5.5.3). Never waits."""
        if not self._close_sent:
            self._control[opcode] = payload
            self._send_pending()

    def _send_pending(self):
        wire = self._wire
        while self._control and not self._half_frame and wire.flushed.is_set() and not wire.dropped.is_set():
            opcode = CLOSE if CLOSE in self._control else next(iter(self._control))
            payload = self._control.pop(opcode)
            if opcode == CLOSE:
                self._close_sent = True
                self._control.clear()
            self._put(FIN | opcode, payload, os.urandom(4))
