"""make image: one flashable file of a MicroPython image for the ESP32 and a board's modules in its file system.

    python -m tools.image BOARD --base firmware.bin [--settings settings.json] [--out image.bin]

Flash the result at 0x1000 (make flash does). No C toolchain is needed; but modules that are not frozen are loaded into
the heap, so how much of it they take is printed. Exit status 2 and one message where something does not fit.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools import littlefs_image, mpy, partitions
from tools.esp32_image import START, Base, ImageError
from tools.littlefs_image import NoRoom
from tools.partitions import Partition, TableError
from tools.payload import STOCK_FREE, Files, ScriptError, heap_from_files, heap_from_romfs, micropython, payload
from tools.selection import ROOT, Selection, SelectionError

PORT = "esp32"
ARCH = "xtensawin"
SETTINGS = "settings.json"
_WRONG = 2


class Refused(Exception):
    """No image can be made of this: the message names the file or the board and what is wrong with it."""


def main(arguments: list[str] | None = None) -> int:
    """Make the image; returns the exit status."""
    usage = "make image BOARD=... BASE=firmware.bin [SETTINGS=settings.json] [OUT=image.bin]"
    parser = argparse.ArgumentParser("make image", usage)
    parser.add_argument("board", metavar="BOARD", help="name of a board of the ESP32")
    parser.add_argument("--base", metavar="BASE", type=Path, required=True, help="MicroPython for the ESP32")
    parser.add_argument("--settings", type=Path, help="settings.json to lay into the file system")
    parser.add_argument("--out", type=Path, help="default: build/BOARD/image.bin")
    options = parser.parse_args(arguments)
    out = options.out or ROOT / "build" / options.board / "image.bin"
    try:
        image, report = make(options.board, options.base, options.settings)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(image)
    except Refused as error:
        print(f"make image: {error}", file=sys.stderr)
        return _WRONG
    except OSError as error:
        print(f"make image: {out}: {error.strerror}", file=sys.stderr)
        return _WRONG
    print("\n".join([*report, f"{out}: {len(image)} bytes, to be flashed at 0x{START:x}"]))
    return 0


def make(board: str, base_path: Path, settings: Path | None) -> tuple[bytes, list[str]]:
    """(the image, lines that list what is in it). Raises Refused."""
    try:
        base = Base.read(base_path)
        mpy.check_loads(base.version)
        rows = partitions.with_vfs(base.partitions, base.flash_size)
    except (ImageError, mpy.MpyError) as error:
        raise Refused(f"{base_path}: {error}") from None
    except TableError as error:
        raise Refused(f"{base_path}: partition table: {error}") from None
    selection = select(board)
    extra = {SETTINGS: check_settings(selection, settings)} if settings else {}
    try:
        files = {**payload(selection, ARCH), **extra}
        heap = heap_report(selection, base)
    except (mpy.MpyError, ScriptError) as error:
        raise Refused(f"board {board}: {error}") from None
    image, used = assemble(base, rows, files)
    check(image, base, files)
    return image, [*describe(base, rows, files, used), *heap]


def select(board: str) -> Selection:
    """The board's modules. Raises Refused."""
    try:
        selection = Selection(board)
    except SelectionError as error:
        raise Refused(str(error)) from None
    if selection.port != PORT:
        raise Refused(f"board {board} is for MicroPython's port {selection.port}, not for the ESP32")
    return selection


def check_settings(selection: Selection, path: Path) -> bytes:
    """The bytes of settings that the firmware itself accepts for this board. Raises Refused."""
    try:
        data = path.read_bytes()
        micropython("check_settings.py", str(ROOT), selection.board, str(path))
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}") from None
    except ScriptError as error:
        raise Refused(str(error)) from None
    return data


def assemble(base: Base, rows: list[Partition], files: Files) -> tuple[bytes, int]:
    """(the image, bytes in use in its file system). Raises Refused."""
    vfs = next(row for row in rows if row.is_vfs)
    try:
        filesystem, used = littlefs_image.build(files, vfs.size)
    except NoRoom as error:
        raise Refused(f"partition vfs: {error}") from None
    image = bytearray(b"\xff" * (vfs.end - START))
    image[: len(base.data)] = base.data[: len(image)]
    place(image, partitions.TABLE_OFFSET, partitions.encode(rows))
    place(image, vfs.offset, filesystem)
    return bytes(image), used


def place(image: bytearray, address: int, data: bytes) -> None:
    """Put bytes at an address of the flash."""
    image[address - START : address - START + len(data)] = data


def check(image: bytes, base: Base, files: Files) -> None:
    """Read the image back: table, bootloader and application sound, every file as it was. Raises Refused."""
    made = Base(image)
    vfs = next(row for row in made.partitions if row.is_vfs)
    if littlefs_image.read(made.slice(vfs.offset, vfs.end)) != files:
        raise Refused("the file system does not hold what was put into it")
    if made.banner != base.banner or made.app != base.app:
        raise Refused("the image does not boot the base's application")


def describe(base: Base, rows: list[Partition], files: Files, used: int) -> list[str]:
    """The parts of the image, one line each."""
    lines = [f"base: {base.banner}, flash of {base.flash_size >> 20} MB"]
    for row in rows:
        what = f"  littlefs: {len(files)} files, {used} bytes in use" if row.is_vfs else ""
        lines.append(f"  {row.label:<10} 0x{row.offset:06x} {row.size >> 10:>6} KB{what}")
    return lines


def heap_report(selection: Selection, base: Base) -> list[str]:
    """How much heap the modules take and what that means."""
    heap = heap_from_files(selection)
    lines = [f"heap: about {heap >> 10} KB once the modules are imported, estimated by doing so here"]
    if heap > STOCK_FREE and not base.psram:
        lines.append(
            f"warning: an ESP32 without PSRAM has {STOCK_FREE >> 10} KB free with Wi-Fi up and will run out of memory;"
            f" from a ROMFS (make romfs) the modules take about {heap_from_romfs(selection) >> 10} KB, frozen less"
        )
    return lines


if __name__ == "__main__":
    sys.exit(main())
