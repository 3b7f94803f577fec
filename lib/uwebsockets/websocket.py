"""The connection once it is open: who may read, what control frames do, keep-alive and the closing handshake."""

import asyncio
from micropython import const

from .frames import (
    CLOSE,
    MAX_CONTROL,
    PING,
    PONG,
    ConnectionClosed,
    Violation,
    WebSocketError,
    make_close,
    parse_close,
)
from .inbox import Inbox
from .outbox import Outbox

# How long the peer, which should close the stream first (RFC 6455 7.1.1), may take to do so:
_CLOSE_TIMEOUT_MS = const(200)  # after both close frames; over TLS some never do
_LINGER_MS = const(1000)  # after our close frame, while it may still be sending


class WebSocket:
    """An open connection; ``uwebsockets.connect()`` makes it, the package's text describes its use.

    ``subprotocol`` is what the server picked; ``pong_event`` is set by every pong, ``last_pong`` is its payload.
    """

    def __init__(self, wire, subprotocol, max_size):
        self.subprotocol = subprotocol
        self.pong_event = asyncio.Event()
        self.last_pong = None
        self._wire = wire
        self._inbox = Inbox(wire, max_size, self._on_control)
        self._outbox = Outbox(wire)
        self._ended = None  # (code, reason) of the closing handshake
        self._quiet = asyncio.Event()  # clear while a task reads
        self._quiet.set()

    @property
    def closed(self):
        """True when nothing can be sent any more; recv() still returns what had come, then raises the reason."""
        return self._ended is not None or self._wire.ended is not None

    @property
    def close_code(self):
        """The close code, RFC 6455 7.4 (1006: without a closing handshake); None while open."""
        return self._ended[0] if self._ended else 1006 if self.closed else None

    @property
    def close_reason(self):
        """Why the connection is closed; an empty string while open."""
        return self._ended[1] if self._ended else self._wire.ended or ""

    @property
    def last_rx_ms(self):
        """``time.ticks_ms()`` when bytes last came."""
        return self._wire.last_rx_ms

    @property
    def is_text(self):
        """True if the last message was text."""
        return self._inbox.is_text

    async def recv(self):
        """Return the next message, str or bytes; raises ConnectionClosed. May be cancelled at any time."""
        return await self._read(self._inbox.message())

    async def recv_into(self, buf):
        """Receive the next message, text or not, into a bytearray; return its length. Raises ConnectionClosed.

        A message longer than ``buf`` ends the connection (1009). May be cancelled at any time: what had come is kept
        for the next call.
        """
        return await self._read(self._inbox.into(buf))

    async def _read(self, reading):
        if self._ended:
            raise ConnectionClosed(*self._ended)
        if not self._quiet.is_set():
            if self._outbox.shut:  # it is close() who reads
                raise ConnectionClosed(*self._outbox.shut)
            raise WebSocketError("another task is in recv()")
        self._quiet.clear()
        try:
            return await reading
        except ConnectionClosed:
            self._inbox.reset()
            raise
        except MemoryError:  # somewhere inside a message: where the next one begins is not known any more
            self._inbox.reset()
            self._wire.drop("no memory")
            raise ConnectionClosed(1006, "no memory")
        except Violation as error:
            self._inbox.reset()
            self._end(error.code, error.reason, make_close(error.code, error.reason), _LINGER_MS)
        finally:
            self._quiet.set()

    def _on_control(self, opcode, payload):
        if opcode == PING:
            self._outbox.send_control(PONG, payload)
        elif opcode == PONG:
            self.last_pong = payload
            self.pong_event.set()
        else:
            code, reason = parse_close(payload)
            self._end(code, reason, payload[:2], _CLOSE_TIMEOUT_MS)

    def _end(self, code, reason, answer, linger_ms):
        """The peer or this side closes: send a close frame if we did not, let the peer close, raise."""
        self._ended = self._outbox.shut = (code, reason)
        self._outbox.send_control(CLOSE, answer)
        self._wire.linger(linger_ms)
        raise ConnectionClosed(code, reason)

    async def send(self, data, fragment=0):
        """Send str as text or bytes as binary; with ``fragment``, in frames of so many bytes.

        Several tasks may send, one message goes after the other. Raises ConnectionClosed. If it is cancelled inside a
        message, or fails there in another way, the connection is dropped, for nothing sensible could follow.
        """
        await self._outbox.send(data, fragment)

    async def ping(self, payload=b""):
        """Send a ping of at most 125 bytes, also between the frames of a message."""
        if len(payload) > MAX_CONTROL:
            raise ValueError("ping payload too long")
        if self.closed or self._outbox.shut:
            raise ConnectionClosed(*(self._outbox.shut or (self.close_code, self.close_reason)))
        self._outbox.send_control(PING, bytes(payload))
        await self._wire.ready()

    async def keepalive(self, interval_ms, timeout_ms, sleep_ms=asyncio.sleep_ms):
        """Ping every ``interval_ms``; drop the connection if not a byte comes within ``timeout_ms`` (recv: 1006).

        Its owner runs it as a task, and cancels it and starts another one to change the times. Returns when closed.
        """
        await sleep_ms(interval_ms)
        while not self.closed:
            self._wire.alive = False
            self._outbox.send_control(PING, b"")
            await sleep_ms(timeout_ms)
            if not self._wire.alive:
                self._wire.drop("keep-alive time-out")
                return
            await sleep_ms(max(0, interval_ms - timeout_ms))

    async def close(self, code=1000, reason="", timeout_ms=2000):
        """Say good-bye, await the peer's answer, close the stream: at most ``timeout_ms``, whatever happens.

        Messages that come meanwhile are thrown away, except by a recv() that was already waiting.
        """
        try:
            payload = make_close(code, reason)
            timer = asyncio.create_task(self._wire.expire(timeout_ms, "close timed out"))
        except MemoryError:
            self._wire.drop("no memory")
            raise
        try:
            async with self._outbox.lock:  # after the message that is being sent
                self._outbox.shut = self._outbox.shut or (code, reason)
                self._outbox.send_control(CLOSE, payload)
            while not self.closed:
                await self._quiet.wait()  # another task in recv() gets the answer as well
                await self._skip()
            await self._wire.dropped.wait()
        finally:
            timer.cancel()
            self._wire.drop("close cancelled")

    async def _skip(self):
        try:
            while not self.closed:
                await self._read(self._inbox.skip())
        except WebSocketError:
            pass

    def abort(self):
        """Drop the stream at once, without a word; recv() and send() raise ConnectionClosed(1006)."""
        self._wire.drop("aborted")
