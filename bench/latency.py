"""From the BMS's stop frame to the charger's, both seen on the bus by python-can, under a flood of requests."""

from __future__ import annotations

import random
import struct
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import can

from bench.children import ROOT, BenchError, Child, interpreter, python
from bench.site import Central, bus, write_settings
from bench.table import LOWER, Row, median, percentile

GROUP = "stop latency"
CONTROL, REQUEST = 0x068181FE, 0x1806E5F4
_START, _STOP = 0x00, 0x01  # byte 3 of the switch function, 0x32
_PERIOD_S = 0.2  # of the charge request
_TARGET_MS = 10
_BOARD = "bench.device.stops"
_STEP_S = 20
_FLUSH_MS = 60  # bench/device/slow.py
_PAUSE_S = (0.02, 0.12)  # of charging before each stop


class Bms:
    """The vehicle's BMS on python-can: it permits, stops, and sees what the charger is told."""

    def __init__(self, port: int):
        self.bus = can.Bus(interface="slcan", channel=f"socket://127.0.0.1:{port}", bitrate=250_000)
        self.samples_ms: list[float] = []
        self._sent = 0.0

    def request(self, switch: int) -> None:
        """Send the charge request."""
        data = struct.pack(">HHBBH", 832, 300, switch, 0, 0)
        self.bus.send(can.Message(arbitration_id=REQUEST, data=data, is_extended_id=True))
        self._sent = time.perf_counter()

    def read(self, seconds: float) -> int | None:
        """Byte 3 of the next switch request that is seen, or None after so many seconds."""
        deadline = time.perf_counter() + seconds
        while (left := deadline - time.perf_counter()) > 0:
            message = self.bus.recv(left)
            if message is not None and message.arbitration_id == CONTROL and message.data[1] == 0x32:
                return message.data[3]
        return None

    def permit(self, seconds: float) -> bool:
        """Permit charging for so long; returns whether the last that was seen is not a stop."""
        last, deadline = None, time.perf_counter() + seconds
        while (left := deadline - time.perf_counter()) > 0:
            if time.perf_counter() - self._sent > _PERIOD_S:
                self.request(0)
            seen = self.read(min(left, _PERIOD_S))
            last = last if seen is None else seen
        return last != _STOP

    def permit_until_start(self) -> None:
        """Permit charging until the charger is started. Raises BenchError."""
        deadline = time.perf_counter() + _STEP_S
        self.request(0)
        while self.read(_PERIOD_S) != _START:
            if time.perf_counter() > deadline:
                raise BenchError("the charger is not started")
            self.request(0)

    def stop(self) -> float:
        """Forbid charging; returns the milliseconds until the charger's stop frame. Raises BenchError."""
        began = time.perf_counter()
        self.request(1)
        while (seen := self.read(_STEP_S)) != _STOP:
            if seen is None:
                raise BenchError("no stop frame came")
        return (time.perf_counter() - began) * 1000

    def sample(self, count: int) -> list[float]:
        """So many stops while charging, with irregular times between."""
        noise = random.Random(count)
        found: list[float] = []
        while len(found) < count:
            self.permit_until_start()
            if self.permit(noise.uniform(*_PAUSE_S)):  # otherwise it was stopped for another reason
                found.append(self.stop())
        return found


def measured(port: int, central: Central, command: list[str], start: Callable[[Child], object], count: int):
    """(latencies in ms, GetConfiguration answered in a second) of one charge point."""
    with Child(command) as child:
        start(child)
        began = time.monotonic()
        bms = Bms(port)
        try:
            found = bms.sample(count)
            seconds = time.monotonic() - began
        except BenchError as error:
            child.end()
            raise BenchError(f"{error}\n" + "\n".join(child.rest()[-40:])) from None
        finally:
            bms.bus.shutdown()
        child.end()
        answered = int(central.line("answers ").split()[-1])
    return found, answered / seconds


def ours(port: int, central: Central, home: Path, count: int, board: str = _BOARD):
    """The firmware: it is told by its console to charge; on another board, to take a sample each second besides."""

    def start(child: Child) -> None:
        child.until("BootNotification: Accepted", _STEP_S)
        if board != _BOARD:
            child.write("config MeterValueSampleInterval 1\n")
        child.write("auth CARD\n")

    write_settings(home, central.flood_url, port)
    command = [interpreter(), str(ROOT / "main.py"), board, "--home", str(home)]
    return measured(port, central, command, start, count)


def peer(port: int, central: Central, count: int):
    """python-can and the ocpp library in one event loop."""
    command = python("peer", "charger", central.flood_url, port)
    return measured(port, central, command, lambda child: child.line("accepted"), count)


def measure(quick: bool) -> list[Row]:
    """The rows about the stop frame."""
    count = 10 if quick else 200
    with tempfile.TemporaryDirectory() as directory, bus() as port, Central() as central:
        ours_ms, ours_rate = ours(port, central, Path(directory), count)
        peer_ms, peer_rate = peer(port, central, count)
        slow_ms, _ = ours(port, central, Path(directory) / "slow", count, "bench.device.slow_stops")
    note = (
        f"{count} stops; the hub's and python-can's own time is in both figures. GetConfiguration answered a second "
        f"meanwhile: ours {ours_rate:,.0f}, the peer {peer_rate:,.0f}. The peer: python-can and the ocpp library in "
        "one asyncio loop."
    )
    figures = (("median", median, None), ("p99", lambda ms: percentile(ms, 99), _TARGET_MS), ("max", max, None))
    rows = []
    for name, of, target in figures:
        name = "BMS stop to our stop frame, " + name
        rows.append(Row(GROUP, name, "ms", of(ours_ms), of(peer_ms), LOWER, target=target))
    rows[0].note = note
    rows[0].runs = {"ours": ours_ms, "peer": peer_ms}
    return rows + on_a_slow_medium(slow_ms)


def on_a_slow_medium(found: list[float]) -> list[Row]:
    """The rows of a medium whose flush takes 60 ms, with a sample each second and its answer: two flushes."""
    late = sum(ms > _TARGET_MS for ms in found)
    note = (
        f"{late} of {len(found)} stops took more than {_TARGET_MS} ms: those that came while a flush of {_FLUSH_MS} ms "
        "was under way. A sample each second and its answer are 2 flushes; the usual 60 s make one in 30 s."
    )
    name = f"BMS stop to our stop frame, flush of {_FLUSH_MS} ms, "
    worst = Row(GROUP, name + "max", "ms", max(found), None, LOWER, _FLUSH_MS + _TARGET_MS, note=note)
    worst.runs = {"ours": found}
    return [Row(GROUP, name + "median", "ms", median(found), None, LOWER, _TARGET_MS), worst]
