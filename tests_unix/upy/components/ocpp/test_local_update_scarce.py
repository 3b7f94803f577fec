"""An update by a person whose begin finds no memory, or that is given up while it is checked: nothing of it stays."""

import asyncio

from firmware_site import IMAGE, Life, started
from scarce_heap import Scarce
from test_local_update import Blocking, feed, finished

from components.ocpp.firmware import local
from components.operator.update import Update

HEAPSIZE = "3M"


async def test_a_begin_without_memory_leaves_nothing(tmp):
    life = await started(tmp)
    await life.end()
    life = await Life(tmp, life.server, sink=Blocking).start()
    assert local.LocalUpdate, "it is loaded"
    update = Update(life.firmware)
    failed = begun = 0
    for blocks in range(0, 600, 2):
        try:
            with Scarce(blocks):
                update.begin(len(IMAGE))
            begun += 1
        except MemoryError:
            failed += 1
            free = life.sink.state == "idle" and life.site.ocpp.station.availability.operative(1)
            assert free and life.firmware.update is None, (blocks, life.sink.state)
            continue
        update.abort()
        await life.site.run(500)
        if begun > 3:
            break
    assert failed > 20 and begun, (failed, begun)
    await life.end()
    await life.server.stop()


async def test_one_that_is_given_up_while_it_is_checked_is_not_installed(tmp):
    life = await started(tmp)
    update = Update(life.firmware)
    feed(update, IMAGE)
    task = asyncio.create_task(update.finish())
    await asyncio.sleep_ms(0)
    await asyncio.sleep_ms(0)
    update.abort()
    await life.until(task.done)
    assert await task != "" and life.sink.state == "idle"
    await life.site.run(5000)
    assert life.site.exits == [] and update.status == "Idle" and not life.site.lines("Traceback")
    feed(update, IMAGE)
    assert await finished(life, update) == "", "the next one is taken"
    await life.until(lambda: life.site.exits)
    await life.end()
    await life.server.stop()
