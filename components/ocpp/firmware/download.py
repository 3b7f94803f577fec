"""One firmware image from a URL into the sink, over as many connections as it takes."""

from micropython import const

from uhttp import HttpError, request

_PIECE = const(2048)
_PROGRESS = const(4096)  # bytes that a connection must have brought for the next one to follow at once
_PAUSE_MS = const(1000)
_WATCH_MS = const(1000)


class _Interrupted(Exception):
    """Somebody charges: nothing may be written now."""


class Download:
    """`run` is one try. What a connection brought stays in the sink; the next one, of this try or of a later one, goes
    on from there by a Range (RFC 9110, section 14), if the server has sent an ETag or a date by which it can be sure
    that the file is still the same (If-Range). If it does not take that, the image begins anew.

    `means`: arguments of `uhttp.request`. `forbidden()`: may nothing be written now? `until_calm`: coroutine function
    of the URL that waits until it may be connected to. `on_demand`: where what only a connection needs is loaded.
    """

    def __init__(self, url, sink, means, clock, log, timeout_ms, forbidden, until_calm, on_demand):
        self._url = url
        self._sink = sink
        self._means = means
        self._clock = clock
        self._log = log
        self._timeout_ms = timeout_ms
        self._forbidden = forbidden
        self._until_calm = until_calm
        self._on_demand = on_demand
        self._buf = bytearray(_PIECE)
        self._validator = ""
        self._most = 0  # bytes of the image that were there at best

    async def run(self):
        """Have the whole image in the sink.

        Raises HttpError: worth another try; OSError: the sink refuses the image; ValueError: not a URL of ours.
        """
        while True:
            most = self._most
            try:
                while self._forbidden():
                    await self._clock.sleep_ms(_WATCH_MS)
                await self._until_calm(self._url)
                with self._on_demand:
                    await self._connect()
                return
            except _Interrupted:
                self._log.info("download waits at %d bytes for the end of the transaction", self._sink.written)
            except HttpError as e:
                if self._most - most < _PROGRESS:
                    raise
                self._log.info("download interrupted at %d bytes: %s", self._sink.written, str(e))
                await self._clock.sleep_ms(_PAUSE_MS)

    async def _connect(self):
        headers = self._range()
        response = await request("GET", self._url, headers=headers, timeout_ms=self._timeout_ms, **self._means)
        try:
            if not (headers and response.status == 206 and self._fits(response.fields)):
                self._begin(response)
            await self._copy(response)
        finally:
            response.close()

    def _range(self):
        if self._sink.state != "writing" or not self._sink.written or not self._validator:
            return ()
        return (("Range", "bytes=%d-" % self._sink.written), ("If-Range", self._validator))

    def _fits(self, fields):
        """Is it the rest of the same file? ``bytes FIRST-LAST/LENGTH``."""
        unit, _, rest = fields.get("content-range", "").partition(" ")
        span, _, length = rest.partition("/")
        first, _, last = span.partition("-")
        if unit.lower() != "bytes" or not (first.isdigit() and last.isdigit() and length.isdigit()):
            return False
        size = self._sink.size
        same = _validator(fields) in ("", self._validator) and size in (None, int(length))
        return same and int(first) == self._sink.written and int(last) + 1 == int(length)

    def _begin(self, response):
        if self._sink.state == "writing":
            self._sink.abort()
        if response.status != 200:
            raise HttpError("the server answers %d %s" % (response.status, response.reason))
        if response.fields.get("content-encoding", "identity").lower() != "identity":
            raise HttpError("the file is encoded")
        if not response.whole:
            raise HttpError("the server sends no length")
        self._validator = _validator(response.fields)
        self._sink.begin(response.length)

    async def _copy(self, response):
        view = memoryview(self._buf)
        while True:
            n = await response.readinto(self._buf)
            if not n:
                return
            if self._forbidden():
                raise _Interrupted
            self._means["net"][1]("flash", self._sink.write, view[:n])
            if self._sink.written > self._most:
                self._most = self._sink.written


def _validator(fields):
    """What If-Range may be given: a strong ETag, or the date (RFC 9110, section 13.1.5); "" if there is none."""
    tag = fields.get("etag", "")
    if tag.startswith('"'):
        return tag
    return fields.get("last-modified", "")
