"""Whole charging sessions: every way to begin and to end one, as the central system and the power module see it."""

import pytest
from rig import eventually

from tools.central import Tag

pytestmark = pytest.mark.asyncio(loop_scope="module")
CONFIGURATION = {"MeterValueSampleInterval": 1, "AuthorizationCacheEnabled": False}


async def test_plug_in_first(site):
    since, before = site.mark(), site.module.delivered_wh
    begun = await site.start_session("CARD-1")
    assert begun.payload["connectorId"] == 1 and begun.payload["idTag"] == "CARD-1"
    assert isinstance(begun.payload["meterStart"], int)
    number = site.central.books.last.id
    await site.heard("MeterValues", since, connectorId=1, transactionId=number)
    await eventually(lambda: site.module.delivered_wh - before > 10, "10 Wh delivered")
    ended = await site.stop_session("CARD-1")
    delivered = site.module.delivered_wh - before
    stop = ended.payload
    assert stop["transactionId"] == number
    assert stop.get("reason", "Local") == "Local" and stop["idTag"] == "CARD-1"
    late = 2  # Wh: 0.3 s at 24 kW, what may flow until a busy machine has switched the module off
    assert abs(stop["meterStop"] - begun.payload["meterStart"] - delivered) <= 1 + late + delivered * 0.02
    assert site.statuses(1, since) == ["Preparing", "Charging", "Finishing", "Available"]
    actions = [m.action for m in site.central.calls(since=since)]
    assert actions.index("Authorize") < actions.index("StartTransaction") < actions.index("StopTransaction")


async def test_identification_first(site):
    since = site.mark()
    await site.present("CARD-2")
    await site.checked("CARD-2", since)
    await site.status("Preparing", since)
    assert not site.module.enabled
    site.vehicle.plug()
    begun = await site.heard("StartTransaction", since)
    assert begun.payload["idTag"] == "CARD-2"
    await site.status("Charging", since)
    await site.stop_session("CARD-2")
    told = [status for status in site.statuses(1, since) if status != "SuspendedEVSE"]  # until all is measured
    assert told == ["Preparing", "Charging", "Finishing", "Available"]


async def test_nobody_plugs_in_within_connection_time_out(site):
    await site.configure(ConnectionTimeOut=1)
    since = site.mark()
    await site.present("CARD-3")
    await site.status("Preparing", since)
    await site.status("Available", since)
    await site.configure(ConnectionTimeOut=60)
    since = site.mark()
    await site.plug_in()
    assert await site.configured("ConnectionTimeOut") == "60"
    assert site.central.calls("StartTransaction", since) == []


async def test_a_card_held_up_twice_before_the_cable_takes_the_wish_back(site):
    since = site.mark()
    await site.present("CARD-4")
    await site.status("Preparing", since)
    await site.present("CARD-4")
    await site.status("Available", since)
    await site.plug_in()
    assert await site.configured("NumberOfConnectors") == "1"
    assert site.central.calls("StartTransaction", since) == []


async def test_remote_start_with_the_cable_in(site):
    await site.plug_in()
    since = site.mark()
    answer = await site.order("RemoteStartTransaction", idTag="REMOTE-1", connectorId=1)
    assert answer.status == "Accepted"
    begun = await site.heard("StartTransaction", since)
    assert begun.payload["idTag"] == "REMOTE-1"
    assert site.central.calls("Authorize", since) == [], "AuthorizeRemoteTxRequests is false"
    await site.current_flows()
    again = await site.order("RemoteStartTransaction", idTag="REMOTE-2")
    assert again.status == "Rejected"
    number = site.central.books.last.id
    assert (await site.order("RemoteStopTransaction", transactionId=number + 1)).status == "Rejected"
    assert (await site.order("RemoteStopTransaction", transactionId=number)).status == "Accepted"
    ended = await site.heard("StopTransaction", since)
    assert ended.payload["reason"] == "Remote" and ended.payload["transactionId"] == number
    await site.status("Finishing", since)
    assert (await site.order("RemoteStopTransaction", transactionId=number)).status == "Rejected"
    await eventually(lambda: not site.module.enabled, "the module is off")


async def test_remote_start_before_the_cable(site):
    since = site.mark()
    assert (await site.order("RemoteStartTransaction", idTag="REMOTE-3")).status == "Accepted"
    await site.status("Preparing", since)
    site.vehicle.plug()
    begun = await site.heard("StartTransaction", since)
    assert begun.payload["idTag"] == "REMOTE-3"
    await site.status("Charging", since)
    await site.stop_session("REMOTE-3")


async def test_remote_start_times_out_without_a_cable(site):
    await site.configure(ConnectionTimeOut=1)
    since = site.mark()
    assert (await site.order("RemoteStartTransaction", idTag="REMOTE-4")).status == "Accepted"
    await site.status("Preparing", since)
    await site.status("Available", since)
    await site.configure(ConnectionTimeOut=60)


@pytest.mark.parametrize("connector", [0, 2, 99])
async def test_remote_start_at_a_connector_that_is_not_there(site, connector):
    answer = await site.order("RemoteStartTransaction", idTag="REMOTE-5", connectorId=connector)
    assert answer.status == "Rejected"


async def test_remote_start_is_authorized_if_configured(site):
    await site.configure(AuthorizeRemoteTxRequests=True)
    site.central.books.tags["BLOCKED"] = "Blocked"
    await site.plug_in()
    since = site.mark()
    assert (await site.order("RemoteStartTransaction", idTag="BLOCKED")).status == "Accepted"
    await site.checked("BLOCKED", since)
    assert site.central.calls("StartTransaction", since) == []
    assert (await site.order("RemoteStartTransaction", idTag="GOOD")).status == "Accepted"
    await site.heard("Authorize", since, idTag="GOOD")
    await site.heard("StartTransaction", since, idTag="GOOD")
    await site.configure(AuthorizeRemoteTxRequests=False)
    await site.stop_session("GOOD")


@pytest.mark.parametrize("status", ["Blocked", "Expired", "Invalid", "ConcurrentTx"])
async def test_a_refused_card_starts_nothing(site, status):
    site.central.books.tags["REFUSED"] = status
    if not site.vehicle.plugged:
        await site.plug_in()
    since = site.mark()
    await site.present("REFUSED")
    await site.checked("REFUSED", since)
    assert site.central.calls("StartTransaction", since) == []
    assert not site.module.enabled


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


async def test_the_car_is_pulled_out(site):
    await site.start_session("CARD-5")
    since = site.mark()
    site.pull_out()
    ended = await site.heard("StopTransaction", since)
    assert ended.payload["reason"] == "EVDisconnected"
    assert not site.module.enabled
    await site.status("Available", since)


async def test_the_car_is_pulled_out_while_the_capacitors_hold_the_voltage(site):
    await site.start_session("CARD-6")
    since = site.mark()
    site.vehicle.unplug()
    ended = await site.heard("StopTransaction", since)
    assert ended.payload["reason"] == "EVDisconnected"
    assert site.module.voltage_v > 60, "the test wants charged capacitors"
    await site.status("Available", since)


async def test_a_pulled_out_car_may_come_back_if_so_configured(site):
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
    site.vehicle.forbid()
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
    first = await site.heard("StopTransaction", since)
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
