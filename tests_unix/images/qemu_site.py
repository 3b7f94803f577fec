"""Sites whose firmware is the image of qemu_arm in QEMU."""

import re

from charging_site import Site

from tools.payload import GC_HEAP
from tools.qemu import QemuFirmware

KEPT_FREE = 36 * 1024  # bytes of it that a whole session leaves free; measured: 41.0 thousand
BALLAST = 25 * 1024  # what it can do without altogether: the heap is in pieces, so not all that is free is of use
_BOOT = "import mps2\nmps2.watch_heap()\nballast = bytearray(%d)\n"  # main.py shares the global variables


class QemuSite(Site):
    """A site with the firmware in QEMU.

    ballast: bytes of the heap that are taken away from the firmware. It watches the heap; its end tells the lowest.
    """

    def __init__(self, home, ballast=0, **options):
        super().__init__(home, **{"kind": QemuFirmware, **options})
        self.ballast = ballast
        self.firmware.files["boot.py"] = (_BOOT % ballast).encode()

    async def read_every_page(self):
        """Have the console write all that it can; returns when it has."""
        for page in ("components", "why", "status", "config", "log"):
            await self.type(page)
            await self.answer("0", "muted")
            await self.answer("0", "not muted")

    async def lowest_free(self):
        """End the firmware; bytes of the heap that were free, the ballast too, when the most was in use."""
        assert await self.firmware.interrupt() == 0
        found = await self.printed(r"heap: at least (\d+) of (\d+) bytes were free")
        assert int(found[2]) == GC_HEAP
        return int(found[1]) + self.ballast

    def check_calm(self):
        """No component raised, no memory was missing, and the watchdog did not bite."""
        super().check_calm()
        text = self.firmware.text
        assert not re.search(r"reason: watchdog|memory allocation failed", text), text[-3000:]
