"""The server's end of a WebSocket whose every byte a test decides, for ``uwebsockets.connect(stream=...)``."""

import asyncio
import binascii
import hashlib
import struct

from uwebsockets import connect

URL = "ws://station.example/ocpp/CP-1"
DEADLINE_MS = 20000


async def until(condition):
    """Wait until ``condition()`` is true; fail after DEADLINE_MS."""
    for turn in range(DEADLINE_MS):
        if condition():
            return
        await asyncio.sleep_ms(0 if turn < 20 else 1)
    raise AssertionError("waited in vain")


class Stream:
    """A byte stream like asyncio's: ``feed()`` what the client shall read, see in ``sent`` what it wrote.

    ``room``: how many bytes it takes before ``drain()`` blocks (None: any number). ``chunk``: longest read.
    """

    def __init__(self, chunk=65536):
        self.sent = bytearray()
        self.out_buf = b""
        self.room = None
        self.chunk = chunk
        self.closed = 0
        self.reading = False  # somebody waits for input
        self.write_error = None
        self._in = bytearray()
        self._end = None
        self._event = asyncio.Event()

    def feed(self, data):
        self._in.extend(data)
        self._event.set()

    def end(self, error=0):
        """No more input: end of file, an OSError of that number, or an exception."""
        self._end = error
        self._event.set()

    async def readinto(self, buf):
        while not self._in:
            if self._end is not None:
                if self._end:
                    raise OSError(self._end) if isinstance(self._end, int) else self._end
                return 0
            self._event.clear()
            self.reading = True
            try:
                await self._event.wait()
            finally:
                self.reading = False
        n = min(len(buf), len(self._in), self.chunk)
        buf[:n] = self._in[:n]
        self._in = self._in[n:]
        return n

    def write(self, data):
        self.out_buf += bytes(data)
        self._move()

    def _move(self):
        if self.write_error:
            raise OSError(self.write_error) if isinstance(self.write_error, int) else self.write_error
        n = len(self.out_buf) if self.room is None else min(self.room, len(self.out_buf))
        if self.room is not None:
            self.room -= n
        self.sent += self.out_buf[:n]
        self.out_buf = self.out_buf[n:]

    async def drain(self):
        while True:
            self._move()
            if not self.out_buf:
                return
            await asyncio.sleep_ms(1)

    def close(self):
        self.closed += 1

    def unread(self):
        return len(self._in)


def frame(first, payload=b"", length=None):
    """Return a server's frame; ``length``: its length field's bytes if they shall be wrong."""
    n = len(payload)
    if length is None:
        length = bytes((n,)) if n < 126 else b"\x7e" + struct.pack(">H", n)
        if n > 65535:
            length = b"\x7f" + struct.pack(">II", 0, n)
    return bytes((first,)) + length + payload


def close_frame(code, reason=b""):
    return frame(0x88, struct.pack(">H", code) + reason)


def frames_in(data):
    """Return the client's frames as (first byte, payload); they must be whole and masked."""
    found = []
    at = 0
    while at < len(data):
        first, second = data[at], data[at + 1]
        assert second & 0x80, "not masked"
        n = second & 0x7F
        at += 2
        if n == 126:
            n = struct.unpack_from(">H", data, at)[0]
            at += 2
        elif n == 127:
            n = struct.unpack_from(">II", data, at)[1]
            at += 8
        key = data[at : at + 4]
        body = data[at + 4 : at + 4 + n]
        assert len(body) == n, "cut frame"
        at += 4 + n
        found.append((first, bytes(byte ^ key[i & 3] for i, byte in enumerate(body))))
    return found


def accept_of(request):
    key = request.split("Sec-WebSocket-Key: ")[1].split("\r\n")[0]
    digest = hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    return binascii.b2a_base64(digest).decode().strip()


ANSWER = (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n"
)


async def answer(stream, template=ANSWER, then=b""):
    """Await the client's request and answer it; return the request. ``%s`` becomes the right accept value."""
    await until(lambda: b"\r\n\r\n" in stream.sent)
    request = stream.sent.decode()
    stream.sent = bytearray()
    stream.feed((template % accept_of(request) if "%s" in template else template).encode() + then)
    return request


async def opened(stream=None, then=b"", **options):
    """Return an open WebSocket and the stream at its other end."""
    stream = stream or Stream()
    server = asyncio.create_task(answer(stream, then=then))
    ws = await connect(URL, stream=(stream, stream), **options)
    await server
    return ws, stream


async def raised(expected, coroutine):
    """Return the exception of that type that a coroutine raises; fail if there is none within DEADLINE_MS."""
    try:
        result = await asyncio.wait_for_ms(coroutine, DEADLINE_MS)
    except expected as error:
        return error
    raise AssertionError("not raised, but returned %r" % (result,))
