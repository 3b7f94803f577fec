"""The sink on a system with files: the same life, with the selection in a file."""

import hashlib
import json
import os

from sinks import raises

from drivers.filesink import FileSink
from drivers.sink import FINISHED, IDLE

FIRST, SECOND = b"first image" * 1000, b"second image" * 2000


async def started(home):
    sink = FileSink(home)
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
