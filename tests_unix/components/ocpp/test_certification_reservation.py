"""OCA's test cases for reservations, named by their numbers."""

import datetime

import pytest

from tools.central import Tag

pytestmark = pytest.mark.asyncio(loop_scope="module")
CONFIGURATION = {"AuthorizationCacheEnabled": False}


def in_(seconds):
    """A time so far from now, as OCPP writes it."""
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def reserve(site, number, tag="MINE", connector=1, seconds=3600, **more):
    """ReserveNow; returns the status."""
    more.update(connectorId=connector, expiryDate=in_(seconds), idTag=tag, reservationId=number)
    return (await site.order("ReserveNow", **more)).status


async def reserved(site, number, *args, **more):
    """A reservation that was accepted and told."""
    since = site.mark()
    assert await reserve(site, number, *args, **more) == "Accepted"
    await site.status("Reserved", since)


async def cancel(site, number):
    return (await site.order("CancelReservation", reservationId=number)).status


async def refused(site, tag):
    """Present a tag that may not charge here."""
    await site.answer(f"auth {tag}", rf"tag {tag}: refused: the connector is reserved")


async def starts(site, tag, since):
    """Plug in a vehicle that does not permit charging yet, which is quicker gone; returns the StartTransaction."""
    site.vehicle.stop_charging()
    site.vehicle.plug()
    begun = await site.received("StartTransaction", since, idTag=tag)
    await site.status("SuspendedEV", since)
    return begun.payload


async def test_tc_046_1_reservation_of_a_connector_local_start_and_tc_048_2_tc_050_2_occupied(site):
    """What makes a vehicle plugged in is dear: it takes 3 s until it is gone. So one serves both."""
    await reserved(site, 1)
    since = site.mark()
    await refused(site, "OTHER")
    assert site.central.calls("Authorize", since) == []
    await site.present("mine")
    await site.status("Preparing", since)
    begun = await starts(site, "mine", since)
    assert begun["reservationId"] == 1
    assert await reserve(site, 6) == "Occupied"
    site.vehicle.permit()
    await site.status("Charging", since)
    await site.current_flows()
    await site.present("mine")
    await site.status("Finishing", since)
    for connector in (0, 1):
        assert await reserve(site, 6, connector=connector) == "Occupied"


async def test_tc_046_2_reservation_of_a_connector_remote_start(site):
    """The vehicle is there already: Preparing lasts no longer than the start takes, and is told all the same."""
    since = site.mark()
    await reserved(site, 2)
    site.vehicle.plug()
    await site.condition("in_limits", "ok")
    assert (await site.order("RemoteStartTransaction", idTag="OTHER", connectorId=1)).status == "Rejected"
    assert (await site.order("RemoteStartTransaction", idTag="MINE", connectorId=1)).status == "Accepted"
    begun = await site.received("StartTransaction", since, idTag="MINE")
    assert begun.payload["reservationId"] == 2
    await site.status("Charging", since)
    assert site.statuses(1, since) == ["Reserved", "Preparing", "Charging"]
    await site.stop_session("MINE")


async def comes_and_goes(site, tag):
    """Whoever holds this card to the reader may charge; held up again, the card takes the wish back."""
    for state in ("Preparing", "Available"):
        since = site.mark()
        await site.present(tag)
        await site.status(state, since)


async def test_tc_047_reservation_of_a_connector_expires(site):
    since = site.mark()
    await reserved(site, 3, seconds=3)
    await site.status("Available", since)
    assert site.statuses(1, since) == ["Reserved", "Available"]
    assert await cancel(site, 3) == "Rejected"
    await comes_and_goes(site, "OTHER")


async def test_tc_048_1_and_tc_050_1_faulted(site):
    """A fault of the whole station is told for both connectors."""
    since = site.mark()
    await site.firmware.write("t\n")
    for connector in (0, 1):
        await site.status("Faulted", since, connector=connector)
    assert await reserve(site, 5) == "Faulted"
    assert await reserve(site, 5, connector=0) == "Faulted"
    await site.type("s")


async def test_tc_048_3_and_tc_050_3_unavailable(site):
    for connector in (1, 0):
        since = site.mark()
        await site.order("ChangeAvailability", connectorId=connector, type="Inoperative")
        await site.status("Unavailable", since)
        assert await reserve(site, 7, connector=connector) == "Unavailable"
        since = site.mark()
        await site.order("ChangeAvailability", connectorId=connector, type="Operative")
        await site.status("Available", since)


async def test_tc_048_4_rejected(site):
    await site.configure(ReservationEnabled=False)
    assert await reserve(site, 8) == "Rejected"
    await site.configure(ReservationEnabled=True)
    assert await reserve(site, 8, connector=2) == "Rejected", "there is no such connector"
    assert await reserve(site, 8, seconds=-60) == "Rejected", "it is over already"
    assert site.statuses(1)[-1] == "Available"


async def test_tc_049_reservation_of_the_charge_point_and_tc_053_use_by_the_parent_id_tag(site):
    assert await site.configured("ReserveConnectorZeroSupported") == "true"
    site.central.books.tags.update({"SON": Tag(parent="FAMILY"), "EVE": Tag(parent="OTHERS")})
    marked = site.mark()
    await reserved(site, 9, connector=0, parentIdTag="FAMILY")
    assert site.statuses(0)[-1] == "Available"
    since = site.mark()
    await site.present("EVE")
    await site.checked("EVE", since)
    assert site.statuses(1, since) == []
    await site.present("SON")
    await site.received("Authorize", since, idTag="SON")
    site.vehicle.plug()
    begun = await site.received("StartTransaction", since, idTag="SON")
    assert begun.payload["reservationId"] == 9
    await site.status("Charging", since)
    assert site.statuses(1, marked) == ["Reserved", "Preparing", "Charging"]
    await site.stop_session("SON")


async def test_tc_051_cancel_reservation(site):
    await reserved(site, 10)
    since = site.mark()
    assert await cancel(site, 10) == "Accepted"
    await site.status("Available", since)
    await comes_and_goes(site, "OTHER")


async def test_tc_052_cancel_reservation_rejected(site):
    await reserved(site, 11)
    assert await cancel(site, 12) == "Rejected"
    await site.answer("status", r"Reservation 11 of connector 1: for idTag MINE, parent none, until \d{4}-")
    assert await cancel(site, 11) == "Accepted"


async def test_a_reservation_outlives_a_power_cut(site):
    await reserved(site, 14)
    await site.firmware.kill()
    since = site.mark()
    await site.boot()
    await site.status("Reserved", since)
    await refused(site, "OTHER")
    assert await cancel(site, 14) == "Accepted"
