"""The sink on a system with files: the same life, with the selection in a file."""

import hashlib
import json
import os

from construct import construct
from flash import Flash, Mounted
from ocpp_site import Site
from sink_errors import raises

from drivers import filesink
from drivers.filesink import FileSink
from drivers.sink import FINISHED, IDLE

FIRST, SECOND = b"first image" * 1000, b"second image" * 2000


async def started(home):
    sink = construct(FileSink, home)
    await sink.start()
    return sink


async def update(home, image):
    sink = await started(home)
    sink.begin(len(image))
    for at in range(0, len(image), 700):
        sink.write(image[at : at + 700])
    await sink.finish()
    sink.activate()


def content(sink):
    with open(sink.image, "rb") as file:
        return file.read()


async def test_without_an_update_there_is_no_image(tmp):
    sink = await started(tmp)
    assert sink.image is None and not sink.pending() and not os.listdir(tmp)


async def test_an_update_is_on_trial_until_it_is_confirmed(tmp):
    await update(tmp, FIRST)
    sink = await started(tmp)
    assert content(sink) == FIRST and sink.pending()
    raises("on trial", sink.begin, 5)
    sink.confirm()
    assert not sink.pending()
    sink = await started(tmp)
    assert content(sink) == FIRST and not sink.pending()


async def test_one_that_is_not_confirmed_is_gone_at_the_second_start(tmp):
    await update(tmp, FIRST)
    (await started(tmp)).confirm()
    await update(tmp, SECOND)
    sink = await started(tmp)
    assert content(sink) == SECOND and sink.pending()
    sink = await started(tmp)
    assert content(sink) == FIRST and not sink.pending()
    await update(tmp, SECOND)
    sink = await started(tmp)
    sink.confirm()
    assert content(sink) == SECOND


async def test_the_first_update_goes_back_to_no_image(tmp):
    await update(tmp, FIRST)
    await started(tmp)
    sink = await started(tmp)
    assert sink.image is None and not sink.pending()


async def test_a_download_that_ends_half_way_changes_nothing(tmp):
    await update(tmp, FIRST)
    (await started(tmp)).confirm()
    sink = await started(tmp)
    sink.begin(len(SECOND))
    sink.write(SECOND[:5000])
    sink = await started(tmp)  # the power was cut
    assert content(sink) == FIRST and sink.state == IDLE
    sink.begin(5)
    sink.write(b"hello")
    await sink.finish()
    assert sink.state == FINISHED
    sink.abort()
    assert content(await started(tmp)) == FIRST


async def test_a_full_file_system_is_an_error_and_no_update(tmp):
    sink = await started(tmp)
    os.mkdir(tmp + "/update")
    os.mkdir(tmp + "/update/slot0")  # nothing can be written to that
    try:
        sink.begin(5)
        raise AssertionError("begun")
    except OSError:
        pass
    assert sink.state == IDLE and sink.image is None


async def test_a_selection_that_cannot_be_read_ends_the_start(tmp):
    os.mkdir(tmp + "/update")
    for text in ("{", "5", "{}", '{"slot": 3, "state": "new", "previous": null}'):
        with open(tmp + "/update/select", "w") as file:
            file.write(text)
        try:
            await started(tmp)
            raise AssertionError("taken: " + text)
        except OSError as e:
            assert "update/select" in str(e)


async def test_the_selection_says_in_the_words_of_the_bootloader_what_runs(tmp):
    for image, expected in ((FIRST, {"slot": 0, "previous": None}), (SECOND, {"slot": 1, "previous": 0})):
        for state in ("new", "pending", "valid"):
            if state == "new":
                await update(tmp, image)
            elif state == "pending":
                sink = await started(tmp)
            else:
                sink.confirm()
            with open(tmp + "/update/select") as file:
                assert json.load(file) == dict(expected, state=state)


async def test_it_tells_which_slot_runs_and_which_one_takes_the_image(tmp):
    sink = await started(tmp)
    assert (sink.running(), sink.target(), sink.blocks) == ("", "slot0", False)
    await update(tmp, FIRST)
    sink = await started(tmp)
    assert (sink.running(), sink.target()) == ("slot0", "slot1")
    sink.confirm()
    sink.begin(len(SECOND))
    sink.write(SECOND)
    await sink.finish()
    assert sink.target() == "slot1" and sink.digest == hashlib.sha256(SECOND).digest()
    sink.activate()
    assert sink.running() == "slot0", "until the restart"
    assert (await started(tmp)).running() == "slot1"
    assert (await started(tmp)).running() == "slot0", "nobody confirmed"


async def test_an_image_of_unknown_size(tmp):
    sink = await started(tmp)
    sink.begin(None)
    sink.write(FIRST)
    sink.write(SECOND)
    await sink.finish()
    assert sink.size == len(FIRST + SECOND) and sink.digest == hashlib.sha256(FIRST + SECOND).digest()
    sink.activate()
    assert content(await started(tmp)) == FIRST + SECOND
    sink = await started(tmp)
    sink.begin(None)
    try:
        await sink.finish()
        raise AssertionError("an image of nothing")
    except OSError:
        assert sink.state == IDLE and sink.digest is None


def statvfs_of(free):
    """An os.statvfs of a medium with so many bytes free, in blocks of 4096."""
    return lambda path: (4096, 4096, 10000, free() // 4096, free() // 4096, 0, 0, 0, 0, 255)


class SmallMedium:
    """``with SmallMedium(folder, size)``: os.statvfs tells of a medium of `size` bytes with what lies in the folder."""

    def __init__(self, folder, size):
        self._folder = folder
        self._size = size
        self._true = filesink.os

    def free(self):
        used = 0
        try:
            for name in os.listdir(self._folder):
                used += os.stat(self._folder + "/" + name)[6]
        except OSError:
            pass
        return self._size - used

    def __enter__(self):
        filesink.os = self
        return self

    def __exit__(self, *error):
        filesink.os = self._true

    def __getattr__(self, name):
        return statvfs_of(self.free) if name == "statvfs" else getattr(self._true, name)


async def endless(sink):
    """Write until it is refused: how many bytes were taken."""
    sink.begin(None)
    taken, piece = 0, bytes(2048)
    while taken < 10000000:
        try:
            sink.write(piece)
        except OSError:
            return taken
        taken += len(piece)
    raise AssertionError("no end")


async def test_an_endless_image_is_bounded_by_an_option_and_leaves_nothing(tmp):
    sink = construct(FileSink, tmp, max_bytes=100000, reserve=0)
    await sink.start()
    assert await endless(sink) == 100000 // 2048 * 2048
    assert sink.state == IDLE and os.listdir(tmp + "/update") == []
    raises("room for 100000", sink.begin, 100001)


async def test_the_journal_keeps_its_room_whatever_comes(tmp):
    """Of 1 MB 200 KB are the journal's; while the image comes, somebody else writes 300 KB."""
    os.mkdir(tmp + "/update")
    with SmallMedium(tmp + "/update", 1000000) as medium:
        sink = construct(FileSink, tmp, reserve=200000)
        await sink.start()
        assert 700000 < await endless(sink) <= 800000
        assert os.listdir(tmp + "/update") == [] and medium.free() == 1000000
        raises("room for 79", sink.begin, 900000)
        sink.begin(None)
        sink.write(bytes(100000))
        with open(tmp + "/update/other", "wb") as file:
            file.write(bytes(300000))
        try:
            for _ in range(400):
                sink.write(bytes(2048))
            raise AssertionError("the reserve was taken")
        except OSError:
            assert medium.free() == 700000


async def test_what_an_interrupted_update_left_is_removed_at_the_start(tmp):
    await update(tmp, FIRST)
    (await started(tmp)).confirm()
    sink = await started(tmp)
    sink.begin(len(SECOND))
    sink.write(SECOND[:5000])
    assert sorted(os.listdir(tmp + "/update")) == ["new", "select", "slot0"]
    await started(tmp)  # the power was cut
    assert sorted(os.listdir(tmp + "/update")) == ["select", "slot0"]


async def finished(home, chunks):
    """Whether an image in these chunks is one for a board with magic and marker."""
    sink = construct(FileSink, home, magic="7f454c46", marker="for this board")
    await sink.start()
    sink.begin(None)
    try:
        for chunk in chunks:
            sink.write(memoryview(chunk))
        await sink.finish()
    except sink.ImageError:
        assert sink.state == IDLE and "new" not in os.listdir(home + "/update")
        return False
    sink.abort()
    return True


async def test_only_an_image_for_this_board_is_taken(tmp):
    ours = b"\x7fELF" + bytes(3000) + b"for this board" + bytes(10)
    assert await finished(tmp, [ours])
    for piece in (1, 7, 2048):
        assert await finished(tmp, [ours[at : at + piece] for at in range(0, len(ours), piece)]), piece
    for other in (b"#!/bin/sh\n" + ours, ours.replace(b"for this", b"for that"), ours[:100], b"\x7fEL", bytes(5000)):
        for piece in (1, 2048):
            assert not await finished(tmp, [other[at : at + piece] for at in range(0, len(other), piece)])


async def test_a_journal_on_the_same_medium_goes_on_whatever_is_downloaded(tmp):
    """A littlefs of 512 KB: an endless image is refused while the journal has its room, and leaves all of it."""
    with Mounted(Flash(blocks=128), "/flash", fresh=True) as home:
        site = Site(home)
        await site.store.start()
        sink = construct(FileSink, home, reserve=150000)
        await sink.start()
        for _ in range(2):
            sink.begin(None)
            taken = 0
            try:
                while True:
                    sink.write(bytes(2048))
                    taken += 2048
                    if taken % 65536 == 0:
                        site.store.put("at", taken)
            except OSError as e:
                assert "too long" in str(e), e
            assert 100000 < taken < 370000, taken
            for n in range(300):
                site.store.put("key%d" % (n % 30), [n] * 50)
            assert site.store.get("at") and not site.store.fault.value
            assert "new" not in os.listdir(home + "/update")
        await site.store.stop()
