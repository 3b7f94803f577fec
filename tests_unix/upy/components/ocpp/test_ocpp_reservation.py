"""ReserveNow and CancelReservation: what is taken, and how long it holds (OCPP 1.6, sections 5.1 and 5.13)."""

from ocpp_site import NOON, Central, booted
from reservation_site import HOUR, PROFILE, Reluctant, cancel, made, present, reserve, started


async def test_expiry(tmp):
    site = await made(tmp)
    await reserve(site, until_ms=NOON + 60000)
    await site.run(58000)
    assert site.ocpp.state.value == "Reserved"
    await site.run(2000)
    assert site.central.states() == ["Available", "Reserved", "Available"]
    assert site.store.get("ocpp/reserved") is None and await cancel(site, 7) == "Rejected"
    await present(site, "OTHER")
    assert site.ocpp.state.value == "Preparing"


async def test_it_expires_while_its_tag_waits_for_the_plug(tmp):
    site = await made(tmp)
    await reserve(site, until_ms=NOON + 20000)
    await present(site, "MINE")
    await site.run(30000)
    assert site.ocpp.state.value == "Preparing"
    site.plug_in()
    await site.run(500)
    assert started(site) == [("MINE", None)]


async def test_a_power_cut_and_no_time(tmp):
    site = await made(tmp)
    await reserve(site, until_ms=NOON + HOUR, parentIdTag="FAMILY")
    central = site.central
    await site.power_off()
    silent = Central()
    silent.answers["BootNotification"] = None
    site = await made(tmp, silent)
    await site.run(2 * HOUR)  # nobody says what time it is: it holds
    assert site.clock.utc_ms() is None and site.ocpp.state.value == "Reserved"
    assert await present(site, "OTHER") == "refused: its status is Invalid"  # not reserved: it may be of the family
    assert site.ocpp.transaction is None
    await site.power_off()
    central.start_ms = NOON + HOUR // 2
    central.calls = []
    site = await made(tmp, central)
    assert central.states() == ["Reserved"]
    await site.power_off()
    central.start_ms = NOON + HOUR
    central.calls = []
    site = await made(tmp, central)
    await site.run(500)
    assert central.states() in (["Available"], ["Reserved", "Available"])
    assert site.store.get("ocpp/reserved") is None


async def test_the_same_id_replaces_and_another_does_not(tmp):
    site = await made(tmp)
    assert await reserve(site) == "Accepted"
    assert await reserve(site, 8) == "Occupied"  # also for the same idTag
    assert await reserve(site, 8, connector=0) == "Occupied"
    assert await reserve(site, 7, "NEW", until_ms=NOON + 2 * HOUR) == "Accepted"
    assert await present(site, "MINE") == "refused: the connector is reserved"
    await site.run(HOUR)
    assert site.ocpp.state.value == "Reserved"
    site.plug_in()
    await site.run(500)
    assert await reserve(site, 7, "NEWER", until_ms=NOON + 2 * HOUR) == "Accepted"  # whatever is plugged in
    await present(site, "NEWER")
    assert started(site) == [("NEWER", 7)]
    assert await reserve(site, 7, until_ms=NOON + 2 * HOUR) == "Occupied"


async def test_cancelled(tmp):
    site = await made(tmp)
    await reserve(site, 0)
    await site.run(500)
    assert await cancel(site, 1) == "Rejected" and site.ocpp.state.value == "Reserved"
    assert await cancel(site, 0) == "Accepted"
    await site.run(500)
    assert site.central.states() == ["Available", "Reserved", "Available"]
    assert await cancel(site, 0) == "Rejected"
    await site.power_off()
    site = await made(tmp)
    assert site.central.states() == ["Available"]


async def test_occupied_faulted_and_unavailable(tmp):
    site = await made(tmp)
    site.plug_in()  # in the same moment: the answer does not wait for the next look at the connector
    for connector in (0, 1):
        assert await reserve(site, connector=connector) == "Occupied"
    await present(site, "CAR")
    assert site.gate.enabled.value and await reserve(site) == "Occupied"
    await present(site, "CAR")
    assert site.ocpp.state.value == "Finishing" and await reserve(site) == "Occupied"
    site.unplug()
    site.charger.error.set("GroundFailure")
    for connector in (0, 1):
        assert await reserve(site, connector=connector) == "Faulted"
    site.charger.error.set("")
    for out_of_service in (1, 0):
        await site.central.call("ChangeAvailability", {"connectorId": out_of_service, "type": "Inoperative"})
        for connector in (0, 1):
            assert await reserve(site, connector=connector) == "Unavailable"
        await site.central.call("ChangeAvailability", {"connectorId": 0, "type": "Operative"})
    assert await reserve(site) == "Accepted"


async def test_rejected(tmp):
    site = await made(tmp)
    for connector in (-1, 2, 99):
        assert await reserve(site, connector=connector) == "Rejected"
    assert await reserve(site, tag="") == "Rejected"
    assert await reserve(site, until_ms=NOON - 1) == "Rejected"
    assert await reserve(site, expiryDate="tomorrow") == "PropertyConstraintViolation"
    assert await reserve(site, tag="x" * 21) == "PropertyConstraintViolation"
    site.ocpp.set("ReservationEnabled", "false")
    assert await reserve(site) == "Rejected" and site.ocpp.state.value == "Available"
    assert site.store.get("ocpp/reserved") is None


async def test_a_board_that_does_not_take_connector_zero(tmp):
    site = await booted(tmp, profiles=((PROFILE[0][0], {"connector_zero": False}),))
    assert site.ocpp.get("ReserveConnectorZeroSupported") == [("ReserveConnectorZeroSupported", "false", True)]
    assert await reserve(site, connector=0) == "Rejected" and await reserve(site) == "Accepted"
    assert site.ocpp.set("ReserveConnectorZeroSupported", "true") == "Rejected"


async def test_a_fault_or_being_out_of_service_ends_it(tmp):
    site = await made(tmp)
    await reserve(site)
    await site.run(500)
    site.charger.error.set("OverVoltage")
    await site.run(500)
    site.charger.error.set("")
    await site.run(500)
    assert site.central.states() == ["Available", "Reserved", "Faulted", "Available"]
    assert await cancel(site, 7) == "Rejected"
    await reserve(site)
    await site.run(500)
    await site.central.call("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})
    await site.run(500)
    await site.central.call("ChangeAvailability", {"connectorId": 1, "type": "Operative"})
    await site.run(500)
    assert site.central.states()[4:] == ["Reserved", "Unavailable", "Available"]
    assert site.store.get("ocpp/reserved") is None


async def test_a_medium_that_refuses(tmp):
    site = await made(tmp, store=Reluctant)
    site.store.full = True
    assert await reserve(site) == "InternalError" and site.ocpp.state.value == "Available"
    site.store.full = False
    await reserve(site, until_ms=NOON + 10000)
    site.store.full = True
    await site.run(15000)
    assert site.ocpp.state.value == "Available" and site.store.get("ocpp/reserved") is not None
    site.store.full = False
    await site.run(500)
    assert site.store.get("ocpp/reserved") is None


async def test_what_the_console_shows(tmp):
    site = await made(tmp)
    assert "Reservation: none" in list(site.ocpp.describe())
    await reserve(site, parentIdTag="FAMILY")
    shown = [line for line in site.ocpp.describe() if line.startswith("Reservation")]
    assert shown == ["Reservation 7 of connector 1: for idTag MINE, parent FAMILY, until 2027-01-15T13:00:00.000Z"]
    assert "Core,Reservation" in site.ocpp.get("SupportedFeatureProfiles")[0][1]


async def test_without_the_profile_nothing_is_announced(tmp):
    site = await booted(tmp)
    assert await reserve(site) == "Rejected" and await cancel(site, 7) == "Rejected"
    assert site.ocpp.get("ReserveConnectorZeroSupported") == []
    assert site.ocpp.get("SupportedFeatureProfiles")[0][1] == "Core"
