"""Measure, print a table, write JSON: what ``make bench`` runs.

    python bench/run.py [--quick] [--json FILE] [NAME ...]

NAME: one of the measurements; without one, all of them. --quick: a few turns of each, to see that they work; the
figures mean nothing. Status 1 if a measurement failed; a missed target is a figure, not a failure.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import (  # noqa: E402
    blocked,
    boot,
    erases,
    frames,
    heap,
    icount,
    instructions,
    latency,
    lists,
    reconnects,
    roundtrips,
    tricks,
    web,
    weights,
)
from bench.children import BenchError, interpreter  # noqa: E402
from bench.table import Row, render, write_json  # noqa: E402
from tools.firmware import missing_interpreter  # noqa: E402

MEASUREMENTS = {
    "frames": frames.measure,
    "instructions": instructions.measure,
    "roundtrips": roundtrips.measure,
    "boot": boot.measure,
    "heap": heap.measure,
    "latency": latency.measure,
    "blocked": blocked.measure,
    "web": web.measure,
    "erases": erases.measure,
    "tricks": tricks.measure,
    "lists": lists.measure,
    "icount": icount.measure,
    "weights": weights.measure,
    "reconnects": reconnects.measure,
}


def machine() -> dict:
    """What the figures were measured on."""
    implementation = "import sys; print('%d.%d.%d %s' % (sys.implementation[1][:3] + sys.implementation[1][3:4]))"
    version = subprocess.run([interpreter(), "-c", implementation], capture_output=True, text=True).stdout.strip()
    return {
        "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": platform.machine(),
        "system": platform.system(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "micropython": version,
        "cpython": platform.python_version(),
    }


def processor() -> str:
    """The processor's name, where the system has it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()


def measure(names: list[str], quick: bool) -> tuple[list[Row], list[str]]:
    """The rows, and what went wrong."""
    rows: list[Row] = []
    failures: list[str] = []
    for name in names:
        began = time.monotonic()
        print(f"measuring {name} ...", end="", flush=True, file=sys.stderr)
        try:
            rows += MEASUREMENTS[name](quick)
        except BenchError as error:
            failures.append(f"{name}: {error}")
        print(f" {time.monotonic() - began:.0f} s", file=sys.stderr)
    return rows, failures


def main() -> int:
    """Run."""
    parser = argparse.ArgumentParser(description="Measure ucharge beside its peers.")
    parser.add_argument("--quick", action="store_true", help="see that the measurements work; the figures mean nothing")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench.json", metavar="FILE")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MEASUREMENTS))
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in MEASUREMENTS]
    if unknown:
        parser.error(f"no measurement {unknown[0]!r}; there are {', '.join(MEASUREMENTS)}")
    if missing_interpreter():
        parser.error(missing_interpreter())
    about = machine()
    rows, failures = measure(options.names or list(MEASUREMENTS), options.quick)
    print(render(rows))
    write_json(options.json, rows, about)
    for failure in failures:
        print("FAILED:", failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
