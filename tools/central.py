"""An OCPP 1.6J central system on the mobilityhouse ``ocpp`` library and ``websockets``, for runs and tests.

It listens on ``ws://HOST:PORT/ocpp/ID``. Every message passes through ``messages`` (and a log file); answers and faults
can be scripted per action (``script``); ``call()`` sends any command of the library.

Run alone: ``python -m tools.central --port 9000``.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import http
import json
import logging
import socket
import sys
import urllib.parse
import uuid
import weakref
from collections.abc import Callable, Sequence
from typing import Any, TextIO

import websockets.asyncio.server as ws
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tools.arguments import tcp_port
from tools.link import CALL, CALLERROR, CALLRESULT, Fault, Link, Message, Script
from tools.message_log import MessageLog
from tools.point import Books, Point, Tag, Transaction

__all__ = ["CALL", "CALLERROR", "CALLRESULT", "Central", "Fault", "Message", "Tag", "Transaction"]

PATH = "/ocpp/"


class Central(MessageLog):
    """The central system.

    keys: charge point id -> AuthorizationKey (str or bytes); None accepts anybody without Basic auth. log: text file
    for the messages. tls: an ``ssl.SSLContext`` makes it wss. books: see Books (tags, strict, interval_s).
    Public data: ``messages``, ``books`` (tags, transactions), ``points`` (connected now, by id), ``connections`` (how
    many there ever were), ``refuse`` (HTTP status for new connections, None takes them), ``subprotocol`` (which is
    agreed to, None for none), ``keys`` and ``tls`` as given; ``tls`` counts from the next ``start()`` on.
    """

    def __init__(self, *, keys: dict[str, str | bytes] | None = None, log: TextIO | None = None, tls=None, **books):
        super().__init__(log)
        self.books = Books(**books)
        self.script = Script()
        self.points: dict[str, Point] = {}
        self.connections = 0
        self.refuse: int | None = None
        self.subprotocol: str | None = "ocpp1.6"
        self.host, self.port = "127.0.0.1", 0
        self.keys = keys
        self.tls = tls
        self._server: ws.Server | None = None
        self._held = False
        self._connected = asyncio.Condition()
        self._logger = logging.Logger("central")
        self._logger.addHandler(logging.NullHandler())

    # -- life

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> Central:
        """Listen. Port 0 lets the system choose; ``port`` is that. After ``stop()`` the same port is taken again."""
        self.host, self.port = host, port or self.port
        if not self._held and sys.platform == "linux":
            self._hold()
        self._server = await ws.serve(
            self._serve,
            host,
            self.port,
            process_request=self._check,
            select_subprotocol=self._agree,
            compression=None,
            close_timeout=1,
            logger=self._logger,
            ssl=self.tls,
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        """Vanish from the network: connections are cut, the port is closed. ``start()`` brings it back."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close(close_connections=False)
        for point in list(self.points.values()):
            point.link.cut()
        for connection in list(server.connections):
            connection.transport.abort()
        await server.wait_closed()

    async def go_online(self) -> None:
        """``start()``, unless it is there already."""
        if not self.online:
            await self.start(self.host)

    @property
    def online(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    @property
    def url(self) -> str:
        """What belongs into settings.json."""
        return f"{'ws' if self.tls is None else 'wss'}://{self.host}:{self.port}{PATH.rstrip('/')}"

    async def wait_connected(self, name: str | None = None, timeout: float = 10, after: int = 0) -> Point:
        """Return the connected charge point (any, without a name). Raises TimeoutError.

        after: a count of ``connections``; only a later connection will do.
        """

        def there() -> bool:
            return self.connections > after and self._find(name) is not None

        async with self._connected:
            try:
                await asyncio.wait_for(self._connected.wait_for(there), timeout)
            except asyncio.TimeoutError:
                raise TimeoutError(f"charge point {name or ''} did not connect within {timeout} s") from None
        return self.point(name)

    def point(self, name: str | None = None) -> Point:
        """The connected charge point; without a name, the one that came last. Raises ConnectionError."""
        found = self._find(name)
        if found is None:
            raise ConnectionError(f"{f'charge point {name}' if name else 'the charge point'} is not connected")
        return found

    # -- commands

    async def call(self, payload, name: str | None = None) -> Any:
        """Send a command (``ocpp.v16.call.*``), return the ``call_result``. A CALLERROR raises OCPPError."""
        return await self.point(name).call(payload, suppress=False)

    async def call_raw(self, action: str, payload: Any, name: str | None = None, uid: str | None = None) -> str:
        """Send a CALL without checking it, and do not wait; returns its unique id (see ``wait_answer``)."""
        uid = uid or str(uuid.uuid4())
        await self.point(name).link.send_raw(json.dumps([CALL, uid, action, payload]))
        return uid

    async def send_raw(self, raw: str | bytes, name: str | None = None) -> None:
        """Send any text, or bytes as a binary message."""
        await self.point(name).link.send_raw(raw)

    async def close_socket(self, name: str | None = None, code: int = 1000, abort: bool = False) -> None:
        """Close the connection in order, or cut it."""
        link = self.point(name).link
        if abort:
            link.cut()
        else:
            await link.websocket.close(code)

    # -- what is answered

    def on(self, action: str, answer: Callable[[dict], Any] | dict | None) -> None:
        """Script an answer; see Script.on."""
        self.script.on(action, answer)

    def fault(self, action: str, fault: Fault | None) -> None:
        """Spoil answers; see Fault."""
        self.script.fault(action, fault)

    # -- inside

    def _hold(self) -> None:
        """Bind the port for good: while it does not listen, no other program, and no client's own end, is given it."""
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0]
        holder = socket.socket(*found[:2])
        weakref.finalize(self, holder.close)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # who listens has it, too: then both may bind
        holder.bind(found[4])
        self.port, self._held = holder.getsockname()[1], True

    def _find(self, name: str | None) -> Point | None:
        if name is None:
            return list(self.points.values())[-1] if self.points else None
        return self.points.get(name)

    def _agree(self, _, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        return None if self.subprotocol is None or "ocpp1.6" not in offered else Subprotocol(self.subprotocol)

    async def _check(self, connection: ws.ServerConnection, request):
        """Refuse what must not connect, before the WebSocket exists."""
        if self.refuse is not None:
            return connection.respond(http.HTTPStatus(self.refuse), "refused\n")
        if not request.path.startswith(PATH) or len(request.path) == len(PATH):
            return connection.respond(http.HTTPStatus.NOT_FOUND, f"the path is {PATH}ID\n")
        if self.keys is not None and not self._may(_name(request.path), request.headers.get("Authorization", "")):
            response = connection.respond(http.HTTPStatus.UNAUTHORIZED, "refused\n")
            response.headers["WWW-Authenticate"] = 'Basic realm="ocpp"'
            return response
        return None

    def _may(self, name: str, authorization: str) -> bool:
        """Does an Authorization field hold the charge point's key? A key may be any bytes, no text in UTF-8."""
        scheme, _, value = authorization.partition(" ")
        try:
            user, _, password = base64.b64decode(value, validate=True).partition(b":")
        except ValueError:
            return False
        key = (self.keys or {}).get(name)
        wanted = key.encode() if isinstance(key, str) else key
        return scheme.lower() == "basic" and user == name.encode() and wanted is not None and password == wanted

    async def _serve(self, websocket: ws.ServerConnection) -> None:
        if websocket.subprotocol is None and self.subprotocol is not None:
            await websocket.close(1002, "ocpp1.6 expected")
            return
        assert websocket.request is not None
        name = _name(websocket.request.path)
        earlier = self.points.pop(name, None)
        if earlier is not None:  # a charge point has one connection: the newer one is the one that lives
            earlier.link.cut()
        link = Link(name, websocket, self.messages, self.script)
        point = Point(name, link, self.books, self._logger)
        self.connections += 1
        async with self._connected:
            self.points[name] = point
            self._connected.notify_all()
        try:
            with contextlib.suppress(ConnectionClosed):
                await point.start()
        finally:
            link.end()
            if self.points.get(name) is point:
                del self.points[name]


def _name(path: str) -> str:
    return urllib.parse.unquote(path[len(PATH) :])


async def _run(options: argparse.Namespace) -> None:
    keys = dict(pair.split(":", 1) for pair in options.key) or None
    central = Central(keys=keys, log=sys.stdout, strict=options.strict)
    await central.start(options.host, options.port)
    print(f"central system on {central.url}/ID", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Run the central system alone and print every message."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=tcp_port, default=9000)
    parser.add_argument("--key", action="append", default=[], metavar="ID:KEY", help="Basic auth for a charge point")
    parser.add_argument("--strict", action="store_true", help="refuse unknown idTags")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
