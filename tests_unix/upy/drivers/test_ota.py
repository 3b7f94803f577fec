"""The OTA sink over flash that behaves as flash, and the bootloader's part of an update."""

import asyncio
import gc
import hashlib

from esp32_standins import Device
from esp32_standins.image import make_image
from esp32_standins.partition import NEW, PENDING_VERIFY, VALID
from sink_errors import raises

from drivers.ota import OtaSink
from drivers.sink import ACTIVATED, FINISHED, IDLE, WRITING

IMAGE = make_image(bytes((i * 7 + i // 251) & 255 for i in range(9800)))  # two blocks and a part of the third


def begun(image=IMAGE, size=None):
    """A device whose slot 0 runs, and whose sink waits for `image`."""
    device = Device().install()
    device.flash.slots[1].data[:] = bytes(len(device.flash.slots[1].data))  # an old image: nothing is erased
    sink = OtaSink()
    sink.begin(len(image) if size is None else size)
    return device, sink


async def update(device, image=IMAGE):
    sink = OtaSink()
    sink.begin(len(image))
    sink.write(image)
    await sink.finish()
    sink.activate()
    return sink


async def araises(text, awaitable):
    try:
        await awaitable
    except OSError as e:
        assert text in str(e), e
        return
    raise AssertionError("taken")


async def test_chunks_of_any_size_make_the_image_and_each_block_is_erased_once():
    for size in (1, 7, 1000, 4095, 4096, 4097, 8192, len(IMAGE)):
        device, sink = begun()
        assert sink.state == WRITING
        for at in range(0, len(IMAGE), size):
            sink.write(memoryview(IMAGE)[at : at + size])
        sink.write(b"")
        assert sink.written == sink.size == len(IMAGE)
        await sink.finish(hashlib.sha256(IMAGE).digest())
        slot = device.flash.slots[1]
        assert sink.state == FINISHED and bytes(slot.data[: len(IMAGE)]) == IMAGE
        assert slot.erased == [1, 1, 1] + [0] * 13
        assert device.flash.slots[0].erased == [0] * 16 and device.flash.entries() == [(0, 0xFFFFFFFF)] * 2


async def test_an_image_of_whole_blocks_ends_with_the_last_of_them():
    image = make_image(bytes(8192 - 24 - 8 - 16 - 32))
    assert len(image) == 8192
    device, sink = begun(image)
    sink.write(image)
    await sink.finish()
    assert device.flash.slots[1].erased[:3] == [1, 1, 0]


async def test_the_new_image_runs_on_trial_and_stays_once_it_is_confirmed():
    device, sink = begun()
    sink.write(IMAGE)
    await sink.finish()
    assert not sink.pending()
    sink.activate()
    assert sink.state == ACTIVATED and device.flash.entries()[device.flash.active()] == (2, NEW)
    raises("activated", sink.begin, 5000)
    raises("active already", sink.abort)
    device.restart()
    sink = OtaSink()
    assert device.flash.running is device.flash.slots[1] and sink.pending()
    raises("on trial", sink.begin, len(IMAGE))  # it would overwrite the image to go back to
    sink.confirm()
    assert not sink.pending() and device.flash.entries()[device.flash.active()] == (2, VALID)
    device.restart(power_cut=True)
    assert device.flash.running is device.flash.slots[1] and not OtaSink().pending()


async def test_an_image_that_is_not_confirmed_is_gone_after_the_next_restart():
    device = Device().install()
    await update(device)
    device.restart()
    assert OtaSink().pending()
    device.restart(power_cut=True)
    assert device.flash.running is device.flash.slots[0] and not OtaSink().pending()
    await update(device)  # the next try goes into the same slot
    device.restart()
    assert device.flash.running is device.flash.slots[1] and OtaSink().pending()


async def test_updates_alternate_between_the_slots():
    device = Device().install()
    for turn in range(5):
        await update(device)
        device.restart()
        assert device.flash.running is device.flash.slots[1 - turn % 2]
        assert device.flash.entries()[device.flash.active()] == (turn + 2, PENDING_VERIFY)
        OtaSink().confirm()


def test_what_is_no_image_is_refused_with_its_first_byte():
    device, sink = begun()
    raises("begins with 0x3C", sink.write, b"<html>404</html>")
    assert sink.state == IDLE and device.flash.slots[1].erased == [0] * 16
    sink.begin(len(IMAGE))  # and the next download may begin


async def test_too_short_too_long_and_the_wrong_sum_are_refused():
    _, sink = begun()
    sink.write(IMAGE[:-1])
    await araises("%d bytes came, %d were told" % (len(IMAGE) - 1, len(IMAGE)), sink.finish())
    assert sink.state == IDLE
    _, sink = begun(size=len(IMAGE) - 1)
    raises("more than the %d bytes" % (len(IMAGE) - 1), sink.write, IMAGE)
    assert sink.state == IDLE
    _, sink = begun()
    sink.write(IMAGE)
    await araises("SHA-256", sink.finish(bytes(32)))
    raises("idle, not finished", sink.activate)


def test_an_image_that_does_not_fit_and_a_flash_without_slots_are_refused():
    device, sink = begun()
    sink.abort()
    for size in (65537, 0, -1):
        raises("image of %d bytes" % size, sink.begin, size)
    sink.begin(65536)
    Device(slots=0).install()
    sink = OtaSink()
    assert not sink.pending()
    raises("no second OTA partition", sink.begin, len(IMAGE))
    try:
        sink.confirm()
        raise AssertionError("confirmed")
    except OSError as e:
        assert "ESP_ERR_NOT_FOUND" in str(e)


async def test_flash_that_does_not_keep_what_is_written_is_noticed():
    device, sink = begun()
    device.flash.slots[1].broken_block = 1
    sink.write(IMAGE)
    await araises("reads back differently", sink.finish())
    raises("idle, not finished", sink.activate)


async def test_an_image_that_is_broken_before_it_came_is_refused_by_the_system():
    broken = bytearray(IMAGE)
    broken[5000] ^= 1
    device, sink = begun()
    sink.write(broken)
    await sink.finish()
    try:
        sink.activate()
        raise AssertionError("active")
    except OSError as e:
        assert "VALIDATE_FAILED" in str(e)
    assert sink.state == IDLE
    device.restart()
    assert device.flash.running is device.flash.slots[0]


def test_calls_in_the_wrong_order_are_refused():
    Device().install()
    sink = OtaSink()
    raises("idle, not writing", sink.write, IMAGE)
    raises("idle, not finished", sink.activate)
    sink.abort()
    sink.begin(len(IMAGE))
    raises("writing, not idle", sink.begin, len(IMAGE))
    raises("writing, not finished", sink.activate)
    sink.abort()
    raises("idle, not writing", sink.write, IMAGE)


async def test_a_finish_that_is_cancelled_leaves_nothing_to_activate():
    _, sink = begun()
    sink.write(IMAGE)
    task = asyncio.create_task(sink.finish())
    await asyncio.sleep_ms(0)
    assert sink.state == WRITING  # it reads back, block by block
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass
    assert sink.state == IDLE


def test_the_power_may_fail_while_it_is_written():
    device, sink = begun()
    sink.write(IMAGE[:6000])
    device.restart(power_cut=True)
    assert device.flash.running is device.flash.slots[0] and not OtaSink().pending()


class NoFlash:
    """A partition that takes everything: the stand-in's own bytes are not the sink's."""

    def writeblocks(self, block, buf):
        assert len(buf) == 4096


def test_a_chunk_costs_no_memory():
    _, sink = begun(size=60000)
    sink._partition = NoFlash()
    chunk = bytearray(4096)
    chunk[0] = 0xE9
    sink.write(chunk)
    gc.collect()
    before = gc.mem_alloc()
    for _ in range(10):
        sink.write(chunk)
    gc.collect()
    assert gc.mem_alloc() - before < 2 * len(chunk)  # of ten: a word that was left on the stack may keep one


async def test_it_tells_which_slot_runs_and_which_one_takes_the_image():
    device, sink = begun()
    assert (sink.running(), sink.target(), sink.blocks) == ("ota_0", "ota_1", True)
    sink.write(IMAGE)
    await sink.finish()
    assert sink.digest == hashlib.sha256(IMAGE).digest()
    sink.activate()
    device.restart()
    assert OtaSink().running() == "ota_1"
    device.restart()
    assert OtaSink().running() == "ota_0", "nobody confirmed"


async def test_an_image_of_unknown_size_may_fill_the_partition():
    device, sink = begun()
    sink.abort()
    sink.begin(None)
    sink.write(IMAGE)
    await sink.finish()
    sink.activate()
    device.restart()
    assert device.flash.running is device.flash.slots[1]
    OtaSink().confirm()
    sink = OtaSink()
    sink.begin(None)
    sink.write(IMAGE)
    raises("more than the 65536 bytes", sink.write, bytes(65536 - len(IMAGE) + 1))
    assert sink.state == IDLE
