"""Machine instructions for a CAN frame and for MeterValues: callgrind's counts at two loop counts, their difference."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.children import BenchError, Child, micropython, python
from bench.frames import listener, write_traffic
from bench.site import Central, write_settings
from bench.table import LOWER, Row

GROUP = "instructions"
_FRAME_TARGET = 8000
_SLOWER = 60  # about what callgrind makes of a program
_PASSES = (2, 12)
_MESSAGES = (20, 70)
_TIMEOUT_S = 600  # callgrind is some 60 times slower, and first of all every module is compiled


def count(command: list[str], directory: Path) -> int:
    """Instructions of a whole process. Raises BenchError."""
    valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={directory}/callgrind.%p"]
    with Child(valgrind + command, {"PYTHONHASHSEED": "0"}) as child:
        status = child.wait(_TIMEOUT_S)
        text = "\n".join([*child.lines, *child.rest()])
    found = re.search(r"Collected : (\d+)", text)
    if status or found is None:
        raise BenchError(f"{' '.join(command)} under valgrind:\n{text[-1000:]}")
    return int(found.group(1))


def each(commands: list[list[str]], directory: Path, more: int) -> float:
    """Instructions for each of the `more` turns that the second command makes beyond the first."""
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda command: count(command, directory), commands)
    return (second - first) / more


def of_frames(directory: Path) -> tuple[float, float]:
    """(ours, cantools) for a CAN frame."""
    path = write_traffic(directory)
    more = (_PASSES[1] - _PASSES[0]) * path.read_bytes().count(b"\r")
    with listener() as port:
        commands = [micropython("frames.py", path, _home(directory, n), port, n) for n in _PASSES]
        ours = each(commands, directory, more)
    peer = each([python("frames", path, n) for n in _PASSES], directory, more)
    return ours, peer


def of_meter_values(directory: Path) -> tuple[float, float]:
    """(ours, the peer's) for MeterValues and its answer."""
    more = _MESSAGES[1] - _MESSAGES[0]
    with Central() as central, listener() as can_port:
        commands = []
        for n in _MESSAGES:
            home = _home(directory, n)
            write_settings(home, central.url, can_port)
            options = json.dumps({"heartbeats": 0, "meter_values": n})
            commands.append(micropython("firmware.py", home, "bench.device.trips:Trips", options, _SLOWER))
        ours = each(commands, directory, more)
        peer = each([python("peer", "trips", central.url, 0, n) for n in _MESSAGES], directory, more)
    return ours, peer


def _home(directory: Path, number: int) -> Path:
    home = directory / str(number)
    home.mkdir(exist_ok=True)
    return home


def measure(quick: bool) -> list[Row]:
    """The rows about instructions."""
    note = "callgrind, the difference between two loop counts divided by the difference of the counts."
    why = " A frame takes 9 calls of Python functions and 60 look-ups of names on average: that is what they cost."
    figures: tuple[float | None, ...] = (None,) * 4
    if shutil.which("valgrind") is None:
        note = "Not measured: there is no valgrind on this machine."
    elif quick:
        note = "Not measured in a quick run."
    else:
        with tempfile.TemporaryDirectory() as directory:
            figures = (*of_frames(Path(directory)), *of_meter_values(Path(directory)))
    frame, peer_frame, meter, peer_meter = figures
    return [
        Row(GROUP, "instructions for a CAN frame", "", frame, peer_frame, LOWER, target=_FRAME_TARGET, note=note + why),
        Row(GROUP, "instructions for MeterValues and its answer", "", meter, peer_meter, LOWER, note=note),
    ]
