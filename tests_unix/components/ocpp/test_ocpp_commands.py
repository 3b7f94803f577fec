"""What the central system orders: availability, reset, unlock, data transfer (OCPP 1.6, section 5)."""

import pytest
from charging_site import TIMEOUT_S, Site, eventually

from tools.central import CALLERROR

pytestmark = pytest.mark.asyncio(loop_scope="module")


def is_switch(frame):
    return frame.can_id == 0x068181FE and frame.data[1] == 0x32


async def change(site, connector, kind):
    return (await site.order("ChangeAvailability", connectorId=connector, type=kind)).status


async def test_a_connector_is_taken_out_of_service(site):
    since = site.mark()
    assert await change(site, 1, "Inoperative") == "Accepted"
    await site.status("Unavailable", since)
    assert await change(site, 1, "Inoperative") == "Accepted", "it is so already (5.2)"
    assert (await site.order("RemoteStartTransaction", idTag="X")).status == "Rejected"
    site.vehicle.plug()
    await site.condition("plugged", "ok")
    await site.present("X")
    assert await site.configured("NumberOfConnectors") == "1"
    assert site.central.calls("StartTransaction", since) == []
    assert site.statuses(1, since) == ["Unavailable"]
    since = site.mark()
    assert await change(site, 1, "Operative") == "Accepted"
    await site.status("Preparing", since)


async def test_the_whole_station_is_taken_out_of_service(site):
    since = site.mark()
    assert await change(site, 0, "Inoperative") == "Accepted"
    await site.status("Unavailable", since, connector=0)
    await site.status("Unavailable", since, connector=1)
    assert await change(site, 0, "Operative") == "Accepted"
    await site.status("Available", since, connector=0)
    await site.status("Available", since, connector=1)


async def test_a_change_during_a_transaction_is_scheduled(site):
    await site.start_session("BUSY")
    since = site.mark()
    assert await change(site, 1, "Inoperative") == "Scheduled"
    assert site.module.enabled and site.central.calls("StopTransaction", since) == []
    await site.present("BUSY")
    await site.received("StopTransaction", since)
    await site.status("Unavailable", since)
    since = site.mark()
    site.pull_out()
    assert await change(site, 1, "Operative") == "Accepted"
    await site.status("Available", since)


@pytest.mark.parametrize("connector", [2, 100])
async def test_a_connector_that_is_not_there_cannot_change(site, connector):
    assert await change(site, connector, "Inoperative") == "Rejected"


async def test_tc_017_2_unlock_connector_of_a_fixed_cable(site):
    assert (await site.order("UnlockConnector", connectorId=1)).status == "NotSupported"
    assert (await site.order("UnlockConnector", connectorId=2)).status == "NotSupported"


async def test_tc_018_2_unlock_connector_of_a_fixed_cable_ends_no_session_but_the_emergency_stop_does(site):
    """The key t at the start of a line acts without Enter; s releases it (the product's manual)."""
    await site.start_session("STOP")
    since, frames = site.mark(), site.hub.frames
    assert (await site.order("UnlockConnector", connectorId=1)).status == "NotSupported"
    assert site.central.calls("StopTransaction", since) == [] and site.module.enabled
    await site.firmware.write("t")
    stop = await site.received("StopTransaction", since)
    assert stop.payload["reason"] == "EmergencyStop"
    off = await site.hub.wait_frame(lambda f: is_switch(f) and f.data[3] == 0x01, TIMEOUT_S, frames)
    await eventually(lambda: not site.module.enabled, "the module is off")
    assert not [f for f in site.hub.log if f.seq > off.seq and is_switch(f) and f.data[3] != 0x01]
    await site.condition("emergency_stop", "BLOCKS")
    await site.present("STOP")
    assert await site.configured("NumberOfConnectors") == "1"
    assert not site.module.enabled
    await site.type("s")
    await site.condition("emergency_stop", "ok")


async def test_a_word_that_begins_with_the_stop_key_interrupts_the_session_for_a_moment(site):
    """``tag X`` for ``auth X``: the module is told to stop at the t, and goes on; nothing is held, nothing ends."""
    await site.start_session("WORD")
    since, frames = site.mark(), site.hub.frames
    await site.firmware.write("tag X\n")
    off = await site.hub.wait_frame(lambda f: is_switch(f) and f.data[3] == 0x01, TIMEOUT_S, frames)
    await site.firmware.wait_output("did you mean auth")
    await site.hub.wait_frame(lambda f: is_switch(f) and f.data[3] == 0x00 and f.seq > off.seq, TIMEOUT_S, frames)
    await eventually(lambda: site.module.enabled, "the module is on again")
    await site.condition("emergency_stop", "ok")
    assert site.central.calls("StopTransaction", since) == []
    await site.present("WORD")
    assert (await site.received("StopTransaction", since)).payload["reason"] == "Local"


async def test_reset_from_the_console(site):
    starts, since = site.firmware.starts, site.mark()
    await site.type("reset")
    await eventually(lambda: site.firmware.starts == starts + 1, "the firmware came back")
    await site.booted(since)


async def test_null_for_an_optional_field_unless_strict(tmp_path):
    """What central systems in Python send that leave nothing out; null for what is required stays an error."""
    start = {"idTag": "CARD-1", "connectorId": 1, "chargingProfile": None}
    async with Site(tmp_path, settings={"ocpp": {"strict": False}}) as site:
        await site.boot()
        answer = await site.ask("RemoteStartTransaction", {**start, "idTag": None})
        assert answer.kind == CALLERROR
        assert (await site.ask("RemoteStartTransaction", start)).payload == {"status": "Accepted"}
        await site.status("Preparing")
        profile = {"chargingProfileId": 8, "transactionId": None, "stackLevel": 1, "recurrencyKind": None,
                   "chargingProfilePurpose": "ChargePointMaxProfile", "chargingProfileKind": "Relative",
                   "validFrom": None, "validTo": None, "chargingSchedule": {
                       "duration": None, "startSchedule": None, "chargingRateUnit": "A", "minChargingRate": None,
                       "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16, "numberPhases": None}]}}  # fmt: skip
        answer = await site.ask("SetChargingProfile", {"connectorId": 0, "csChargingProfiles": profile})
        assert answer.payload == {"status": "Accepted"}
        await site.answer("why", r"limit: 16.0 A \(profile 8, ChargePointMaxProfile of connector 0, stack level 1\)")
        assert await site.configured("NumberOfConnectors") == "1"


async def test_null_is_no_value_of_a_field_where_strict(site):
    assert (await site.ask("GetConfiguration", {"key": None})).kind == CALLERROR
