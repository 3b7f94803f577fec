"""Logs of a CAN bus, as python-can reads them (candump .log, Vector .asc, PEAK .trc, ...), played onto the hub; and the
command for what was recorded.

``make replay FILE=...`` plays a black box (docs/blackbox.md), or the newest one in diagnostics that GetLog has sent,
into the firmware, and shows what is in a log; ``make sim CMD="replay FILE"`` plays a log into a simulation.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import can

from tools import blackbox
from tools.hub import Hub
from tools.node import Node

FAST = 0.0  # for `play`: as fast as everybody takes the frames
_LAG_BYTES = 4096  # so far a client may be behind when it is played fast


class LogError(Exception):
    """A log that cannot be read; the text names it."""


class Entry(NamedTuple):
    """One data frame of a log. ``at`` is in seconds since its first one."""

    at: float
    can_id: int
    data: bytes
    extended: bool


class Log(NamedTuple):
    """The data frames of a log in their order, and how many other frames it has: error, remote and CAN FD."""

    path: Path
    entries: list[Entry]
    left_out: int

    @property
    def seconds(self) -> float:
        """From the first frame to the last."""
        return self.entries[-1].at if self.entries else 0.0

    def __str__(self) -> str:
        text = f"{len(self.entries)} frames in {self.seconds:.1f} s"
        return f"{text}; {self.left_out} others are left out" if self.left_out else text


def read(path: Path | str) -> Log:
    """Read a log. Raises LogError."""
    path = Path(path)
    entries: list[Entry] = []
    left_out = number = 0
    began = last = None
    try:
        with can.LogReader(path) as reader:
            for message in reader:
                number += 1
                if message.is_error_frame or message.is_remote_frame or message.is_fd or len(message.data) > 8:
                    left_out += 1
                    continue
                began = message.timestamp if began is None else began
                last = message.timestamp if last is None else max(last, message.timestamp)  # some loggers sort badly
                entries.append(
                    Entry(last - began, message.arbitration_id, bytes(message.data), message.is_extended_id)
                )
    except OSError as error:
        raise LogError(f"{path}: {error.strerror or error}") from None
    except Exception as error:  # whatever a reader makes of a file that is no log
        raise LogError(f"{path}: no log that can be read, behind {number} frames: {error}") from None
    if not entries:
        raise LogError(f"{path}: no data frames in it")
    return Log(path, entries, left_out)


async def play(log: Log, hub: Hub, speed: float = 1.0) -> int:
    """Send its frames as the hub's own, with their timing; returns how many were on the bus.

    speed: 2 is twice as fast as it was; FAST, 0, as fast as everybody takes them.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    sent = 0
    for entry in log.entries:
        if speed:
            await asyncio.sleep(max(0.0, began + entry.at / speed - loop.time()))
        else:
            await hub.drained(_LAG_BYTES)
        sent += hub.send(entry.can_id, entry.data, entry.extended) is not None
    return sent


async def play_alone(log: Log, hub: Hub, nodes: Iterable[Node], speed: float = 1.0) -> int:
    """Play it while these nodes are silent: vehicle and power module are in the log."""
    before = [(node, node.silent) for node in nodes]
    try:
        for node, _ in before:
            node.silent = True
        return await play(log, hub, speed)
    finally:
        for node, silent in before:
            node.silent = silent


def show(log: Log) -> None:
    """Print what is in a log."""
    print(log)
    for entry in log.entries:
        digits = 8 if entry.extended else 3
        print(f"{entry.at:10.3f} {entry.can_id:0{digits}X} {entry.data.hex(' ')}")


def main() -> int:
    """Play a black box: status 0 if the same happens as was recorded, 1 if not. Show a log. Status 2: it is neither."""
    parser = argparse.ArgumentParser(prog="make replay FILE=...", description="Plays a black box, or shows a CAN log.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--box", help="the name of one of several in diagnostics")
    parser.add_argument("--board", default="", help="the module of the board, in place of the one in the black box")
    given = parser.parse_args()
    if given.file == Path():
        parser.error("name a file: make replay FILE=box-000001.bin")
    try:
        boxes = blackbox.find(given.file)
        if boxes:
            chosen = [box for box in boxes if given.box in (None, box.name)]
            if not chosen:
                raise ValueError(f"{given.file} has no {given.box}, but {', '.join(box.name for box in boxes)}")
            return blackbox.play(chosen[0], given.board)
        show(read(given.file))
    except OSError as error:
        print(f"{given.file}: {error.strerror or error}", file=sys.stderr)
        return blackbox.CANNOT
    except (LogError, ValueError) as error:
        print(error, file=sys.stderr)
        return blackbox.CANNOT
    return 0


if __name__ == "__main__":
    sys.exit(main())
