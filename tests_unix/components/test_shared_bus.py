"""Two outlets whose power modules are on one CAN bus, as docs/can.md declares them: the real firmware, three buses."""

import asyncio

from charging_site import eventually
from two_outlet_site import TwoOutlets


class SharedBus(TwoOutlets):
    """Modules 0xE5 and 0xE6 on one bus, which is that of each outlet's ``hub``."""

    def __init__(self, home):
        super().__init__(home, board="tests_unix.boards.unix_shared")

    def told(self, address, since=0):
        """(A, whether it is off) of each request to a module."""
        frames = [frame.data for frame in self.hub.log.after(since) if frame.can_id == 0x180600F4 | address << 8]
        return [((data[2] << 8 | data[3]) / 10, bool(data[4])) for data in frames]


async def test_both_charge_at_once_and_what_is_wrong_with_the_bus_concerns_both(tmp_path):
    async with SharedBus(tmp_path) as site:
        assert site.outlets[0].hub is site.outlets[1].hub and len(site.hubs) == 3
        site.vehicle.max_a, site.outlets[1].vehicle.max_a = 60, 20
        await site.boot()
        await site.configure(MeterValueSampleInterval=1)
        await site.charge(1)
        await site.charge(2)
        await eventually(lambda: site.told(0xE5)[-1] == (60, False), "what the vehicle of outlet 1 asks for")
        assert site.told(0xE6)[-1] == (20, False)
        await asyncio.sleep(6)
        mark, since = site.mark(), site.hub.frames
        site.outlets[1].vehicle.stop_charging()
        await site.status("SuspendedEV", mark, connector=2)
        assert site.told(0xE6, since)[-1] == (0, True)
        assert site.statuses(1, mark) == [] and all(not off for _, off in site.told(0xE5, since))
        site.outlets[1].vehicle.permit()
        await site.status("Charging", mark, connector=2)
        await site.flows(2)
        mark = site.mark()
        site.hub.bus_off()
        for number in (1, 2):
            await site.status("SuspendedEVSE", mark, connector=number)
        site.hub.bus_ok()
        for number in (1, 2):
            await site.status("Charging", mark, connector=number)
            await site.flows(number)
        assert [await site.end(number) for number in (1, 2)]
        await eventually(lambda: not any(outlet.module.enabled for outlet in site.outlets), "both are off")
        site.check_bills((6, 3))  # what they delivered until they knew of the bus
        assert site.wrong_messages() == []
        site.check_calm()
