"""Uploads of texts that are made while they are sent: diagnostics and logs.

The location is a folder or a whole file name: it is a file if it has a query, or if its last part has a dot. It is
sent by PUT; a server that answers 404, 405 or 501 to that gets a POST of a form (field ``file``) at the location as it
was given, which is what upload scripts take.
"""

import asyncio
from micropython import const

from core.text import bare_url, printable
from uhttp import HttpError, Multipart, request

from .orders import MODULES, means, until_calm

# How it continues, and how it ends.
UPLOADING, UPLOADED, FAILED, BAD, DENIED, UNSUPPORTED = range(6)

_SLACK = const(200)  # bytes by which a text may grow between its counting and its sending
_TYPE = const("text/plain; charset=utf-8")
_BY_FORM = const((404, 405, 501))


def file_of(location, name):
    """(URL to PUT to, name of the file) for a location and the name that the file has in a folder."""
    path, query, _ = location.partition("?")
    host, _, rest = path.partition("://")
    last = rest.rpartition("/")[2] if "/" in rest else ""
    if query or "." in last:
        return location, last[-255:] or name
    return path + ("" if path.endswith("/") else "/") + name, name


def upload_of(profile):
    """The Upload of a profile that has ``upload``, None or the one that is under way; it is loaded until that ends.

    The profile does the rest: it drops the one that is not busy any more, and its ``modules``.
    """
    if profile.upload is None:
        upload = Upload(profile.ocpp, profile.clock, profile.log, profile.timeout_ms)
        upload.modules = profile.ocpp.on_demand.keep(MODULES + ("components.ocpp.upload",))
        profile.upload = upload
    return profile.upload


class Upload:
    """One at a time; `begin` ends the one before."""

    modules = ()  # that are kept for it

    def __init__(self, ocpp, clock, log, timeout_ms):
        self._ocpp = ocpp
        self._clock = clock
        self._log = log
        self._timeout_ms = timeout_ms
        self._task = None  # type: asyncio.Task

    def busy(self):
        """Is one under way?"""
        return self._task is not None and not self._task.done()

    async def stop(self):
        if self.busy():
            self._task.cancel()
            try:
                await self._task
            except asyncio.CancelledError:
                pass

    def begin(self, location, name, lines, tries, interval_s, tell):
        """Send the lines that ``lines()`` yields; ``tell(outcome)`` is called with UPLOADING and at the end.

        `location` and `name`: see `file_of`; the location is one that `orders.takes`. `tries` in all, with `interval_s`
        between them. Returns whether one was under way, of whose end nothing is sent any more.
        """
        former = self._task if self.busy() else None
        if former is not None:
            former.cancel()
        self._task = asyncio.create_task(self._run(former, location, name, lines, tries, interval_s, tell))
        return former is not None

    async def _run(self, former, location, name, lines, tries, interval_s, tell):
        while former is not None and not former.done():
            await asyncio.sleep_ms(0)  # its connection is closed first
        outcome = FAILED
        try:
            tell(UPLOADING)
            outcome = await self._tries(location, name, lines, tries, interval_s)
        except Exception as e:  # a task of its own: no caller would get it
            self._log.exception("upload: %r" % e, e)
        tell(outcome)

    async def _tries(self, location, name, lines, tries, interval_s):
        while True:
            try:
                outcome = await self._try(location, name, lines)
            except HttpError as e:
                self._log.warning("upload failed: %s", str(e))
                outcome = FAILED
            except ValueError as e:
                self._log.warning("upload to no place of ours: %s", str(e))
                return BAD
            tries -= 1
            if outcome == UPLOADED or tries <= 0:
                return outcome
            await self._clock.sleep_ms(interval_s * 1000)

    async def _try(self, location, name, lines):
        url, name = file_of(location, name)
        length = await _length(lines) + _SLACK
        body = lambda: _sized(lines, length)  # noqa: E731
        status = await self._send("PUT", url, body=body, length=length, headers=(("Content-Type", _TYPE),))
        if status in _BY_FORM:
            form = Multipart("file", name, body, length, _TYPE)
            status = await self._send("POST", location, **form.arguments())
        return _outcome(status)

    async def _send(self, method, url, **arguments):
        arguments.update(means(self._ocpp))
        await until_calm(self._ocpp, self._clock, self._log, url)
        with self._ocpp.on_demand:  # what only a connection needs
            response = await request(method, url, timeout_ms=self._timeout_ms, **arguments)
            response.close()
        self._log.info("%s to %s: %d %s", method, bare_url(url), response.status, response.reason)
        return response.status


def _outcome(status):
    if 200 <= status < 300 or status == 303:
        return UPLOADED
    if status in (401, 403, 407):
        return DENIED
    if status in (400, 411, 415):
        return BAD
    return UNSUPPORTED if status in (405, 501) else FAILED


async def _length(lines):
    """How many bytes the lines have; others get their turn after each."""
    length = 0
    for line in lines():
        length += len(printable(line).encode()) + 1
        await asyncio.sleep_ms(0)
    return length


def _sized(lines, length):
    """Generator of just so many bytes: what is reported of running things changes between two looks at it."""
    for line in lines():
        data = printable(line).encode()
        if len(data) >= length:
            break
        yield data
        yield b"\n"
        length -= len(data) + 1
    yield b" " * max(0, length - 1) + b"\n" * min(1, length)
