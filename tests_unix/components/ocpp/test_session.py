"""Charging sessions beyond OCA's test cases (test_certification_sessions.py): who may begin and end one, and how."""

import pytest
from charging_site import eventually

from tools.central import Tag

pytestmark = pytest.mark.asyncio(loop_scope="module")
CONFIGURATION = {"MeterValueSampleInterval": 1, "AuthorizationCacheEnabled": False}


async def test_a_card_held_up_twice_before_the_cable_takes_the_wish_back(site):
    since = site.mark()
    await site.present("CARD-4")
    await site.status("Preparing", since)
    await site.present("CARD-4")
    await site.status("Available", since)
    await site.plug_in()
    assert await site.configured("NumberOfConnectors") == "1"
    assert site.central.calls("StartTransaction", since) == []


async def test_remote_start_is_authorized_if_configured(site):
    await site.configure(AuthorizeRemoteTxRequests=True)
    site.central.books.tags["BLOCKED"] = "Blocked"
    await site.plug_in()
    since = site.mark()
    assert (await site.order("RemoteStartTransaction", idTag="BLOCKED")).status == "Accepted"
    await site.checked("BLOCKED", since)
    assert site.central.calls("StartTransaction", since) == []
    assert (await site.order("RemoteStartTransaction", idTag="GOOD")).status == "Accepted"
    await site.received("Authorize", since, idTag="GOOD")
    await site.received("StartTransaction", since, idTag="GOOD")
    await site.configure(AuthorizeRemoteTxRequests=False)
    await site.stop_session("GOOD")


async def test_another_card_stops_nothing_but_one_of_the_same_group_does(site):
    """OCPP 1.6, 3.5: parentIdTag groups tags."""
    site.central.books.tags.update({"ALICE": Tag(parent="FAMILY"), "BOB": Tag(parent="FAMILY"), "EVE": Tag()})
    await site.start_session("ALICE")
    since = site.mark()
    await site.present("EVE")
    await site.checked("EVE", since)
    assert site.central.calls("StopTransaction", since) == []
    assert site.module.enabled
    ended = await site.stop_session("BOB")
    assert ended.payload["idTag"] == "BOB"


async def test_the_same_card_is_known_in_any_case(site):
    """idTag is a CiString: its case has no meaning (OCPP 1.6, 7.15)."""
    await site.start_session("card-abc")
    ended = await site.stop_session("CARD-ABC")
    assert ended.payload["idTag"].lower() == "card-abc"


async def test_the_vehicle_is_unplugged(site):
    await site.start_session("CARD-5")
    since = site.mark()
    site.pull_out()
    ended = await site.received("StopTransaction", since)
    assert ended.payload["reason"] == "EVDisconnected"
    await eventually(lambda: not site.module.enabled, "the module is off")
    await site.status("Available", since)


async def test_the_vehicle_is_unplugged_while_the_capacitors_hold_the_voltage(site):
    await site.start_session("CARD-6")
    since = site.mark()
    site.vehicle.unplug()
    ended = await site.received("StopTransaction", since)
    assert ended.payload["reason"] == "EVDisconnected"
    assert site.module.voltage_v > 60, "the test wants charged capacitors"
    await site.status("Available", since)


async def test_an_unplugged_vehicle_may_come_back_if_so_configured(site):
    await site.configure(StopTransactionOnEVSideDisconnect=False)
    await site.start_session("CARD-7")
    since = site.mark()
    site.pull_out()
    await site.status("SuspendedEV", since)
    await eventually(lambda: not site.module.enabled, "the module is off")
    site.vehicle.plug()
    await site.status("Charging", since)
    await site.current_flows()
    assert site.central.calls("StopTransaction", since) == []
    await site.configure(StopTransactionOnEVSideDisconnect=True)
    await site.stop_session("CARD-7")


async def test_the_battery_suspends_and_goes_on(site):
    await site.start_session("CARD-8")
    since = site.mark()
    site.vehicle.stop_charging()
    await site.status("SuspendedEV", since)
    await eventually(lambda: not site.module.enabled, "the module is off")
    site.vehicle.permit()
    await site.status("Charging", since)
    await site.current_flows()
    await site.stop_session("CARD-8")


async def test_a_second_session_without_unplugging(site):
    """From Finishing a card begins the next transaction (OCPP 1.6, 4.9, transition F2/F3)."""
    await site.start_session("CARD-9")
    since = site.mark()
    await site.present("CARD-9")
    first = await site.received("StopTransaction", since)
    await site.status("Finishing", since)
    begun = await site.start_session("CARD-10")
    assert begun.payload["meterStart"] == first.payload["meterStop"]
    await site.stop_session("CARD-10")


async def test_a_minimum_status_duration_swallows_short_ones(site):
    await site.configure(MinimumStatusDuration=60)
    since = site.mark()
    site.vehicle.plug()
    await eventually(lambda: site.hub.frames, "frames")
    await site.until_state("Preparing")
    site.pull_out()
    await site.until_state("Available")
    await site.configure(MinimumStatusDuration=0)
    await site.plug_in()
    assert site.statuses(1, since) == ["Preparing"]
