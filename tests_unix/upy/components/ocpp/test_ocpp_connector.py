"""The connector's states, and how they are told (OCPP 1.6, section 4.9)."""

from ocpp_site import Central, Site, booted, start


async def change(site, payload):
    return await site.central.call("ChangeAvailability", payload)


async def test_states_of_a_session_plug_first(tmp):
    site = await booted(tmp)
    await start(site, ms=500)
    assert site.gate.enabled.value
    site.ocpp.present_tag("TAG")
    await site.run(500)
    site.unplug()
    await site.run(500)
    assert site.central.states(0) == ["Available"]
    assert site.central.states() == ["Available", "Preparing", "Charging", "Finishing", "Available"]


async def test_states_of_a_session_identification_first(tmp):
    site = await booted(tmp)
    site.ocpp.present_tag("TAG")
    await site.run(500)
    assert site.central.states()[-1] == "Preparing"
    assert not site.gate.transaction.value
    await start(site, "ignored while one is running", 500)
    assert site.ocpp.transaction.id_tag == "TAG"
    site.unplug()
    await site.run(500)
    assert site.central.states() == ["Available", "Preparing", "Charging", "Finishing", "Available"]
    assert site.central.of("StopTransaction")[0]["reason"] == "EVDisconnected"
    assert [p.get("info") for p in site.central.of("StatusNotification")][-2:] == ["EV side disconnected", None]


async def test_suspended_by_either_side(tmp):
    site = await booted(tmp)
    await start(site, ms=500)
    site.gate.bms_permits.set(False)
    await site.run(2500)
    site.gate.charger_online.set(False)
    await site.run(1500)
    site.gate.bms_permits.set(True)
    await site.run(1500)  # the pause after a stop of the BMS
    site.gate.charger_online.set(True)
    await site.run(500)
    assert site.central.states()[2:] == ["Charging", "SuspendedEV", "SuspendedEVSE", "Charging"]
    site.bms.max_current_ma.set(0)
    await site.run(500)
    assert site.ocpp.state.value == "SuspendedEV"


async def test_fault_is_reported_with_its_code_and_the_transaction_goes_on(tmp):
    site = await booted(tmp)
    await start(site, ms=500)
    site.charger.error.set("HighTemperature")
    site.gate.in_limits.set(False)
    await site.run(500)
    told = site.central.of("StatusNotification")[-1]
    assert (told["status"], told["errorCode"]) == ("Faulted", "HighTemperature")
    assert site.ocpp.transaction is not None and not site.gate.enabled.value
    site.charger.error.set("")
    site.gate.in_limits.set(True)
    await site.run(500)
    assert site.central.states()[-1] == "Charging"


async def test_unknown_fault_is_OtherError_with_its_name(tmp):
    site = await booted(tmp)
    site.charger.error.set("FanStuck")
    await site.run(500)
    told = site.central.of("StatusNotification")[-1]
    assert (told["errorCode"], told["info"]) == ("OtherError", "FanStuck")
    assert site.ocpp.present_tag("TAG").startswith("refused")


async def test_emergency_stop_ends_the_transaction_however_short_it_was(tmp):
    site = await booted(tmp)
    await start(site, ms=500)
    site.gate.emergency_stop.set(True)
    site.gate.emergency_stop.set(False)
    await site.run(500)
    assert site.central.of("StopTransaction")[0]["reason"] == "EmergencyStop"
    assert site.central.states()[-1] == "Finishing"
    site.gate.emergency_stop.set(True)
    await site.run(500)
    assert site.central.states()[-1] == "Faulted"


async def test_minimum_status_duration(tmp):
    site = await booted(tmp)
    assert await site.central.call("ChangeConfiguration", {"key": "MinimumStatusDuration", "value": "5"}) == {
        "status": "Accepted"
    }
    site.plug_in()
    await site.run(3000)
    site.unplug()
    await site.run(20000)
    assert site.central.states() == ["Available"]
    site.plug_in()
    await site.run(4500)
    assert site.central.states() == ["Available"]
    await site.run(1000)
    assert site.central.states() == ["Available", "Preparing"]


async def test_offline_changes_are_reported_once_and_only_the_last(tmp):
    site = await booted(tmp)
    central = site.central
    await site.disconnect()
    site.plug_in()
    await site.run(1000)
    site.unplug()
    await site.run(1000)
    await site.connect(central)
    assert central.states() == ["Available"]
    await site.disconnect()
    site.plug_in()
    await site.run(1000)
    site.charger.error.set("GroundFailure")
    await site.run(1000)
    await site.connect(central)
    assert central.states() == ["Available", "Faulted"]
    assert central.actions().count("BootNotification") == 1


async def test_unavailable_at_once_scheduled_and_after_a_restart(tmp):
    site = await booted(tmp)
    await start(site, ms=500)
    ask = {"connectorId": 1, "type": "Inoperative"}
    assert await site.central.call("ChangeAvailability", ask) == {"status": "Scheduled"}
    await site.run(1000)
    assert site.central.states()[-1] == "Charging"
    site.ocpp.present_tag("TAG")
    await site.run(500)
    assert site.central.states()[-1] == "Unavailable"
    assert site.ocpp.present_tag("TAG").startswith("refused")
    site.unplug()
    await site.power_off()

    site = await booted(tmp)
    assert site.central.states() == ["Unavailable"] and site.central.states(0) == ["Available"]
    assert await site.central.call("RemoteStartTransaction", {"idTag": "X"}) == {"status": "Rejected"}
    assert await change(site, {"connectorId": 2, "type": "Operative"}) == {"status": "Rejected"}
    assert await change(site, {"connectorId": 0, "type": "Inoperative"}) == {"status": "Accepted"}
    await site.run(500)
    assert site.central.states(0)[-1] == "Unavailable"
    assert await change(site, {"connectorId": 0, "type": "Operative"}) == {"status": "Accepted"}
    await site.run(500)
    assert site.central.states()[-1] == "Available" and site.central.states(0)[-1] == "Available"


async def test_the_whole_station_is_unavailable_only_once_the_transaction_has_ended(tmp):
    site = await booted(tmp)
    await start(site, ms=500)
    assert await change(site, {"connectorId": 0, "type": "Inoperative"}) == {"status": "Scheduled"}
    await site.run(1000)
    assert site.central.states(0) == ["Available"] and site.central.states()[-1] == "Charging"
    await site.power_off()

    site = await booted(tmp)
    site.plug_in()
    await site.run(1000)
    assert site.central.states(0) == ["Available"] and site.central.states()[-1] == "Charging"
    site.ocpp.present_tag("TAG")
    await site.run(500)
    assert site.central.states(0)[-1] == "Unavailable" and site.central.states()[-1] == "Unavailable"


async def test_connection_time_out(tmp):
    site = await booted(tmp)
    site.ocpp.present_tag("TAG")
    await site.run(59000)
    assert site.ocpp.state.value == "Preparing"
    await site.run(2000)
    assert site.ocpp.state.value == "Available"
    site.plug_in()
    await site.run(1000)
    assert site.ocpp.transaction is None and site.central.of("StartTransaction") == []


async def test_state_without_a_central_system(tmp):
    site = Site(tmp)
    await site.power_on()
    site.plug_in()
    await site.run(500)
    assert site.ocpp.state.value == "Preparing" and not site.ocpp.connected.value
    await site.connect(Central())
    assert site.ocpp.connected.value and site.central.states() == ["Preparing"]


async def test_a_status_that_a_short_loss_of_the_connection_swallows_is_reported_again(tmp):
    """The connection may be gone and back between two steps, so the step alone does not see it."""
    site = await booted(tmp)
    status = site.ocpp.status
    status._note(1, ("Preparing", "NoError", ""))
    call = status.next_call()
    assert call.payload["status"] == "Preparing"
    call.done(None, "closed")
    site.plug_in()
    await site.run(500)
    assert site.central.states() == ["Available", "Preparing"]


async def test_after_a_lost_answer_a_status_is_reported_whatever_was_reported_before(tmp):
    """Whether the central system heard the lost one is not known: the one before it may be news again."""
    site = await booted(tmp)
    status = site.ocpp.status
    status._note(1, ("Finishing", "NoError", ""))
    status.next_call().done(None, "closed")  # heard there, but its answer was lost
    await site.run(500)
    assert site.central.states() == ["Available", "Available"]
