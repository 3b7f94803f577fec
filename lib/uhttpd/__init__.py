"""uhttpd: a small HTTP/1.1 server for MicroPython's asyncio, in which everything is bounded.

::

    async def handle(connection):
        from uhttpd.request import Request  # need not be loaded while nobody is connected

        request = Request(connection)
        try:
            await request.read_line()  # request.method, .path, .query
            await request.read_fields(("content-type",))  # request.fields
            data = await request.body(4096)
            await request.answer(200, "hello\\n", "text/plain")
        except Refusal as refusal:
            await request.answer(refusal.status, str(refusal), "text/plain")

    await Listener(handle, port=80).run()

- `Listener` is all that has to stay in memory while nobody is connected. It serves at most `most` connections at
  once, of one address at most `each`; whoever comes besides is told 503 and closed at once. A connection that has not
  sent the head of a request after 1 s gives its place to the next one that needs it.
- Whatever a client does has a time limit: `Connection.allow`. The limits hold for the whole of a head, a body or an
  answer, not for each read: a client that drips gains nothing.
- Bounds: a request line of 512 bytes, a head of 4 KB, of which only the fields that are asked for are kept, bodies as
  large as the handler says; larger ones can be read piece by piece (`Request.readinto`).
- One request a connection. No Transfer-Encoding in requests, no compression.
- No memory: the client is told 503 where it can be, and the server goes on.
- TLS: `context`, an ``ssl.SSLContext``; each step of a handshake blocks the event loop for as long as its arithmetic
  takes: ``block(what, function, *arguments)`` calls them.
"""

import asyncio
import time
from micropython import const

__all__ = ("Connection", "Listener", "Refusal")

_BACKLOG = const(8)
_HEAD_MS = const(5000)  # until the head of a request is here, a TLS handshake included
_PATIENCE_MS = const(1000)  # before a connection without one gives its place to another
_LOOK_MS = const(250)
_PAUSE_MS = const(10)  # after one that was refused: so many of them cost at most that much
_REQUEST = const(512)
_BUSY = const(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


class Refusal(Exception):
    """A request is to be answered with ``status``; ``word`` and the text say why.

    ``fields``: more of that answer's head; ``details``: more of what is wrong, a dict or ().
    """

    def __init__(self, status, word, text, fields=(), details=()):
        super().__init__(text)
        self.status = status
        self.word = word
        self.fields = fields
        self.details = details


class Connection:
    """One connection of a client: ``stream`` of asyncio, ``address``: the client's IP address, bytes or text.

    ``waits``: the head of a request is not here yet. ``answered``: bytes of an answer were sent.
    """

    waits = True
    answered = False
    task = None

    def __init__(self, stream, address, block=None):
        self.stream = stream
        self.address = address
        self._block = block
        self.began_ms = time.ticks_ms()
        self.until_ms = 0
        self.allow(_HEAD_MS)

    def allow(self, ms):
        """What goes on now ends within so many ms, or the connection is closed. None: no limit."""
        self.until_ms = None if ms is None else time.ticks_add(time.ticks_ms(), ms)

    async def readinto(self, view):
        """At least one byte into `view`: how many, 0 at the end of the stream. Raises OSError."""
        n = None
        while n is None:  # nothing after all, or a step of a handshake
            await _readable(self.stream.s)
            if self._block is None:
                n = self.stream.s.readinto(view)
            else:
                n = self._block("TLS handshake", self.stream.s.readinto, view)
        self._block = None
        return n

    def close(self):
        """Harmless when called again."""
        try:
            self.stream.s.close()
        except OSError:
            pass  # TLS could not send its close_notify


class Listener:
    """Accepts connections at a port: ``run()`` until it is cancelled; ``handle(connection)`` is a coroutine function.

    ``report(error)`` is called with what a handler raises, but for OSError: then the client has gone. ``idle()`` is
    called when the last connection has ended. Counters: ``served``, ``refused``, ``late`` (closed by a time limit).
    """

    served = refused = late = 0
    _watching = None

    def __init__(self, handle, port, most=4, each=3, host="0.0.0.0", report=None, idle=None, context=None, block=None):
        self.connections = []
        self._handle = handle
        self._place = host, port
        self._most = most
        self._each = each
        self._report = report
        self._idle = idle
        self._context = context
        self._block = block or _call

    async def run(self):
        """Raises OSError if the port cannot be had."""
        import socket  # a port without sockets can still serve other connections

        sock = socket.socket()
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(socket.getaddrinfo(*self._place)[0][-1])
            sock.listen(_BACKLOG)
            while True:
                await _readable(sock)
                await asyncio.sleep_ms(0 if self._accept(sock) else _PAUSE_MS)
        finally:
            sock.close()
            self._end_all()

    def _accept(self, sock):
        """Whether a connection is served from now on."""
        client = None
        try:
            client, place = sock.accept()
            client.setblocking(False)
            address = _address(place)
            if not self._has_room(address):
                self.refused += 1
                if self._context is None:
                    client.read(_REQUEST)  # what is not read would have the connection reset, and the answer lost
                    client.write(_BUSY)
                client.close()
                return False
            if self._context is not None:
                client = self._context.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
                client.setblocking(False)
            self.begin(Connection(asyncio.StreamReader(client), address, self._context and self._block))
            return True
        except (OSError, MemoryError, ValueError):  # of a client that has gone already, or a handshake
            self.refused += 1
            if client is not None:
                client.close()
            return False

    def begin(self, connection):
        """Serve a connection that has been accepted, by `run` or by others. Raises MemoryError: then nothing has begun.
        """
        self.connections.append(connection)
        try:
            if self._watching is None:
                self._watching = asyncio.create_task(self._watch())
            connection.task = asyncio.create_task(self._serve(connection))
        except MemoryError:
            self.connections.remove(connection)
            raise
        self.served += 1

    def _has_room(self, address):
        """Whether one more of that address can be served, perhaps as another gives its place away."""
        same = oldest = None
        count = 0
        for connection in self.connections:
            gives = connection.waits and time.ticks_diff(time.ticks_ms(), connection.began_ms) > _PATIENCE_MS
            if gives and oldest is None:
                oldest = connection
            if connection.address == address:
                count += 1
                if gives and same is None:
                    same = connection
        if count >= self._each:
            return self._take_place(same)
        return len(self.connections) < self._most or self._take_place(same or oldest)

    def _take_place(self, connection):
        if connection is None:
            return False
        self._end(connection)
        return True

    def _end(self, connection):
        """The rest is done by its task; until then its socket is open, and no longer counts."""
        self.late += 1
        self.connections.remove(connection)
        connection.task.cancel()

    def _end_all(self):
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None
        while self.connections:
            connection = self.connections.pop()
            connection.task.cancel()
            connection.close()

    async def _watch(self):
        """Close what takes longer than it may, as long as there is any."""
        try:
            while self.connections:
                await asyncio.sleep_ms(_LOOK_MS)
                now = time.ticks_ms()
                for connection in self.connections:
                    if connection.until_ms is not None and time.ticks_diff(now, connection.until_ms) > 0:
                        self._end(connection)
                        break  # the list has changed; the next one is looked at in a moment
        finally:
            self._watching = None

    async def _serve(self, connection):
        try:
            await self._handle(connection)
        except OSError:
            pass  # the client has gone
        except Exception as e:  # one request has failed: the server goes on
            self._failed(connection, e)
        finally:
            connection.close()
            if connection in self.connections:
                self.connections.remove(connection)
            if not self.connections and self._idle is not None:
                self._idle()

    def _failed(self, connection, error):
        """Nothing here may need memory."""
        if not connection.answered and self._context is None:
            try:
                connection.stream.s.write(_BUSY)
            except OSError:
                pass
        if self._report is not None:
            self._report(error)


def _readable(sock):
    """Awaitable: asyncio has one for streams only."""
    yield asyncio.core._io_queue.queue_read(sock)  # type: ignore[attr-defined]


def _call(what, function, *arguments):
    return function(*arguments)


def _address(place):
    """The client's IP address, out of what accept() returns: on the unix port as the system has it."""
    if isinstance(place, tuple):
        return place[0]
    import socket

    return socket.sockaddr(place)[1]  # type: ignore[attr-defined]
