"""From the start of the process to the accepted BootNotification, beside a charge point on the ocpp library."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.children import ROOT, Child, interpreter, python
from bench.site import Central, bus, write_settings
from bench.table import LOWER, Row, median


def time_to_boot(central: Central, command: list[str], name: str) -> float:
    """Milliseconds from the start of the process until the central system had sent its Accepted."""
    with Child(command) as child:
        return (central.booted(name) - child.started) * 1000


def measure(quick: bool) -> list[Row]:
    """The row about booting."""
    runs = 1 if quick else 9
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as directory, bus() as can_port, Central() as central:
        write_settings(Path(directory), central.url, can_port)
        firmware = [interpreter(), str(ROOT / "main.py"), "unix", "--home", directory]
        for _ in range(runs):
            ours.append(time_to_boot(central, firmware, "OURS"))
            theirs.append(time_to_boot(central, python("peer", "boot", central.url), "PEER"))
    return [
        Row(
            "boot",
            "start to BootNotification accepted",
            "ms",
            median(ours),
            median(theirs),
            LOWER,
            target=1,
            of_ratio=True,
            note="Ours: the whole charger, compiled from source at every start, in an interpreter that CPython "
            "loads first; the peer: imports and the charge point.",
            runs={"ours": ours, "peer": theirs},
        )
    ]
