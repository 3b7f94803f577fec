"""Instructions of the bare-metal image, counted by QEMU's -icount, and what they would be for an ESP32.

    python -m bench.icount [FILE]            prints the counts as JSON, and writes them into FILE

QEMU lets 32 ns of virtual time pass with each instruction, and the 25 MHz clock of the board counts them; while the
processor sleeps, time goes on to the next event at once (sleep=off) and is not counted. Nobody is outside: the central
system is inside the device, frames are fed to the bus's UART there (bench/device/central.py, icount.py), random bytes
are always the same. So the same image gives the same counts, as a rule to the last one; once in a while a run differs,
by 0.4 % in MeterValues or, beside busy neighbours, by 3 % in a frame that comes alone, and why was not found. One run
is made three times, and it is an error if no two of them agree within 0.5 % (`repeated`).

Where in the heap the objects are, and so when a collection comes, changes with every change of the sources. So each
figure is the median of runs with an object of another size each before all others, and `Row.runs` has all of them.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.children import DEVICE, BenchError
from bench.frames import traffic
from bench.table import LOWER, Row, median
from tools import mpy
from tools.build_firmware import build
from tools.qemu import QemuFirmware
from tools.slcan import encode
from tools.toolchain import BuildError

GROUP = "bare metal"
_SHIFT = 5  # 2**5 ns for an instruction
_TICK_NS = 40  # of the board's clock
_SECONDS = 2  # of charging: what the frames are of
_TIMEOUT_S = 120
_ROOMS = (0, 100, 200, 300, 400)  # bytes of that object
_AT_ONCE = 2
_DIFFERENCE = 0.005  # between two runs with the same room
_TARGETS = {"boot": 40_000_000}
_KINDS = ("boot", "idle", "collect", "batch", "charging", "frame", "meter_values")
_BOOT = b"""import gc, mps2
gc.collect()
now, idle = mps2.ticks()
before = now - idle, gc.mem_alloc()
room = bytearray(%d)
import icount
icount.main(before, %r)
raise SystemExit
"""
_SETTINGS = {
    "ocpp": {"url": "ws://127.0.0.1:9000", "id": "CP-1", "vendor": "ucharge", "model": "simulated"},
    "can": {"port": "socket://127.0.0.1:5555"},  # QEMU's other end; it is not connected
    "wifi": {"ssid": "depot", "password": "correct horse"},
}

# The assumption of the projection: an Xtensa LX6 takes as many instructions as the Cortex-M3's Thumb-2 code does, and
# 2 cycles for each on average, for the code comes from the flash through a cache.
ESP32_HZ = 240_000_000
CYCLES_PER_INSTRUCTION = 2.0
_METER_VALUES_PER_S = 1 / 60


async def run(image: Path, home: Path, room: int, boot_only: bool = False) -> str:
    """The console of one run. boot_only: it ends with the answer to BootNotification."""
    (home / "settings.json").write_text(json.dumps(_SETTINGS), encoding="utf-8")
    firmware = QemuFirmware(home, icount=f"shift={_SHIFT},sleep=off", alone=True)
    firmware.image = image
    modules = [(name, DEVICE / name) for name in ("icount.py", "central.py")]
    firmware.files = {
        "boot.py": _BOOT % (room, boot_only),
        "frames.slcan": b"".join(encode(*frame) for frame in traffic(_SECONDS)),
        **mpy.compile_all(modules, ""),
    }
    await firmware.start()
    try:
        await firmware.wait(_TIMEOUT_S)
    except TimeoutError as error:
        raise BenchError(f"{error}:\n{firmware.text[-1500:]}") from None
    finally:
        await firmware.kill()
    return firmware.text


async def count(image: Path, room: int, turn: asyncio.Semaphore) -> dict[str, float]:
    """Instructions for one of each of `_KINDS`. Raises BenchError.

    boot: from reset to BootNotification sent. idle: a second connected, without frames. collect: a garbage collection.
    batch: a frame among others. frame: one that comes alone. charging: a second with all its frames, at their times.
    meter_values: from the sample to its record's end in the journal.
    """
    async with turn:
        with tempfile.TemporaryDirectory() as home:
            text = await run(image, Path(home), room)
    return counted(text, _KINDS)


def counted(text: str, kinds: Sequence[str]) -> dict[str, float]:
    """Instructions that a console prints, for one of each of `kinds`. Raises BenchError unless there are all."""
    per_tick = _TICK_NS / 2**_SHIFT
    lines = re.findall(r"^count (\w+) (\d+) (\d+)", text, re.MULTILINE)
    found = {name: int(ticks) * per_tick / int(turns) for name, ticks, turns in lines}
    if set(found) != set(kinds):
        raise BenchError(f"not everything was counted: {found}\n{text[-1500:]}")
    return found


async def count_boot(image: Path, room: int = 0) -> tuple[float, str]:
    """(instructions from reset to BootNotification sent, the console) of a run that ends there: it takes seconds."""
    with tempfile.TemporaryDirectory() as home:
        text = await run(image, Path(home), room, boot_only=True)
    return counted(text, ("boot",))["boot"], text


async def count_all(image: Path, rooms: Sequence[int]) -> list[dict[str, float]]:
    """`count` of each room."""
    turn = asyncio.Semaphore(_AT_ONCE)
    return await asyncio.gather(*(count(image, room, turn) for room in rooms))


def repeated(runs: Sequence[dict[str, float]]) -> bool:
    """Whether of each figure two of these runs agree within 0.5 %."""
    for kind in _KINDS:
        figures = sorted(run[kind] for run in runs)
        if all(b / a - 1 > _DIFFERENCE for a, b in zip(figures, figures[1:])):
            return False
    return True


def counts() -> dict[str, list[float]]:
    """{kind: figures of all rooms} of the present sources. Raises BenchError, also if a run cannot be repeated."""
    try:
        built = build("qemu_arm")
    except BuildError as error:
        raise BenchError(str(error)) from None
    with tempfile.TemporaryDirectory() as folder:  # a copy: others may build meanwhile
        image = Path(shutil.copy(built, folder))
        *runs, second, third = asyncio.run(count_all(image, (*_ROOMS, _ROOMS[0], _ROOMS[0])))
    if not repeated((runs[0], second, third)):
        raise BenchError(f"three runs of the same image, three figures: {runs[0]} {second} {third}")
    return {kind: [run[kind] for run in runs] for kind in _KINDS}


def medians(runs: dict[str, list[float]]) -> dict[str, float]:
    """One figure for each kind."""
    return {kind: median(figures) for kind, figures in runs.items()}


def load(found: dict[str, float]) -> float:
    """Per cent of an ESP32 while it charges."""
    per_second = found["charging"] + _METER_VALUES_PER_S * found["meter_values"]
    return 100 * per_second * CYCLES_PER_INSTRUCTION / ESP32_HZ


def measure(quick: bool) -> list[Row]:
    """The rows about the image in QEMU."""
    if quick:
        note = "Not measured in a quick run."
        return [Row(GROUP, "Cortex-M3 instructions", "", None, better=LOWER, note=note)]
    runs = counts()
    found = medians(runs)
    frames = len(traffic(_SECONDS)) / _SECONDS
    names = {
        "frame": "Cortex-M3 instructions for a CAN frame that comes alone",
        "batch": "Cortex-M3 instructions for a CAN frame among others",
        "meter_values": "Cortex-M3 instructions for MeterValues, journal and answer",
        "idle": "Cortex-M3 instructions for an idle second",
        "charging": f"Cortex-M3 instructions for a second with {frames:g} frames",
        "boot": "Cortex-M3 instructions from reset to BootNotification sent",
        "collect": "Cortex-M3 instructions for a garbage collection",
    }
    notes = {"frame": "The image of qemu_arm under QEMU's -icount, Thumb-2 instructions, time asleep left out."}
    rows = [
        Row(
            GROUP,
            name,
            "",
            found[kind],
            None,
            LOWER,
            target=_TARGETS.get(kind),
            note=notes.get(kind, ""),
            runs={"ours": runs[kind]},
        )
        for kind, name in names.items()
    ]
    projected = (
        f"Projection, not measured: a second with {frames:g} frames and 1/60 MeterValues, {CYCLES_PER_INSTRUCTION:g} "
        "cycles for each instruction (assumed: Xtensa as many as Thumb-2, code from flash through a cache)."
    )
    name = "load of an ESP32 at 240 MHz while charging"
    return [*rows, Row(GROUP, name, "%", load(found), better=LOWER, note=projected)]


if __name__ == "__main__":
    result = medians(counts())
    result["esp32_load_percent"] = load(result)
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))
