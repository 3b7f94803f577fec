"""When a state of the connector counts (OCPP 1.6, section 4.9): told from events, and none that only flickers."""

import json

from ocpp_site import Central, booted

DISCONNECTED = "EV side disconnected"


async def charging(site):
    site.plug_in()
    await site.run(500)
    site.ocpp.present_tag("TAG")
    await site.run(500)
    assert site.central.states()[-1] == "Charging"


def infos(site):
    return [(p["status"], p.get("info")) for p in site.central.of("StatusNotification") if p["connectorId"] == 1]


async def test_states_that_begin_and_end_between_two_steps_are_told(tmp):
    """Accepted, started, stopped and started again without a step of 250 ms between: no state is left out, and what
    came before a transaction message goes before it, what came after it after it.
    """
    site = await booted(tmp)
    site.plug_in()
    await site.run(500)
    site.ocpp.set("LocalPreAuthorize", "true")
    site.ocpp.authorization.learn("TAG", {"idTagInfo": {"status": "Accepted"}})
    site.central.calls.clear()
    for _ in range(2):
        site.ocpp.present_tag("TAG")
        site.ocpp.present_tag("TAG")
    await site.run(1000)
    assert site.central.states() == ["Charging", "Finishing", "Preparing", "Charging", "Finishing"]
    told = [p.get("status", a) for _, a, p in site.central.calls]
    assert told == [
        "StartTransaction", "Charging", "StopTransaction", "Finishing", "Preparing",
        "StartTransaction", "Charging", "StopTransaction", "Finishing",
    ]  # fmt: skip


async def test_states_that_commands_make_and_end_between_two_steps_are_told(tmp):
    """Each after its answer: Reserved and cancelled, out of service and back, of both connectors."""
    site = await booted(tmp, profiles=(("components.ocpp.reservation:Reservation", {}),))
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


async def test_the_recovery_of_the_gate_after_a_start_is_no_suspension(tmp):
    site = await booted(tmp)
    site.ocpp.present_tag("TAG")
    await site.run(500)
    site.gate.plugged.set(True)
    site.gate.charger_online.set(True)
    await site.run(500)
    site.gate.bms_permits.set(True)
    await site.run(1000)
    assert site.ocpp.transaction is not None and site.ocpp.state.value == "Preparing"
    site.gate.in_limits.set(True)
    await site.run(500)
    assert site.central.states() == ["Available", "Preparing", "Charging"]


async def test_a_closed_gate_suspends_if_it_stays_closed(tmp):
    """3.5 s; that includes what the gate waits after a stop of the BMS, but who forbids then is the vehicle: 1.5 s."""
    site = await booted(tmp)
    await charging(site)
    site.central.calls.clear()
    site.gate.in_limits.set(False)
    await site.run(3000)
    site.gate.in_limits.set(True)
    await site.run(1000)
    assert site.central.states() == []
    site.gate.in_limits.set(False)
    await site.run(4000)
    site.gate.in_limits.set(True)
    await site.run(500)
    assert site.central.states() == ["SuspendedEVSE", "Charging"]
    site.gate.bms_permits.set(False)
    site.gate.bms_permits.set(True)
    await site.run(3000)
    assert site.central.states()[2:] == ["SuspendedEV", "Charging"]


async def test_a_gate_that_was_open_for_a_moment_has_charged(tmp):
    site = await booted(tmp)
    site.plug_in()
    site.gate.in_limits.set(False)
    site.ocpp.present_tag("TAG")
    await site.run(500)
    site.gate.in_limits.set(True)
    site.gate.in_limits.set(False)
    await site.run(5000)
    assert site.central.states() == ["Available", "Preparing", "Charging", "SuspendedEVSE"]


async def test_a_gun_that_was_pulled_suspends_the_vehicle_s_side_whatever_the_voltage(tmp):
    """With StopTransactionOnEVSideDisconnect = false; and charging goes on in the same transaction."""
    site = await booted(tmp)
    site.ocpp.set("StopTransactionOnEVSideDisconnect", "false")
    await charging(site)
    number = site.ocpp.transaction.number
    site.central.calls.clear()
    site.gate.in_limits.set(False)  # 0 V at the terminals is below the limit; that the vehicle is gone comes later
    site.gate.bms_permits.set(False)
    await site.run(3000)
    site.unplug()
    await site.run(5000)
    assert infos(site) == [("SuspendedEV", DISCONNECTED)]
    site.gate.plugged.set(True)
    await site.run(500)
    site.gate.bms_permits.set(True)
    await site.run(1000)
    site.gate.in_limits.set(True)
    await site.run(500)
    assert infos(site)[1:] == [("Charging", None)]
    assert site.ocpp.transaction.number == number and not site.central.of("StopTransaction")


async def test_no_current_is_not_charging_though_the_gate_is_open(tmp):
    """0 A wanted by the vehicle is SuspendedEV; 0 A by any limit, SuspendedEVSE; both at once."""
    site = await booted(tmp)
    site.charger.wanted_current_ma.set(16000)
    site.bms.max_current_ma.set(16000)
    await charging(site)
    site.central.calls.clear()
    site.bms.max_current_ma.set(0)
    site.charger.wanted_current_ma.set(0)
    await site.run(500)
    site.bms.max_current_ma.set(16000)
    await site.run(500)
    assert site.gate.enabled.value
    site.charger.wanted_current_ma.set(16000)
    await site.run(500)
    site.ocpp.transactions.limit_ma = 0
    site.ocpp.transactions.apply_limit()
    await site.run(500)
    assert site.central.states() == ["SuspendedEV", "SuspendedEVSE", "Charging", "SuspendedEVSE"]


async def test_after_a_restart_a_transaction_is_told_once_its_state_is_certain(tmp):
    site = await booted(tmp)
    await charging(site)
    await site.power_off()
    for vehicle, states in ((True, ["Charging"]), (False, ["Available"])):
        site = await booted(tmp)
        await site.run(4000)
        assert site.central.states() == [] and site.central.states(0) == ["Available"]
        if vehicle:
            site.gate.charger_online.set(True)
            site.gate.plugged.set(True)
            site.gate.bms_permits.set(True)
            await site.run(1500)
            site.gate.in_limits.set(True)
        await site.run(20000)
        assert site.central.states() in (states, ["Finishing"] + states)
        await site.power_off()


async def test_what_is_asked_for_is_told_though_it_is_not_certain_yet(tmp):
    site = await booted(tmp)
    await charging(site)
    await site.power_off()
    site = await booted(tmp, profiles=(("components.ocpp.remote_trigger:RemoteTrigger", {}),))
    asked = {"requestedMessage": "StatusNotification", "connectorId": 1}
    assert await site.central.call("TriggerMessage", asked) == {"status": "Accepted"}
    await site.run(500)
    assert site.central.states() == ["SuspendedEVSE"]


async def test_a_start_offline_is_told_before_the_answer_that_ends_it(tmp):
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
    site.ocpp.authorization.learn("TAG", {"idTagInfo": {"status": "Accepted"}})
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


async def test_a_transaction_whose_module_still_delivers_is_finishing(tmp):
    """With the gun pulled, too: Available comes after StopTransaction."""
    site = await booted(tmp)
    await charging(site)
    site.module_stops = False
    site.central.calls.clear()
    site.unplug()
    await site.run(1000)
    assert infos(site) == [("Finishing", DISCONNECTED)] and not site.central.of("StopTransaction")
    site.charger.flowing.set(False)
    await site.run(500)
    assert [p.get("status", a) for _, a, p in site.central.calls] == ["Finishing", "StopTransaction", "Available"]


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


async def test_a_vehicle_that_stops_too_often_is_warned_of_with_its_suspension(tmp):
    """Section 4.9: EVCommunicationError is a warning, told with SuspendedEV and the like, and never Faulted."""
    site = await booted(tmp)
    await charging(site)
    site.central.calls.clear()
    site.charger.error.set("EVCommunicationError")
    site.gate.bms_permits.set(False)
    await site.run(5000)
    (told,) = site.central.of("StatusNotification")
    assert (told["status"], told["errorCode"]) == ("SuspendedEV", "EVCommunicationError") and told["info"]
    site.charger.error.set("")
    site.gate.bms_permits.set(True)
    await site.run(3000)
    told = site.central.of("StatusNotification")
    assert [(p["status"], p["errorCode"]) for p in told[1:]] == [("Charging", "NoError")]
