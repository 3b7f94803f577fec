"""Tricks with the billing measurement on the real firmware's bus: they cost nobody more than seconds of energy."""

import pytest
from charging_site import TIMEOUT_S, Site

from tools.tricks import TRICKS, billed_and_delivered_wh

SECOND_WH = 75 * 30 / 3600


@pytest.mark.parametrize("trick", ["0 A before each measurement", "299 A before each measurement"])
async def test_false_measurements_end_charging_and_are_not_billed(tmp_path, trick):
    """The module's own output tells the true frames from the false ones, for 5 s; then charging ends.

    The output is as old as its reply: while the current rises, what it tells is up to a second late.
    """
    async with Site(tmp_path, pack="Classic") as site:
        await site.boot()
        since = site.mark()
        billed, delivered = await billed_and_delivered_wh(site, TRICKS[trick], 9)
        assert 2.5 < delivered < 6 and abs(billed - delivered) < SECOND_WH + 0.03 * delivered, (billed, delivered)
        told = await site.received("StatusNotification", since, connectorId=1, errorCode="PowerMeterFailure")
        assert told.payload["status"] == "Faulted"
        await site.answer("2", r"measurement: 0 losses, [1-9]\d* frames too early, [1-9]\d* contradictions")
        site.check_calm()


async def test_a_stop_around_each_measurement_makes_nothing_free(tmp_path):
    """The last frame of a current that is switched off may bill a period of it; what flowed is never missing."""
    async with Site(tmp_path, pack="Classic") as site:
        await site.boot()
        billed, delivered = await billed_and_delivered_wh(site, TRICKS["a stop around each measurement"], 8)
        assert -0.02 < billed - delivered < SECOND_WH / 5 and delivered < SECOND_WH, (billed, delivered)


async def test_gaps_are_billed_and_the_third_ends_the_session(tmp_path):
    async with Site(tmp_path, pack="Classic") as site:
        await site.boot()
        since = site.mark()
        billed, delivered = await billed_and_delivered_wh(site, TRICKS["a measurement every 4 s"], 14)
        assert delivered > 2 and abs(billed - delivered) < 0.15 * delivered, (billed, delivered)
        await site.received("StatusNotification", since, TIMEOUT_S, connectorId=1, errorCode="PowerMeterFailure")
        await site.answer("2", r"measurement: 3 losses")
