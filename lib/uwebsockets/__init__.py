"""uwebsockets: an RFC 6455 WebSocket client for MicroPython's asyncio.

::

    ws = await connect("wss://example.org/ocpp/CP-1", ssl=context, subprotocols=("ocpp1.6",), auth=("CP-1", "secret"))
    await ws.send("text")  # bytes: a binary message; fragment=1000: in frames of 1000 bytes
    message = await ws.recv()  # str or bytes
    n = await ws.recv_into(buf)  # the same into a bytearray, without a new object; ws.is_text says which
    alive = asyncio.create_task(ws.keepalive(30_000, 10_000))
    await ws.close()

- One task receives: a second recv() at the same time raises WebSocketError. Any number of tasks may send; their
  messages go one after the other. It is recv() that answers pings and sees pongs and the end: keep one running.
- recv() and recv_into() may be cancelled at any time, nothing is lost. A send() that is cancelled before its first
  byte sends nothing; inside a message it drops the connection.
- Whatever ends the connection is a ConnectionClosed(code, reason): the peer's close code, the code of what it did
  wrong (1002 protocol, 1007 text that is no UTF-8, 1009 message longer than ``max_size``), or 1006 for a lost stream.
- Memory: two buffers of 512 bytes and a message that is longer than that or comes in fragments, once. If there is none
  left in the middle of something, the connection ends (1006 "no memory").
- ``uwebsockets.handshake`` and ``uwebsockets.dial`` are imported by connect(), ``uwebsockets.utf8`` with a text that is
  long or not all ASCII: what has no memory to spare may take them out of ``sys.modules`` afterwards.
- The handshake: interim answers (103 Early Hints) are skipped; a line of the server's answer has at most 4 KB, all of
  it 16 KB. A server that refuses may name a retry time: HandshakeError has ``retry_after_s``.
- TLS: ``wss://`` needs an ``ssl.SSLContext``, and what is verified is up to that. MicroPython's verifies nothing until
  ``context.verify_mode = ssl.CERT_REQUIRED`` is set; then the server's certificate must be of the CA given with
  ``context.load_verify_locations(cadata=der)``, name the host of the URL and not have expired (set the clock first).
- Looking up a name by getaddrinfo() blocks the event loop, for seconds if the network is down; so does each step of a
  TLS handshake. ``net=(resolve, block)``: ``resolve`` is another way, such as `udns`: a coroutine function of the name
  that returns an IP address, or None to use getaddrinfo(); it may raise OSError.
  ``block(what, function, *arguments)`` calls what blocks: "DNS", "TLS handshake".
- No extensions (compression), no redirects followed.
"""

import asyncio

from .frames import ConnectionClosed, HandshakeError, WebSocketError
from .websocket import WebSocket
from .wire import Wire

__all__ = ("ConnectionClosed", "HandshakeError", "WebSocket", "WebSocketError", "connect")


async def connect(
    url, *, ssl=None, subprotocols=(), headers=(), auth=None, max_size=65536, timeout_ms=10000, stream=None, net=None
):
    """Connect to a ``ws://`` or ``wss://`` URL and return the WebSocket.

    ``ssl``: the SSLContext of a ``wss://`` URL. ``subprotocols``: one of them must be picked by the server.
    ``headers``: further (name, value) pairs. ``auth``: (user, password) for Basic, the password str or bytes.
    ``max_size``: longest message in bytes. ``timeout_ms``: for TCP, TLS and handshake together, not for the name.
    ``stream``: an open (reader, writer) pair to use instead of dialling; it is closed with the connection. For a
    ``wss://`` URL each must be a TLS socket, or wrap one, or have an attribute ``secure``. ``net``: see above.

    Raises HandshakeError when the server refuses, ConnectionClosed (1006) when it cannot be reached, ValueError for
    bad arguments.
    """
    from .handshake import make_request, parse_url, read_answer

    secure, host, port, authority, path = parse_url(url)
    if secure and not ssl and not stream:
        raise ValueError("wss:// needs an SSLContext")
    if secure and stream and not (_is_secure(stream[0]) and _is_secure(stream[1])):
        raise ValueError("wss:// over a stream that is not secure")
    request, accept = make_request(authority, path, subprotocols, headers, auth)
    tls = net[1] if net and secure and not stream else None
    if not stream:
        from .dial import dial, look_up  # a port without sockets can still be given a stream

        stream = dial(await look_up(host, port, net), host, ssl if secure else None)
    wire = Wire(stream[0], stream[1], request, tls)
    timer = asyncio.create_task(wire.expire(timeout_ms, "no answer in %d ms" % timeout_ms))
    try:
        await wire.ready()
        wire.start()
        picked = await read_answer(wire, accept, subprotocols)
        ws = WebSocket(wire, picked, max_size)
    except BaseException:  # cancellation as well: no socket is left open
        wire.drop("no handshake")
        raise
    finally:
        timer.cancel()
    return ws


def _is_secure(stream):
    """Is it a TLS socket, or a stream over one?"""
    return hasattr(getattr(stream, "s", stream), "cipher") or getattr(stream, "secure", False)
