"""Dialling: looking up the name, and a non-blocking TCP socket, with TLS if asked for."""

import asyncio
import errno
import socket
import sys
from micropython import const

from .frames import ConnectionClosed
from .wire import text_of_error

_IPPROTO_TCP = const(6)  # the same in lwIP and Linux; not every port names them
_TCP_NODELAY = const(1)
# Where MicroPython's threads share one lock, and the system's resolver lets go of it. (The unix port's have none.)
_ASIDE = sys.platform == "esp32"


async def look_up(host, port):
    """The first address of a name, as getaddrinfo() has it. Raises ConnectionClosed (1006).

    On the ESP32 a thread asks: behind a router that has lost its line lwIP's resolver tries for about 7 s, and as long
    again for each further server, in which nothing else would run: no frame of a charge would be answered.
    """
    found = []
    if _ASIDE and not host.replace(".", "").isdigit():
        import _thread

        answered = asyncio.ThreadSafeFlag()
        try:
            _thread.start_new_thread(_ask, (host, port, found, answered))
        except OSError as error:
            raise ConnectionClosed(1006, text_of_error(error))
        await answered.wait()
    else:
        _ask(host, port, found)
    if not found or isinstance(found[0], OSError):
        raise ConnectionClosed(1006, text_of_error(found[0]) if found else "no memory")
    return found[0]


def _ask(host, port, found, answered=None):
    """Append the address, or the OSError, to `found`."""
    try:
        found.append(socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0])
    except OSError as error:
        found.append(error)
    finally:
        if answered is not None:
            answered.set()


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
