"""A driver for SLCAN with an adapter at its other end, and ways to wait for it."""

import asyncio
import time

from bus import Wire
from construct import construct

from core.clock import Clock
from drivers.can.slcan import Slcan

FRAME = (0x1806E5F4, bytes(range(8)))


async def opened(**options):
    wire = await Wire(Clock()).start()
    driver = construct(Slcan, port=wire.url, **options)
    driver.init()
    assert driver.state() == driver.STATE_STOPPED
    await ready(driver)
    assert driver.state() == driver.STATE_ACTIVE
    return wire, driver


async def ready(driver):
    await asyncio.wait_for(driver.ready(), 10)


async def until(condition):
    deadline = time.ticks_add(time.ticks_ms(), 10000)
    while not condition():
        assert time.ticks_diff(deadline, time.ticks_ms()) > 0, "condition did not come true"
        await asyncio.sleep_ms(1)


async def frames(driver, count):
    """The next `count` frames as (identifier, data, flags)."""
    got = []
    frame = [0, memoryview(bytearray(8)), 0, 0]
    while True:
        while driver.recv(frame) is not None:
            got.append((frame[0], bytes(frame[1]), frame[2]))
        if len(got) >= count:
            return got
        await ready(driver)


async def refused(driver):
    """The OSError that `ready` raises in the end."""
    frame = [0, None, 0, 0]
    while True:
        try:
            await ready(driver)
        except OSError as e:
            return e
        while driver.recv(frame) is not None:
            pass
