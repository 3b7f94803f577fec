"""OCA's test cases for the connector lock, named by their numbers, on the board that has one.

Those of a fixed cable (TC_017_2, TC_018_2) are in test_ocpp_commands.py.
"""

import pytest
import pytest_asyncio
from charging_site import OUTPUT_VOLTAGE, Site, eventually

from tools.powermodule import TELEMETRY, TERMINAL_POWER

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory):
    """A site whose station has a socket."""
    async with Site(tmp_path_factory.mktemp("home"), board="unix_socket") as site:
        await site.boot()
        yield site


async def locked(site, position=True):
    """Wait for the position of the lock."""
    word = "locked" if position else "unlocked"
    await eventually(lambda: (site.home / "lock").read_text().split()[-1] == word, f"it is {word}")


async def unlock(site, connector=1):
    return (await site.order("UnlockConnector", connectorId=connector)).status


async def disconnected(site, stop, unlocks):
    """Configure, charge, and pull the cable out of the vehicle; returns the mark before that."""
    await site.configure(StopTransactionOnEVSideDisconnect=stop, UnlockConnectorOnEVSideDisconnect=unlocks)
    await site.start_session("CARD")
    await locked(site)
    since = site.mark()
    site.pull_out()
    return since


async def test_tc_017_1_unlock_connector_without_a_session_and_tc_031_unknown_connector(site):
    await site.hub.wait_frame(TERMINAL_POWER)  # with a current that is not known it would not be driven
    await site.answer("4", r"Terminal: 0\.\d+ V")
    assert await unlock(site) == "Unlocked"
    assert await unlock(site, 2) == "NotSupported"
    await site.answer("status", "Lock: unlocked, 1 moves, 0 failures")


async def test_tc_030_unlock_connector_fails(site):
    (site.home / "lock").write_text("jammed locked\n")
    since = site.mark()
    assert await unlock(site) == "UnlockFailed"
    await site.received("StatusNotification", since, connectorId=1, status="Faulted", errorCode="ConnectorLockFailure")
    since = site.mark()
    site.jam_lock(False)
    assert await unlock(site) == "Unlocked"
    await site.status("Available", since)


async def test_tc_024_lock_failure_at_the_start(site):
    await locked(site, False)
    since = site.mark()
    assert (await site.order("RemoteStartTransaction", idTag="CARD", connectorId=1)).status == "Accepted"
    await site.status("Preparing", since)
    site.jam_lock()
    site.vehicle.plug()
    await site.received("StatusNotification", since, connectorId=1, status="Faulted", errorCode="ConnectorLockFailure")
    await site.condition("locked", "BLOCKS")
    assert await site.configured("NumberOfConnectors") == "1"
    assert site.central.calls("StartTransaction", since) == [] and not site.module.enabled


async def test_tc_018_1_unlock_connector_with_a_session(site):
    await site.start_session("CARD")
    await locked(site)
    since = site.mark()
    assert await unlock(site) == "Unlocked"
    await locked(site, False)
    stop = await site.received("StopTransaction", since)
    assert stop.payload["reason"] == "UnlockCommand" and not site.module.enabled
    await site.status("Finishing", since)
    await site.unplug()


async def test_tc_005_1_ev_side_disconnect_stops_and_unlocks(site):
    since = await disconnected(site, True, True)
    assert (await site.received("StopTransaction", since)).payload["reason"] == "EVDisconnected"
    await locked(site, False)
    await site.status("Available", since)
    finishing = await site.status("Finishing", since)
    assert finishing.payload["info"] == "EV side disconnected"
    assert site.statuses(1, since) == ["Finishing", "Available"]


async def test_tc_005_2_ev_side_disconnect_stops_and_does_not_unlock(site):
    since = await disconnected(site, True, False)
    assert (await site.received("StopTransaction", since)).payload["reason"] == "EVDisconnected"
    await site.status("Finishing", since)
    await site.answer("status", "Lock: locked, .*kept for idTag CARD")
    await locked(site)
    assert await unlock(site) == "Unlocked"
    await site.status("Available", since)


async def test_tc_005_3_ev_side_disconnect_neither_stops_nor_unlocks(site):
    """The vehicle's side suspends, also when the voltage falls to 0; what comes back charges on in the transaction."""
    since = await disconnected(site, False, False)
    number = site.central.books.last.id
    site.module.forced_v = 0.0
    site.module.on_frame(TELEMETRY, OUTPUT_VOLTAGE)  # a voltage that is inside all the time is no new vehicle's
    suspended = await site.status("SuspendedEV", since)
    assert suspended.payload["info"] == "EV side disconnected"
    await locked(site)
    await site.condition("in_limits", "BLOCKS")
    await site.condition("plugged", "BLOCKS")
    site.module.forced_v = None
    site.vehicle.plug()
    await site.status("Charging", since)
    await site.current_flows()
    assert site.statuses(1, since) == ["SuspendedEV", "Charging"]
    assert site.central.calls("StartTransaction", since) == site.central.calls("StopTransaction", since) == []
    since = site.mark()
    site.pull_out()
    await site.status("SuspendedEV", since)
    site.jam_lock()  # until its state, which would last 0.3 s, has been told
    assert (await site.order("RemoteStopTransaction", transactionId=number)).status == "Accepted"
    assert (await site.received("StopTransaction", since)).payload["reason"] == "Remote"
    await site.status("Finishing", since)
    site.jam_lock(False)
    await locked(site, False)
    await site.status("Available", since)
