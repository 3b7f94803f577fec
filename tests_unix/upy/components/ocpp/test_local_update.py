"""An update by a person at the device: the same sink, signature and restart as one of the central system."""

import asyncio

from firmware_site import IMAGE, Life, started
from ocpp_site import charge
from test_ocpp_signed_firmware import Maker

from components.operator.update import Update
from drivers.filesink import FileSink


class Blocking(FileSink):
    """As a flash, of which an erase stops everything."""

    blocks = True


def feed(update, image, signature="", certificate="", size=0):
    update.begin(size or len(image), signature, certificate)
    for at in range(0, len(image), 1000):
        update.write(image[at : at + 1000])


def refused(words, function, *arguments):
    try:
        function(*arguments)
    except OSError as e:
        assert words in str(e), str(e)
        return
    raise AssertionError("it was taken")


async def finished(life, update):
    """What `finish` returns; the clock runs."""
    task = asyncio.create_task(update.finish())
    await life.until(task.done)
    return await task


async def test_a_signed_image_is_installed_and_kept_once_it_has_reached_the_central_system(tmp):
    maker = await Maker().start()
    life = await maker.life(tmp)
    update = Update(life.firmware)
    assert update.signed and update.status == "Idle"
    refused("needs a signature", update.begin, len(IMAGE))
    feed(update, IMAGE, maker.signature, "good")
    assert (update.status, update.written, update.size) == ("Downloading", len(IMAGE), len(IMAGE))
    await life.site.run(1000)
    assert "from a person at this device" in life.firmware.update.describe()
    assert await finished(life, Update(life.firmware)) == "", "another object is of the same update"
    await life.until(lambda: life.site.exits)
    assert life.told() == [], "the central system has not ordered it"
    await life.end()
    life = await maker.life(tmp)
    life.sink.confirm()
    await life.until(lambda: life.events)
    assert life.image() == IMAGE and life.events == ["FirmwareUpdated"] and life.told() == []
    await life.site.run(1000)
    assert life.firmware.update is None and life.site.store.get("ocpp/fw") is None
    await life.end()
    await maker.server.stop()


async def test_what_is_not_signed_so_is_not_installed(tmp):
    maker = await Maker().start()
    life = await maker.life(tmp)
    update = Update(life.firmware)
    other = await maker.signed(IMAGE + b"\0")
    for signature, certificate in ((other, "good"), (maker.signature, "bad"), ("", "good"), ("no base64", "good")):
        feed(update, IMAGE, signature, certificate)
        assert await finished(life, update) == "the image is not what its signature says"
        assert life.sink.state == "idle" and life.sink.image is None
    feed(update, IMAGE[:-1] + b"\0", maker.signature, "good")
    assert await finished(life, update) == "the image is not what its signature says"
    assert life.events.count("InvalidFirmwareSignature") == 5 and life.site.exits == [] and life.told() == []
    assert life.site.ocpp.station.availability.operative(1)
    await life.site.run(500)
    assert update.status == "Idle"
    await life.end()
    await maker.server.stop()


async def test_an_unsigned_image_is_taken_where_the_setting_permits_it(tmp):
    maker = await Maker().start()
    life = await maker.life(tmp, unsigned=True)
    update = Update(life.firmware)
    assert not update.signed
    feed(update, IMAGE)
    assert await finished(life, update) == ""
    await life.until(lambda: life.site.exits)
    await life.end()
    await maker.server.stop()


async def test_an_update_of_the_central_system_excludes_it_and_it_that_one(tmp):
    life = await started(tmp)
    update = Update(life.firmware)
    await life.update(retrieveDate="2099-01-01T00:00:00Z")
    refused("another update is under way", update.begin, len(IMAGE))
    update.abort()
    assert life.firmware.update is not None
    await life.end()
    life = await Life(tmp, life.server).start()
    life.site.store.put("ocpp/fw", None)
    life.firmware.update = None
    update = Update(life.firmware)
    feed(update, IMAGE)
    await life.update()
    await life.site.run(5000)
    assert life.told() == [] and life.site.lines("another update is being installed")
    assert update.status == "Downloading" and update.written == len(IMAGE)
    update.abort()
    await life.site.run(500)
    assert update.status == "Idle" and life.sink.state == "idle"
    refused("no update was begun", update.write, b"1")
    await life.update()
    await life.until(lambda: life.site.exits)
    await life.end()
    await life.server.stop()


async def test_a_wrong_image_or_one_that_stops_coming_is_forgotten(tmp):
    life = await started(tmp)
    update = Update(life.firmware)
    feed(update, IMAGE, size=len(IMAGE) + 1)
    assert "bytes came" in await finished(life, update)
    update.begin(10)
    refused("more than the 10 bytes", update.write, IMAGE)
    refused("no update was begun", update.write, IMAGE)
    update.begin(len(IMAGE))
    for _ in range(10):
        update.write(IMAGE[:100])
        await life.site.run(15000)
    refused("another update is under way", update.begin, 10)
    await life.site.run(21000)
    assert update.status == "Idle" and life.sink.state == "idle" and life.site.lines("no bytes came for 20 s")
    feed(update, IMAGE)
    assert await finished(life, update) == "", "the next one is taken"
    await life.end()
    await life.server.stop()


async def test_a_transaction_is_charged_to_its_end_and_none_begins_while_the_flash_is_written(tmp):
    life = await started(tmp)
    update = Update(life.firmware)
    await charge(life.site)
    feed(update, IMAGE)
    assert await finished(life, update) == ""
    await life.site.run(60000)
    assert life.site.exits == [] and update.status == "InstallScheduled"
    life.site.ocpp.present_tag("TAG")
    await life.until(lambda: life.site.exits)
    await life.end()
    life = await Life(tmp, life.server, sink=Blocking).start()
    life.sink.confirm()
    await life.until(lambda: life.firmware.update is None)
    update = Update(life.firmware)
    await charge(life.site)
    refused("a transaction runs", update.begin, len(IMAGE))
    assert life.site.ocpp.station.availability.operative(1)
    life.site.ocpp.present_tag("TAG")
    await life.site.run(5000)
    update.begin(len(IMAGE))
    assert not life.site.ocpp.station.availability.operative(1)
    update.abort()
    assert life.site.ocpp.station.availability.operative(1)
    await life.end()
    await life.server.stop()
