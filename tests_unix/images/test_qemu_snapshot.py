"""What the snapshot of the operator takes of a 32-bit heap, while a transaction runs, in the image of qemu_arm."""

from qemu_site import QemuSite

# In use at most while a piece exists, beside what was there before: the module of the snapshot with the piece, and that
# with the garbage of its making, for it collects none itself.
LIVE = 3 * 1024  # measured: 2208 bytes
GARBAGE = 6 * 1024  # measured: 4944 bytes, of reading the certificates; without them 2.5 KB

# A front end that reads all, in place of the console's word "can all".
_BOOT = b"""
import gc
from components.operator import Operator


def _read_all(self, on):
    gc.collect()
    before = gc.mem_alloc()
    live = garbage = (0, "")
    count = 0
    for path, piece in self.snapshot():
        garbage = max(garbage, (gc.mem_alloc() - before, path))
        gc.collect()
        live = max(live, (gc.mem_alloc() - before, path))
        count += 1
    path = piece = None
    gc.collect()
    left = gc.mem_alloc() - before
    print("snapshot: %d pieces, live %d %s, garbage %d %s, left %d" % ((count,) + live + garbage + (left,)))


Operator.receive_all = _read_all
"""


async def test_a_piece_of_the_snapshot_takes_few_kb_and_leaves_nothing(qemu_image, tmp_path):
    async with QemuSite(tmp_path) as site:
        site.firmware.files["boot.py"] += _BOOT
        await site.boot()
        await site.start_session("CARD-1")
        await site.current_flows()
        for _ in range(2):  # the second time what is made once is there
            found = await site.answer(
                "can all", r"snapshot: (\d+) pieces, live (\d+) (\S+), garbage (\d+) (\S+), left (-?\d+)"
            )
        count, live, _, garbage, _, left = found.groups()
        assert int(count) >= 50
        assert int(live) <= LIVE, found[0]
        assert int(garbage) <= GARBAGE, found[0]
        assert int(left) <= 256, found[0]  # what others have taken meanwhile
        site.check_calm()
        print(found[0])
