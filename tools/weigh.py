"""What each component of a board takes of the heap of a 32-bit machine, weighed inside an image in QEMU."""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
from pathlib import Path
from typing import NamedTuple

from tools import mpy
from tools.firmware import ROOT
from tools.layout import outlets
from tools.qemu import QemuFirmware
from tools.selection import Selection

MEASURING = "bench.every_profile"  # the reference board as QEMU can run it
MEASURING_TWO = "bench.every_profile_two"  # likewise that with two outlets
_DEVICE = ROOT / "tools/device/weigh.py"
_TIMEOUT_S = 90
_OCPP = {"url": "ws://127.0.0.1:9000", "id": "CP-1", "vendor": "ucharge", "model": "simulated"}
_BUS = "socket://127.0.0.1:5555"  # QEMU's other end; it is not connected


class WeighError(Exception):
    """The image did not come as far as its weights: the message has the end of its console."""


class Weight(NamedTuple):
    """Bytes after a collection. code: names, functions and classes of its modules; objects: what construction makes;
    start, run: what these keep."""

    code: int
    objects: int
    start: int
    run: int


def board_for(board: str) -> str:
    """The board whose image is weighed for another: itself if it is QEMU's, else the measuring board."""
    if Selection(board).port == "qemu":
        return board
    return MEASURING_TWO if any("/" in name for name in uses(board)) else MEASURING


def uses(board: str) -> dict[str, str]:
    """{component: its class} as a board declares them."""
    return {name: str(entry["use"]) for name, entry in Selection(board).entries}


def weights(board: str, image: Path) -> dict[str, Weight]:
    """{component, or core, or declarations: its weight} in the image of a board. Raises WeighError."""
    with tempfile.TemporaryDirectory() as home:
        text = asyncio.run(_console(board, image, Path(home)))
    rows = re.findall(r"^heap ([\w/]+) (-?\d+) (-?\d+) (-?\d+) (-?\d+)\r?$", text, re.MULTILINE)
    found = {name: Weight(*map(int, figures)) for name, *figures in rows}
    if not uses(board).keys() <= found.keys():
        raise WeighError(f"not every component was weighed:\n{text[-1500:]}")
    return found


def _settings(board: str) -> dict:
    """Those that a board needs to be built: where its buses are."""
    settings: dict = {"ocpp": _OCPP}
    for outlet in outlets(board):
        for *sections, key in (outlet.vehicle_bus, outlet.module_bus):
            inner = settings
            for section in sections:
                inner = inner.setdefault(section, {})
            inner[key] = _BUS
    return settings


async def _console(board: str, image: Path, home: Path) -> str:
    """What the image prints."""
    (home / "settings.json").write_text(json.dumps(_settings(board)), encoding="utf-8")
    firmware = QemuFirmware(home, alone=True)
    firmware.image = image
    boot = f"import weigh\nweigh.main({Selection(board).board!r})\nraise SystemExit\n".encode()
    firmware.files = {"boot.py": boot, **mpy.compile_all([("weigh.py", _DEVICE)], "")}
    await firmware.start()
    try:
        await firmware.wait(_TIMEOUT_S)
    except TimeoutError as error:
        raise WeighError(f"{error}:\n{firmware.text[-1500:]}") from None
    finally:
        await firmware.kill()
    return firmware.text
