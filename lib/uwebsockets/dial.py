"""Dialling: looking up the name, and a non-blocking TCP socket, with TLS if requested."""

import asyncio
import errno
import socket
from micropython import const

from .frames import ConnectionClosed
from .wire import text_of_error

_IPPROTO_TCP = const(6)  # the same in lwIP and Linux; not every port names them
_TCP_NODELAY = const(1)


async def look_up(host, port, net=None):
    """The first address of a name, as getaddrinfo() has it. Raises ConnectionClosed (1006). `net`: see `connect`."""
    try:
        if not net or host.replace(".", "").isdigit() or ":" in host:
            return _ask(host, port)
        return net[1]("DNS", _ask, await net[0](host) or host, port)  # at once for an address
    except OSError as error:
        raise ConnectionClosed(1006, "%s not found: %s" % (host, text_of_error(error)))


def _ask(host, port):
    return socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]


def dial(address, host, ssl):
    """Begin to connect to what `look_up` returned; return a stream pair. Raises ConnectionClosed (1006).

    asyncio's open_connection() leaves the socket open when it is cancelled.
    """
    try:
        sock = socket.socket(*address[:3])
    except OSError as error:
        raise ConnectionClosed(1006, text_of_error(error))
    try:
        sock.setblocking(False)
        sock.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)  # else the end of a message may wait for an acknowledgement
        try:
            sock.connect(address[-1])
        except OSError as error:
            if error.errno != errno.EINPROGRESS:
                raise
        if ssl:
            sock = ssl.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
            sock.setblocking(False)
    except (OSError, ValueError) as error:
        sock.close()
        raise ConnectionClosed(1006, text_of_error(error))
    stream = asyncio.StreamReader(sock)
    return stream, stream
