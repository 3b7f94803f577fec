"""That one process alone keeps its state in a home."""

import errno
import os
import struct
import sys
from micropython import const

from core.parts import DeclarationError

_AF_UNIX = const(1)  # of Linux


def hold(home):
    """Hold a home until what is returned is closed, or the process ends in whatever way. Raises DeclarationError.

    It is a name for the directory among the abstract sockets of Linux (unix(7)): nothing is left behind that a power
    cut could make a lie. None where there are none, or no such directory.
    """
    if sys.platform != "linux":
        return None
    try:
        import socket

        status = os.stat(home)
        name = "\0ucharge home %d %d" % (status[2], status[1])  # device and inode: however the path is written
        held = socket.socket(_AF_UNIX, socket.SOCK_STREAM)
        held.bind(struct.pack("H", _AF_UNIX) + name.encode())
        return held
    except OSError as e:
        if e.errno == errno.EADDRINUSE:
            raise DeclarationError("the home %s is in use by another process of this firmware: end that first" % home)
    except (ImportError, AttributeError):
        pass  # no such sockets
    return None
