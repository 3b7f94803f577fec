"""Dialling: looking up the name, and a non-blocking TCP socket, with TLS if requested."""

import asyncio
import errno
import socket

from .errors import HttpError


async def look_up(host, port, allowed=None, net=None):
    """The first address of a name, as getaddrinfo() has it. Raises HttpError; ValueError if `allowed` refuses it.

    `allowed`, `net`: see `request`.
    """
    try:
        if not net or host.replace(".", "").isdigit() or ":" in host:
            found = _ask(host, port)
        else:
            found = net[1]("DNS", _ask, await net[0](host) or host, port)  # at once for an address
    except OSError as error:
        raise HttpError("%s not found: %s" % (host, error))
    if allowed is not None and not allowed(ip_of(found)):
        raise ValueError("%s is not to be dialled" % host)
    return found


def ip_of(address):
    """The IP address (bytes, 4 or 16) in what getaddrinfo() returned; b"" if it is unknown."""
    place = address[-1]
    if not isinstance(place, tuple):  # the unix port's: as the system has it
        return socket.sockaddr(place)[1]  # type: ignore[attr-defined]
    try:
        return bytes([int(part) for part in place[0].split(".")])
    except ValueError:
        return b""


def _ask(host, port):
    return socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]


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
