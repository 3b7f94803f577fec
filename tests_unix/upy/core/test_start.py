"""What a start costs: collections of garbage, whatever the number of components."""

import asyncio
import gc

from virtual_clock import VirtualClock

import core.declare
import core.kernel
from core.kernel import STOPPED, Kernel
from core.log import Log, LogTail


class Component:
    requires = ("clock",)

    def __init__(self, clock):
        self._clock = clock

    async def start(self):
        pass

    async def run(self):
        while True:
            await self._clock.sleep_ms(1000)


class Board:
    NAME = "many"
    COMPONENTS = tuple([{"name": "c%d" % i, "use": "test_start:Component", "critical": True} for i in range(30)])


class Gc:
    """Module gc, which counts what is asked for."""

    def __init__(self):
        self.collected = 0
        self.thresholds = []

    def collect(self):
        self.collected += 1
        gc.collect()

    def mem_free(self):
        return gc.mem_free()

    def threshold(self, amount):
        self.thresholds.append((amount, gc.mem_free()))
        gc.threshold(amount)


async def test_a_start_collects_by_what_was_allocated_and_not_by_the_component():
    """Fails where each component costs collections: three of them, a million instructions each on a device."""
    counter = core.kernel.gc = core.declare.gc = Gc()
    clock = VirtualClock()
    try:
        kernel = Kernel(Board, {}, clock, Log(LogTail(clock, None), "main"))
        assert counter.collected == 0
        task = asyncio.create_task(kernel.run())
        await clock.advance(10)
    finally:
        core.kernel.gc = core.declare.gc = gc
    assert kernel.alive.value is True and counter.collected == 2
    building, running = [bytes / free for bytes, free in counter.thresholds]
    assert 0.45 < building < 0.55 and 0.3 < running < 0.35
    kernel.request_exit(STOPPED, "end of test")
    await task
