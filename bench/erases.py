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
_CYCLES = 100_000  # what a block of a flash takes
_FILES_KB = 256  # of an ESP32 with 4 MB of flash: boards/ports/esp32/partitions-4MB.csv
_BLOCKS = _FILES_KB // 4  # used in turn
_HOURS_A_DAY = 8
_NUMBERS_A_PAGE = 126  # of NVS
_NAME = "erases per charging hour, samples of 60 s"
_RULE = "A flush of littlefs erases a block, so the target would hold for one commit in 5 minutes."


def measure(quick: bool) -> list[Row]:
    """The rows about erases, with a sample each 60 s, without and with NVS for the register."""
    seconds = 300 if quick else _HOUR_S
    erases, commits, _ = _hour(seconds, kept=False)
    alone = f"{commits:.0f} commits an hour at 10 kW: 60 samples, 60 answers to them, and the register at each 20 Wh, "
    alone += f"but not within 10 s of one before. {_life(erases)} {_RULE}"
    kept, commits, numbers = _hour(seconds, kept=True)
    beside = f"{commits:.0f} commits an hour at 10 kW: samples and answers; NVS took the register {numbers:.0f} times, "
    beside += f"which erases {numbers / _NUMBERS_A_PAGE:.0f} pages. {_life(kept)}"
    return [
        Row(GROUP, _NAME, "", erases, None, LOWER, _TARGET, note=alone),
        Row(GROUP, _NAME + ", register in NVS", "", kept, None, LOWER, _TARGET, note=beside),
    ]


def _hour(seconds: int, kept: bool) -> tuple[float, float, float]:
    """Erases, commits, and numbers in NVS of an hour."""
    script = ROOT / "bench" / "device" / "hour.py"
    command = [interpreter(), "-X", "heapsize=16M", str(script), str(ROOT), str(seconds), str(int(kept))]
    result = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S)
    found = re.search(r"erases (\d+), commits (\d+), numbers (\d+)", result.stdout)
    if found is None:
        raise BenchError(result.stdout + result.stderr)
    erases, commits, numbers = (int(text) * _HOUR_S / seconds for text in found.groups())
    return erases, commits, numbers


def _life(erases: float) -> str:
    years = _BLOCKS * _CYCLES / erases / _HOURS_A_DAY / 365
    return f"{_FILES_KB} KB of files last {years:.0f} years at {_HOURS_A_DAY} hours a day."
