"""Power cuts (``kill -9``) while a transaction starts, runs and ends: each message is delivered once and in order."""

import asyncio

from charging_site import Site
from power_cut_checks import charging_again, check_books, start

from tools.central import Fault


async def test_while_charging_again_and_again(tmp_path):
    """Three cuts, 0.1 to 1.2 s after current flows: before, in and after a meter value."""
    async with Site(tmp_path) as site:
        await start(site)
        await site.start_session()
        for delay_s in (0.1, 0.75, 1.2):
            await asyncio.sleep(delay_s)  # no event to wait for: when the power goes is what varies
            since = site.mark()
            await site.firmware.restart()
            await charging_again(site, since)
        await site.received("MeterValues", site.mark())
        before = site.module.delivered_wh
        stop = await site.stop_session()
        assert before > 2 and stop.payload["reason"] == "Local"
        await check_books(site, 3)


async def test_before_the_answer_to_start_transaction(tmp_path):
    """The central system heard it, we do not know: the same message again, with the same id, time and register."""
    async with Site(tmp_path) as site:
        await start(site)
        await site.plug_in()
        site.central.fault("StartTransaction", Fault(drop=True))
        await site.present("TAG-1")
        first = await site.received("StartTransaction")
        await site.firmware.kill()
        since = site.mark()
        await site.boot()
        again = await site.received("StartTransaction", since)
        assert again.payload == first.payload and again.uid == first.uid
        await charging_again(site, since)
        await site.stop_session()
        assert len(site.central.calls("StartTransaction")) == 2
        await check_books(site, 1)


async def test_before_the_answer_to_stop_transaction(tmp_path):
    async with Site(tmp_path) as site:
        await start(site)
        await site.start_session()
        site.central.fault("StopTransaction", Fault(drop=True))
        since = site.mark()
        await site.present("TAG-1")
        first = await site.received("StopTransaction", since)
        await site.firmware.kill()
        since = site.mark()
        await site.boot()
        again = await site.received("StopTransaction", since)
        assert again.payload == first.payload and again.uid == first.uid
        assert not site.module.enabled, "the transaction had ended"
        await check_books(site, 1)
        assert len(site.central.calls("StopTransaction")) == 2


async def test_at_a_moment_of_the_start(tmp_path):
    """From the card on, some ms apart: the transaction is there with its whole story, or was never begun."""
    await asyncio.gather(*(cut_at_the_start(tmp_path / str(ms), ms) for ms in (0, 4, 8, 14)))


async def cut_at_the_start(home, ms):
    async with Site(home) as site:
        await start(site)
        await site.plug_in()
        await site.present("TAG-1")
        await site.received("Authorize")
        await asyncio.sleep(ms / 1000)  # no event to wait for: when the power goes is what varies
        since = site.mark()
        await site.firmware.restart()
        await site.booted(since)
        await site.condition("in_limits", "ok")
        if "goes on" in site.firmware.text:
            await charging_again(site, since)
        else:
            assert not site.central.calls("StartTransaction")
            await site.start_session()
        await site.stop_session()
        await check_books(site, 1)
