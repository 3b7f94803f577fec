"""Module gcheap of our images (boards/ports/shared), in the image of qemu_arm: the ESP32's has the same source."""

from qemu_site import QemuSite

OBJECTS, ATTRIBUTES, SLOT = 50, 9, 8  # each of the objects has had that many attributes more; bytes of one
BOOT = f"""
import gc, gcheap
class Thing:
    pass
root = Thing()
root.me = root
root.things = [Thing() for _ in range({OBJECTS})]
for thing in root.things:
    thing.root, thing.kept = root, thing
    for n in range({ATTRIBUTES}):
        setattr(thing, "a%d" % n, n)
    for n in range({ATTRIBUTES}):
        delattr(thing, "a%d" % n)
gc.collect()
free = gc.mem_free()
gcheap.trim(root)
gc.collect()
same = root.me is root and all(thing.root is root and thing.kept is thing for thing in root.things)
print("trimmed: %d bytes, the same: %s" % (gc.mem_free() - free, same))
gc.disable()
largest = gcheap.largest()
try:
    fits = len(bytearray(largest + 1))
except MemoryError:
    fits = len(bytearray(largest)) == largest
gc.enable()
print("largest: %d of %d, fits: %s" % (largest, gc.mem_free() + largest, fits))
"""


async def test_objects_give_back_what_they_do_not_use_and_the_longest_free_piece_is_reported(qemu_image, tmp_path):
    site = QemuSite(tmp_path)
    site.firmware.files["boot.py"] += BOOT.encode()
    async with site:
        await site.firmware.start()
        trimmed = await site.printed(r"trimmed: (\d+) bytes, the same: (\w+)\s")
        assert trimmed[2] == "True" and int(trimmed[1]) >= OBJECTS * ATTRIBUTES * SLOT
        largest = await site.printed(r"largest: (\d+) of (\d+), fits: (\w+)\s")
        assert largest[3] == "True" and 0 < int(largest[1]) < int(largest[2])
