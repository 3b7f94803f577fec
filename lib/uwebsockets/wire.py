"""The byte stream below a WebSocket: one receive and one send buffer, and the tasks that move them.

Only the wire's own tasks wait for the stream, and they are cancelled before it is closed. So a user's task that is
cancelled never loses bytes, and a stream that is dropped wakes every task that waits for it.
"""

import asyncio
import time
from micropython import const

from .frames import ConnectionClosed

SIZE = const(512)  # of each buffer: one OCPP message mostly fits. A multiple of 4


def text_of_error(error):
    """Return an error's text, such as mbedTLS's ValueError about a certificate (lines of text), as one line."""
    if isinstance(error, MemoryError):
        return "no memory"  # its own text might not fit either
    return " ".join(str(error).split())


class Wire:
    """Moves bytes of an asyncio stream pair, or what has the same ``readinto``, ``write``, ``drain`` and ``out_buf``.

    ``rx[pos:end]`` is what was received and not yet taken; ``tx`` is free while ``flushed`` is set. ``ended`` says
    why nothing more comes or goes (None: all is well), ``dropped`` is set when the stream is closed.

    ``tls``: for a TLS socket, what calls the steps of its handshake, as ``block`` in ``connect``; else None.
    """

    def __init__(self, reader, writer, request, tls=None):
        self._reader = reader
        self._writer = writer
        self.buf = bytearray(SIZE)
        self.rx = memoryview(self.buf)
        self.pos = 0
        self.end = 0
        self.tx = bytearray(SIZE)
        self._tx = memoryview(self.tx)
        self.ended = None
        self.dropped = asyncio.Event()
        self.flushed = asyncio.Event()
        self.on_flushed = None
        self.last_rx_ms = time.ticks_ms()
        self.alive = False  # set with every byte; the keep-alive clears it
        self._more = asyncio.Event()
        self._room = asyncio.Event()
        self._discard = False
        self._reading = None
        self._lingering = None
        self._flushing = asyncio.create_task(self._flush(request, tls))

    def start(self):
        """Begin to receive."""
        if self.ended is None:
            self._reading = asyncio.create_task(self._receive())

    async def _receive(self):
        why = "end of stream"
        try:
            while await self._receive_some():
                pass
        except Exception as error:  # a MemoryError, too: else it goes unnoticed that nothing is received any more
            why = text_of_error(error)
        self._reading = None
        self._end(why)
        if self._discard:
            self.drop(why)

    async def _receive_some(self):
        pos, end = self.pos, self.end
        if pos:  # no view of the buffer is held while this runs
            self.rx[: end - pos] = self.rx[pos:end]
            self.pos = 0
            self.end = end = end - pos
        if end == SIZE:
            self._room.clear()
            await self._room.wait()
            return True
        n = await self._reader.readinto(self.rx[end:])
        if n:
            self.end = 0 if self._discard else self.end + n
            self.alive = True
            self.last_rx_ms = time.ticks_ms()
            self._more.set()
            await asyncio.sleep_ms(0)  # most times the reader now empties the buffer
        return n != 0  # None: nothing after all

    async def need(self, n):
        """Wait until ``n`` bytes (at most SIZE) are there; raises ConnectionClosed(1006). May be cancelled."""
        while not self.dropped.is_set():
            if self.end - self.pos >= n:
                return
            if self.ended is not None:
                self.drop(self.ended)
                break
            self._more.clear()
            self._room.set()
            await self._more.wait()
        raise ConnectionClosed(1006, self.ended)

    def take(self, n):
        """Return a view of the next ``n`` received bytes, valid until the next await."""
        pos = self.pos
        self.pos = pos + n
        return self.rx[pos : pos + n]

    def put(self, n):
        """Send ``tx[:n]`` without waiting. Only when ``flushed`` is set."""
        try:
            self._writer.write(self._tx[:n])
            if getattr(self._writer, "out_buf", True):
                self.flushed.clear()
                self._flushing = asyncio.create_task(self._flush())
        except (OSError, ValueError, MemoryError) as error:  # some of it may be out: nothing sensible could follow
            self._end(text_of_error(error))

    async def _flush(self, request=None, tls=None):
        try:
            if tls:
                from .tls import handshake_tls

                await handshake_tls(self._writer.s, request, tls)
            elif request:
                await self._send_first(request)
            await self._writer.drain()
        except Exception as error:  # a MemoryError, too: else it goes unnoticed that nothing is sent any more
            self._flushing = None
            self._end(text_of_error(error))
            return
        self._flushing = None
        self.flushed.set()
        if self.on_flushed:
            try:
                self.on_flushed()
            except MemoryError as error:
                self._end(text_of_error(error))

    async def _send_first(self, request):
        if getattr(self._writer, "out_buf", None) == b"":
            self._writer.out_buf = request  # drain() then first waits until the socket is connected
        else:
            self._writer.write(request)

    async def ready(self):
        """Wait until ``put()`` may be called; raises ConnectionClosed(1006)."""
        while not self.flushed.is_set() and self.ended is None:
            await self.flushed.wait()
        if self.ended is not None:
            raise ConnectionClosed(1006, self.ended)

    def _end(self, why):
        """Nothing more comes or goes, but what was received may still be taken."""
        if self.ended is None:
            self.ended = why
        if self._reading:
            self._reading.cancel()
            self._reading = None
        self._more.set()
        self.flushed.set()

    def linger(self, ms):
        """Throw away all input until the peer closes, at most ``ms``; then drop.

        Closing at once would reset the connection, and the peer might never read our last frame.
        """
        self._discard = True
        self.pos = self.end = 0
        self._room.set()
        if self.ended is not None:
            self.drop(self.ended)
        elif not self._lingering:
            self._lingering = asyncio.create_task(self._linger(ms))

    async def _linger(self, ms):
        await asyncio.sleep_ms(ms)
        self._lingering = None
        self.drop("")

    async def expire(self, ms, why):
        """Drop the connection after a while; a task that is cancelled when all went well."""
        await asyncio.sleep_ms(ms)
        self.drop(why)

    def drop(self, why):
        """Close the stream at once and wake all tasks that wait for it. May be called again. Allocates nothing."""
        self._end(why)
        if self._flushing:
            self._flushing.cancel()
        if self._lingering:
            self._lingering.cancel()
        self._flushing = self._lingering = None
        if not self.dropped.is_set():
            self.dropped.set()
            _close(self._reader)
            if self._writer is not self._reader:
                _close(self._writer)


def _close(stream):
    """Close what asyncio's Stream wraps: itself it closes only in a coroutine. A UART has no close at all."""
    stream = getattr(stream, "s", stream)
    if hasattr(stream, "close"):
        try:
            stream.close()
        except OSError:  # TLS could not send its close_notify
            pass
