"""Start of an ESP32 image, run by the port before main.py: mounts the files, and sets where modules are imported from.

An application in the partition "romfs", which MicroPython has mounted on /rom, goes before the frozen one unless that
is newer: a few hundred KB update the charger, and a whole image that comes after them is not held back by them.
Nothing in the writable file system stands in for a module of ours.

Files that cannot be mounted are made anew: there is no operator to decide, and the identity may lie in NVS. On a blank
flash they are made at once.
"""

import gc
import sys
import time
import vfs
from micropython import kbd_intr

from flashbdev import bdev

kbd_intr(-1)  # Ctrl-C, which may be a byte of what a client of Improv sends

_FROZEN = ".frozen"


def _is_blank():
    """Whether the two blocks are erased in which littlefs has its superblock, the one or the other."""
    erased = b"\xff" * 256
    found = bytearray(256)
    try:
        for at in range(0, 2 * bdev.ioctl(5, 0), 256):  # 5: the size of a block
            bdev.readblocks(0, found, at)
            if found != erased:
                return False
    except OSError:
        return False
    return True


def _mount():
    """Mount the files; after three attempts make them anew. Raises OSError: the flash itself is broken."""
    if _is_blank():
        print("files: the flash is blank, they are made")
    else:
        for _ in range(3):
            try:
                vfs.mount(bdev, "/")
                return
            except OSError as e:
                print("files:", repr(e))
                time.sleep(1)
        print("files: made anew, what was in them is lost")
    vfs.VfsLfs2.mkfs(bdev)
    vfs.mount(bdev, "/")  # it detects the file system


def _built(path):
    """When the application there was made, by its module image; -1: there is none, or it cannot be read."""
    sys.path[:] = [path]
    try:
        import image

        del sys.modules["image"]
        return image.BUILT
    except (ImportError, ValueError, AttributeError, OSError):  # ValueError: an .mpy file of another version
        return -1


if bdev:
    try:
        _mount()
    except OSError as e:
        print("files:", repr(e))  # main.py logs what is missing, and resets

_in_rom = _built("/rom/lib")
if _in_rom >= 0 and _in_rom >= _built(_FROZEN):
    sys.path[:] = ["/rom", "/rom/lib", _FROZEN, "/lib"]
else:
    sys.path[:] = [_FROZEN, "/lib"]
gc.collect()
