"""When a state of the connector counts (OCPP 1.6, section 4.9): told from events, and none that only flickers."""

from connector_states import charging, infos
from ocpp_site import booted

DISCONNECTED = "EV side disconnected"


async def test_states_that_begin_and_end_between_two_steps_are_reported(tmp):
    """Accepted, started, stopped and started again without a step of 250 ms between: no state is left out, and what
    came before a transaction message goes before it, what came after it after it.
    """
    site = await booted(tmp)
    site.plug_in()
    await site.run(500)
    site.ocpp.set("LocalPreAuthorize", "true")
    site.ocpp.authorization.learn("TAG", ("Accepted", 0, None))
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


async def test_nor_is_what_the_gate_waits_after_a_stop_of_the_bms_before_the_start(tmp):
    """The vehicle before was silent when it was gone: that is a stop, too."""
    site = await booted(tmp)
    site.plug_in()
    await site.run(500)
    site.gate.bms_permits.set(False)
    site.gate.bms_permits.set(True)
    site.ocpp.present_tag("TAG")
    await site.run(1900)
    assert site.ocpp.transaction is not None and not site.gate.enabled.value
    await site.run(1000)
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
    site.charger.setpoint_ma.set(16000)
    site.bms.max_current_ma.set(16000)
    await charging(site)
    site.central.calls.clear()
    site.bms.max_current_ma.set(0)
    site.charger.setpoint_ma.set(0)
    await site.run(500)
    site.bms.max_current_ma.set(16000)
    await site.run(500)
    assert site.gate.enabled.value
    site.charger.setpoint_ma.set(16000)
    await site.run(500)
    site.ocpp.transactions.limit_ma = 0
    site.ocpp.transactions.apply_limit()
    await site.run(500)
    assert site.central.states() == ["SuspendedEV", "SuspendedEVSE", "Charging", "SuspendedEVSE"]


async def test_after_a_restart_a_transaction_is_reported_once_its_state_is_certain(tmp):
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
