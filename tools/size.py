"""``make size BOARD=NAME``: the bytes that a board's modules take in its image, and the heap that its components take.

The bytes are those of the compiled table of frozen modules, symbol by symbol. A board whose port cannot be built here
(ESP32) has its modules frozen for the 32-bit Cortex-M3 of the qemu port: same bytecode and pointers, and the machine
code of the few viper functions and the start-up modules are that port's.

The heap is weighed inside an image in QEMU (see ``weigh``): a board of another port is weighed by the components of
the same names of the measuring board.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tools import port_qemu, weigh
from tools.build_firmware import build
from tools.firmware import Firmware
from tools.mpsource import BUILD, lock
from tools.payload import GC_HEAP
from tools.qemu import QemuFirmware
from tools.selection import Selection, SelectionError
from tools.station import Station
from tools.toolchain import BuildError

NAMES = "names, tables"
_BOOT_S = 60
_PRINT_SIZE = b"import gc\nprint('GC heap:', gc.mem_free() + gc.mem_alloc())\n"
# Before the module's name in the symbols that MicroPython's mpy-tool makes.
_KINDS = re.compile(
    r"(?:fun_data|const_obj_table_data|const_qstr_table_data|const_obj|const_table_data|frozen_module|proto_fun|raw_code|"
    r"children|prelude|native)_"
)


class Object(NamedTuple):
    """A compiled table of frozen modules. prefix: of the tools that read it."""

    path: Path
    prefix: str
    target: str


def frozen_object(board: str) -> Object:
    """The table of a board, built if need be. Raises BuildError, SelectionError."""
    port = Selection(board).port
    if port == "unix":
        build(board)
        return Object(BUILD / board / "port/frozen_content.o", "", "this machine, 64 bit")
    if port == "qemu":
        build(board)
        return Object(BUILD / board / "port/frozen_content.o", "arm-none-eabi-", "Cortex-M3, 32 bit")
    with lock(BUILD / f"{board}.lock"):
        path = port_qemu.frozen_object(board)
    return Object(path, "arm-none-eabi-", "as frozen for a Cortex-M3, 32 bit")


def sizes(board: str, table: Object) -> dict[str, int]:
    """{package, component, driver or other part: bytes}; what belongs to no module is in NAMES."""
    owners = {}
    for owner, paths in Selection(board).packages.items():
        owners.update({escaped(path): owner for path in paths})
    lines = output([f"{table.prefix}nm", "--format=posix", str(table.path)]).splitlines()
    found: dict[str, int] = {}
    for name, size in (fields for fields in map(symbol, lines) if fields):
        kind = _KINDS.match(name)
        if kind:
            owner = owner_of(name[kind.end() :], owners)
            found[owner] = found.get(owner, 0) + size
    text, data = output([f"{table.prefix}size", str(table.path)]).splitlines()[1].split()[:2]
    found[NAMES] = int(text) + int(data) - sum(found.values())
    return found


def escaped(path: str) -> str:
    """A module's path as mpy-tool writes it into symbols: components_ocpp___init__."""
    return re.sub(r"\W", "_", path.removesuffix(".py"))


def symbol(line: str) -> tuple[str, int] | None:
    """(name, bytes) of a line of nm; None for a symbol without a size."""
    fields = line.split()
    return (fields[0], int(fields[3], 16)) if len(fields) == 4 else None


def owner_of(rest: str, owners: dict[str, str]) -> str:
    """Whose symbol it is: the longest module name that it begins with; the others are asyncio's and the start-up's."""
    known = [name for name in owners if rest == name or rest.startswith(name + "_")]
    if known:
        return owners[max(known, key=len)]
    return "asyncio" if re.match(r"u?asyncio", rest) else "start-up"


def output(command: list[str]) -> str:
    """What a command prints. Raises BuildError."""
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise BuildError(f"{command[0]}: {error}") from None


async def heap_after_boot(board: str) -> tuple[int, int]:
    """(bytes of GC heap free after a collection when all components run, all of its bytes; 0: unknown).

    Of an image of the ports unix and qemu, which is built. Raises TimeoutError.
    """
    with tempfile.TemporaryDirectory() as home:
        kind = partial(QemuFirmware, board=board) if Selection(board).port == "qemu" else Firmware
        async with Station(home, kind=kind, board=board, firmware=False) as station:
            firmware = station.firmware
            if isinstance(firmware, QemuFirmware):
                firmware.files["boot.py"] = _PRINT_SIZE
            else:
                firmware.command = [str(BUILD / board / "ucharge"), "--home", home]
            await firmware.start()
            await station.wait_booted(_BOOT_S)
            since = firmware.mark
            await firmware.write("status\n")
            free = int((await firmware.wait_output(r"Heap: (\d+) bytes free", _BOOT_S, since))[1])
            shown = re.search(r"^GC heap: (\d+)", firmware.text, re.MULTILINE)
            return free, int(shown[1]) if shown else 0


def heap_left(board: str) -> list[str]:
    """What of the heap is left, measured in the image that can be run here. Raises TimeoutError."""
    selection = Selection(board)
    measured = board if selection.port == "unix" else weigh.board_for(board)
    free, size = asyncio.run(heap_after_boot(measured))
    if selection.port == "unix":
        return [f"Heap after boot: {free:,} bytes free of 2,048 KB"]
    used = size - free
    if measured == board:
        left = f"{free:,} bytes free of {size:,}, {used:,} in use"
    elif "PORT_BOARD" in selection.declaration:  # the heap is in external RAM, and grows
        left = f"about {used:,} bytes in use, by {measured}"
    else:
        left = f"about {GC_HEAP - used:,} bytes free of {GC_HEAP:,}, {used:,} in use, by {measured}"
    return [
        f"Heap after boot: {left}",
        "  It is not the table's total: the rows are weighed during the start, without a connection, with code that",
        "  is let go of afterwards. What a session takes beside: bench/README.md.",
    ]


def heap_table(board: str) -> list[str]:
    """What each component takes of the heap, the largest first. Raises BuildError, SelectionError, WeighError."""
    measured = weigh.board_for(board)
    found = weigh.weights(measured, build(measured))
    wanted, measured_uses = weigh.uses(board), weigh.uses(measured)
    lines = [f"{board}: bytes of heap, 32 bit" + (f", by {measured}" if measured != board else "")]
    lines.append(f"  {'':<26}{'code':>9}{'objects':>9}{'start':>9}{'run':>9}{'sum':>9}")
    rows = {name: found[name] for name in ("core", "declarations", *wanted) if name in found}
    for name, weight in sorted(rows.items(), key=lambda row: -sum(row[1])):
        instead = measured_uses.get(name, wanted.get(name)) != wanted.get(name)
        note = f"  ({measured_uses[name]} in its place)" if instead else ""
        lines.append(f"  {name:<26}" + "".join(f"{size:>9,}" for size in (*weight, sum(weight))) + note)
    sums = [sum(column) for column in zip(*rows.values())]
    lines.append(f"  {'total':<26}" + "".join(f"{size:>9,}" for size in (*sums, sum(sums))))
    missing = sorted(wanted.keys() - found.keys())
    absent = f"  not weighed: {', '.join(missing)}, which {measured} does not have"
    return lines + ([absent] if missing else [])


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(usage="make size BOARD=NAME", description=__doc__)
    parser.add_argument("board", metavar="BOARD")
    board = parser.parse_args().board
    try:
        table = frozen_object(board)
        found = sizes(board, table)
        print(f"{board}: bytes frozen ({table.target})")
        for owner, size in sorted(found.items(), key=lambda row: (row[0] == NAMES, row[0])):
            print(f"  {owner:<26}{size:>9,}")
        print(f"  {'total':<26}{sum(found.values()):>9,}")
        print("\n".join([*heap_table(board), *heap_left(board)]))
    except (BuildError, SelectionError, TimeoutError, weigh.WeighError) as problem:
        sys.exit(f"ucharge: {problem}")


if __name__ == "__main__":
    main()
