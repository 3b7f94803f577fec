"""Reservations with two outlets: of a connector, and of the charge point, which keeps one that is free (5.1, 5.13)."""

from two_outlet_site import charge_both, made, present, reserve, running, told

PROFILE = (("components.station.reservation:Reservation", {}),)


async def cancel(site, number):
    return (await site.central.call("CancelReservation", {"reservationId": number}))["status"]


def states(site):
    return [one.connector.state.value for one in site.ocpp.outlets]


async def test_one_of_each_connector(tmp):
    site = await made(tmp, profiles=PROFILE)
    assert await reserve(site, 1, "A", 1) == "Accepted" and await reserve(site, 2, "B", 2) == "Accepted"
    assert states(site) == ["Reserved", "Reserved"]
    assert await reserve(site, 3, "C", 1) == await reserve(site, 3, "C", 0) == "Occupied"
    assert await reserve(site, 3, "C", 3) == "Rejected"
    await site.power_off()
    site = await made(tmp, profiles=PROFILE)
    assert states(site) == ["Reserved", "Reserved"]
    assert await cancel(site, 1) == "Accepted" and await cancel(site, 1) == "Rejected"
    assert states(site) == ["Available", "Reserved"]
    assert await reserve(site, 2, "B", 1) == "Accepted"  # the same reservation, now of the other connector
    assert states(site) == ["Reserved", "Available"]
    site.bays[0].plug_in()
    await site.run(500)
    await present(site, "B")
    assert running(site) == ("B", None) and site.central.of("StartTransaction")[0]["reservationId"] == 2
    assert site.store.keys("ocpp/reserved") == []


async def test_the_charge_point_keeps_one_free(tmp):
    site = await made(tmp, profiles=PROFILE)
    assert await reserve(site, 1, "MINE", 0) == "Accepted"
    assert states(site) == ["Available", "Available"]  # no specific connector is reserved
    site.bays[0].plug_in()
    await site.run(500)
    await present(site, "OTHER")
    assert running(site) == ("OTHER", None) and states(site) == ["Charging", "Reserved"]
    assert site.central.of("StartTransaction")[0].get("reservationId") is None
    assert (await present(site, "MORE")) == "refused: a transaction of another idTag runs, which has no parentIdTag"
    answer = await site.central.call("RemoteStartTransaction", {"idTag": "MORE"})
    assert answer == {"status": "Rejected"}
    assert await reserve(site, 2, "MORE", 2) == "Occupied"
    await present(site, "MINE")
    site.bays[1].plug_in()
    await site.run(500)
    assert running(site) == ("OTHER", "MINE") and site.central.of("StartTransaction")[1]["reservationId"] == 1


async def test_two_of_the_charge_point_take_both(tmp):
    site = await made(tmp, profiles=PROFILE)
    assert await reserve(site, 1, "A", 0) == "Accepted"
    assert await reserve(site, 2, "B", 0, parentIdTag="P") == "Accepted"
    assert states(site) == ["Reserved", "Reserved"]
    assert await reserve(site, 3, "C", 0) == "Occupied"
    assert await cancel(site, 1) == "Accepted" and states(site) == ["Available", "Available"]
    site.bays[1].plug_in()
    await site.run(500)
    site.central.answers["Authorize"] = {"idTagInfo": {"status": "Accepted", "parentIdTag": "P"}}
    await present(site, "SON")
    assert running(site) == (None, "SON") and site.central.of("StartTransaction")[0]["reservationId"] == 2


async def test_one_of_a_connector_and_one_of_the_charge_point(tmp):
    site = await made(tmp, profiles=PROFILE)
    assert await reserve(site, 1, "A", 1) == "Accepted" and await reserve(site, 2, "B", 0) == "Accepted"
    assert states(site) == ["Reserved", "Reserved"]
    assert told(site, 2)[-1] == "Reserved"
    assert await cancel(site, 2) == "Accepted" and states(site) == ["Reserved", "Available"]
    assert told(site, 2)[-1] == "Available"


async def test_connector_zero_is_refused_only_where_all_are_in_that_state(tmp):
    site = await made(tmp, profiles=PROFILE)
    site.bays[0].charger.error.set("GroundFailure")
    assert await reserve(site, 1, "A", 0) == "Accepted" and await cancel(site, 1) == "Accepted"
    assert await reserve(site, 1, "A", 1) == "Faulted"
    site.bays[1].charger.error.set("GroundFailure")
    assert await reserve(site, 1, "A", 0) == "Faulted"
    for bay in site.bays:
        bay.charger.error.set("")
    await site.central.call("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"})
    assert await reserve(site, 1, "A", 0) == "Unavailable"
    await site.central.call("ChangeAvailability", {"connectorId": 0, "type": "Operative"})
    await charge_both(site)
    assert await reserve(site, 1, "A", 0) == await reserve(site, 1, "A", 2) == "Occupied"


async def test_a_fault_of_its_connector_ends_one_and_of_all_that_of_the_charge_point(tmp):
    site = await made(tmp, profiles=PROFILE)
    await reserve(site, 1, "A", 1)
    site.bays[1].charger.error.set("OverVoltage")
    await site.run(500)
    assert states(site) == ["Reserved", "Faulted"]
    site.bays[0].charger.error.set("OverVoltage")
    await site.run(1000)
    for bay in site.bays:
        bay.charger.error.set("")
    await site.run(500)
    assert states(site) == ["Available", "Available"] and site.store.keys("ocpp/reserved") == []
    await reserve(site, 2, "A", 0)
    site.bays[0].charger.error.set("OverVoltage")
    await site.run(500)
    assert states(site) == ["Faulted", "Reserved"]
    site.bays[1].charger.error.set("OverVoltage")
    await site.run(500)
    assert await cancel(site, 2) == "Rejected"


async def test_a_remote_start_without_connector_takes_the_reserved_one(tmp):
    site = await made(tmp, profiles=PROFILE)
    await reserve(site, 1, "A", 2)
    assert await site.central.call("RemoteStartTransaction", {"idTag": "A"}) == {"status": "Accepted"}
    assert states(site) == ["Available", "Preparing"]


async def test_expiry_of_each(tmp):
    site = await made(tmp, profiles=PROFILE)
    await reserve(site, 1, "A", 1, ms=20000)
    await reserve(site, 2, "B", 2, ms=40000)
    await site.run(21000)
    assert states(site) == ["Available", "Reserved"]
    await site.run(20000)
    assert states(site) == ["Available", "Available"] and site.store.keys("ocpp/reserved") == []
