"""The CAN bus as a TCP server: SLCAN (Lawicel ASCII) for any number of clients.

What one client sends, all others receive, in order; nothing goes back to the sender. A client is anything that
has Lawicel's protocol: python-can (``interface="slcan", channel="socket://HOST:PORT"``), the firmware's driver,
netcat. One that opens its channel with another bit rate (``S``) than the others have is bus-off.

Answers follow the CANUSB manual (Lawicel, version 1.0D): CR for a command, ``z``/``Z`` CR for a standard/extended
frame taken, BEL for refused. Bus state follows the Linux kernel (``drivers/net/can/slcan``): ``s`` +
``a``/``w``/``p``/``b`` + three decimal digits of receive errors + three of transmit errors + CR.

Run alone: ``python -m tools.hub --port 5555``.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Callable

from tools.arguments import tcp_port
from tools.record import Record
from tools.slcan import BEL, CR, FRAMES, GARBAGE, Frame, decode, encode

MAX_LINE = 64  # the longest command is an extended frame of 26 characters
STATE_ACTIVE = b"sa000000\r"
STATE_BUS_OFF = b"sb000256\r"  # a transmitter is bus-off from an error count of 256 on (ISO 11898-1)
FLAGS_BUS_ERROR = b"F80\r"
MAX_BACKLOG = 64 * 1024  # bytes a client may lag behind before it loses frames


class _Client(asyncio.Protocol):
    """One connection: a Lawicel adapter with its channel."""

    def __init__(self, hub: Hub):
        self.hub = hub
        self.number = 0
        self.open = False
        self.listen_only = False
        self.bus_off = False
        self.rate = ""  # the digit of its command S
        self.lost = 0
        self._buffer = bytearray()
        self._overlong = False

    def connection_made(self, transport) -> None:
        self.transport = transport
        self.number = self.hub.attach(self)

    def connection_lost(self, exc) -> None:
        self.open = False
        self.hub.detach(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(CR)) >= 0:
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            if self._overlong or len(line) > MAX_LINE:
                self._overlong = False
                self.write(BEL)
            else:
                self.write(self._command(line.decode("latin-1")))
        if len(self._buffer) > MAX_LINE:
            self._overlong = True
            self._buffer.clear()

    def write(self, data: bytes) -> bool:
        """Queue bytes for the client. One that does not read loses them: counted, without waiting."""
        if self.transport.is_closing() or self.transport.get_write_buffer_size() > self.hub.max_backlog:
            self.lost += 1
            return False
        self.transport.write(data)
        return True

    def _command(self, line: str) -> bytes:
        if not line:
            return CR
        letter = line[0]
        if letter in FRAMES:
            return self._transmit(line)
        if letter in ("O", "L"):
            return self._open_channel(letter == "L")
        if letter == "C":
            was_open, self.open = self.open, False
            return CR if was_open else BEL
        if letter == "S" and line[1:] in "012345678" and len(line) == 2:
            if self.open:
                return BEL
            self.rate = line[1:]
            return CR
        if letter == "F":
            if not self.open:
                return BEL
            return FLAGS_BUS_ERROR if self.bus_off else b"F00\r"
        return {"V": b"V1013\r", "N": b"NHUB0\r"}.get(line, BEL)

    def _open_channel(self, listen_only: bool) -> bytes:
        if self.open:
            return BEL
        self.open, self.listen_only = True, listen_only
        was_off, self.bus_off = self.bus_off, self.hub.broken or self.hub.differs(self)
        if self.bus_off:
            return CR + STATE_BUS_OFF
        return CR + STATE_ACTIVE if was_off else CR

    def _transmit(self, line: str) -> bytes:
        if not self.open or self.listen_only:
            return BEL
        if self.bus_off:
            self.hub.dropped += 1
            return BEL
        try:
            can_id, data, extended, remote = decode(line)
        except ValueError:
            self.hub.refused += 1
            return BEL
        letter = line[0]
        self.hub.deliver(self.number, can_id, data, extended, remote, letter + line[1:].upper())
        return b"Z\r" if extended else b"z\r"

    def go_off(self) -> None:
        self.bus_off = True
        self.write(STATE_BUS_OFF)


class Hub:
    """The bus. ``log`` holds the last frames, ``dropped`` counts frames lost to bus-off, ``refused`` malformed ones."""

    def __init__(self, log_size: int = 20000, max_backlog: int = MAX_BACKLOG):
        self.log: Record[Frame] = Record(log_size)
        self.max_backlog = max_backlog
        self.clients: list[_Client] = []
        self.broken = False
        self.dropped = 0
        self.refused = 0
        self.port = 0
        self.tap: Callable[[Frame], None] | None = None
        self._numbers = 0
        self._lost_by_gone = 0
        self._server: asyncio.AbstractServer | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> Hub:
        """Listen. Port 0 lets the system choose; ``self.port`` is that."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Client(self), host, port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def close(self) -> None:
        """Disconnect everybody and stop listening."""
        if self._server is None:
            return
        self._server.close()
        for client in list(self.clients):
            client.transport.abort()
        await self._server.wait_closed()
        self._server = None

    @property
    def url(self) -> str:
        return f"socket://127.0.0.1:{self.port}"

    @property
    def frames(self) -> int:
        """How many frames were on the bus; a mark for ``wait_frame(since=...)``."""
        return self.log.total

    @property
    def lost(self) -> int:
        """Frames and answers that slow clients did not get."""
        return self._lost_by_gone + sum(client.lost for client in self.clients)

    def differs(self, client: _Client) -> bool:
        """Whether a channel has another bit rate than one that is open: it would get nothing but errors."""
        rates = {other.rate for other in self.clients if other.open and not other.bus_off and other is not client}
        return bool(client.rate) and bool(rates - {"", client.rate})

    def attach(self, client: _Client) -> int:
        self._numbers += 1
        self.clients.append(client)
        return self._numbers

    def detach(self, client: _Client) -> None:
        self._lost_by_gone += client.lost
        if client in self.clients:
            self.clients.remove(client)

    def deliver(self, source: int, can_id: int, data: bytes, extended=True, remote=False, line: str = "") -> Frame:
        """Put one frame on the bus for every open channel but the source's."""
        raw = line.encode() + CR if line else encode(can_id, data, extended)
        frame = Frame(self.log.total + 1, time.monotonic(), source, can_id, data, extended, remote)
        for client in self.clients:
            if client.open and not client.bus_off and client.number != source:
                client.write(raw)
        if self.tap is not None:
            self.tap(frame)
        self.log.append(frame)
        return frame

    def send(self, can_id: int, data: bytes, extended: bool = True) -> Frame | None:
        """Send a frame as the hub's own (source 0). None and counted while the wire is broken."""
        if self.broken:
            self.dropped += 1
            return None
        return self.deliver(0, can_id, data, extended)

    async def drained(self, lag: int) -> None:
        """Wait until every client is at most so many bytes behind."""
        await asyncio.sleep(0)
        while any(client.transport.get_write_buffer_size() > lag for client in self.clients):
            await asyncio.sleep(0.001)

    async def wait_frame(
        self, predicate: Callable[[Frame], bool] | int, timeout: float = 5.0, since: int | None = None
    ) -> Frame:
        """Return the first frame that fits. An integer predicate is an identifier.

        ``since`` is a frame count (``hub.frames`` earlier): frames after it count too; by default only future ones.
        Raises TimeoutError.
        """
        wanted = predicate if callable(predicate) else lambda frame: frame.can_id == predicate
        name = "such frame" if callable(predicate) else f"frame {predicate:08X}"
        return await self.log.wait(wanted, timeout, since, name + " on the bus")

    def bus_off(self) -> None:
        """Break the wire: every open channel goes bus-off now, and again after each re-open, until ``bus_ok``."""
        self.broken = True
        for client in self.clients:
            if client.open:
                client.go_off()

    def bus_ok(self) -> None:
        """Mend the wire. A channel stays bus-off until its client closes (``C``) and opens (``O``) it."""
        self.broken = False

    def garbage(self, data: bytes | None = None) -> None:
        """Write raw bytes to every client; without an argument, one of each kind in ``GARBAGE``."""
        for piece in GARBAGE if data is None else (data,):
            for client in self.clients:
                client.write(piece)


async def _serve(host: str, port: int) -> None:
    hub = await Hub().start(host, port)
    print(f"CAN bus on socket://{host}:{hub.port} (SLCAN)", flush=True)
    hub.tap = lambda frame: print(frame, flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Run the hub alone and print every frame."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=tcp_port, default=5555)
    options = parser.parse_args()
    try:
        asyncio.run(_serve(options.host, options.port))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
