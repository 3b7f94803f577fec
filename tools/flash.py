"""make flash: write to an ESP32 what ``make firmware`` or ``make image`` built, or only a ROMFS.

    python -m tools.flash BOARD --port PORT [--file FILE] [--erase] [--new-files] [--romfs]

esptool does it and compares the MD5 of what it wrote. The NVS (identity, counters) is left alone unless --erase
clears the whole flash before. An image whose partition table has the files elsewhere than the device is written with
--erase, or with --new-files, which clears their new place. --romfs writes build/BOARD/romfs.img into the partition
``romfs`` that the device has.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from esptool import cmds
from esptool.loader import ESPLoader
from esptool.util import FatalError
from serial import SerialException

from tools import partitions
from tools.esp32_image import START, Base, ImageError
from tools.partitions import Partition, TableError
from tools.selection import ROOT

BAUD = 460800
_BUILT = ("firmware.bin", "image.bin")  # what make firmware and make image write
_ROMFS = "romfs.img"
_ROMFS_MAGIC = b"\xd2\xcd\x31"
_WRONG = 2

Piece = tuple[int, bytes]  # an address of the flash and what is to be there


class Refused(Exception):
    """Nothing is written; the message is the reason."""


def main(arguments: list[str] | None = None) -> int:
    """Flash; returns the exit status."""
    usage = "make flash BOARD=... PORT=... [FILE=image.bin] [ERASE=1] [NEW_FILES=1] [ROMFS=1]"
    parser = argparse.ArgumentParser("make flash", usage)
    parser.add_argument("board", metavar="BOARD")
    parser.add_argument("--port", metavar="PORT", required=True, help="serial port, or socket://HOST:PORT")
    parser.add_argument("--file", type=Path, help="default: what was built last for the board")
    parser.add_argument("--erase", action="store_true", help="clear the whole flash before, NVS and files too")
    parser.add_argument("--new-files", action="store_true", help="the files on the device may be lost, its NVS stays")
    parser.add_argument("--romfs", action="store_true", help="write the board's ROMFS and nothing else")
    options = parser.parse_args(arguments)
    try:
        path = options.file or newest(options.board, (_ROMFS,) if options.romfs else _BUILT)
        if options.romfs:
            write_romfs(options.port, path)
        else:
            write_image(options.port, path, options.erase, options.new_files)
    except Refused as error:
        print(f"make flash: {error}", file=sys.stderr)
        return _WRONG
    except (FatalError, SerialException, OSError) as error:
        print(f"make flash: {options.port}: {str(error).strip().splitlines()[0]}", file=sys.stderr)
        return _WRONG
    print(f"{path}: written to {options.port} and verified")
    return 0


def newest(board: str, names: tuple[str, ...]) -> Path:
    """What was built last for a board. Raises Refused."""
    folder = ROOT / "build" / board
    built = [folder / name for name in names if (folder / name).is_file()]
    if not built:
        raise Refused(f"nothing is built for {board}: {folder} has no {' and no '.join(names)}")
    return max(built, key=lambda path: path.stat().st_mtime)


def write_image(port: str, path: Path, erase: bool, new_files: bool = False) -> None:
    """Write a checked image. Raises Refused, FatalError, SerialException."""
    try:
        base = Base.read(path)
    except ImageError as error:
        raise Refused(f"{path}: {error}") from None
    with connect(port) as esp:
        written = pieces(base, keep_nvs=not erase)
        if not erase:
            written += blank_files(device_table(esp), base, new_files)
        cmds.write_flash(esp, written, erase_all=erase)
        cmds.reset_chip(esp, "hard-reset")


def write_romfs(port: str, path: Path) -> None:
    """Write a ROMFS where the device's own partition table has room for it. Raises as ``write_image``."""
    try:
        image = path.read_bytes()
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}") from None
    if not image.startswith(_ROMFS_MAGIC):
        raise Refused(f"{path}: not a ROMFS image")
    with connect(port) as esp:
        target = romfs_partition(esp)
        if len(image) > target.size:
            raise Refused(f"{path}: {len(image)} bytes, the device's partition romfs has {target.size}")
        cmds.write_flash(esp, [(target.offset, image)])
        cmds.reset_chip(esp, "hard-reset")


def connect(port: str) -> ESPLoader:
    """The ESP32 at a port, ready to be written. Raises Refused, FatalError, SerialException."""
    esp = cmds.detect_chip(port)
    if esp.CHIP_NAME != "ESP32":
        esp._port.close()
        raise Refused(f"{port}: there is an {esp.CHIP_NAME}, not an ESP32")
    esp = cmds.run_stub(esp)
    esp.change_baud(BAUD)
    cmds.attach_flash(esp)
    return esp


def pieces(base: Base, keep_nvs: bool) -> list[Piece]:
    """What to write where; keep_nvs: without the NVS, where the file has nothing for it."""
    cuts = [row for row in base.partitions if row.type == partitions.DATA and row.subtype == partitions.NVS]
    found: list[Piece] = []
    at, end = START, START + len(base.data)
    for row in sorted(cuts, key=lambda row: row.offset):
        if keep_nvs and row.end <= end and not base.slice(row.offset, row.end).strip(b"\xff"):
            found.append((at, base.slice(at, row.offset)))
            at = row.end
    return [*found, (at, base.slice(at, end))]


def blank_files(device: list[Partition], base: Base, new_files: bool) -> list[Piece]:
    """What makes the place of the files blank, if the image's table has it elsewhere than the device. Raises Refused.

    Files that the image brings are written with it.
    """
    before, after = (next((row for row in rows if row.is_vfs), None) for rows in (device, base.partitions))
    if before is None or (after is not None and (before.offset, before.size) == (after.offset, after.size)):
        return []
    if after is not None and after.end <= START + len(base.data):
        return []
    if not new_files:
        place = f"0x{after.offset:x} ({after.size >> 10} KB)" if after else "nowhere"
        raise Refused(
            f"the device's files are at 0x{before.offset:x} ({before.size >> 10} KB), with this image they would be at "
            f"{place}, and lost: save them (make deploy SAVE=folder), flash with NEW_FILES=1, and restore them"
        )
    return [(after.offset, b"\xff" * after.size)] if after else []


def device_table(esp: ESPLoader) -> list[Partition]:
    """The rows of the table in the device's flash; none if there is no sound one."""
    try:
        return read_table(esp)
    except TableError:
        return []


def read_table(esp: ESPLoader) -> list[Partition]:
    """The rows of the table in the device's flash. Raises TableError."""
    table = cmds.read_flash(esp, partitions.TABLE_OFFSET, partitions.TABLE_SIZE, no_progress=True)
    return partitions.decode(table or b"")


def romfs_partition(esp: ESPLoader) -> Partition:
    """The partition ``romfs`` of the table in the device's flash. Raises Refused."""
    try:
        rows = read_table(esp)
    except TableError as error:
        raise Refused(f"the device's partition table: {error}: flash a firmware first") from None
    for row in rows:
        if row.type == partitions.DATA and (row.subtype == partitions.ROMFS or row.label == "romfs"):
            return row
    raise Refused("the device's partition table has no partition romfs: flash a firmware that has")


if __name__ == "__main__":
    sys.exit(main())
