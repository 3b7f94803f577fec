"""uhttpd: a small HTTP/1.1 server for MicroPython's asyncio, in which everything is bounded.

::

    async def handle(connection):
        request = Request(connection)
        try:
            await request.read_line()  # request.method, .path, .query
            await request.read_fields(("content-type",))  # request.fields
            data = await request.body(4096)
            await request.answer(200, "hello\\n", "text/plain")
        except Refusal as refusal:
            await request.answer(refusal.status, str(refusal), "text/plain")

    async def serve(sock):
        from uhttpd.pool import Pool  # need not be loaded while nobody is connected

        pool = Pool(handle, most=4, each=3)
        await pool.run(pool.accept(sock))

    await listen("0.0.0.0", 80, serve)

- `listen`, which is all that has to stay in memory while nobody is connected, awaits ``serve(sock)`` when somebody is.
- ``pool.Pool`` serves at most `most` connections at once, of one address at most `each`; whoever comes besides is told
  503 and closed at once. A connection that has not sent its request after 1 s gives its place to the next one
  that needs it. `Pool.run` returns when nobody is connected any more.
- Whatever a client does has a time limit: ``Connection.allow``. The limits hold for the whole of a head, a body or an
  answer, not for each read: a client that drips gains nothing.
- ``request.Request``: a request line of 512 bytes, a head of 4 KB, of which only the fields that are asked for are
  kept, bodies as large as the handler says; larger ones can be read piece by piece. Answers as a whole, or in pieces.
- One request a connection. No Transfer-Encoding in requests, no compression.
- No memory: the client is told 503 where it can be, and the server goes on.
- TLS: the pool's `context`, an ``ssl.SSLContext``; each step of a handshake blocks the event loop for as long as its
  arithmetic takes: ``block(what, function, *arguments)`` calls them.
"""

import asyncio
from micropython import const

__all__ = ("BUSY", "listen", "readable")

_BACKLOG = const(8)
_PAUSE_MS = const(100)
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


async def listen(host, port, serve):
    """Await ``serve(sock)`` whenever somebody wants to connect. Raises OSError if the port cannot be had."""
    import socket  # a port without sockets can still serve what comes otherwise

    sock = socket.socket()
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(socket.getaddrinfo(host, port)[0][-1])
        sock.listen(_BACKLOG)
        while True:
            await readable(sock)
            try:
                await serve(sock)
            except MemoryError:
                _refuse(sock)
                await asyncio.sleep_ms(_PAUSE_MS)
    finally:
        sock.close()


def readable(sock):
    """Awaitable: asyncio has one for streams only."""
    yield asyncio.core._io_queue.queue_read(sock)  # type: ignore[attr-defined]


def _refuse(sock):
    """There is no memory to serve anybody."""
    try:
        client = sock.accept()[0]
        client.setblocking(False)
        client.write(BUSY)
        client.close()
    except (OSError, MemoryError):
        pass
