"""How soon a charge point is connected again after a fault of the network, beside the ``websockets`` library.

The time is that of the central system: from the moment at which it makes the fault, or refuses, until the next
WebSocket is open. Both charge points go through the same faults at once, each with a central system of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from bench.central import answer
from bench.children import ROOT, BenchError, Child, interpreter, python
from bench.site import bus, write_settings
from bench.table import LOWER, Row, median

_CALL, _CALLRESULT = 2, 3
_RETRY_AFTER_S = 3
_CLOSED_S = 1
_TIMEOUT_S = 60
_PINGS = {"key": "WebSocketPingInterval", "value": "1"}  # the peer gets it on its command line


class Central:
    """A central system for one charge point; ``fault`` is what the next one that dials meets: "busy", "mute" or ""."""

    def __init__(self) -> None:
        self.fault = ""
        self.port = 0
        self._server: Server | None = None
        self._opened: asyncio.Queue[tuple[float, ServerConnection]] = asyncio.Queue()
        self._met: asyncio.Queue[float] = asyncio.Queue()
        self._connections: list[ServerConnection] = []

    @property
    def url(self) -> str:
        """What the charge point dials."""
        return f"ws://127.0.0.1:{self.port}/ocpp"

    async def listen(self) -> None:
        """Begin to take connections, on the same port each time."""
        self._server = await serve(
            self._handle,
            "127.0.0.1",
            self.port,
            subprotocols=[Subprotocol("ocpp1.6")],
            compression=None,
            process_request=self._receive,
            ping_interval=None,
            open_timeout=None,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    def deafen(self) -> None:
        """Stop listening; what is open stays so."""
        assert self._server is not None
        self._server.close(close_connections=False)

    async def opened(self) -> tuple[float, ServerConnection]:
        """(when it was opened, the next connection on which the charge point has answered). Raises BenchError."""
        return await _in_time(self._opened.get(), "a connection")

    async def met(self) -> float:
        """When a charge point met the fault. Raises BenchError."""
        return await _in_time(self._met.get(), "a charge point that dials")

    async def end(self) -> None:
        """Cut all that is left."""
        self.deafen()
        for connection in self._connections:
            connection.transport.abort()
        await asyncio.sleep(0)

    async def _receive(self, connection: ServerConnection, request: Request) -> Response | None:
        fault, self.fault = self.fault, ""
        if not fault:
            return None
        self._met.put_nowait(time.monotonic())
        if fault == "mute":
            self._connections.append(connection)
            await asyncio.sleep(_TIMEOUT_S)
        response = connection.respond(503, "busy\n")
        response.headers["Retry-After"] = str(_RETRY_AFTER_S)
        return response

    async def _handle(self, connection: ServerConnection) -> None:
        opened = time.monotonic()
        self._connections.append(connection)
        with contextlib.suppress(ConnectionClosed):
            await connection.send(json.dumps([_CALL, "pings", "ChangeConfiguration", _PINGS]))
            async for text in connection:
                kind, uid, *rest = json.loads(text)
                if kind == _CALL:
                    await connection.send(json.dumps([_CALLRESULT, uid, answer(rest[0])]))
                elif uid == "pings":  # accepted, or NotImplemented: it is at work
                    self._opened.put_nowait((opened, connection))


async def _in_time(work: Coroutine, what: str):
    try:
        return await asyncio.wait_for(work, _TIMEOUT_S)
    except asyncio.TimeoutError:
        raise BenchError(f"no {what} within {_TIMEOUT_S} s") from None


def _reset(connection: ServerConnection) -> None:
    """End a TCP connection by RST."""
    tcp = connection.transport.get_extra_info("socket")
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.transport.abort()


async def close(central: Central, connection: ServerConnection) -> float:
    """An orderly Close."""
    began = time.monotonic()
    await connection.close(1001)
    return began


async def reset(central: Central, connection: ServerConnection) -> float:
    """A reset of TCP."""
    _reset(connection)
    return time.monotonic()


async def silence(central: Central, connection: ServerConnection) -> float:
    """Nothing is read any more, so no ping is answered."""
    connection.transport.pause_reading()
    return time.monotonic()


async def refuse(central: Central, connection: ServerConnection) -> float:
    """A reset, and no server for a while."""
    central.deafen()
    began = await reset(central, connection)
    await asyncio.sleep(_CLOSED_S)
    await central.listen()
    return began


async def busy(central: Central, connection: ServerConnection) -> float:
    """A refusal with a retry time."""
    central.fault = "busy"
    _reset(connection)
    return await central.met()


async def mute(central: Central, connection: ServerConnection) -> float:
    """A server that accepts the connection and sends nothing."""
    central.fault = "mute"
    _reset(connection)
    return await central.met()


Fault = Callable[[Central, ServerConnection], Coroutine[None, None, float]]
FAULTS: dict[str, Fault] = {
    "an orderly Close": close,
    "a reset of TCP": reset,
    "silence, with a ping each second": silence,
    f"a port that is closed for {_CLOSED_S} s": refuse,
    f"503 with Retry-After: {_RETRY_AFTER_S}": busy,
    "a handshake that is not answered": mute,
}


async def tour(central: Central, names: list[str]) -> dict[str, list[float]]:
    """Seconds until one charge point was back, for each fault, in this order."""
    seconds: dict[str, list[float]] = {name: [] for name in names}
    _, connection = await central.opened()
    for name in names:
        began = await FAULTS[name](central, connection)
        opened, connection = await central.opened()
        seconds[name].append(opened - began)
    return seconds


async def both(home: Path, can_port: int, names: list[str]) -> list[dict[str, list[float]]]:
    """The figures of ours and of the peer."""
    centrals = [Central(), Central()]
    for central in centrals:
        await central.listen()
    write_settings(home, centrals[0].url, can_port)
    firmware = [interpreter(), str(ROOT / "main.py"), "unix", "--home", str(home)]
    commands = [firmware, python("peer", "again", centrals[1].url)]
    try:
        with contextlib.ExitStack() as stack:
            for command in commands:
                stack.enter_context(Child(command))
            return await asyncio.gather(*(tour(central, names) for central in centrals))
    finally:
        for central in centrals:
            await central.end()


def measure(quick: bool) -> list[Row]:
    """The rows about reconnecting."""
    quickly = [name for name, fault in FAULTS.items() if fault is not mute]
    with tempfile.TemporaryDirectory() as directory, bus() as can_port:
        ours, peer = asyncio.run(both(Path(directory), can_port, quickly if quick else [*quickly, *FAULTS]))
    note = (
        "Half of our pause is chance (0.5 to 1 s at first), so that the charge points of a server do not come back as "
        f"one. After Retry-After: {_RETRY_AFTER_S} less than {_RETRY_AFTER_S} s is a fault. The peer by the library's "
        "own loop (async for), with its defaults but for the pings."
    )
    return [
        Row(
            "reconnects",
            f"connected again after {name}",
            "s",
            median(ours[name]),
            median(peer[name]),
            LOWER,
            note="" if number else note,
            runs={"ours": ours[name], "peer": peer[name]},
        )
        for number, name in enumerate(ours)
    ]
