"""A session that ends while there is hardly any memory: once there is some it is in the log, once."""

from scarce_heap import Scarce
from test_charge_log import ready, rows

HEAPSIZE = "3M"


async def test_a_session_that_ends_without_memory_is_in_the_log_once(tmp):
    site = await ready(tmp)
    ended = site.charges._ended
    others = [function for function in site.station.ended if function != ended]
    left = [0]

    def scarcely(transaction, wh):
        for function in others:
            function(transaction, wh)
        with Scarce(left[0]):
            ended(transaction, wh)

    site.station.ended = (scarcely,)
    for count, blocks in enumerate((0, 1, 2, 3, 4, 5, 6, 9, 12, 15, 20, 30)):
        left[0] = blocks
        site.plug_in()
        await site.run(500)
        site.station.present("TAG")
        await site.run(1000)
        site.station.present("TAG")
        for _ in range(12):
            await site.run(500)
            site.charges.tick(1)
        site.unplug()
        await site.run(1000)
        found = rows(site)
        assert len({row["number"] for row in found}) == len(found) == count + 1, (blocks, found)
        assert found[-1]["reason"] == "Local" and found[-1]["wh"] is not None, (blocks, found)
    await site.power_off()
    site = await ready(tmp)
    assert len(rows(site)) == count + 1
    await site.power_off()
