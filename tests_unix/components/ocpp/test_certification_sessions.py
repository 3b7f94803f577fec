"""OCA's test cases of the Core profile for charging sessions, named by their numbers, with the vehicle on the bus."""

import pytest
from charging_site import eventually

from tools.central import Tag

pytestmark = pytest.mark.asyncio(loop_scope="module")
CONFIGURATION = {"MeterValueSampleInterval": 1, "AuthorizationCacheEnabled": False}


async def test_tc_003_regular_session_plug_in_first(site):
    since, before = site.mark(), site.module.delivered_wh
    begun = await site.start_session("CARD-1")
    assert begun.payload["connectorId"] == 1 and begun.payload["idTag"] == "CARD-1"
    assert isinstance(begun.payload["meterStart"], int)
    number = site.central.books.last.id
    await site.received("MeterValues", since, connectorId=1, transactionId=number)
    await eventually(lambda: site.module.delivered_wh - before > 10, "10 Wh delivered")
    site.vehicle.max_a = 10  # then it costs nothing if a busy machine switches the module off late
    await eventually(lambda: site.module.current_a < 11, "little current")
    ended = await site.stop_session("CARD-1")
    delivered = site.module.delivered_wh - before
    stop = ended.payload
    assert stop["transactionId"] == number
    assert stop.get("reason", "Local") == "Local" and stop["idTag"] == "CARD-1"
    late = 2  # Wh: 9 s at 800 W
    assert abs(stop["meterStop"] - begun.payload["meterStart"] - delivered) <= 1 + late + delivered * 0.02
    assert site.statuses(1, since) == ["Preparing", "Charging", "Finishing", "Available"]
    actions = [m.action for m in site.central.calls(since=since)]
    assert actions.index("Authorize") < actions.index("StartTransaction") < actions.index("StopTransaction")


async def test_tc_004_1_regular_session_identification_first(site):
    since = site.mark()
    await site.present("CARD-2")
    await site.checked("CARD-2", since)
    await site.status("Preparing", since)
    assert not site.module.enabled
    site.vehicle.plug()
    begun = await site.received("StartTransaction", since)
    assert begun.payload["idTag"] == "CARD-2"
    await site.status("Charging", since)
    await site.stop_session("CARD-2")
    assert site.statuses(1, since) == ["Preparing", "Charging", "Finishing", "Available"]


async def test_tc_004_2_identification_first_connection_time_out(site):
    await site.configure(ConnectionTimeOut=3)
    since = site.mark()
    await site.present("CARD-3")
    await site.status("Preparing", since)
    await site.status("Available", since)
    await site.configure(ConnectionTimeOut=60)
    since = site.mark()
    await site.plug_in()
    assert await site.configured("ConnectionTimeOut") == "60"
    assert site.central.calls("StartTransaction", since) == []


async def test_tc_068_stop_by_the_id_tag_of_the_start_and_another_one_sends_no_authorize(site):
    """A transaction without a parentIdTag has no group: the other card is refused here, with the words why."""
    await site.start_session("CARD-4")
    since = site.mark()
    await site.answer("auth CARD-5", "tag CARD-5: refused: a transaction of another idTag runs, which has no parent")
    assert await site.configured("NumberOfConnectors") == "1"
    assert site.central.calls("Authorize", since) == site.central.calls("StopTransaction", since) == []
    assert site.module.enabled
    ended = await site.stop_session("CARD-4")
    assert ended.payload["idTag"] == "CARD-4"
    assert site.central.calls("Authorize", since) == []


async def test_tc_069_stop_by_the_parent_id_tag(site):
    tags = {"SON": Tag(parent="FAMILY"), "MOTHER": Tag(parent="FAMILY"), "EVE": Tag(parent="OTHERS")}
    site.central.books.tags.update(tags)
    await site.start_session("SON")
    since = site.mark()
    await site.present("EVE")
    await site.checked("EVE", since)
    assert site.central.calls("StopTransaction", since) == [] and site.module.enabled
    ended = await site.stop_session("MOTHER")
    assert ended.payload["idTag"] == "MOTHER" and ended.payload.get("reason", "Local") == "Local"


async def test_tc_010_remote_start_cable_first_tc_026_rejected_tc_028_stop_rejected_tc_012_remote_stop(site):
    """TC_026: a transaction runs already. TC_028: no transaction has this id. And a new start without unplugging."""
    await site.plug_in()
    since = site.mark()
    assert (await site.order("RemoteStartTransaction", idTag="REMOTE-1", connectorId=1)).status == "Accepted"
    begun = await site.received("StartTransaction", since)
    assert begun.payload["idTag"] == "REMOTE-1"
    assert site.central.calls("Authorize", since) == [], "AuthorizeRemoteTxRequests is false"
    await site.current_flows()
    await site.status("Charging", since)
    assert (await site.order("RemoteStartTransaction", idTag="REMOTE-2")).status == "Rejected"
    number = site.central.books.last.id
    assert (await site.order("RemoteStopTransaction", transactionId=number + 1)).status == "Rejected"
    assert site.module.enabled
    since = site.mark()
    assert (await site.order("RemoteStopTransaction", transactionId=number)).status == "Accepted"
    ended = await site.received("StopTransaction", since)
    assert ended.payload["reason"] == "Remote" and ended.payload["transactionId"] == number
    await site.status("Finishing", since)
    assert (await site.order("RemoteStopTransaction", transactionId=number)).status == "Rejected"
    await eventually(lambda: not site.module.enabled, "the module is off")
    since = site.mark()
    assert (await site.order("RemoteStartTransaction", idTag="REMOTE-2")).status == "Accepted"
    await site.received("StartTransaction", since, idTag="REMOTE-2")
    await site.status("Charging", since)
    await site.current_flows()
    assert (await site.order("RemoteStopTransaction", transactionId=number + 1)).status == "Accepted"
    await site.received("StopTransaction", since)
    await site.unplug()


async def test_tc_011_1_remote_start_remote_first(site):
    since = site.mark()
    assert (await site.order("RemoteStartTransaction", idTag="REMOTE-3")).status == "Accepted"
    await site.status("Preparing", since)
    site.vehicle.plug()
    begun = await site.received("StartTransaction", since)
    assert begun.payload["idTag"] == "REMOTE-3"
    await site.status("Charging", since)
    await site.stop_session("REMOTE-3")
    assert site.statuses(1, since) == ["Preparing", "Charging", "Finishing", "Available"]


async def test_tc_011_2_remote_start_remote_first_time_out(site):
    await site.configure(ConnectionTimeOut=3)
    since = site.mark()
    assert (await site.order("RemoteStartTransaction", idTag="REMOTE-4")).status == "Accepted"
    await site.status("Preparing", since)
    await site.status("Available", since)
    await site.configure(ConnectionTimeOut=60)


@pytest.mark.parametrize("connector", [0, 2, 99])
async def test_tc_027_remote_start_at_connector_0_or_one_that_is_not_there(site, connector):
    answer = await site.order("RemoteStartTransaction", idTag="REMOTE-5", connectorId=connector)
    assert answer.status == "Rejected"


async def test_tc_023_start_with_an_id_that_is_refused(site):
    """Invalid, expired, blocked; and in use elsewhere."""
    await site.plug_in()
    for status in ("Invalid", "Expired", "Blocked", "ConcurrentTx"):
        site.central.books.tags["REFUSED"] = status
        since = site.mark()
        await site.present("REFUSED")
        await site.checked("REFUSED", since)
        assert site.central.calls("StartTransaction", since) == [], status
        assert not site.module.enabled


async def test_tc_041_fault_behaviour(site):
    """Faulted with its code; nothing starts, neither by card nor by remote; Available once it is mended."""
    since = site.mark()
    site.module.overheat()
    told = await site.status("Faulted", since)
    assert told.payload["errorCode"] == "HighTemperature"
    assert (await site.order("RemoteStartTransaction", idTag="REMOTE-6")).status == "Rejected"
    site.vehicle.plug()
    await site.condition("plugged", "ok")
    await site.answer("auth CARD-11", "tag CARD-11: refused")
    assert await site.configured("NumberOfConnectors") == "1"
    assert site.central.calls("StartTransaction", since) == [] and not site.module.enabled
    assert site.statuses(1, since) == ["Faulted"]
    since = site.mark()
    site.module.clear_faults()
    await site.status("Preparing", since)


async def test_a_vehicle_that_stops_again_and_again_is_a_warning_and_no_fault(site):
    """OCPP 1.6, 4.9: EVCommunicationError goes with SuspendedEV; it ends with the vehicle that is the cause."""
    await site.start_session("CARD-12")
    since = site.mark()
    for _ in range(5):
        site.vehicle.stop_charging()
        await site.condition("bms_permits", "BLOCKS")
        site.vehicle.permit()
        await site.condition("bms_permits", "ok")
    await site.received("StatusNotification", since, status="SuspendedEV", errorCode="EVCommunicationError")
    assert "Faulted" not in site.statuses(1, since) and not site.module.enabled
    await site.condition("bms_settled", "BLOCKS")
    since = site.mark()
    site.pull_out()
    await site.received("StatusNotification", since, status="Available", errorCode="NoError")
