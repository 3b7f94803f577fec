"""Sites whose firmware is the image of qemu_arm in QEMU."""

import re

from rig import Site

from tools.qemu import QemuFirmware

KEPT_FREE = 24 * 1024  # bytes of the 96 KB of heap that a whole session must never need
_BALLAST = "ballast = bytearray(%d)\n"  # boot.py and main.py share their global variables


class QemuSite(Site):
    """A site with the firmware in QEMU. ballast: bytes of the heap that are taken away from the firmware."""

    def __init__(self, home, ballast=0, **options):
        super().__init__(home, kind=QemuFirmware, **options)
        if ballast:
            self.firmware.files["boot.py"] = (_BALLAST % ballast).encode()

    async def heap(self):
        """(bytes free after a collection, the lowest so far), as the console's status page tells."""
        found = await self.answer("status", r"Heap: (\d+) bytes free, at least (\d+)")
        return int(found[1]), int(found[2])

    def check_calm(self):
        """No component raised, no memory was missing, and the watchdog did not bite."""
        super().check_calm()
        assert not re.search(r"reason: watchdog|memory allocation failed", self.firmware.text), self.firmware.text[-3000:]
