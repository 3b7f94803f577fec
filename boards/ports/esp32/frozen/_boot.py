"""Start of an ESP32 image, run by the port before main.py: mounts the files, and says where modules are taken from.

An application in the partition "romfs", which MicroPython has mounted on /rom, goes before the frozen one unless that
is newer: a few hundred KB update the charger, and a whole image that comes after them is not held back by them.
Nothing in the writable file system stands in for a module of ours.
"""

import gc
import sys
import vfs

from flashbdev import bdev

_FROZEN = ".frozen"


def _built(path):
    """When the application there was made, by its module image; -1: there is none, or it cannot be read."""
    sys.path[:] = [path]
    try:
        import image

        del sys.modules["image"]
        return image.BUILT
    except (ImportError, ValueError, AttributeError, OSError):  # ValueError: an .mpy file of another version
        return -1


try:
    if bdev:
        vfs.mount(bdev, "/")
except OSError:
    import inisetup

    inisetup.setup()

_in_rom = _built("/rom/lib")
if _in_rom >= 0 and _in_rom >= _built(_FROZEN):
    sys.path[:] = ["/rom", "/rom/lib", _FROZEN, "/lib"]
else:
    sys.path[:] = [_FROZEN, "/lib"]
gc.collect()
