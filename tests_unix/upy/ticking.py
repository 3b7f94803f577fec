"""A component as the kernel has it run, without a kernel."""

import asyncio

from core.tasks import Pace
from core.ticks import TICK_MS


async def tick(component, clock):
    """Call its tick() for ever."""
    pace = Pace(clock, TICK_MS)
    while True:
        component.tick(pace.passed)
        await pace.next()


async def run(component, clock):
    """Both, until `run` ends."""
    ticks = asyncio.create_task(tick(component, clock))
    try:
        await component.run()
    finally:
        ticks.cancel()
