"""How many bytes of GC heap modules take once imported: ``micropython heap_of.py PLACE MODULE ...``.

PLACE is a folder or a ROMFS image. Runs inside MicroPython, prints one number. Imported in that order; nothing starts.
"""

import gc
import os
import sys

import stand_ins

_DIRECTORY = 0x4000


def find(place):
    """The folder of the modules; of an image it is where that is mounted."""
    if os.stat(place)[0] & _DIRECTORY:
        return place
    import vfs

    with open(place, "rb") as file:
        vfs.mount(vfs.VfsRom(memoryview(file.read())), "/rom")
    return "/rom"


def main(place, names):
    """Import them all; return the growth of the heap in bytes of this port."""
    stand_ins.install()
    folder = find(place)
    sys.path[:] = [folder, folder + "/lib", ".frozen"]
    import asyncio  # noqa: F401  (frozen on a device: it takes no heap there)

    gc.collect()
    before = gc.mem_alloc()
    for name in names:
        __import__(name)
    gc.collect()
    return gc.mem_alloc() - before


print(main(sys.argv[1], sys.argv[2:]))
