"""The connections that are served at once. Loaded while there is any."""

import asyncio
import time
from micropython import const

from . import BUSY, readable

_HEAD_MS = const(5000)  # until the head of a request is here, a TLS handshake included
_PATIENCE_MS = const(1000)  # before a connection without one gives its place to another
_LOOK_MS = const(250)
_PAUSE_MS = const(10)  # after one that was refused
_REQUEST = const(1024)


class Connection:
    """One connection of a client: ``stream`` of asyncio, ``address``: the client's IP address, bytes or text.

    ``waits``: the head of a request is not here yet, or its body. ``answered``: bytes of an answer were sent.
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
            await readable(self.stream.s)
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


class Pool:
    """``handle(connection)`` is a coroutine function. ``report(error)`` is called with what it raises, but for OSError:
    then the client has gone. ``refused`` counts those for whom there was no place, ``late`` those who lost theirs.
    """

    refused = late = 0

    def __init__(self, handle, most=4, each=3, report=None, context=None, block=None):
        self.connections = []
        self._handle = handle
        self._most = most
        self._each = each
        self._report = report
        self._context = context
        self._block = block or _call
        self._scrap = bytearray(64)

    async def run(self, accepting):
        """Run the coroutine `accepting`, such as `accept`, until nobody is connected; close what takes longer than it
        may.
        """
        task = asyncio.create_task(accepting)
        try:
            await asyncio.sleep_ms(_LOOK_MS)
            while self.connections:
                await asyncio.sleep_ms(_LOOK_MS)
                now = time.ticks_ms()
                for connection in self.connections:
                    if connection.until_ms is not None and time.ticks_diff(now, connection.until_ms) > 0:
                        self._end(connection)
                        break  # the list has changed; the next one is looked at in a moment
        finally:
            task.cancel()
            while self.connections:
                connection = self.connections.pop()
                connection.task.cancel()
                connection.close()

    async def accept(self, sock):
        """Accept what comes at a listening socket."""
        while True:
            await readable(sock)
            await asyncio.sleep_ms(0 if self._accept(sock) else _PAUSE_MS)

    def _accept(self, sock):
        """Whether a connection is served from now on."""
        client = None
        try:
            client, place = sock.accept()
            client.setblocking(False)
            address = _address(place)
            if not self._has_room(address):
                self._refuse(client)
                return False
            if self._context is not None:
                client = self._context.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
                client.setblocking(False)
            self.begin(Connection(asyncio.StreamReader(client), address, self._context and self._block))
            return True
        except (OSError, MemoryError, ValueError):  # of a client that has gone already, or a handshake
            if client is not None:
                self._refuse(client)
            return False

    def _refuse(self, client):
        self.refused += 1
        self._say_busy(client)
        client.close()

    def _say_busy(self, client):
        """Tell a client to come again. Nothing here may need memory."""
        try:
            if self._context is None:
                for _ in range(_REQUEST // len(self._scrap)):
                    if not client.readinto(self._scrap):
                        break  # what is not read would have the connection reset, and the answer lost
                client.write(BUSY)
        except OSError:
            pass

    def begin(self, connection):
        """Serve a connection that was accepted. Raises MemoryError: then nothing has begun."""
        self.connections.append(connection)
        try:
            connection.task = asyncio.create_task(self._serve(connection))
        except MemoryError:
            self.connections.remove(connection)
            raise

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

    def _failed(self, connection, error):
        if not connection.answered:
            self._say_busy(connection.stream.s)
        if self._report is not None:
            self._report(error)


def _call(what, function, *arguments):
    return function(*arguments)


def _address(place):
    """The client's IP address, out of what accept() returns: on the unix port as the system has it."""
    if isinstance(place, tuple):
        return place[0]
    import socket

    return socket.sockaddr(place)[1]  # type: ignore[attr-defined]
