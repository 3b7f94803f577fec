"""Mounts the file system before anything else runs: a littlefs in the memory that outlives a restart of QEMU.

Nothing in it stands in for a module of ours, as on the ESP32: no import looks there for what is frozen.
"""

import sys
import vfs
from micropython import const, kbd_intr

import mps2

kbd_intr(-1)  # Ctrl-C, which may be a byte of what a client of Improv sends

_BLOCK = const(4096)
_BLOCKS = const(256)


class Psram:
    """A block device in the first MB of the board's PSRAM (vfs.AbstractBlockDev, extended interface)."""

    def readblocks(self, number, buf, offset=0):
        """Fill `buf` from a block on."""
        mps2.load(number * _BLOCK + offset, buf)

    def writeblocks(self, number, buf, offset=0):
        """Store `buf`; memory needs no erase."""
        mps2.store(number * _BLOCK + offset, buf)

    def ioctl(self, operation, argument):
        """Number of blocks (4), their size (5); 0: done."""
        return _BLOCKS if operation == 4 else _BLOCK if operation == 5 else 0


def mount():
    """Mount what is there; if nothing is, make it."""
    memory = Psram()
    try:
        fs = vfs.VfsLfs2(memory)  # type: ignore[abstract,arg-type]
    except OSError:
        vfs.VfsLfs2.mkfs(memory)  # type: ignore[arg-type]
        fs = vfs.VfsLfs2(memory)  # type: ignore[abstract,arg-type]
    vfs.mount(fs, "/")


mount()
sys.path[:] = [".frozen", ""]
