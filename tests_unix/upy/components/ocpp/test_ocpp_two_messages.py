"""OCPP 1.6 with two outlets: what is told of each, and what is asked for one, for all or for the charge point."""

import json

from two_outlet_site import charge_both, made, present, told


async def test_triggers_with_and_without_connector(tmp):
    site = await made(tmp, profiles=(("components.ocpp.v16.triggers:RemoteTrigger", {}),))
    await charge_both(site)
    await site.run(500)

    async def asked(message, **more):
        before = len(site.central.calls)
        more["requestedMessage"] = message
        status = (await site.central.call("TriggerMessage", more))["status"]
        await site.run(300)
        return status, [p["connectorId"] for _, action, p in site.central.calls[before:] if action == message]

    assert await asked("StatusNotification") == ("Accepted", [0, 1, 2])
    assert await asked("StatusNotification", connectorId=2) == ("Accepted", [2])
    assert await asked("StatusNotification", connectorId=3) == ("Rejected", [])
    assert await asked("MeterValues") == ("Accepted", [1, 2])
    assert await asked("MeterValues", connectorId=2) == ("Accepted", [2])
    assert await asked("MeterValues", connectorId=0) == ("Rejected", [])  # there is no main meter
    assert [p.get("transactionId") for p in site.central.of("MeterValues")[-3:]] == [1, 2, 2]


async def test_minimum_status_duration_is_of_each(tmp):
    site = await made(tmp)
    site.ocpp.set("MinimumStatusDuration", "2")
    site.bays[0].plug_in()
    await site.run(1500)
    site.bays[1].plug_in()
    await site.run(1000)
    assert told(site, 1)[-1] == "Preparing" and told(site, 2) == ["Available"]
    site.bays[1].unplug()
    await site.run(5000)
    assert told(site, 2) == ["Available"]


async def test_clock_aligned_values_outside_transactions_are_of_each(tmp):
    site = await made(tmp)
    site.ocpp.set("ClockAlignedDataInterval", "60")
    site.bays[1].plug_in()
    await site.run(500)
    await present(site, "TWO")
    await site.run(60000)
    values = site.central.of("MeterValues")
    aligned = [p for p in values if p["meterValue"][0]["sampledValue"][0]["context"] == "Sample.Clock"]
    assert [(p["connectorId"], p.get("transactionId")) for p in aligned] in (
        [(1, None), (2, 1)], [(2, 1), (1, None)]
    )  # fmt: skip


async def test_phase_rotation_and_unlock_of_each(tmp):
    site = await made(tmp)
    assert site.ocpp.get("ConnectorPhaseRotation")[0][1] == "0.NotApplicable,1.NotApplicable,2.NotApplicable"
    assert site.ocpp.set("ConnectorPhaseRotation", "0.RST,1.RST,2.RTS") == "Accepted"
    assert site.ocpp.set("ConnectorPhaseRotation", "3.RST") == "Rejected"
    for connector in (1, 2, 3):
        answer = await site.central.call("UnlockConnector", {"connectorId": connector})
        assert answer == {"status": "NotSupported"}


async def test_vendor_messages_carry_the_connector_where_there_are_several(tmp):
    site = await made(tmp, vendor_id="RivotMotors")
    await charge_both(site)
    await site.run(3000)
    await present(site, "TWO")
    sent = [p for p in site.central.of("DataTransfer") if p["messageId"] == "SessionSummary"]
    assert len(sent) == 1 and sent[0]["data"].startswith('{"connectorId": 2, '), sent
    site.bays[0].bms.permitted.set(False)
    await site.run(500)
    sent = [p for p in site.central.of("DataTransfer") if p["messageId"] == "BMSAlert"]
    assert len(sent) == 1 and '"connectorId": 1' in sent[0]["data"]


async def test_connectors_as_JSON_may_write_them(tmp):
    """2.0 is an integer for JSON and its schemas; as an index or a shift it is none."""
    profiles = ("ocpp.v16.triggers:RemoteTrigger", "station.reservation:Reservation", "station.limits:SmartCharging")
    site = await made(tmp, profiles=tuple([("components." + use, {}) for use in profiles]))
    whole = {"connectorId": 2.0}
    for action, more, expected in (
        ("ChangeAvailability", {"type": "Inoperative"}, "Accepted"),
        ("ChangeAvailability", {"type": "Operative"}, "Accepted"),
        ("TriggerMessage", {"requestedMessage": "StatusNotification"}, "Accepted"),
        ("TriggerMessage", {"requestedMessage": "MeterValues"}, "Accepted"),
        ("ReserveNow", {"expiryDate": "2099-01-01T00:00:00Z", "idTag": "A", "reservationId": 1}, "Accepted"),
        ("GetCompositeSchedule", {"duration": 60}, "Accepted"),
        ("UnlockConnector", {}, "NotSupported"),
        ("RemoteStartTransaction", {"idTag": "A"}, "Accepted"),
    ):  # fmt: skip
        more.update(whole)
        text = json.dumps([2, "id-" + action + expected + str(len(more)), action, more])
        assert '"connectorId": 2.0' in text
        before = len(site.central.results)
        await site.central.give(text)
        await site.run(500)
        answer = site.central.results[before]
        assert answer[0] == 3 and answer[2]["status"] == expected, (action, answer)
    assert [one.connector.state.value for one in site.ocpp.outlets] == ["Available", "Preparing"]
