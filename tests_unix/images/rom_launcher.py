"""Starts the charger from a ROMFS image, in the unix port: ``micropython rom_launcher.py IMAGE --home DIR``.

It does what MicroPython does with a partition ``romfs`` before main.py; no folder of this machine is on the path.
"""

import sys
import vfs

_image = sys.argv.pop(1)
with open(_image, "rb") as _file:
    vfs.mount(vfs.VfsRom(memoryview(_file.read())), "/rom")
sys.path[:] = [".frozen", "/rom", "/rom/lib"]
with open("/rom/main.py") as _file:
    exec(_file.read(), {"__name__": "__main__"})
