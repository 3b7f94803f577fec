"""The trial of a new image: the real charge point, the real sinks, flash and bootloader as on the ESP32."""

import asyncio

from construct import construct
from esp32_standins import Device
from esp32_standins.image import make_image
from ocpp_site import Central, Site

from components.trial import Trial
from core.kernel import RESTART
from drivers.filesink import FileSink
from drivers.ota import OtaSink

IMAGE = make_image(bytes(5000))


async def updated():
    """A device that has just started a new image."""
    device = Device().install()
    sink = OtaSink()
    sink.begin(len(IMAGE))
    sink.write(IMAGE)
    await sink.finish()
    sink.activate()
    return device.restart()


class Life:
    """One life of a charge point with its trial."""

    def __init__(self, home, sink=None, url="ws://127.0.0.1:1", **options):
        self.site = Site(home, url=url)
        self.sink = sink or OtaSink()
        self.kernel = self.site.kernel
        self.trial = construct(Trial, self.sink, self.site.ocpp, self.kernel, self.site.clock, self.site.log, **options)
        self.task = None

    async def start(self):
        await self.site.power_on()
        self.task = asyncio.create_task(self.trial.run())
        await self.site.run(1000)
        return self

    async def end(self):
        self.task.cancel()
        await self.site.power_off()


def central_that_says(status):
    central = Central()
    accepted = central._BootNotification
    central.answers["BootNotification"] = lambda payload: dict(accepted(payload), status=status, interval=20)
    return central


async def test_a_new_image_that_reaches_the_central_system_stays(tmp):
    device = await updated()
    life = await Life(tmp).start()
    await life.site.run(590000)  # nearly all the time there is
    assert life.sink.pending() and not life.task.done()
    await life.site.connect(Central())
    await life.site.run(2000)
    assert life.task.done() and not life.sink.pending() and life.site.lines("confirmed")
    await life.site.disconnect()
    await life.site.run(1200000)  # what comes later is not the image's fault
    assert life.site.exits == []
    await life.end()
    device.restart(power_cut=True)
    assert device.flash.running is device.flash.slots[1]


async def test_one_that_does_not_is_gone_after_ten_minutes(tmp):
    device = await updated()
    life = await Life(tmp).start()
    await life.site.run(598000)
    assert life.site.exits == []
    await life.site.run(3000)
    assert life.site.exits == [(RESTART, "new image failed its trial")] and life.sink.pending()
    await life.end()
    device.restart()
    assert device.flash.running is device.flash.slots[0]


async def test_without_a_central_system_it_is_enough_that_all_critical_components_run(tmp):
    await updated()
    life = await Life(tmp, url="").start()
    life.kernel.alive.set(False)
    await life.site.run(100000)
    assert life.sink.pending() and not life.task.done()
    life.kernel.alive.set(True)
    await life.site.run(61000)
    assert life.task.done() and not life.sink.pending() and life.site.exits == []
    await life.end()
    await updated()
    life = await Life(tmp + "/2", url="", limit_ms=60000).start()
    life.kernel.alive.set(False)
    await life.site.run(62000)
    assert life.site.exits == [(RESTART, "new image failed its trial")] and life.sink.pending()
    await life.end()


async def test_a_connection_is_not_enough_it_must_be_accepted(tmp):
    for status in ("Pending", "Rejected"):
        await updated()
        life = await Life(tmp + "/" + status, limit_ms=60000).start()
        await life.site.connect(central_that_says(status))
        await life.site.run(62000)
        assert len(life.site.exits) == 1 and life.sink.pending(), status
        await life.end()


async def test_it_counts_if_the_connection_is_lost_right_after(tmp):
    await updated()
    life = await Life(tmp).start()
    await life.site.connect(Central())
    await life.site.disconnect()
    await life.site.run(2000)
    assert not life.sink.pending() and life.site.exits == []
    await life.end()


async def test_it_is_confirmed_before_a_request_can_end_it(tmp):
    await updated()
    life = await Life(tmp).start()
    await life.site.connect(Central())
    await life.site.clock.settle()  # no time goes by
    assert not life.sink.pending()
    await life.end()


async def test_without_a_trial_nothing_is_confirmed_and_nothing_restarts(tmp):
    for slots in (2, 0):
        device = Device(slots=slots).install()
        life = await Life(tmp + "/%d" % slots).start()
        assert life.task.done()
        await life.site.connect(Central())
        await life.site.run(700000)
        assert life.site.exits == [] and device.flash.otadata.erased == [0, 0]
        await life.end()


async def test_a_confirmation_that_fails_is_tried_again(tmp):
    device = await updated()
    life = await Life(tmp, limit_ms=60000).start()
    device.flash.has_ota = False  # the bootloader's data cannot be found
    await life.site.connect(Central())
    await life.site.run(2000)
    try:
        await life.task
        raise AssertionError("confirmed")
    except OSError as e:
        assert "NOT_FOUND" in str(e)
    device.flash.has_ota = True
    await life.site.run(90000)  # the kernel's back-off
    life.task = asyncio.create_task(life.trial.run())
    await life.site.run(1000)
    assert not life.sink.pending() and life.site.exits == []
    await life.end()


async def test_with_files_it_is_the_same(tmp):
    async def life_of(number):
        sink = construct(FileSink, tmp)
        await sink.start()
        return await Life(tmp + "/life%d" % number, sink, limit_ms=60000).start()

    sink = construct(FileSink, tmp)
    await sink.start()
    sink.begin(5)
    sink.write(b"image")
    await sink.finish()
    sink.activate()
    life = await life_of(1)
    await life.site.run(62000)
    assert len(life.site.exits) == 1
    await life.end()
    life = await life_of(2)  # back to none
    assert life.sink.image is None and life.task.done()
    await life.end()
    life.sink.begin(5)
    life.sink.write(b"image")
    await life.sink.finish()
    life.sink.activate()
    life = await life_of(3)
    await life.site.connect(Central())
    await life.site.run(62000)
    assert life.site.exits == [] and not life.sink.pending() and life.sink.image == tmp + "/update/slot0"
    await life.end()
