"""The partition table of an ESP32's flash, as ESP-IDF writes it: 32 bytes a row, then a row with an MD5, then 0xFF."""

from __future__ import annotations

import hashlib
import struct
from typing import NamedTuple

TABLE_OFFSET = 0x8000  # CONFIG_PARTITION_TABLE_OFFSET, the same in all of MicroPython's builds
TABLE_SIZE = 0xC00
SECTOR = 4096  # what the flash erases at once
APP_ALIGN = 0x10000  # an app partition begins at a page of the cache
APP, DATA = 0, 1
FACTORY, OTA_0, OTA_LAST = 0x00, 0x10, 0x1F  # subtypes of apps
NVS, FAT, ROMFS = 0x02, 0x81, 0x8F  # subtypes of data; MicroPython's littlefs has that of FAT and is found by its label
_ROW = struct.Struct("<2sBBII16sI")
_ROW_MAGIC = b"\xaa\x50"
_MD5_MAGIC = b"\xeb\xeb" + b"\xff" * 14
_BLANK = b"\xff" * _ROW.size


class TableError(Exception):
    """The bytes are no sound partition table."""


class Partition(NamedTuple):
    """One row; offset and size in bytes."""

    label: str
    type: int
    subtype: int
    offset: int
    size: int
    flags: int = 0

    @property
    def end(self) -> int:
        return self.offset + self.size

    @property
    def is_app(self) -> bool:
        return self.type == APP and (self.subtype == FACTORY or OTA_0 <= self.subtype <= OTA_LAST)

    @property
    def is_vfs(self) -> bool:
        """Whether MicroPython's ESP32 port mounts it at "/" as littlefs."""
        return self.type == DATA and self.label == "vfs"


def decode(data: bytes) -> list[Partition]:
    """The rows of a table, which must not overlap and must match the MD5 if there is one. Raises TableError."""
    rows: list[Partition] = []
    for at in range(0, min(len(data), TABLE_SIZE), _ROW.size):
        row = data[at : at + _ROW.size]
        if row[:16] == _MD5_MAGIC:
            if hashlib.md5(data[:at]).digest() != row[16:]:
                raise TableError("its MD5 does not match")
            break
        if row == _BLANK:
            break
        rows.append(_decode_row(row))
    if not rows:
        raise TableError("it is empty")
    check(rows)
    return rows


def _decode_row(row: bytes) -> Partition:
    if len(row) < _ROW.size or row[:2] != _ROW_MAGIC:
        raise TableError("it has a row that is none")
    _, type_, subtype, offset, size, label, flags = _ROW.unpack(row)
    return Partition(label.rstrip(b"\0").decode("utf-8", "replace"), type_, subtype, offset, size, flags)


def encode(rows: list[Partition]) -> bytes:
    """The table with its MD5, filled with 0xFF to TABLE_SIZE. Raises TableError if it is not sound."""
    check(rows)
    data = b"".join(
        _ROW.pack(_ROW_MAGIC, r.type, r.subtype, r.offset, r.size, r.label.encode(), r.flags) for r in rows
    )
    data += _MD5_MAGIC + hashlib.md5(data).digest()
    if len(data) > TABLE_SIZE:
        raise TableError("it has too many rows")
    return data.ljust(TABLE_SIZE, b"\xff")


def check(rows: list[Partition]) -> None:
    """Check offsets, alignment and overlaps. Raises TableError."""
    end, before = TABLE_OFFSET + SECTOR, "the table itself"
    for row in sorted(rows, key=lambda row: row.offset):
        if row.size == 0 or row.offset % (APP_ALIGN if row.type == APP else SECTOR):
            raise TableError(f"partition {row.label} at 0x{row.offset:x} with 0x{row.size:x} bytes is not aligned")
        if row.offset < end:
            raise TableError(f"partition {row.label} at 0x{row.offset:x} overlaps {before}, which ends at 0x{end:x}")
        end, before = row.end, f"partition {row.label}"


def with_vfs(rows: list[Partition], flash_size: int) -> list[Partition]:
    """The rows with a partition ``vfs``: the table's own, otherwise one from its end to the end of the flash.

    Raises TableError where the table or that partition does not fit the flash.
    """
    end = max(row.end for row in rows)
    if end > flash_size:
        raise TableError(f"it ends at 0x{end:x}, the flash at 0x{flash_size:x}")
    if any(row.is_vfs for row in rows):
        return rows
    start = -(-end // SECTOR) * SECTOR
    if flash_size - start < 2 * SECTOR:
        raise TableError("it has no partition vfs, and there is no room for one behind the others")
    return [*rows, Partition("vfs", DATA, FAT, start, flash_size - start)]
