"""QEMU's -icount: what ``make bench`` tells of the image comes out the same again."""

import asyncio

from bench.icount import count_all, load, repeated


def test_the_same_image_gives_the_same_counts(qemu_image):
    first, second, third, other = asyncio.run(count_all(qemu_image, (0, 0, 0, 200)))
    assert repeated((first, second, third))
    assert not repeated([{kind: 1.01**turn * figure for kind, figure in first.items()} for turn in range(3)])
    assert first != other  # objects elsewhere in the heap: they are counted, not written down
    assert 0.9 < load(first) / load(other) < 1.1
    assert first["batch"] < first["frame"] < first["meter_values"] < first["boot"]
