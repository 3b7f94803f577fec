"""The simulator's page: vehicle, power module and central system as buttons in a browser, for this machine alone.

It shows what `Control` has: each command is a button, and the state is live.

- ``GET /api/site``: board, number of outlets, the charger's page, what to enter there, and all commands as data.
- ``GET /api/state``: the state now, see `Control.state`. ``GET /api/events``: the same as server-sent events, when it
  has changed, at most two a second, and each 2 s else.
- ``POST /api/command {"name": "plug", "arguments": ["2"]}`` -> ``{"ok": true, "text": "plugged in"}``.

Requests to another host's name, and what another origin's page wants to change, are refused (403).
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import sys
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tools.commands import CommandError
from tools.control import Control

_FOLDER = Path(__file__).parent
_FILES = {
    "/": ("page.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
}
_MAX_BODY = 8192
_MAX_STREAMS = 8
_TIMEOUT_S = 10  # of a client that sends, or takes, nothing
_ANSWER_S = 40  # a command to the charge point may take the central system's 30 s
_PERIOD_S = 0.5
_SILENCE_S = 2.0
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Refused(Exception):
    """A request that is answered by a status and one sentence."""

    def __init__(self, status: HTTPStatus, text: str):
        super().__init__(text)
        self.status = status


class SimulatorPage(ThreadingHTTPServer):
    """The server. facts: what ``/api/site`` shows beside the commands, asked for each time.

    It has threads of its own; commands and state are run and read in the event loop that called `start`.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, control: Control, facts: Callable[[], dict[str, Any]], port: int = 0):
        super().__init__(("127.0.0.1", port), _Handler)
        self.control = control
        self.facts = facts
        self.closing = threading.Event()
        self.streams = threading.BoundedSemaphore(_MAX_STREAMS)
        self._loop = asyncio.get_running_loop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def start(self) -> SimulatorPage:
        """Serve until `stop`."""
        threading.Thread(target=self.serve_forever, args=(0.1,), name="simulator page", daemon=True).start()
        return self

    def stop(self) -> None:
        """End the streams and stop listening."""
        self.closing.set()
        self.shutdown()
        self.server_close()

    def in_loop(self, coroutine) -> Any:
        """What a coroutine of the event loop returns or raises. Raises TimeoutError; at the end ConnectionError."""
        try:
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        except RuntimeError:
            coroutine.close()
            raise ConnectionError("the simulation has ended") from None
        try:
            return future.result(_ANSWER_S)
        except concurrent.futures.TimeoutError:  # not yet the built-in one in Python 3.10
            raise TimeoutError("no answer") from None

    async def site(self) -> dict[str, Any]:
        return {**self.facts(), "commands": self.control.described()}

    async def state(self) -> dict[str, Any]:
        return self.control.state()

    def handle_error(self, request, client_address) -> None:
        """A client that went away is no news."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: SimulatorPage
    server_version = "ucharge-simulator"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = _TIMEOUT_S

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def log_message(self, format: str, *args: Any) -> None:
        """The terminal is the firmware's."""

    def _answer(self, handle: Callable[[], None]) -> None:
        try:
            if self.server.closing.is_set():  # a connection of before, perhaps one that had asked nothing yet
                raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "the simulation has ended")
            self._check_host()
            handle()
        except Refused as error:
            self.close_connection = True  # its body may not have been read
            self._send_json({"error": str(error)}, error.status)
        except TimeoutError as error:
            self._send_json({"error": str(error)}, HTTPStatus.GATEWAY_TIMEOUT)

    def _get(self) -> None:
        path = self.path.partition("?")[0]
        if path in _FILES:
            name, kind = _FILES[path]
            self._send((_FOLDER / name).read_bytes(), f"{kind}; charset=utf-8")
        elif path == "/api/site":
            self._send_json(self.server.in_loop(self.server.site()))
        elif path == "/api/state":
            self._send_json(self.server.in_loop(self.server.state()))
        elif path == "/api/events":
            self._stream()
        else:
            raise Refused(HTTPStatus.NOT_FOUND, "there is no such page")

    def _post(self) -> None:
        self._check_origin()
        if self.path != "/api/command":
            raise Refused(HTTPStatus.NOT_FOUND, "there is no such page")
        name, arguments = _command(self._body())
        try:
            text = self.server.in_loop(self.server.control.run(name, arguments))
            self._send_json({"ok": True, "text": text})
        except CommandError as error:
            self._send_json({"ok": False, "text": str(error)})

    # -- what is refused

    def _check_host(self) -> None:
        """A name that another server has made point here is none of ours (DNS rebinding)."""
        port = self.server.server_port
        if self.headers.get("Host") not in (f"127.0.0.1:{port}", f"localhost:{port}"):
            raise Refused(HTTPStatus.FORBIDDEN, "this page is for its own machine alone")

    def _check_origin(self) -> None:
        own = self.headers.get("Origin") in (None, f"http://{self.headers['Host']}")
        if not own or self.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            raise Refused(HTTPStatus.FORBIDDEN, "another origin's page may not do this")

    def _body(self) -> bytes:
        if self.headers.get_content_type() != "application/json":
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "application/json is expected")
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise Refused(HTTPStatus.LENGTH_REQUIRED, "a Content-Length is expected")
        if int(length) > _MAX_BODY:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has at most {_MAX_BODY} bytes")
        return self.rfile.read(int(length))

    # -- what is sent

    def _send_json(self, content: Any, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(json.dumps(content).encode(), "application/json", status)

    def _send(self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._begin(kind, status)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def _begin(self, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in _HEADERS.items():
            self.send_header(name, value)

    def _stream(self) -> None:
        if not self.server.streams.acquire(blocking=False):
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "too many pages are open")
        try:
            self.close_connection = True
            self._begin("text/event-stream")
            self.end_headers()
            self._push()
        except OSError:
            pass  # the page was closed, or the simulation has ended
        finally:
            self.server.streams.release()

    def _push(self) -> None:
        last, sent_s = "", 0.0
        while True:
            now = json.dumps(self.server.in_loop(self.server.state()))
            if now != last or time.monotonic() - sent_s >= _SILENCE_S:
                self.wfile.write(f"event: state\ndata: {now}\n\n".encode())
                last, sent_s = now, time.monotonic()
            if self.server.closing.wait(_PERIOD_S):
                return


def _command(body: bytes) -> tuple[str, list[str]]:
    """(name, arguments) of a command's body."""
    try:
        content = json.loads(body)
        name, arguments = content["name"], content.get("arguments", [])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise Refused(HTTPStatus.BAD_REQUEST, 'a command is {"name": "plug", "arguments": ["1"]}') from None
    if not isinstance(arguments, list) or not all(isinstance(text, str) for text in (name, *arguments)):
        raise Refused(HTTPStatus.BAD_REQUEST, "name and arguments are texts")
    return name, arguments
