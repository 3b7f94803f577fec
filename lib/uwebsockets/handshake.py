"""The opening handshake, RFC 6455 section 4: URL, request and the check of the answer."""

import binascii
import hashlib
import os
from micropython import const

from .frames import WebSocketError
from .wire import SIZE

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_MAX_ANSWER = const(4096)  # bytes of all its lines


class HandshakeError(WebSocketError):
    """The server refused: HTTP ``status`` and ``reason``. Status None: what it said is no valid WebSocket answer."""

    def __init__(self, status, reason):
        super().__init__(status, reason)
        self.status = status
        self.reason = reason


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
    if any(not "!" <= char <= "~" for char in url):  # RFC 3986, 2: and a line break would be one of the request's
        raise ValueError("bad character in a WebSocket URL")
    if not path.startswith("/"):
        path = "/" + path
    return scheme == "wss", name, number, host, path


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
    if any(not "!" <= char <= "~" for char in path):
        raise ValueError("path is not percent-encoded")
    lines = ["GET %s HTTP/1.1" % path]
    for name, value in fields:
        if any(char in name + value for char in "\r\n\0"):
            raise ValueError("line break in header " + name)
        lines.append("%s: %s" % (name, value))
    accept = _base64(hashlib.sha1(key.encode() + _GUID).digest())
    return "\r\n".join(lines + ["", ""]).encode(), accept


def _base64(data):
    return binascii.b2a_base64(data).strip().decode()


async def read_answer(wire, accept, subprotocols):
    """Read and check the server's answer; return the subprotocol it picked, or None if none was asked for."""
    version, _, status = (await _line(wire)).partition(" ")
    code, _, reason = status.partition(" ")
    if version not in ("HTTP/1.1", "HTTP/1.0") or len(code) != 3 or not code.isdigit():
        raise HandshakeError(None, "no HTTP answer")
    if code != "101":
        raise HandshakeError(int(code), reason)
    fields = await _read_fields(wire)
    if fields.get("upgrade", "").lower() != "websocket":
        raise HandshakeError(None, "no upgrade to websocket")
    if "upgrade" not in [token.strip() for token in fields.get("connection", "").lower().split(",")]:
        raise HandshakeError(None, "no connection upgrade")
    if fields.get("sec-websocket-accept") != accept:
        raise HandshakeError(None, "wrong Sec-WebSocket-Accept")
    if "sec-websocket-extensions" in fields:
        raise HandshakeError(None, "extension that was not asked for")
    picked = fields.get("sec-websocket-protocol")
    if picked not in (subprotocols or (None,)):
        raise HandshakeError(None, "wrong subprotocol: %s" % picked)
    return picked


async def _read_fields(wire):
    fields = {}
    size = 0
    while True:
        line = await _line(wire)
        if not line:
            return fields
        size += len(line)
        if size > _MAX_ANSWER:
            raise HandshakeError(None, "answer too long")
        name, colon, value = line.partition(":")
        if not colon or name != name.strip():
            raise HandshakeError(None, "bad header line")
        name = name.lower()
        value = value.strip()
        if name in fields:  # repeated fields are a list (RFC 9110 5.3), which the single-valued ones then fail
            value = fields[name] + ", " + value
        if name in ("upgrade", "connection") or name.startswith("sec-websocket-"):
            fields[name] = value


async def _line(wire):
    """Return the next line; it comes in any number of pieces and must fit into the receive buffer."""
    while True:
        at = wire.buf.find(b"\n", wire.pos, wire.end)
        if at >= 0:
            return "".join(map(chr, wire.take(at + 1 - wire.pos))).rstrip("\r\n")  # Latin-1
        if wire.end - wire.pos == SIZE:
            raise HandshakeError(None, "header line too long")
        await wire.need(wire.end - wire.pos + 1)
