"""The opening handshake, RFC 6455 section 4: URL, request and the check of the answer."""

import binascii
import hashlib
import os
from micropython import const

from .frames import HandshakeError, WebSocketError
from .wire import SIZE

_GUID = const(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
_HEAD_MAX = const(16384)  # bytes of all lines of the answer, interim ones' too
_LINE_MAX = const(4096)  # ... of one of them; of a line that matters, SIZE
_KEPT = const(
    "|connection|date|retry-after|sec-websocket-accept|sec-websocket-extensions|sec-websocket-protocol|upgrade|"
)
_MONTHS = const("JanFebMarAprMayJunJulAugSepOctNovDec")
_FOREVER_S = const(999999999)


def parse_url(url):
    """Return (secure, host, port, host as in the header, path with query) of a ``ws://`` or ``wss://`` URL (3)."""
    scheme, _, rest = url.partition("://")
    scheme = scheme.lower()
    host = rest
    for end in "/?#":
        host = host.split(end)[0]
    path = rest[len(host) :]
    if host.startswith("["):  # an IPv6 address
        name, bracket, port = host[1:].partition("]")
        name = name if bracket else ""
    else:
        name, colon, port = host.partition(":")
        port = colon + port
    number = 443 if scheme == "wss" else 80
    if port:
        number = int(port[1:]) if port[0] == ":" and port[1:].isdigit() else 0
    if scheme not in ("ws", "wss") or not name or "@" in host or "#" in path or not 0 < number < 65536:
        raise ValueError("bad WebSocket URL")
    if not _is_visible(url):  # RFC 3986, 2: and a line break would be one of the request's
        raise ValueError("bad character in a WebSocket URL")
    if not path.startswith("/"):
        path = "/" + path
    return scheme == "wss", name, number, host, path


def _is_visible(text):
    """Whether it is made of the characters of ASCII that can be seen."""
    return all(33 <= byte <= 126 for byte in text.encode())


def make_request(host, path, subprotocols, headers, auth):
    """Return the request's bytes and the value that ``Sec-WebSocket-Accept`` must have (4.1)."""
    key = _base64(os.urandom(16))
    fields = [
        ("Host", host),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", key),
        ("Sec-WebSocket-Version", "13"),
    ]
    if subprotocols:
        fields.append(("Sec-WebSocket-Protocol", ", ".join(subprotocols)))
    if auth:
        user, password = auth
        if ":" in user:
            raise ValueError("colon in the user name")  # RFC 7617
        password = password.encode() if isinstance(password, str) else bytes(password)
        fields.append(("Authorization", "Basic " + _base64(user.encode() + b":" + password)))
    fields.extend(headers)
    if not _is_visible(path):
        raise ValueError("path is not percent-encoded")
    lines = ["GET %s HTTP/1.1" % path]
    for name, value in fields:
        line = "%s: %s" % (name, value)
        if any(char in line for char in "\r\n\0"):
            raise ValueError("line break in header " + name)
        lines.append(line)
    accept = _base64(hashlib.sha1(key.encode() + _GUID).digest())
    return "\r\n".join(lines + ["", ""]).encode(), accept


def _base64(data):
    return binascii.b2a_base64(data).strip().decode()


async def read_answer(wire, accept, subprotocols):
    """Read and check the server's answer; return the subprotocol it picked, or None if none was requested.

    Interim answers (RFC 9110, section 15.2) before it are skipped.
    """
    head = _Head(wire)
    while True:
        version, _, status = (await head.line())[0].partition(" ")
        code, _, reason = status.partition(" ")
        if version not in ("HTTP/1.1", "HTTP/1.0") or len(code) != 3 or not code.isdigit():
            raise HandshakeError(None, "no HTTP answer")
        if code[0] != "1" or code == "101":
            break
        await head.fields()
    if code != "101":
        raise HandshakeError(int(code), reason, await _retry_after_s(head))
    _check(await head.fields(), accept)
    picked = head.kept.get("sec-websocket-protocol")
    if picked not in (subprotocols or (None,)):
        raise HandshakeError(None, "wrong subprotocol: %s" % picked)
    return picked


def _check(fields, accept):
    if fields.get("upgrade", "").lower() != "websocket":
        raise HandshakeError(None, "no upgrade to websocket")
    if "upgrade" not in [token.strip() for token in fields.get("connection", "").lower().split(",")]:
        raise HandshakeError(None, "no connection upgrade")
    if fields.get("sec-websocket-accept") != accept:
        raise HandshakeError(None, "wrong Sec-WebSocket-Accept")
    if "sec-websocket-extensions" in fields:
        raise HandshakeError(None, "extension that was not requested")


class _Head:
    """The lines of an answer as they come. Of each only what fits into the receive buffer is kept, the rest is counted:
    a head of 16 KB takes no more memory than one of 500 bytes.
    """

    def __init__(self, wire):
        self._wire = wire
        self._left = _HEAD_MAX
        self.kept = {}

    async def fields(self):
        """Read to the end of the head: {name in small letters: value} of the fields that matter."""
        self.kept = {}
        while True:
            line, whole = await self.line()
            if not line:
                return self.kept
            name, colon, value = line.partition(":")
            if not colon or name != name.strip():
                raise HandshakeError(None, "bad header line")
            name = name.lower()
            if "|" in name or "|" + name + "|" not in _KEPT:
                continue
            value = value.strip()
            if name in self.kept:  # a repeated one is a list (RFC 9110 5.3), which the single-valued ones then fail
                value = self.kept[name] + ", " + value
            if not whole or len(value) > SIZE:
                raise HandshakeError(None, "header line too long")
            self.kept[name] = value

    async def line(self):
        """(the next line, or its beginning, is it the whole line); it comes in any number of pieces."""
        wire = self._wire
        text, first, left = "", True, _LINE_MAX
        while True:
            end = wire.buf.find(b"\n", wire.pos, wire.end) + 1
            have = wire.end - wire.pos
            if not end and have < SIZE:
                await wire.need(have + 1)
                continue
            piece = wire.take(end - wire.pos if end else have)
            if first:
                text = str(piece, "ascii") if max(piece) < 128 else "".join(map(chr, piece))  # Latin-1
            left -= len(piece)
            self._left -= len(piece)
            if left < 0 or self._left < 0:
                raise HandshakeError(None, "header line too long" if left < 0 else "answer too long")
            if end:
                return text.rstrip("\r\n"), first
            first = False


async def _retry_after_s(head):
    """The retry time of a server that refuses (RFC 9110, section 10.2.3): s from now on, or None.

    A date counts from the server's own: neither clock need be right.
    """
    try:
        fields = await head.fields()
    except WebSocketError:  # the refusal counts, however the rest of it looks
        return None
    text = fields.get("retry-after", "")
    if text.isdigit():
        return int(text) if len(text) < 10 else _FOREVER_S
    try:
        return max(0, _seconds(text) - _seconds(fields.get("date", "")))
    except ValueError:
        return None


def _seconds(text):
    """A date such as ``Sun, 06 Nov 1994 08:49:37 GMT`` as s since 1 March of the year 0. Raises ValueError."""
    parts = text.split()
    if len(parts) != 6 or len(parts[2]) != 3 or parts[2] not in _MONTHS:
        raise ValueError("no date")
    month = _MONTHS.index(parts[2]) // 3 + 1
    year = int(parts[3]) - (month < 3)  # years that begin in March have their leap day at the end
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * ((month + 9) % 12) + 2) // 5 + int(parts[1]) - 1
    hours, minutes, seconds = parts[4].split(":")
    return days * 86400 + int(hours) * 3600 + int(minutes) * 60 + int(seconds)
