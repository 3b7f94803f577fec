"""The GC heap that the running charger needs beyond its loaded code, beside the peer's Python objects."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench.children import BenchError, Child, micropython, python
from bench.site import Central, bus, write_settings
from bench.table import LOWER, Row, median

KB = 1024
GROUP = "heap"
_LIMIT_KB = 64
_TRIED_KB = (*range(40, 128, 4), *range(128, 257, 16))
_STEP_S = 10
_SAMPLES = 20  # of the live heap while charging


class Session:
    """One charging session of the firmware with device/heap.py, asked for GetConfiguration all the time.

    `code`: bytes of loaded code; `live`: bytes in use beyond it, sampled while charging. It raises BenchError if a step
    of the session does not come about, or if memory ran out anywhere.
    """

    def __init__(self, settings: tuple[str, int], free_kb: int, samples: int):
        with tempfile.TemporaryDirectory() as directory:
            write_settings(Path(directory), *settings)
            self._run(directory, free_kb, samples)

    def _run(self, home: str, free_kb: int, samples: int) -> None:
        with Child(micropython("firmware.py", home, "bench.device.heap:Heap", "{}", 1, free_kb * KB)) as child:
            self.code = int(child.line("code "))
            base = int(child.line("base "))  # with the ballast
            child.until("BootNotification: Accepted", _STEP_S)
            child.write("config MeterValueSampleInterval 1\nauth CARD\n")
            child.until("charging enabled", _STEP_S)
            self.live = [int(child.line("live ", _STEP_S)) - base for _ in range(samples)]
            child.write("auth CARD\n")
            child.until("charging disabled", _STEP_S)
            child.line("live ", _STEP_S)
        if any("MemoryError" in line for line in child.lines):
            raise BenchError(f"{free_kb} KB are not enough: MemoryError")


def smallest(settings: tuple[str, int]) -> int:
    """The least of `_TRIED_KB` with which a whole session succeeds."""
    low, high = 0, len(_TRIED_KB) - 1
    while low < high:
        middle = (low + high) // 2
        try:
            Session(settings, _TRIED_KB[middle], 10)
            high = middle
        except BenchError:
            low = middle + 1
    return _TRIED_KB[low]


def peer(url: str) -> tuple[int, int, int]:
    """Bytes of Python objects of the peer: after the imports, and beyond: in use, and at the peak."""
    command = python("peer", "heap", url, 50)
    with Child([sys.executable, "-X", "tracemalloc", *command[1:]]) as child:
        code = int(child.line("code "))
        used, peak = map(int, child.line("heap ").split())
    return code, used - code, peak - code


def measure(quick: bool) -> list[Row]:
    """The rows about memory."""
    with bus("vehicle") as can_port, Central() as central:
        settings = central.ask_url, can_port
        session = Session(settings, 0, 3 if quick else _SAMPLES)
        needed = None if quick else smallest(settings)
        code, used, peak = peer(central.url)
    names = "The peer: objects of the Python interpreter (tracemalloc), OCPP alone."
    return [
        Row(GROUP, "heap: loaded code", "KB", session.code / KB, code / KB, LOWER, note=names),
        Row(
            GROUP,
            "heap beyond the code, charging",
            "KB",
            median(session.live) / KB,
            used / KB,
            LOWER,
            runs={"ours": [value / KB for value in session.live]},
            note="In use after a collection, ten samples a second, while MeterValues are sent every second and one "
            "GetConfiguration follows the other.",
        ),
        Row(GROUP, "heap beyond the code, most seen", "KB", max(session.live) / KB, peak / KB, LOWER),
        Row(
            GROUP,
            "heap beyond the code, needed",
            "KB",
            needed,
            peak / KB,
            LOWER,
            target=_LIMIT_KB,
            note="The least free heap after the imports with which the same session, from boot to the end of the "
            "transaction, ran without a MemoryError; found by halving, in steps of 4 KB. What was not collected "
            "yet keeps live objects apart, so a whole piece of 2.5 KB for an answer is what fails first.",
        ),
    ]
