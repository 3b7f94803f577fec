"""What the tricks of tools/tricks.py do to the bill: delivered by the simulated module, billed by the firmware."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.children import BenchError
from bench.table import LOWER, Row
from tools.station import Station
from tools.tricks import TRICKS, billed_and_delivered_wh

GROUP = "billing"
_SECONDS = 14  # three losses of measurement take 11.1 s
_TARGET = 0.62  # Wh: a second at 30 A, for the module reports its output once a second
_STEP_S = 30


def honest(_: Station) -> None:
    """No trick."""


async def session(home: Path, trick: Callable[[Station], None], seconds: float) -> tuple[float, float]:
    """(billed, delivered) in Wh under one trick, on a station of its own."""
    async with Station(home) as station:
        await station.wait_booted(_STEP_S)
        return await billed_and_delivered_wh(station, trick, seconds)


async def sessions(directory: Path, seconds: float) -> dict[str, tuple[float, float]]:
    """All tricks side by side: each mostly waits."""
    tricks = {"no trick": honest, **TRICKS}
    homes = [directory / str(number) for number in range(len(tricks))]
    found = await asyncio.gather(
        *(session(home, trick, seconds) for home, trick in zip(homes, tricks.values(), strict=True))
    )
    return dict(zip(tricks, found, strict=True))


def measure(quick: bool) -> list[Row]:
    """A row for each trick."""
    seconds = 6 if quick else _SECONDS
    with tempfile.TemporaryDirectory() as directory:
        try:
            found = asyncio.run(sessions(Path(directory), seconds))
        except (OSError, TimeoutError) as failure:
            raise BenchError(str(failure)) from None
    rows = []
    for name, (billed, delivered) in found.items():
        note = f"{billed:.2f} Wh billed of {delivered:.2f} Wh delivered within {seconds} s, 30 A wanted"
        error = abs(billed - delivered)
        rows.append(Row(GROUP, f"billing error, {name}", "Wh", error, None, LOWER, _TARGET, note=note))
    return rows
