"""The GC heap of a 32-bit device with every component of the reference board, and what each of them takes of it.

The image is that of `bench.every_profile` for QEMU. One run charges and tells what is in use after a collection, and
the most that ever was; in another the components are weighed one by one (tools/weigh.py), where nothing charges.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from functools import partial

from ocpp.v16 import call

from bench.children import BenchError
from bench.table import LOWER, Row
from tools import size, weigh
from tools.build_firmware import build
from tools.qemu import QemuFirmware
from tools.station import Station
from tools.toolchain import BuildError

KB = 1024
GROUP = "heap of a device"
_TARGET_KB = 100
_OUTLET_KB = 12
_BOARD = weigh.MEASURING
_BOOT = b"import mps2\nmps2.watch_heap()\n"
_STEP_S = 30
_MEASURED_S = 32  # health measures the heap every 30 s
_TAG = "CARD-1"
TWO_OUTLETS = "bench.two_outlets"
ONE_OUTLET = "qemu_arm"


async def session() -> tuple[int, int]:
    """Bytes in use after a collection: while it charges, and at most from start to end. Raises TimeoutError."""
    with tempfile.TemporaryDirectory() as home:
        kind = partial(QemuFirmware, board=_BOARD)
        async with Station(home, kind=kind, firmware=False, pack="Max", soc=0.5) as station:
            firmware = station.firmware
            assert isinstance(firmware, QemuFirmware)
            firmware.files["boot.py"] = _BOOT
            await firmware.start()
            await station.wait_booted(_STEP_S)
            station.vehicle.plug()
            await station.central.wait_for("StatusNotification", lambda p: p["status"] == "Preparing", _STEP_S)
            await firmware.write(f"auth {_TAG}\n")
            await station.until(lambda: station.module.current_a > 1, _STEP_S, "current")
            await asyncio.sleep(_MEASURED_S)
            since = firmware.mark
            await firmware.write("status\n")
            free = int((await firmware.wait_output(r"Heap: (\d+) bytes free", _STEP_S, since))[1])
            await firmware.write(f"auth {_TAG}\n")
            await station.central.wait_for("StopTransaction", timeout=_STEP_S)
            await firmware.interrupt()
            shown = re.search(r"heap: at least (\d+) of (\d+) bytes were free", firmware.text)
    if shown is None:
        raise BenchError(f"the image did not report its heap:\n{firmware.text[-1500:]}")
    return int(shown[2]) - free, int(shown[2]) - int(shown[1])


async def _charge(station: Station, number: int) -> None:
    """Have an outlet charge, by the central system. Raises TimeoutError."""
    outlet = station.outlets[number - 1]
    outlet.vehicle.plug()
    prepared = {"connectorId": number, "status": "Preparing"}
    await station.central.wait_for("StatusNotification", lambda p: prepared.items() <= p.items(), _STEP_S)
    await station.central.call(call.RemoteStartTransaction(id_tag=f"CARD-{number}", connector_id=number))
    await station.until(lambda: outlet.module.current_a > 1, _STEP_S, "current")


async def in_use(board: str) -> int:
    """Bytes in use after a collection while every outlet of a board charges. Raises TimeoutError, BenchError."""
    with tempfile.TemporaryDirectory() as home:
        kind = partial(QemuFirmware, board=board)
        async with Station(home, kind=kind, board=board, firmware=False, pack="Max", soc=0.5) as station:
            firmware = station.firmware
            assert isinstance(firmware, QemuFirmware)
            firmware.files["boot.py"] = _BOOT
            await firmware.start()
            await station.wait_booted(_STEP_S)
            for number in range(1, len(station.outlets) + 1):
                await _charge(station, number)
            await asyncio.sleep(_MEASURED_S)
            since = firmware.mark
            await firmware.write("status\n")
            free = int((await firmware.wait_output(r"Heap: (\d+) bytes free", _STEP_S, since))[1])
            if not all(outlet.module.current_a > 1 for outlet in station.outlets):
                raise BenchError(f"an outlet of {board} does not charge:\n{firmware.text[-1500:]}")
            await firmware.interrupt()
            whole = int((await firmware.wait_output(r"heap: at least \d+ of (\d+) bytes were free", _STEP_S))[1])
    return whole - free


async def second_outlet() -> int:
    """Bytes that a second outlet, its scope and the budget take while both charge."""
    one, two = await asyncio.gather(in_use(ONE_OUTLET), in_use(TWO_OUTLETS))
    return two - one


def measure(quick: bool) -> list[Row]:
    """The session, and two rows a component."""
    if quick:
        note = "Not measured in a quick run."
        return [Row(GROUP, "heap of a device with every component", "KB", None, better=LOWER, note=note)]
    try:
        image = build(_BOARD)
        frozen = size.sizes(_BOARD, size.frozen_object(_BOARD))
        weights = weigh.weights(_BOARD, image)
        charging, most = asyncio.run(session())
        for board in (ONE_OUTLET, TWO_OUTLETS):
            build(board)
        second = asyncio.run(second_outlet())
    except (BuildError, TimeoutError, weigh.WeighError) as error:
        raise BenchError(str(error)) from None
    note = "Every component of rivot_esp32 on a Cortex-M3 in QEMU, in use after a collection."
    rows = [
        Row(GROUP, "device's heap, charging", "KB", charging / KB, better=LOWER, target=_TARGET_KB, note=note),
        Row(GROUP, "device's heap, most in a session", "KB", most / KB, better=LOWER),
        Row(GROUP, "a second outlet, both charging", "KB", second / KB, better=LOWER, target=_OUTLET_KB),
    ]
    modules = {name: use.partition(":")[0] for name, use in weigh.uses(_BOARD).items()}
    for name, weight in weights.items():
        own = frozen.get(modules.get(name, name))
        if own is not None:
            rows.append(Row(GROUP, f"component {name}: frozen", "B", own, better=LOWER))
        rows.append(Row(GROUP, f"component {name}: heap", "B", sum(weight), better=LOWER))
    return rows
