"""Power cuts and stops while the central system or the car is away, and with no transaction at all."""

from charging_site import TIMEOUT_S, Site, eventually
from power_cut_checks import charging_again, check_books, delivered, start


def is_switch(frame):
    return frame.can_id == 0x068181FE and frame.data[1] == 0x32


async def test_while_offline(tmp_path):
    """A whole session without the central system, with a power cut in it, comes in order when that one is back."""
    async with Site(tmp_path) as site:
        await start(site)
        await site.start_session()
        await site.received("MeterValues")
        await site.central.stop()
        printed = site.firmware.mark
        await eventually(lambda: site.module.delivered_wh > 12, "energy without a witness")
        await site.firmware.restart()
        await site.printed(r"goes on\r?\n", printed)  # the vehicle is there; before, it only says that it waits for it
        before = site.module.delivered_wh
        await eventually(lambda: site.module.delivered_wh > before + 8, "energy after the cut")
        printed = site.firmware.mark
        await site.present("TAG-1")
        await site.printed(r"transaction \d+ ends", printed)
        since = site.mark()
        await site.central.start()
        await site.received("StopTransaction", since, timeout=60)  # the pauses between attempts have become long
        await site.status("Finishing", since)
        await check_books(site, 2)
        assert len(delivered(site, 2)) >= 5


async def test_the_vehicle_leaves_while_the_power_is_off(tmp_path):
    async with Site(tmp_path) as site:
        await start(site)
        await site.start_session()
        await site.received("MeterValues")
        await site.firmware.kill()
        site.pull_out()
        await eventually(lambda: not site.module.enabled, "the module stops by itself")
        since = site.mark()
        await site.firmware.start()  # what the connector's state is shows when the vehicle does, or did not
        ended = await site.received("StopTransaction", since, timeout=30)  # the vehicle may take 15 s to show itself
        assert ended.payload["reason"] in ("PowerLoss", "EVDisconnected")
        await eventually(lambda: not site.module.enabled, "the module is off")
        await check_books(site, 1)


async def test_the_register_survives_without_a_transaction(tmp_path):
    async with Site(tmp_path) as site:
        await start(site)
        first = await site.start_session("A")
        await eventually(lambda: site.module.delivered_wh > 8, "some energy")
        stop = await site.stop_session("A")
        await site.firmware.kill()
        await site.boot()
        second = await site.start_session("B")
        assert second.payload["meterStart"] == stop.payload["meterStop"] > first.payload["meterStart"]


async def test_the_register_is_lower_by_20_Wh_at_most(tmp_path):
    """No sample saves it: so much, or the energy of the second that lies between two records, and what is measured."""
    async with Site(tmp_path) as site:
        await start(site)
        await site.configure(MeterValueSampleInterval=0)
        await site.start_session()
        for part_wh in (35, 90):  # 24 kW: a record at each 20 Wh; it was one at each 100 Wh
            await eventually(lambda part_wh=part_wh: site.module.delivered_wh > part_wh, "energy", 60)
            delivered_wh = site.module.delivered_wh
            await site.firmware.kill()
            printed, since = site.firmware.mark, site.mark()
            await site.boot()
            found = await site.printed(r"energy register (\d+) mWh", printed)
            lost_wh = delivered_wh - int(found[1]) / 1000
            assert lost_wh < 20 + 24000 / 3600 * 1.5, lost_wh
            if part_wh == 35:
                await charging_again(site, since)


async def test_an_orderly_stop_in_the_middle_of_a_transaction(tmp_path):
    """Ctrl-C: exit status 0, the stop frame is sent; the transaction goes on at the next start."""
    async with Site(tmp_path) as site:
        await start(site)
        await site.start_session()
        frames = site.hub.frames
        assert await site.firmware.interrupt() == 0
        await site.hub.wait_frame(lambda f: is_switch(f) and f.data[3] == 0x01, TIMEOUT_S, frames)
        assert [f for f in site.hub.log if is_switch(f)][-1].data[3] == 0x01
        await eventually(lambda: not site.module.enabled, "the module is off")
        since = site.mark()
        await site.boot()
        await charging_again(site, since)
        await site.stop_session()
        await check_books(site, 1)
