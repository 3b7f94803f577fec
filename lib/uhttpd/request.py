"""One request of a connection: its head, its body, and the answer. Loaded while somebody is connected."""

from micropython import const

from .refusal import Refusal

_BUFFER = const(512)  # bytes: the longest request line, and the pieces in which an answer is sent
_HEAD_MAX = const(3072)  # bytes, and the largest field
_BODY_MS = const(10000)
_ANSWER_MS = const(10000)
_STREAM_MS = const(60000)  # of an answer in pieces
_LINGER_MS = const(2000)
_LINGER_MAX = const(65536)
_LINGER_HEAD = const(8192)
_FRONT = const(5)  # bytes before a piece: its length, as in b"1f9\r\n"
_REASONS = const((
    (200, "OK"), (202, "Accepted"), (204, "No Content"), (302, "Found"), (304, "Not Modified"), (400, "Bad Request"),
    (401, "Unauthorized"), (403, "Forbidden"), (404, "Not Found"), (405, "Method Not Allowed"), (408, "Timeout"),
    (409, "Conflict"), (411, "Length Required"), (413, "Content Too Large"), (414, "URI Too Long"),
    (415, "Unsupported Media Type"), (429, "Too Many Requests"), (431, "Request Header Fields Too Large"),
    (500, "Internal Server Error"), (501, "Not Implemented"), (503, "Service Unavailable"),
    (505, "HTTP Version Not Supported"),
))  # fmt: skip


class Request:
    """``method``, ``path`` (as it was sent), ``query`` (likewise, without its "?"), ``fields``: {name: text}.

    ``length``: of the body, None if there is none; ``left``: bytes of it that are not read yet. ``user``: for a
    handler's use.
    """

    method = path = query = ""
    length = None
    left = 0
    user = None
    _old = False  # HTTP/1.0
    _pos = _end = _size = 0
    _most = _head_max = _BUFFER
    _chunked = False
    _headed = False  # its head is here

    def __init__(self, connection):
        self.connection = connection
        self.fields = {}
        self._buf = bytearray(_BUFFER)
        self._view = memoryview(self._buf)

    # --- the head -----------------------------------------------------------------------------------------------

    async def read_line(self):
        """Read the request line. Raises Refusal; EOFError where the client closes before."""
        line = await self._line(None)
        if not line:
            line = await self._line(None)  # an empty line before is to be ignored: RFC 9112, section 2.2
        self._take_request_line(line)

    async def read_fields(self, wanted=(), most=1024):
        """Read the fields; those whose names are `wanted`, in small letters, are kept: each has at most `most` bytes.

        Raises as `read_line` does.
        """
        self._most, self._head_max = most, _HEAD_MAX + most
        while True:
            line = await self._line(wanted)
            if line is None:
                continue  # long, and not wanted
            if not line:
                break
            self._take_field(line, wanted)
        if not self._old and "host" not in self.fields:
            raise Refusal(400, "head", "no Host")
        self._take_length()
        self._headed = True
        self.connection.waits = False

    async def _line(self, wanted):
        """The next line, without its end; None for a long field that is not wanted (None: it is the request line)."""
        line = b""
        kept = True
        while True:
            at = self._buf.find(b"\n", self._pos, self._end)
            if at >= 0 or self._pos == 0 and self._end == _BUFFER:
                piece = self._view[self._pos : at if at >= 0 else _BUFFER]
                if at < 0 and not line:
                    kept = wanted is not None and _name(piece) in wanted
                if at < 0 and wanted is None:
                    raise Refusal(414, "head", "the request line has more than %d bytes" % _BUFFER)
                if kept:
                    line += piece
                self._pos = at + 1 if at >= 0 else _BUFFER
                if len(line) > self._most:
                    raise Refusal(431, "head", "a field of more than %d bytes" % self._most)
                if at >= 0:
                    return line.rstrip(b"\r") if kept else None
            await self._fill()

    async def _fill(self):
        """Receive some more of the head."""
        if self._pos:
            self._view[: self._end - self._pos] = self._view[self._pos : self._end]
            self._end -= self._pos
            self._pos = 0
        n = await self.connection.readinto(self._view[self._end :])
        if not n:
            raise EOFError
        self._end += n
        self._size += n
        if self._size > self._head_max:
            raise Refusal(431, "head", "a head of more than %d bytes" % self._head_max)

    def _take_request_line(self, line):
        parts = bytes(line).split(b" ")
        if len(parts) != 3 or not parts[1] or not parts[2].startswith(b"HTTP/") or not _is_token(parts[0]):
            raise Refusal(400, "head", "no request line of HTTP")
        if parts[2] not in (b"HTTP/1.0", b"HTTP/1.1"):
            raise Refusal(505, "head", "HTTP/1.1 is spoken here")
        self._old = parts[2] == b"HTTP/1.0"
        target = parts[1]
        if min(target) <= 0x20 or max(target) >= 0x7F:
            raise Refusal(400, "head", "a character that no URL has")
        if target[:7] == b"http://" or target[:8] == b"https://":
            target = b"/" + target.split(b"/", 3)[3] if target.count(b"/") > 2 else b"/"
        if not target.startswith(b"/"):
            raise Refusal(400, "head", "no path")
        path, _, query = target.decode().partition("?")
        self.method, self.path, self.query = parts[0].decode(), path, query

    def _take_field(self, line, wanted):
        name = _name(line)
        if not name:
            raise Refusal(400, "head", "no field of a head")
        if name not in wanted and name not in ("host", "content-length", "transfer-encoding", "expect"):
            return
        value = bytes(line[len(name) + 1 :]).strip()
        if name in self.fields or value and (min(value) < 0x20 or max(value) >= 0x7F):
            raise Refusal(400, "head", "the field %s cannot be" % name)
        self.fields[name] = value.decode()

    def _take_length(self):
        if "transfer-encoding" in self.fields:
            raise Refusal(501, "head", "no Transfer-Encoding is understood: send a Content-Length")
        length = self.fields.pop("content-length", None)
        if length is not None:
            if not length.isdigit() or len(length) > 9:
                raise Refusal(400, "head", "no Content-Length: %s" % length[:20])
            self.length = self.left = int(length)

    # --- the body -----------------------------------------------------------------------------------------------

    async def body(self, most):
        """The whole body. Raises Refusal: it has more than `most` bytes, or there is none."""
        if self.length is None:
            raise Refusal(411, "body", "there is no body with a Content-Length")
        if self.length > most:
            raise Refusal(413, "body", "the body has more than %d bytes" % most)
        self.connection.allow(_BODY_MS)
        data = memoryview(bytearray(self.length))
        at = 0
        self.connection.waits = True
        while at < self.length:
            at += await self.readinto(data[at:])
        self.connection.waits = False
        return bytes(data)

    async def readinto(self, view):
        """Some of the body into `view`: how many bytes, 0 at its end. Raises EOFError if the client closes before.

        How long that may take is up to the caller: `Connection.allow`.
        """
        if self.left == self.length:
            await self._continue()
        view = view[: self.left]
        if not self.left:
            return 0
        n = min(len(view), self._end - self._pos)
        if n:
            view[:n] = self._view[self._pos : self._pos + n]
            self._pos += n
        else:
            n = await self.connection.readinto(view)
            if not n:
                raise EOFError
        self.left -= n
        return n

    async def _continue(self):
        """What a client waits for that asks before it sends a body: RFC 9110, section 10.1.1."""
        if self.left and self.fields.pop("expect", "").lower() == "100-continue":
            await self._send(b"HTTP/1.1 100 Continue\r\n\r\n")

    # --- the answer ---------------------------------------------------------------------------------------------

    async def answer(self, status, data=b"", type="application/json", fields=()):
        """Answer with all of it: str or bytes."""
        if isinstance(data, str):
            data = data.encode()
        self.connection.allow(_ANSWER_MS)
        await self._send(_head(status, type, fields, "Content-Length: %d" % len(data)))
        if data and self.method != "HEAD":
            await self._send(data)
        await self._linger()

    async def begin(self, status=200, type="application/json", fields=(), within_ms=_STREAM_MS):
        """Answer in pieces: `write` some, `end`. within_ms: how long all of it may take."""
        if self.left:
            await self._linger()  # the buffer is the answer's from now on
        self.connection.allow(within_ms)
        self._chunked = not self._old
        await self._send(_head(status, type, fields, "Transfer-Encoding: chunked" if self._chunked else ""))
        self._pos = _FRONT

    async def write(self, data):
        """A piece: str or bytes; they are gathered until the buffer is full, or `flush`."""
        if isinstance(data, str):
            data = data.encode()
        at = 0
        while at < len(data):
            n = min(len(data) - at, _BUFFER - 2 - self._pos)
            self._buf[self._pos : self._pos + n] = data[at : at + n]
            self._pos += n
            at += n
            if self._pos == _BUFFER - 2:
                await self.flush()

    async def flush(self):
        """Send what was gathered."""
        size = self._pos - _FRONT
        if not size:
            return
        start, end = _FRONT, self._pos
        if self._chunked:
            self._buf[:_FRONT] = b"%03x\r\n" % size
            self._buf[end : end + 2] = b"\r\n"
            start, end = 0, end + 2
        self._pos = _FRONT
        await self._send(self._view[start:end])

    async def end(self):
        """The answer is complete."""
        await self.flush()
        if self._chunked:
            await self._send(b"0\r\n\r\n")

    def is_gone(self):
        """Whether the client has closed, once what was written is flushed. Raises OSError if it has gone otherwise."""
        return self.connection.stream.s.readinto(self._view[:1]) == 0

    async def _send(self, data):
        stream = self.connection.stream
        self.connection.answered = True
        stream.out_buf = data  # not write(), which makes a copy of what does not go at once
        try:
            await stream.drain()
        finally:
            stream.out_buf = b""

    async def _linger(self):
        """Take in what is left of the body: else the connection is reset, and the answer may not be read.

        What is left of a head that was refused is not known: so much is taken in until the client closes.
        """
        self.connection.allow(_LINGER_MS)
        self.connection.waits = True
        left = min(self.left - (self._end - self._pos), _LINGER_MAX)
        if not self._headed and self._size:
            left = _LINGER_HEAD
        while left > 0:
            n = await self.connection.readinto(self._view)
            if not n:
                break
            left -= n
        self.left = 0
        self.connection.waits = False


def _head(status, type, fields, last):
    reason = [words for number, words in _REASONS if number == status]
    lines = ["HTTP/1.1 %d %s" % (status, reason[0] if reason else "-"), "Connection: close"]
    if type:
        lines.append("Content-Type: " + type)
    for name, value in fields:
        lines.append(name + ": " + value)
    if last:
        lines.append(last)
    return "\r\n".join(lines + ["", ""]).encode()


def _name(line):
    """The name of a field, in small letters; "" if that is none."""
    name = bytes(line[:64]).partition(b":")[0]
    return name.decode().lower() if len(name) < 64 and _is_token(name) else ""


def _is_token(text):
    """RFC 9110, section 5.6.2, without what nobody uses."""
    for char in text:
        if not (0x30 <= char <= 0x39 or 0x41 <= char <= 0x5A or 0x61 <= char <= 0x7A or char in b"-_."):
            return False
    return len(text) > 0
