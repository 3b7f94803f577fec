"""An hour of charging on the model of a flash chip with littlefs: how many blocks it erases, and how many commits.

``micropython hour.py ROOT SECONDS``: charge point, journal and meter are the real ones, the clock is virtual.
"""

import asyncio
import sys

ROOT, SECONDS = sys.argv[1], int(sys.argv[2])
sys.path[:0] = [ROOT, ROOT + "/lib", ROOT + "/tests_unix/upy"]

from flash import Flash, Mounted  # noqa: E402
from ocpp_site import booted  # noqa: E402


async def charge():
    flash = Flash(64)
    with Mounted(flash, "/hour", fresh=True) as home:
        site = await booted(home)
        store = asyncio.create_task(site.store.run())
        site.plug_in()
        site.ocpp.present_tag("CARD")
        await site.run(2000)
        erases, records = flash.erases, site.store.records
        for _ in range(SECONDS):
            await site.run(1000)
            site.energy.save_seldom()
        assert site.gate.enabled.value
        print("erases %d, commits %d" % (flash.erases - erases, site.store.records - records))
        store.cancel()
        await site.power_off()


asyncio.run(charge())
