"""A box that no memory is for is lost, said to be, and no half of it stays."""

import os

from box_site import started
from scarce_heap import Scarce

HEAPSIZE = "3M"


async def test_without_memory_a_box_is_missed_and_the_next_one_written(tmp):
    rig = await started(tmp, bytes=4096)
    box = rig.blackbox
    missed = 0
    for blocks in list(range(24)) + [40, 60, 80, 120, 160, 240]:
        written = box.written
        box.fault(0, "gate closed")
        box._hold()
        with Scarce(blocks):
            while box._write():
                pass
        there = os.listdir(box.folder) if box.written else []
        assert "box.new" not in there and box.written + box.missed == written + missed + 1, (blocks, there)
        missed = box.missed
    assert missed > 10
    box.fault(0, "gate closed")
    box._hold()
    while box._write():
        pass
    assert box.missed == missed and len(box.boxes()) >= 1
    await rig.stop()
