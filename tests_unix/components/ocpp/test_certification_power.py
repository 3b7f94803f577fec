"""OCA's test cases for the loss of power, named by their numbers. Those who cut anywhere: test_power_cut*.py."""

import pytest
from charging_site import eventually

from tools.powermodule import CONTROL

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def change(site, connector, kind):
    return (await site.order("ChangeAvailability", connectorId=connector, type=kind)).status


@pytest.mark.parametrize("connector", [0, 1])
async def test_tc_034_power_failure_with_unavailable_status(site, connector):
    assert await change(site, connector, "Inoperative") == "Accepted"
    await site.firmware.kill()
    since = site.mark()
    await site.boot()
    await site.status("Unavailable", since)
    if connector == 0:
        await site.status("Unavailable", since, connector=0)
    since = site.mark()
    assert await change(site, connector, "Operative") == "Accepted"
    await site.status("Available", since, connector=connector)
    await site.status("Available", since)


async def test_tc_032_2_power_failure_stop_after_booting(site):
    """Both ways that the case knows: the transaction goes on and a card ends it; or the boot ends it with PowerLoss."""
    await site.start_session("CARD")
    since = site.mark()
    await site.firmware.restart()
    await site.booted(since)
    await site.status("Charging", since)
    await site.current_flows()
    assert site.statuses(1, since) == ["Charging"]
    await site.present("CARD")
    ended = await site.received("StopTransaction", since)
    assert ended.payload.get("reason", "Local") == "Local"
    await site.status("Finishing", since)
    await site.configure(StopTransactionOnPowerLoss=True)
    begun = await site.start_session("CARD")
    number = site.central.books.last.id
    await site.firmware.kill()
    await eventually(lambda: not site.module.enabled, "the module stops by itself")
    since, frames = site.mark(), site.hub.frames
    await site.boot()
    ended = await site.received("StopTransaction", since)
    assert ended.payload["reason"] == "PowerLoss" and ended.payload["transactionId"] == number
    assert ended.payload["meterStop"] >= begun.payload["meterStart"]
    await site.status("Finishing", since)
    assert site.statuses(1, since) == ["Finishing"]
    on = [f for f in site.hub.log if f.seq > frames and f.can_id == CONTROL and f.data[1] == 0x32 and f.data[3] == 0]
    assert on == [] and not site.module.enabled, "the car that is there gets nothing"
    assert site.central.calls("StartTransaction", since) == []


async def test_tc_032_1_power_failure_stop_before_going_down(site):
    """A station with a back-up supply is stopped in order: it ends the transaction and tells of it first."""
    await site.configure(StopTransactionOnPowerLoss=True)
    await site.start_session("CARD")
    number, since = site.central.books.last.id, site.mark()
    assert await site.firmware.interrupt() == 0
    ended = await site.received("StopTransaction", since)
    assert ended.payload["reason"] == "PowerLoss" and ended.payload["transactionId"] == number
    await site.status("Finishing", since)
    await eventually(lambda: not site.module.enabled, "the module is off")
    since = site.mark()
    await site.boot()
    await site.status("Preparing", since)
    assert site.central.calls("StopTransaction", since) == site.central.calls("StartTransaction", since) == []
    await site.configure(StopTransactionOnPowerLoss=False)
