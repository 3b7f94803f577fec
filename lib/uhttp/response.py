"""A server's answer: the head, and the body as a stream (RFC 9112)."""

from micropython import const

from .body import ChunkedBody, OpenBody, SizedBody
from .errors import HttpError

_HEAD_MAX = const(16384)  # bytes of all lines of the head, an interim one's too
# What is kept of the head; the rest is looked at and forgotten.
_KEPT = const(
    "|accept-ranges|connection|content-encoding|content-length|content-range|content-type|etag|last-modified|location|"
    "retry-after|transfer-encoding|"
)


class Response:
    """``status`` (int), ``reason``, ``fields`` ({name in small letters: value}, of the ones that matter to a body),
    ``length`` of the body in bytes (None: not known), ``url`` (the Url that answered, after redirects).
    """

    def __init__(self, wire, url, status, reason, fields):
        self.url = url
        self.status = status
        self.reason = reason
        self.fields = fields
        self._wire = wire
        self._body = _body_of(wire, status, fields)
        self.length = self._body.length

    @property
    def whole(self):
        """Can the end of the body be distinguished from a connection that broke off?"""
        return self._body.whole

    async def readinto(self, buf):
        """The next bytes of the body into `buf` (a bytearray or memoryview): how many, 0 at its end.

        Raises HttpError: broken off before the end, too slow, or not valid HTTP.
        """
        return await self._body.readinto(buf)

    async def text(self, most=1024):
        """The body's beginning as Latin-1 text."""
        buf = bytearray(most)
        view = memoryview(buf)
        at = 0
        while at < most:
            n = await self._body.readinto(view[at:])
            if not n:
                break
            at += n
        return "".join(map(chr, view[:at]))

    def close(self):
        """To be called in any case; harmless when called again."""
        self._wire.close()


async def read_response(wire, url):
    """The answer's head. Raises HttpError."""
    left = _HEAD_MAX
    while True:
        line = await wire.line()
        status, reason = _status(line)
        fields, left = await _fields(wire, left - len(line))
        if status >= 200:
            return Response(wire, url, status, reason, fields)
        if status == 101:
            raise HttpError("switched to a protocol that was not requested")


def _status(line):
    version, _, rest = line.partition(" ")
    code, _, reason = rest.partition(" ")
    if version not in ("HTTP/1.1", "HTTP/1.0") or len(code) != 3 or not code.isdigit() or code < "100":
        raise HttpError("no HTTP answer")
    return int(code), reason[:80]


async def _fields(wire, left):
    """({name: value}, how many bytes the rest of the head may have)."""
    fields = {}
    while True:
        line = await wire.line()
        if not line:
            return fields, left
        left -= len(line) + 2
        if left < 0:
            raise HttpError("a head of more than %d bytes" % _HEAD_MAX)
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():  # a folded line, too: obsolete since RFC 7230
            raise HttpError("bad header line")
        name, value = name.lower(), value.strip()
        if "|" in name or "|" + name + "|" not in _KEPT:
            continue
        if name in fields and fields[name] != value:
            if name == "content-length":
                raise HttpError("two lengths")
            value = fields[name] + ", " + value
        fields[name] = value


def _body_of(wire, status, fields):
    """RFC 9112, section 6.3."""
    if status in (204, 304):
        return SizedBody(wire, 0)
    coding = fields.get("transfer-encoding", "").lower()
    if coding == "chunked":
        return ChunkedBody(wire)
    if coding:
        raise HttpError("transfer encoding %s" % coding[:40])
    length = fields.get("content-length")
    if length is None:
        return OpenBody(wire)
    if not length.isdigit() or len(length) > 12:
        raise HttpError("a length of %s" % length[:40])
    return SizedBody(wire, int(length))
