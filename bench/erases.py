"""What an hour of charging erases on a flash with littlefs."""

from __future__ import annotations

import re
import subprocess

from bench.children import ROOT, BenchError, interpreter
from bench.table import LOWER, Row

GROUP = "flash"
_HOUR_S = 3600
_TARGET = 12
_TIMEOUT_S = 300


def measure(quick: bool) -> list[Row]:
    """The row about erases, with a sample each 60 s."""
    seconds = 300 if quick else _HOUR_S
    script = ROOT / "bench" / "device" / "hour.py"
    command = [interpreter(), "-X", "heapsize=16M", str(script), str(ROOT), str(seconds)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S)
    found = re.search(r"erases (\d+), commits (\d+)", result.stdout)
    if found is None:
        raise BenchError(result.stdout + result.stderr)
    erases, commits = (int(text) * _HOUR_S / seconds for text in found.groups())
    note = (
        f"{commits:.0f} commits an hour at 10 kW: 60 samples, 60 answers to them, and the register at each 100 Wh "
        "between. A flush of littlefs erases a block, so the target would hold for one commit in 5 minutes: samples, "
        "answers and energy of so long would not survive a power cut."
    )
    return [Row(GROUP, "erases per charging hour, samples of 60 s", "", erases, None, LOWER, _TARGET, note=note)]
