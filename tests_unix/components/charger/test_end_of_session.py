"""The end of a session with a power module that takes its time to stop."""

from charging_site import Site, eventually


async def test_what_the_module_delivers_until_it_has_stopped_is_billed(tmp_path):
    """The card ends it; Finishing is told at once, StopTransaction once no current flows: with all of it."""
    async with Site(tmp_path) as site:
        await site.boot()
        begun = await site.start_session()
        await eventually(lambda: site.module.delivered_wh > 5, "5 Wh delivered")
        site.module.runs_on = True
        since = site.mark()
        await site.present("TAG-1")
        await site.status("Finishing", since)
        stopped_wh = site.module.delivered_wh
        await eventually(lambda: site.module.delivered_wh > stopped_wh + 2, "the module goes on")
        assert not site.central.calls("StopTransaction", since)
        site.module.runs_on = False  # the next stop frame is heard
        stop = await site.received("StopTransaction", since)
        delivered = site.module.delivered_wh
        billed = stop.payload["meterStop"] - begun.payload["meterStart"]
        assert delivered > stopped_wh + 2 and abs(billed - delivered) < 2 + 0.02 * delivered, (billed, delivered)
        assert stop.payload["reason"] == "Local" and site.wrong_messages() == []
