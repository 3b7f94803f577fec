"""An hour of charging on the model of a flash chip with littlefs: how many blocks it erases, and how many commits.

``micropython hour.py ROOT SECONDS KEPT``: charge point, journal and meter are the real ones, the clock is virtual.
KEPT 1: NVS takes the register between two commits, as on the ESP32 boards (`components/meter/kept.py`); numbers in it
are counted.
"""

import asyncio
import sys

ROOT, SECONDS, KEPT = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "1"
_TESTS = ROOT + "/tests_unix/upy"
sys.path[:0] = [ROOT, ROOT + "/lib", ROOT + "/tools/device", _TESTS, _TESTS + "/components/ocpp"]

from construct import construct  # noqa: E402
from esp32_standins import Device  # noqa: E402
from flash import Flash, Mounted  # noqa: E402
from ocpp_site import booted  # noqa: E402

from components.meter.kept import KeptRegister  # noqa: E402
from drivers.nvs import Nvs  # noqa: E402


async def charge():
    flash = Flash(64)
    device = Device().install()
    with Mounted(flash, "/hour", fresh=True) as home:
        site = await booted(home)
        store = asyncio.create_task(site.store.run())
        if KEPT:
            site.meter.keep_by = site.energy.keep_by
            await KeptRegister(site.meter, construct(Nvs), site.kernel, site.log).start()
        site.plug_in()
        site.ocpp.present_tag("CARD")
        await site.run(2000)
        written = device.nvs.writes
        erases, records = flash.erases, site.store.records
        for _ in range(SECONDS):
            await site.run(1000)
            site.energy.save_if_due()
        assert site.gate.enabled.value
        counts = flash.erases - erases, site.store.records - records, device.nvs.writes - written
        print("erases %d, commits %d, numbers %d" % counts)
        store.cancel()
        await site.power_off()


asyncio.run(charge())
