"""A base: the file that a MicroPython release is for an ESP32, as it is written to the flash from 0x1000 on.

It holds ESP-IDF's second bootloader at 0x1000, the partition table at 0x8000 and the application in the first app
partition. Images and checksums are read and checked by esptool's own code.
"""

from __future__ import annotations

import contextlib
import io
import re
import struct
from pathlib import Path

from esptool.bin_image import LoadFirmwareImage
from esptool.targets import CHIP_DEFS
from esptool.util import FatalError

from tools import partitions
from tools.partitions import Partition, TableError

START = 0x1000  # where the ROM of an ESP32 looks for the bootloader: the file's first byte
CHIP = "esp32"
_MAGIC = 0xE9
_MAX_BYTES = 16 << 20
_HEADER = 24  # common and extended header
_APP_DESCRIPTION = b"\x32\x54\xcd\xab"  # ESP_APP_DESC_MAGIC_WORD, at 0x20 of an application
_FLASH_MB = {0: 1, 1: 2, 2: 4, 3: 8, 4: 16, 5: 32, 6: 64, 7: 128}  # upper four bits of the header's byte 3
_PSRAM = b"SPIRAM with ESP32"  # the end of the machine's name in those builds
_VERSION = re.compile(rb"MicroPython v?(\d+)\.(\d+)(?:\.(\d+))?[-.\w]* on \d{4}-\d\d-\d\d")


class ImageError(Exception):
    """The file is no base that an image can be made of."""


class Base:
    """A checked base. Raises ImageError.

    partitions: rows of its table. app: the partition that boots. flash_size: bytes. psram: it was built for a module
    with external RAM.
    """

    def __init__(self, data: bytes):
        self.data = _from_start(data)
        _check_chip(self.data)
        self.flash_size = _flash_size(self.data)
        self.partitions = self._table()
        self.app = self._first_app()
        check_firmware(self.slice(START, partitions.TABLE_OFFSET), "bootloader")
        app = self.slice(self.app.offset, len(self.data) + START)
        size = check_firmware(app, f"application in partition {self.app.label}")
        if size > self.app.size:
            raise ImageError(f"too large: the application has {size} bytes, its partition {self.app.size}")
        self.psram = _PSRAM in app
        self._app = app[:size]

    @classmethod
    def read(cls, path: Path) -> Base:
        """A base from a file."""
        try:
            size = path.stat().st_size
            if size > _MAX_BYTES:
                raise ImageError(f"too large: {size} bytes, an ESP32 has {_MAX_BYTES} of flash at most")
            return cls(path.read_bytes())
        except OSError as error:
            raise ImageError(f"cannot be read: {error.strerror}") from None

    @property
    def banner(self) -> str:
        """MicroPython's banner: "MicroPython v1.26.1 on 2025-09-11". Raises ImageError if it is another."""
        return self._banner().group().decode()

    @property
    def version(self) -> tuple[int, int, int]:
        """MicroPython's release, (1, 26, 1). Raises ImageError."""
        major, minor, patch = (int(number or 0) for number in self._banner().groups())
        return major, minor, patch

    def _banner(self) -> re.Match[bytes]:
        found = _VERSION.search(self._app)
        if not found:
            raise ImageError("an ESP32 image, but not of MicroPython: it has no such banner")
        return found

    def slice(self, start: int, end: int) -> bytes:
        """The file's bytes for addresses of the flash."""
        return self.data[start - START : end - START]

    def _table(self) -> list[Partition]:
        table = self.slice(partitions.TABLE_OFFSET, partitions.TABLE_OFFSET + partitions.TABLE_SIZE)
        if self.data[0x20:0x24] == _APP_DESCRIPTION:
            raise ImageError(
                "only an application, without bootloader and partition table: take the file that is flashed at 0x1000"
            )
        if len(table) < partitions.TABLE_SIZE:
            raise ImageError(f"truncated: {len(self.data)} bytes, the partition table would be at 0x7000 of the file")
        try:
            return partitions.decode(table)
        except TableError as error:
            raise ImageError(f"partition table: {error}") from None

    def _first_app(self) -> Partition:
        """What boots with an empty otadata: factory if there is one, otherwise the lowest OTA slot."""
        apps = sorted((row for row in self.partitions if row.is_app), key=lambda row: row.subtype)
        if not apps:
            raise ImageError("partition table: it has no application")
        if apps[0].offset - START >= len(self.data):
            raise ImageError(f"truncated: {len(self.data)} bytes, the application would be at 0x{apps[0].offset:x}")
        return apps[0]


def _from_start(data: bytes) -> bytes:
    """The bytes from START on; a copy of the whole flash has them after 4096 erased ones."""
    if data[:1] == bytes([_MAGIC]):
        return data
    if data[START : START + 1] == bytes([_MAGIC]) and data[:START].strip(b"\xff") == b"":
        return data[START:]
    raise ImageError("not an ESP32 image: it begins with neither an image nor an erased sector and an image")


def _check_chip(data: bytes) -> None:
    if len(data) < _HEADER:
        raise ImageError(f"truncated: {len(data)} bytes")
    (chip_id,) = struct.unpack_from("<H", data, 12)
    wanted = CHIP_DEFS[CHIP].IMAGE_CHIP_ID
    if chip_id != wanted:
        names = [cls.CHIP_NAME for cls in CHIP_DEFS.values() if getattr(cls, "IMAGE_CHIP_ID", None) == chip_id]
        raise ImageError(f"wrong chip: it is for {names[0] if names else f'chip {chip_id}'}, the board has an ESP32")


def _flash_size(data: bytes) -> int:
    try:
        return _FLASH_MB[data[3] >> 4] << 20
    except KeyError:
        raise ImageError(f"its header names an unknown flash size, 0x{data[3] >> 4:x}") from None


def check_firmware(data: bytes, what: str) -> int:
    """Check one image (bootloader or application) with esptool's code; returns its length. Raises ImageError."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            image = LoadFirmwareImage(CHIP, data)
    except (FatalError, RuntimeError) as error:
        raise ImageError(f"{what}: {error}") from None
    except (struct.error, TypeError):  # esptool reads on at the end of a file
        raise ImageError(f"{what}: truncated") from None
    if image.checksum != image.calculate_checksum():
        raise ImageError(f"{what}: checksum 0x{image.checksum:02x} does not match its contents")
    if not image.append_digest:
        last = image.segments[-1]
        return (last.file_offs + 8 + len(last.data)) // 16 * 16 + 16
    if len(image.stored_digest) < 32:
        raise ImageError(f"{what}: truncated")
    if image.stored_digest != image.calc_digest:
        raise ImageError(f"{what}: its SHA-256 does not match its contents")
    return image.data_length + 32
