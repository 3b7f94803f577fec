"""RFC 6455 as functions of bytes: frame headers, masking, UTF-8, close codes, errors. Nothing here does I/O."""

import struct
from micropython import const

try:
    from .xor import mask
except (ImportError, SyntaxError, ValueError):  # no machine code here; three times as fast as a loop over the bytes

    def mask(dst, at, src, i, n, key):
        """Do what ``xor.mask`` does."""
        pad = int.from_bytes((key * ((n + 3) // 4))[:n], "little")
        dst[at : at + n] = (int.from_bytes(memoryview(src)[i : i + n], "little") ^ pad).to_bytes(n, "little")


TEXT = const(1)
BINARY = const(2)
CLOSE = const(8)
PING = const(9)
PONG = const(10)
FIN = const(0x80)
MAX_CONTROL = const(125)


class WebSocketError(Exception):
    """Base class of all that this package raises about the peer, the network, or misuse of a connection."""


class HandshakeError(WebSocketError):
    """The server refused: HTTP ``status`` and ``reason``, and ``retry_after_s``: when to come back, None if it does not
    say. Status None: its answer is no valid WebSocket answer.
    """

    def __init__(self, status, reason, retry_after_s=None):
        super().__init__(status, reason)
        self.status = status
        self.reason = reason
        self.retry_after_s = retry_after_s


class ConnectionClosed(WebSocketError):
    """The connection is over: ``code`` (RFC 6455 7.4; 1006 without a close handshake) and ``reason``."""

    def __init__(self, code, reason=""):
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class Violation(Exception):
    """The peer broke the protocol; ``code`` is what is to be sent to it."""

    def __init__(self, code, reason):
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


def put_header(buf, first, n, key):
    """Write a masked frame's header to ``buf``, with ``first`` = FIN and opcode; return its length (5.2)."""
    buf[0] = first
    at = 2
    if n < 126:
        buf[1] = 0x80 | n
    elif n < 65536:
        buf[1] = 0x80 | 126
        struct.pack_into(">H", buf, 2, n)
        at = 4
    else:
        buf[1] = 0x80 | 127
        struct.pack_into(">II", buf, 2, 0, n)
        at = 10
    buf[at : at + 4] = key
    return at + 4


def check_header(first, second, in_message):
    """Raise Violation unless the two bytes may begin a server's frame now (5.2, 5.4, 5.5)."""
    opcode = first & 0x0F
    error = None
    if first & 0x70:
        error = "reserved bit"
    elif second & 0x80:
        error = "masked server frame"
    elif opcode & 7 > 2:
        error = "unknown opcode"
    elif opcode & 8:
        if not first & FIN:
            error = "fragmented control frame"
        elif second > MAX_CONTROL:
            error = "control frame too long"
    elif in_message and opcode:
        error = "new message inside a message"
    elif not in_message and not opcode:
        error = "continuation of nothing"
    if error:
        raise Violation(1002, error)


def header_size(second):
    """Return the length of a header by its second byte."""
    return 2 if second < 126 else 4 if second == 126 else 10


def payload_size(buf, at):
    """Return the payload's length from the header at ``at``; raise Violation if it is not the shortest form."""
    n = buf[at + 1]
    if n < 126:
        return n
    if n == 126:
        low = struct.unpack_from(">H", buf, at + 2)[0]
        if low > 125:
            return low
    else:
        high, low = struct.unpack_from(">II", buf, at + 2)
        if high < 0x80000000 and (high or low > 65535):
            return high << 32 | low
    raise Violation(1002, "bad length")


def parse_close(payload):
    """Return code and reason of a received close frame (1005 if it has none), or raise Violation (5.5.1, 7.4)."""
    if not payload:
        return 1005, ""
    if len(payload) == 1:
        raise Violation(1002, "bad close frame")
    code = payload[0] << 8 | payload[1]
    if not (1000 <= code <= 1014 and code not in (1004, 1005, 1006) or 3000 <= code <= 4999):
        raise Violation(1002, "bad close code")
    return code, text_of(memoryview(payload)[2:])


def make_close(code, reason):
    """Return a close frame's payload."""
    payload = struct.pack(">H", code) + reason.encode()
    if len(payload) > MAX_CONTROL:
        raise ValueError("close reason too long")
    return payload


def text_of(view):
    """Return the string that a whole UTF-8 text encodes, or raise Violation."""
    try:
        text = str(view, "utf-8")
    except UnicodeError:
        raise Violation(1007, "bad UTF-8")
    # MicroPython's own check is lenient. As many characters as bytes: all ASCII.
    if len(text) != len(view):
        from .utf8 import Utf8

        utf8 = Utf8()
        utf8.feed(view)
        utf8.finish()
    return text
