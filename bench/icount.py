"""Instructions of the bare-metal image, counted by QEMU's -icount, and what they would be for an ESP32.

    python -m bench.icount [FILE]            prints the counts as JSON, and writes them into FILE

QEMU lets virtual time pass with each instruction, 32 ns for one, so the 25 MHz clock of the board counts them; the
time that the processor sleeps does not count. Runs differ by 2 %, MeterValues by 5 %: a peer answers when it does.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
from pathlib import Path

from bench.children import BenchError
from bench.frames import traffic
from bench.table import LOWER, Row
from tools import mpy
from tools.build_firmware import build
from tools.qemu import QemuFirmware
from tools.slcan import encode
from tools.station import Station
from tools.toolchain import BuildError

GROUP = "bare metal"
_SHIFT = 5  # 2**5 ns for an instruction
_TICK_NS = 40  # of the board's clock
_SECONDS = 2  # of charging: what the frames are of
_TIMEOUT_S = 90
_BOOT = b"import icount\nicount.main()\nraise SystemExit\n"

# The assumption of the projection: an Xtensa LX6 takes as many instructions as the Cortex-M3's Thumb-2 code does, and
# 2 cycles for each on average, for the code comes from the flash through a cache.
ESP32_HZ = 240_000_000
CYCLES_PER_INSTRUCTION = 2.0
_METER_VALUES_PER_S = 1 / 60


async def run(home: Path) -> str:
    """The console of one run."""
    files = {
        "boot.py": _BOOT,
        "frames.slcan": b"".join(encode(*frame) for frame in traffic(_SECONDS)),
        **mpy.compile_all([("icount.py", Path(__file__).parent / "device" / "icount.py")], ""),
    }
    async with Station(home, kind=QemuFirmware, firmware=False) as station:
        await station.module.stop()  # an idle second is one without frames
        await station.vehicle.stop()
        assert isinstance(station.firmware, QemuFirmware)
        station.firmware.files = files
        station.firmware.icount = f"shift={_SHIFT}"
        await station.firmware.start()
        try:
            await station.firmware.wait(_TIMEOUT_S)
        except TimeoutError as error:
            raise BenchError(f"{error}:\n{station.firmware.text[-1500:]}") from None
        return station.firmware.text


def count() -> dict[str, float]:
    """Instructions for: boot (to BootNotification sent), idle (a second), frames (one), meter_values (one).

    Raises BenchError.
    """
    try:
        build("qemu_arm")
    except BuildError as error:
        raise BenchError(str(error)) from None
    with tempfile.TemporaryDirectory() as home:
        text = asyncio.run(run(Path(home)))
    per_tick = _TICK_NS / 2**_SHIFT
    lines = re.findall(r"count (\w+) (-?\d+) (\d+)", text)
    found = {name: int(ticks) * per_tick / int(turns) for name, ticks, turns in lines}
    if set(found) != {"boot", "idle", "frames", "meter_values"}:
        raise BenchError(f"not everything was counted: {found}\n{text[-1500:]}")
    return found


def frames_per_second() -> float:
    """What vehicle and power module send while charging."""
    return len(traffic(_SECONDS)) / _SECONDS


def load(found: dict[str, float]) -> float:
    """Per cent of an ESP32 while it charges."""
    per_second = found["idle"] + frames_per_second() * found["frames"] + _METER_VALUES_PER_S * found["meter_values"]
    return 100 * per_second * CYCLES_PER_INSTRUCTION / ESP32_HZ


def measure(quick: bool) -> list[Row]:
    """The rows about the image in QEMU."""
    if quick:
        note = "Not measured in a quick run."
        return [Row(GROUP, "instructions on a Cortex-M3", "", None, better=LOWER, note=note)]
    found = count()
    note = "The image of qemu_arm under QEMU's -icount, Thumb-2 instructions, time asleep left out."
    projected = (
        f"Projection, not measured: an idle second, {frames_per_second():.0f} frames and 1/60 MeterValues in a second, "
        f"{CYCLES_PER_INSTRUCTION:g} cycles for each instruction (assumed: Xtensa as many as Thumb-2, code from flash)."
    )
    return [
        Row(GROUP, "Cortex-M3 instructions for a CAN frame", "", found["frames"], better=LOWER, note=note),
        Row(GROUP, "Cortex-M3 instructions for MeterValues and its answer", "", found["meter_values"], better=LOWER),
        Row(GROUP, "Cortex-M3 instructions for an idle second", "", found["idle"], better=LOWER),
        Row(GROUP, "Cortex-M3 instructions from boot to BootNotification sent", "", found["boot"], better=LOWER),
        Row(GROUP, "load of an ESP32 at 240 MHz while charging", "%", load(found), better=LOWER, note=projected),
    ]


if __name__ == "__main__":
    result = {**count()}
    result["esp32_load_percent"] = load(result)
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))
