"""Dialling: looking up the name, and a non-blocking TCP socket, with TLS if asked for."""

import asyncio
import errno
import socket
import sys

from .errors import HttpError

# Where MicroPython's threads share one lock, and the system's resolver lets go of it. (The unix port's have none.)
_ASIDE = sys.platform == "esp32"


async def look_up(host, port, allowed=None):
    """The first address of a name, as getaddrinfo() has it. Raises HttpError; ValueError if `allowed` refuses it.

    On the ESP32 a thread asks, for lwIP's resolver blocks for seconds where the network is down.
    """
    found = []
    if _ASIDE and not host.replace(".", "").isdigit():
        import _thread

        answered = asyncio.ThreadSafeFlag()
        try:
            _thread.start_new_thread(_ask, (host, port, found, answered))
        except OSError as error:
            raise HttpError("no thread to look up %s: %s" % (host, error))
        await answered.wait()
    else:
        _ask(host, port, found)
    if not found or isinstance(found[0], OSError):
        raise HttpError("%s not found: %s" % (host, found[0] if found else "no memory"))
    if allowed is not None and not allowed(ip_of(found[0])):
        raise ValueError("%s is not to be dialled" % host)
    return found[0]


def ip_of(address):
    """The IP address (bytes, 4 or 16) in what getaddrinfo() returned; b"" if it cannot be told."""
    place = address[-1]
    if not isinstance(place, tuple):  # the unix port's: as the system has it
        return socket.sockaddr(place)[1]  # type: ignore[attr-defined]
    try:
        return bytes([int(part) for part in place[0].split(".")])
    except ValueError:
        return b""


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
    """Begin to connect to what `look_up` returned; return an asyncio stream. Raises HttpError.

    asyncio's open_connection() leaves the socket open when it is cancelled.
    """
    sock = None
    try:
        sock = socket.socket(*address[:3])
        sock.setblocking(False)
        try:
            sock.connect(address[-1])
        except OSError as error:
            if error.errno != errno.EINPROGRESS:
                raise
        if ssl:
            sock = ssl.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
            sock.setblocking(False)
    except (OSError, ValueError) as error:
        if sock is not None:
            sock.close()
        raise HttpError("%s: %s" % (host, error))
    return asyncio.StreamReader(sock)
