"""A littlefs as MicroPython's ESP32 port mounts it: ``vfs.VfsLfs2(Partition)`` with the constructor's defaults."""

from __future__ import annotations

from typing import Any

from littlefs import LittleFS, LittleFSError

BLOCK = 4096  # the flash's sector: esp32.Partition is a block device of these
_UNIT = 32  # readsize and progsize of VfsLfs2

# extmod/vfs_lfsx.c. The same cache as the device has: files are then laid out as it would have written them itself (up
# to that size they lie inside their directory).
_GEOMETRY: dict[str, Any] = {
    "block_size": BLOCK,
    "read_size": _UNIT,
    "prog_size": _UNIT,
    "cache_size": 4 * _UNIT,
    "lookahead_size": _UNIT,
    "disk_version": 0x00020001,  # what MicroPython 1.25 writes and reads
}


class NoRoom(Exception):
    """The files do not fit the partition."""


def build(files: dict[str, bytes], size: int) -> tuple[bytes, int]:
    """(the file system of `size` bytes, bytes of its blocks in use) with files {path: contents}. Raises NoRoom."""
    try:
        fs = LittleFS(block_count=size // BLOCK, **_GEOMETRY)
        for path, data in files.items():
            folder = path.rpartition("/")[0]
            if folder:
                fs.makedirs(folder, exist_ok=True)
            with fs.open(path, "wb") as file:
                file.write(data)
        used = fs.used_block_count * BLOCK
    except LittleFSError as error:
        if error.code != LittleFSError.Error.LFS_ERR_NOSPC:
            raise
        total = sum(map(len, files.values()))
        raise NoRoom(f"{len(files)} files with {total} bytes do not fit a file system of {size}") from None
    return bytes(fs.context.buffer), used


def read(image: bytes) -> dict[str, bytes]:
    """The files of a file system."""
    fs = LittleFS(block_count=len(image) // BLOCK, mount=False, **_GEOMETRY)
    fs.context.buffer = bytearray(image)
    fs.mount()
    paths = [f"{folder}/{name}".lstrip("/") for folder, _, names in fs.walk("/") for name in names]
    return {path: fs.open(path, "rb").read() for path in paths}
