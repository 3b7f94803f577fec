"""Long lists: SendLocalList of 1,000 entries, a look-up among them, GetConfiguration of all keys; time and heap.

The central system is here: it sends the next request when the one before is answered. The peer is list_peer.py.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import queue
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve
from websockets.typing import Subprotocol

from bench.central import answer
from bench.children import BenchError, Child, micropython, python
from bench.site import bus, write_settings
from bench.table import LOWER, Row, median

GROUP = "lists"
KB = 1024
_ENTRIES = 1000
_AT_ONCE = 10  # SendLocalListMaxLength of a device
_TAG = "CARD-OF-20-LETTER%03d"  # for numbers below 1,000
_QUIET_S = 0.5  # after booting: StatusNotifications are through
_ANSWER_S = 30
_CALL, _CALLRESULT = 2, 3


@dataclasses.dataclass
class Figures:
    """Of one charge point: ms, KB, µs, ms, KB; and how many keys it has."""

    send_ms: float
    send_kb: float
    lookup_us: float
    keys_ms: float
    keys_kb: float
    keys: int


def messages(count: int) -> Iterator[dict]:
    """The payloads that make up a list of so many entries, which come in no order."""
    info = {"status": "Accepted", "expiryDate": "2099-01-01T00:00:00Z", "parentIdTag": "PARENT-OF-20-LETTERS"}
    entries = [{"idTag": _TAG % (n * 7 % count), "idTagInfo": info} for n in range(count)]
    for at in range(0, count, _AT_ONCE):
        kind = "Differential" if at else "Full"
        yield {"listVersion": at + 1, "updateType": kind, "localAuthorizationList": entries[at : at + _AT_ONCE]}


class Asker:
    """The central system's end of a connection."""

    def __init__(self, websocket: ServerConnection):
        self._websocket = websocket
        self._asked = 0

    def listen(self, seconds: float) -> None:
        """Answer what comes, for some time."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                self._take(self._websocket.recv(left))

    def booted(self) -> None:
        """Answer what comes until a BootNotification was among it."""
        while self._take(self._websocket.recv(_ANSWER_S))[2] != "BootNotification":
            pass

    def ask(self, action: str, payload: dict) -> dict:
        """Send a request and return its answer; what comes between is answered. Raises BenchError."""
        self._asked += 1
        uid = f"ask-{self._asked}"
        self._websocket.send(json.dumps([_CALL, uid, action, payload]))
        while True:
            message = self._take(self._websocket.recv(_ANSWER_S))
            if message[0] != _CALL and message[1] == uid:
                if message[0] != _CALLRESULT:
                    raise BenchError(f"{action}: {message}")
                return message[2]

    def bench(self, name: str, data: str = "") -> str:
        """What the probe answers."""
        found = self.ask("DataTransfer", {"vendorId": "bench", "messageId": name, "data": data})
        if found["status"] != "Accepted":
            raise BenchError(f"{name}: {found}")
        return found.get("data", "")

    def send_list(self, entries: int) -> float:
        """Send the whole list; returns ms."""
        began = time.perf_counter()
        for payload in messages(entries):
            found = self.ask("SendLocalList", payload)
            if found != {"status": "Accepted"}:
                raise BenchError(f"SendLocalList: {found}")
        return (time.perf_counter() - began) * 1000

    def read_keys(self, count: int) -> tuple[float, int]:
        """Ask for all keys so many times; returns ms for one (the median), and how many keys there are."""
        times, keys = [], 0
        for _ in range(count):
            began = time.perf_counter()
            keys = len(self.ask("GetConfiguration", {})["configurationKey"])
            times.append((time.perf_counter() - began) * 1000)
        return median(times), keys

    def figures(self, entries: int, count: int) -> Figures:
        """All of it, GetConfiguration `count` times; the heap last, for watching it takes time."""
        self.booted()
        self.listen(_QUIET_S)
        send_ms = self.send_list(entries)
        lookup_us = float(self.bench("lookups", f"{entries} {_TAG}"))
        keys_ms, keys = self.read_keys(count)
        self.bench("watch")
        self.send_list(entries)
        send_kb = int(self.bench("peak")) / KB
        self.bench("watch")
        self.read_keys(5)
        keys_kb = int(self.bench("peak")) / KB
        return Figures(send_ms, send_kb, lookup_us, keys_ms, keys_kb, keys)

    def _take(self, text: str | bytes) -> list:
        message = json.loads(text)
        if message[0] == _CALL:
            self._websocket.send(json.dumps([_CALLRESULT, message[1], answer(message[2])]))
        return message


class Central:
    """``with Central(entries, count) as central:`` measures each charge point that connects to ``central.url``."""

    def __init__(self, entries: int, count: int):
        self._entries, self._count = entries, count
        self._found: queue.Queue[Figures | Exception] = queue.Queue()
        self._server = serve(
            self._measure, "127.0.0.1", 0, subprotocols=[Subprotocol("ocpp1.6")], compression=None, ping_interval=None
        )
        self.url = f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/ocpp"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def figures(self) -> Figures:
        """Of the charge point that was started last. Raises BenchError."""
        try:
            found = self._found.get(timeout=300)
        except queue.Empty:
            raise BenchError("no figures within 300 s") from None
        if isinstance(found, Exception):
            raise BenchError(f"{type(found).__name__}: {found}")
        return found

    def _measure(self, websocket: ServerConnection) -> None:
        try:
            self._found.put(Asker(websocket).figures(self._entries, self._count))
        except (BenchError, ConnectionClosed, TimeoutError, KeyError, ValueError) as error:
            self._found.put(error)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._server.shutdown()


def measure(quick: bool) -> list[Row]:
    """The rows about lists."""
    runs, entries, count = (1, 2 * _AT_ONCE, 3) if quick else (5, _ENTRIES, 50)
    ours: list[Figures] = []
    peer: list[Figures] = []
    with bus() as can_port, Central(entries, count) as central:
        for _ in range(runs):
            with tempfile.TemporaryDirectory() as directory:
                write_settings(Path(directory), central.url, can_port)
                with Child(micropython("firmware.py", directory, "bench.device.lists:Lists", "{}")):
                    ours.append(central.figures())
                database = Path(directory) / "list.sqlite"
                with Child(python("list_peer", central.url, database, ours[-1].keys)):
                    peer.append(central.figures())
    return [_row(ours, peer, *line) for line in _lines(ours[0].keys)]


def _lines(keys: int) -> list[tuple[str, str, str, str]]:
    """(figure, name, unit, note) of each row."""
    return [
        (
            "send_ms",
            f"SendLocalList of {_ENTRIES:,} entries, {_AT_ONCE} at a time",
            "ms",
            f"{_ENTRIES // _AT_ONCE} messages, each validated, merged into the file and flushed before the answer; the "
            "peer: a transaction of SQLite each.",
        ),
        (
            "send_kb",
            "SendLocalList, peak of the heap",
            "KB",
            "Beyond what is in use between messages: live objects when a message has been read and parsed, 64-bit "
            "words. The peer: tracemalloc's peak.",
        ),
        ("lookup_us", f"authorization look-up in a list of {_ENTRIES:,}", "us", "The peer: SELECT by primary key."),
        ("keys_ms", f"GetConfiguration of all {keys} keys", "ms", "The peer has as many keys, of one or two digits."),
        (
            "keys_kb",
            "GetConfiguration of all keys, peak of the heap",
            "KB",
            "Live objects when the answer is to be sent: the answer as objects and as text.",
        ),
    ]


def _row(ours: list[Figures], peer: list[Figures], figure: str, name: str, unit: str, note: str) -> Row:
    runs = {"ours": [getattr(run, figure) for run in ours], "peer": [getattr(run, figure) for run in peer]}
    return Row(GROUP, name, unit, median(runs["ours"]), median(runs["peer"]), LOWER, note=note, runs=runs)
