"""The ESP32's watchdog: armed first of all, and fed only while all is well."""

import asyncio

from construct import construct
from esp32_standins import Device
from virtual_clock import VirtualClock

from core.kernel import STOPPED, Kernel, StartError
from core.log import Log, LogTail
from drivers.wdt import Wdt


class Broken:
    """Comes after the watchdog, and fails as it starts."""

    async def start(self):
        raise OSError("broken")


class Worker:
    requires = ("clock", "pulse")

    def __init__(self, clock, pulse):
        self._clock = clock
        self._pulse = pulse
        self.hangs = False

    async def run(self):
        while True:
            if not self.hangs:
                self._pulse()
            await self._clock.sleep_ms(500)


class Board:
    NAME = "wdttest"
    COMPONENTS = (
        {"name": "nvs", "use": "drivers.nvs:Nvs"},
        {"name": "worker", "use": "test_wdt:Worker", "critical": True},
        {"name": "watchdog", "use": "drivers.wdt:Wdt", "options": {"timeout_ms": 20000}},
        {"name": "health", "use": "components.health:Health", "bind": {"store": "nvs"}},
    )


def test_the_first_feed_starts_it():
    device = Device().install()
    watchdog = construct(Wdt)
    assert device.machine.watchdog.timeout_ms is None
    watchdog.feed()
    watchdog.feed()
    assert (device.machine.watchdog.timeout_ms, device.machine.watchdog.fed) == (30000, 2)


async def test_it_is_armed_before_anything_else_starts():
    class Failing:
        NAME = "failing"
        COMPONENTS = (Board.COMPONENTS[2], {"name": "broken", "use": "test_wdt:Broken"})

    device = Device().install()
    clock = VirtualClock()
    kernel = Kernel(Failing, {}, clock, Log(LogTail(clock, None), "main"), ".")
    assert device.machine.watchdog.timeout_ms is None
    try:
        await kernel.run()
        raise AssertionError("started")
    except StartError as e:
        assert "component broken did not start: OSError: broken" in str(e)
    assert device.machine.watchdog.timeout_ms == 20000


async def test_health_feeds_it_while_all_is_well_and_an_orderly_stop_does_not_touch_it():
    device = Device().install()
    clock = VirtualClock()
    kernel = Kernel(Board, {}, clock, Log(LogTail(clock, None), "main"), ".")
    assert device.machine.watchdog.timeout_ms is None
    task = asyncio.create_task(kernel.run())
    await clock.advance(30000)
    fed = device.machine.watchdog.fed
    assert device.machine.watchdog.timeout_ms == 20000 and 30 <= fed <= 32
    kernel["worker"].hangs = True
    await clock.advance(60000)
    hung = device.machine.watchdog.fed
    assert hung <= fed + 12  # 10 s to find out: after 20 s more it resets
    kernel.request_exit(STOPPED, "test")
    assert await task == STOPPED
    assert (device.machine.watchdog.timeout_ms, device.machine.watchdog.fed) == (20000, hung)
