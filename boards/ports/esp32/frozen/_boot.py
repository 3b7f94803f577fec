"""Start of an ESP32 image, run by the port before main.py: mounts the files, and says where modules are taken from.

An application in the partition "romfs", which MicroPython has mounted on /rom, goes before the frozen one: that is how a
few hundred KB update the charger. Nothing in the writable file system stands in for a module of ours.
"""

import gc
import os
import sys
import vfs

from flashbdev import bdev

try:
    if bdev:
        vfs.mount(bdev, "/")
except OSError:
    import inisetup

    inisetup.setup()

sys.path[:] = [".frozen", "/lib"]
try:
    os.stat("/rom/lib/image.mpy")
    sys.path[:0] = ["/rom", "/rom/lib"]
except OSError:
    pass  # no ROMFS, or none with an application

gc.collect()
