"""CAN frames: how many a second, what they allocate, beside cantools; see device/frames.py.

    python -m bench.frames FILE PASSES       only the peer, for whoever counts its instructions
"""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import cantools

from bench.children import ROOT, BenchError, Child, micropython
from bench.table import LOWER, Row, median
from tools.slcan import decode, encode

DBC = ROOT / "tools" / "ucharge.dbc"
GROUP = "CAN frames"
_SECONDS = 10  # of a charging session that the frames are of
_SEED = 16  # the same frames in every run


def traffic(seconds: int = _SECONDS) -> list[tuple[int, bytes]]:
    """What comes from vehicle and power module in so many seconds of charging, in docs/can.md's periods."""
    noise = random.Random(_SEED)
    replies = _replies(noise)
    frames: list[tuple[int, bytes]] = []
    for tick in range(seconds * 10):
        volts, amps = 74 + noise.random(), 30 + noise.random()
        if tick % 2 == 0:
            frames.append((0x00433F01, struct.pack(">ff", volts, amps * 10)))
            frames.append(next(replies))
        if tick % 3 == 0:
            function, value = ((0x32, 0), (0x00, 85248), (0x03, 915))[tick // 3 % 3]
            frames.append((0x0681817E, struct.pack(">BBHI", 1, function, 0, value)))
        if tick % 5 == 0:
            frames.append((0x00473F01, bytes(6) + b"\x03\x02"))
            frames.append((0x1806E5F4, struct.pack(">HHBBH", 832, 300, 0, 0, 0)))
        if tick % 20 == 0:
            frames.append((0x160B8001, struct.pack(">II", 1234000 + tick, 0)))
            frames.append((0x160D8001, struct.pack(">II", 1210000, 0)))
    return frames


def _replies(noise: random.Random) -> Iterator[tuple[int, bytes]]:
    """The power module's telemetry, in turns."""
    while True:
        for function, value in (
            (0x84, struct.pack(">I", round((74 + noise.random()) * 1024))),
            (0x82, struct.pack(">HH", 0, 300 + noise.randrange(10))),
            (0x79, struct.pack(">HH", 0, 8)),
            (0x80, struct.pack(">HH", 0, 31000 + noise.randrange(100))),
            (0x83, struct.pack(">f", 230 + noise.random())),
        ):
            yield 0x0681827E, struct.pack(">BBH", 1, function, 0) + value


def write_traffic(directory: Path) -> Path:
    """A file with the frames as SLCAN lines."""
    path = directory / "frames.slcan"
    path.write_bytes(b"".join(encode(*frame) for frame in traffic()))
    return path


@contextlib.contextmanager
def listener() -> Iterator[int]:
    """The port of a socket that takes what the firmware sends, and never answers (some adapters do not either)."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def device(path: Path, home: Path, passes: int) -> dict[str, tuple[int, int]]:
    """What device/frames.py measured: kind -> (frames, value)."""
    with listener() as port, Child(micropython("frames.py", path, home, port, passes)) as child:
        found = {}
        for kind in ("frames", "bytes", "locked"):
            count, value = child.line(kind + " ").split()
            found[kind] = int(count), int(value)
        if child.wait(10):
            raise BenchError("bench/device/frames.py failed: " + "\n".join(child.lines))
    return found


class Peer:
    """cantools with the same frames, already taken out of their SLCAN lines."""

    def __init__(self, path: Path):
        lines = path.read_bytes().decode().split("\r")[:-1]
        self.frames = [decode(line)[:2] for line in lines]
        self.database = cantools.database.can.Database()
        self.database.add_dbc_file(str(DBC))

    def all(self, passes: int) -> None:
        """Decode everything."""
        decode_message = self.database.decode_message
        for _ in range(passes):
            for can_id, data in self.frames:
                decode_message(can_id, data)

    def per_second(self, passes: int) -> float:
        """Frames decoded in a second."""
        began = time.perf_counter()
        self.all(passes)
        return passes * len(self.frames) / (time.perf_counter() - began)

    def allocated(self) -> float:
        """Bytes of Python objects in use after a frame was decoded beyond those before, on average."""
        grown = 0
        tracemalloc.start()
        try:
            for can_id, data in self.frames:
                tracemalloc.reset_peak()
                before = tracemalloc.get_traced_memory()[0]
                self.database.decode_message(can_id, data)
                grown += tracemalloc.get_traced_memory()[1] - before
        finally:
            tracemalloc.stop()
        return grown / len(self.frames)


def measure(quick: bool) -> list[Row]:
    """The rows about frames."""
    runs, ours_passes, peer_passes = (1, 5, 1) if quick else (5, 100, 5)
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as directory:
        path = write_traffic(Path(directory))
        peer = Peer(path)
        for _ in range(runs):
            found = device(path, Path(directory), ours_passes)
            count, elapsed_us = found["frames"]
            ours.append(count / elapsed_us * 1e6)
            theirs.append(peer.per_second(peer_passes))
        allocated = found["bytes"][1] / found["bytes"][0]
        peer_allocated = peer.allocated()
    note = (
        "SLCAN bytes in the driver's buffer through can to bms and charger, charging enabled; cantools gets the same "
        "frames already taken out of their lines and only decodes them."
    )
    locked = found["locked"][0]
    return [
        Row(GROUP, "CAN frames", "1/s", median(ours), median(theirs), note=note, runs={"ours": ours, "peer": theirs}),
        Row(
            GROUP,
            "allocated for a frame",
            "B",
            allocated,
            peer_allocated,
            LOWER,
            target=0,
            note=f"{locked} frames were also handled under micropython.heap_lock(), where any allocation raises. "
            "cantools: tracemalloc's peak.",
        ),
    ]


if __name__ == "__main__":
    Peer(Path(sys.argv[1])).all(int(sys.argv[2]))
