"""The firmware of the unix board with little heap beyond its loaded code, as if that were frozen on a device."""

from charging_site import TIMEOUT_S

from tools.firmware import ROOT, Firmware, interpreter


class SmallFirmware(Firmware):
    """It has 128 KB, and prints ``live BYTES`` ten times a second: what is in use after a collection."""

    heap = 128 * 1024  # 0: all that the unix port has

    def __init__(self, home, **options):
        super().__init__(home, **options)
        program = str(ROOT / "bench" / "device" / "firmware.py")
        room = ("-X", "heapsize=2560K")  # for the loaded code; the ballast takes the rest
        self.command = [interpreter(), *room, program, str(home), "bench.device.heap:Heap", "{}", "1", str(self.heap)]

    async def live(self):
        """Bytes of the heap that are in use, the least of three."""
        found = []
        for _ in range(3):
            found.append(int((await self.wait_output(r"^live (\d+)\n", TIMEOUT_S, self.mark))[1]))
        return min(found)
