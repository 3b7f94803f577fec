"""What each OCPP profile costs: bytes frozen into an image, and bytes of heap on a 32-bit device.

The image is that of qemu_arm with every profile; the heap is weighed inside it, component by component
(device/profiles.py). A board that leaves a profile out spares both.
"""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
from pathlib import Path

from bench.children import DEVICE, BenchError
from bench.table import LOWER, Row
from boards import unix
from tools import mpy, size
from tools.build_firmware import build
from tools.qemu import QemuFirmware
from tools.toolchain import BuildError

GROUP = "profiles"
_BOARD = "bench.every_profile"
_TIMEOUT_S = 60
_BOOT = b"import profiles\nprofiles.main('%s')\nraise SystemExit\n" % _BOARD.encode()
_SETTINGS = {
    "ocpp": {"url": "ws://127.0.0.1:9000", "id": "CP-1", "vendor": "ucharge", "model": "simulated"},
    "can": {"port": "socket://127.0.0.1:5555"},  # QEMU's other end; it is not connected
}


def profiles() -> dict[str, str]:
    """{component: the module that is it} of ocpp itself and all its profiles, as the unix board declares them."""
    uses = {str(entry["name"]): str(entry["use"]).partition(":")[0] for entry in unix.COMPONENTS}
    return {name: module for name, module in uses.items() if f"{module}.".startswith("components.ocpp.")}


async def console(image: Path, home: Path) -> str:
    """What the image prints about its heap."""
    (home / "settings.json").write_text(json.dumps(_SETTINGS), encoding="utf-8")
    firmware = QemuFirmware(home, alone=True)
    firmware.image = image
    firmware.files = {"boot.py": _BOOT, **mpy.compile_all([("profiles.py", DEVICE / "profiles.py")], "")}
    await firmware.start()
    try:
        await firmware.wait(_TIMEOUT_S)
    except TimeoutError as error:
        raise BenchError(f"{error}:\n{firmware.text[-1500:]}") from None
    finally:
        await firmware.kill()
    return firmware.text


def heap(image: Path) -> dict[str, int]:
    """{component: bytes}. Raises BenchError."""
    with tempfile.TemporaryDirectory() as home:
        text = asyncio.run(console(image, Path(home)))
    found = {name: int(count) for name, count in re.findall(r"^heap (\w+) (-?\d+)", text, re.MULTILINE)}
    if not profiles().keys() <= found.keys():
        raise BenchError(f"not every profile was weighed: {found}\n{text[-1500:]}")
    return found


def measure(quick: bool) -> list[Row]:
    """Two rows a profile."""
    if quick:
        note = "Not measured in a quick run."
        return [Row(GROUP, "heap and frozen size of each profile", "B", None, better=LOWER, note=note)]
    try:
        image = build(_BOARD)
        frozen = size.sizes(_BOARD, size.frozen_object(_BOARD))
    except BuildError as error:
        raise BenchError(str(error)) from None
    weights = heap(image)
    note = "In the image of qemu_arm with every profile (Cortex-M3): classes, functions and objects, nothing running."
    rows = []
    for name, module in profiles().items():
        title = "ocpp with Core" if name == "ocpp" else f"profile {name}"
        rows.append(Row(GROUP, f"{title}: frozen", "B", frozen.get(module), better=LOWER))
        rows.append(Row(GROUP, f"{title}: heap", "B", weights[name], better=LOWER, note=note if name == "ocpp" else ""))
    return rows
