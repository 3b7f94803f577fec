"""The MCP2515 driver with the model of its chip in the place of the module ``machine``."""

import asyncio
import sys
import time

from construct import construct
from mcp2515_model import Machine
from mcp2515_model import Mcp2515 as Chip

from drivers.can import mcp2515, mcp2515_registers
from drivers.can.mcp2515 import Mcp2515

ID, DATA = 0x1806E5F4, bytes(range(1, 9))
EXTENDED = Mcp2515.FLAG_EXT_ID


class Ticks:
    """The driver's patience with the bus: milliseconds pass when a test says so, microseconds as it sleeps."""

    ticks_diff = staticmethod(time.ticks_diff)

    def __init__(self):
        self.now_ms = self.now_us = 0

    def ticks_ms(self):
        return self.now_ms

    def ticks_us(self):
        return self.now_us

    def sleep_us(self, us):
        self.now_us += us


def wired(crystal=8000000, **options):
    """A chip on the pins of a board, and its driver before `init`."""
    chip = Chip(crystal)
    chip.ticks = mcp2515.time = mcp2515_registers.time = Ticks()
    time.sleep_us(40)  # power was on for a while
    sys.modules["machine"] = Machine(chip)
    return chip, construct(Mcp2515, crystal=crystal, **options)


async def joined(filters=None, **options):
    """The driver on the bus."""
    chip, driver = wired(**options)
    driver.init()
    driver.set_filters(filters)
    await soon(driver.ready())
    assert driver.state() == driver.STATE_ACTIVE
    return chip, driver


async def soon(awaitable, seconds=10):
    """What it returns; it must not take longer."""
    return await asyncio.wait_for(awaitable, seconds)


async def waits(driver):
    """Whether `ready` has nothing to tell."""
    task = asyncio.create_task(driver.ready())
    for _ in range(20):
        await asyncio.sleep_ms(1)
    done = task.done()
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass
    return not done


def received(driver):
    """All that the driver has, as (identifier, data, flags, errors)."""
    frame = [0, None, 0, 0]
    frames = []
    while driver.recv(frame) is frame:
        frames.append((frame[0], bytes(frame[1]), frame[2], frame[3]))
    return frames


def fails(words, function, *arguments, **options):
    """The OSError or ValueError that is raised; its text has these words."""
    try:
        function(*arguments, **options)
    except (OSError, ValueError) as e:
        assert words in str(e), e
        return e
    raise AssertionError("nothing was raised")


async def fails_soon(words, awaitable):
    try:
        await soon(awaitable)
    except OSError as e:
        assert words in str(e), e
        return e
    raise AssertionError("nothing was raised")
