"""How states of the connectors are told: in their order, each after what caused it (OCPP 1.6, section 4.9)."""

import json

from connector_states import charging
from ocpp_site import Central, booted


async def test_states_that_commands_make_and_end_between_two_steps_are_reported(tmp):
    """Each after its answer: Reserved and cancelled, out of service and back, of both connectors."""
    site = await booted(tmp, profiles=(("components.station.reservation:Reservation", {}),))
    site.central.calls.clear()
    reserve = {"connectorId": 1, "expiryDate": "2027-01-15T13:00:00Z", "idTag": "MINE", "reservationId": 7}
    frames = (
        ("ReserveNow", reserve), ("CancelReservation", {"reservationId": 7}),
        ("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"}),
        ("ChangeAvailability", {"connectorId": 0, "type": "Operative"}),
    )  # fmt: skip
    for number, (action, payload) in enumerate(frames):
        await site.ocpp.rpc.receive(json.dumps([2, "c%d" % number, action, payload]))
    assert [frame[2] for frame in site.central.results] == [{"status": "Accepted"}] * 4
    await site.run(1000)
    assert site.central.states() == ["Reserved", "Available", "Unavailable", "Available"]
    assert site.central.states(0) == ["Unavailable", "Available"]


async def test_what_is_requested_is_reported_though_it_is_not_certain_yet(tmp):
    site = await booted(tmp)
    await charging(site)
    await site.power_off()
    site = await booted(tmp, profiles=(("components.ocpp.v16.triggers:RemoteTrigger", {}),))
    asked = {"requestedMessage": "StatusNotification", "connectorId": 1}
    assert await site.central.call("TriggerMessage", asked) == {"status": "Accepted"}
    await site.run(500)
    assert site.central.states() == ["SuspendedEVSE"]


async def test_a_start_offline_is_reported_before_the_answer_that_ends_it(tmp):
    """Section 4.9, rule 1: what changed offline is told; the answer to StartTransaction comes at once here."""
    for stops, states in (("true", ["Charging", "Finishing"]), ("false", ["Charging", "SuspendedEVSE"])):
        site = await booted(tmp)
        site.ocpp.set("StopTransactionOnInvalidId", stops)
        site.ocpp.set("AllowOfflineTxForUnknownId", "true")
        central = site.central
        site.plug_in()
        await site.run(500)
        await site.disconnect()
        site.ocpp.present_tag("BAD-" + stops)
        await site.run(1000)
        assert site.gate.enabled.value
        central.calls.clear()
        central.answers["StartTransaction"] = {"transactionId": 9, "idTagInfo": {"status": "Invalid"}}
        await site.connect(central)
        await site.run(1000)
        assert central.states() == states
        told = [p.get("status", a) for _, a, p in central.calls if p.get("connectorId") != 0]
        assert told[:2] == ["StartTransaction", "Charging"] and told[-1] == states[-1]
        site.unplug()
        await site.run(500)
        await site.power_off()


async def test_the_emergency_stop_is_a_fault_of_the_whole_station(tmp):
    site = await booted(tmp)
    site.gate.emergency_stop.set(True)
    await site.run(500)
    told = [p for p in site.central.of("StatusNotification") if p["status"] == "Faulted"]
    assert sorted([(p["connectorId"], p["errorCode"], p["info"]) for p in told]) == [
        (0, "OtherError", "emergency stop"),
        (1, "OtherError", "emergency stop"),
    ]
    site.gate.emergency_stop.set(False)
    await site.run(500)
    assert site.central.states(0)[-1] == "Available" and site.central.states()[-1] == "Available"
    site.charger.error.set("HighTemperature")
    await site.run(500)
    assert site.central.states(0)[-1] == "Available" and site.central.states()[-1] == "Faulted"


async def test_a_full_memory_at_an_event_costs_at_most_the_telling(tmp):
    """The derivation at an event may fail for want of memory: the transaction it belongs to is what it is."""
    site = await booted(tmp, Central())
    site.ocpp.set("LocalPreAuthorize", "true")
    site.ocpp.authorization.learn("TAG", ("Accepted", 0, None))
    site.plug_in()
    await site.run(500)
    fails, note = [1], site.ocpp.status._note

    def full(connector, state):
        if fails and connector == 1:
            raise MemoryError()
        note(connector, state)

    site.ocpp.status._note = full
    site.ocpp.present_tag("TAG")
    assert site.ocpp.transaction is not None and site.gate.enabled.value
    site.ocpp.present_tag("TAG")
    assert site.ocpp.transaction is None
    fails.clear()
    await site.run(1000)
    assert len(site.central.of("StartTransaction")) == len(site.central.of("StopTransaction")) == 1
    assert site.central.states()[-1] == "Finishing"


async def test_out_of_service_is_scheduled_until_the_transaction_is_journaled(tmp):
    site = await booted(tmp)
    await charging(site)
    site.module_stops = False
    site.ocpp.present_tag("TAG")
    order = {"connectorId": 0, "type": "Inoperative"}
    assert await site.central.call("ChangeAvailability", order) == {"status": "Scheduled"}
    await site.run(500)
    assert site.central.states(0) == ["Available"] and site.central.states()[-1] == "Finishing"
    site.charger.flowing.set(False)
    await site.run(500)
    assert site.central.states(0)[-1] == "Unavailable" and site.central.states()[-1] == "Unavailable"
