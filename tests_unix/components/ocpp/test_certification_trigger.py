"""OCA's test cases for Remote Trigger, named by their numbers."""

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")
CONFIGURATION = {"MeterValueSampleInterval": 0, "MeterValuesSampledData": "Energy.Active.Import.Register,Voltage"}


async def trigger(site, message, **more):
    """TriggerMessage; returns its status and the mark before it."""
    since = site.mark()
    return (await site.order("TriggerMessage", requestedMessage=message, **more)).status, since


async def told(site, message, since, **fields):
    """The message that was asked for, which came after the answer; of two statuses the one that comes last."""
    if message == "StatusNotification":
        fields.setdefault("connectorId", 1)
    told = await site.received(message, since, **fields)
    answers = [m for m in site.central.messages.after(since) if m.payload == {"status": "Accepted"}]
    assert answers and answers[0].time <= told.time
    return told.payload


async def test_tc_054_trigger_message(site):
    for message in ("MeterValues", "Heartbeat", "StatusNotification", "BootNotification"):
        for more in ({}, {"connectorId": 1}):
            status, since = await trigger(site, message, **more)
            assert status == "Accepted"
            payload = await told(site, message, since)
            if message == "MeterValues":
                values = payload["meterValue"][0]["sampledValue"]
                assert payload["connectorId"] == 1 and values and {v["context"] for v in values} == {"Trigger"}


async def test_tc_054_status_of_each_connector(site):
    status, since = await trigger(site, "StatusNotification")
    assert status == "Accepted"
    for connector in (0, 1):
        assert (await told(site, "StatusNotification", since, connectorId=connector))["status"] == "Available"
    status, since = await trigger(site, "StatusNotification", connectorId=0)
    await told(site, "StatusNotification", since, connectorId=0)
    assert site.statuses(1, since) == []


async def test_tc_054_messages_of_a_profile_that_is_not_there(site):
    """They are answered as not implemented, or they come; which profiles there are is the board's."""
    profiles = (await site.configured("SupportedFeatureProfiles")).split(",")
    assert "RemoteTrigger" in profiles
    for message in ("DiagnosticsStatusNotification", "FirmwareStatusNotification"):
        status, since = await trigger(site, message)
        assert status == ("Accepted" if "FirmwareManagement" in profiles else "NotImplemented")
        if status == "Accepted":
            assert (await told(site, message, since))["status"] == "Idle"


async def test_tc_055_trigger_message_rejected(site):
    for message in ("MeterValues", "StatusNotification"):
        for connector in (2, 99):
            status, since = await trigger(site, message, connectorId=connector)
            assert status == "Rejected"
    assert await site.configured("NumberOfConnectors") == "1"
    assert [m.action for m in site.central.calls(since=since)] == []


async def test_extended_trigger_message(site):
    for message in ("MeterValues", "Heartbeat", "StatusNotification", "BootNotification"):
        since = site.mark()
        assert (await site.order("ExtendedTriggerMessage", requestedMessage=message)).status == "Accepted"
        await told(site, message, since)
    answer = await site.order("ExtendedTriggerMessage", requestedMessage="MeterValues", connectorId=2)
    assert answer.status == "Rejected"


async def test_tc_054_during_a_transaction(site):
    begun = await site.start_session("TRIGGER")
    number = site.central.books.last.id
    status, since = await trigger(site, "MeterValues", connectorId=1)
    payload = await told(site, "MeterValues", since)
    assert payload["transactionId"] == number
    values = payload["meterValue"][0]["sampledValue"]
    assert [v["measurand"] for v in values] == ["Energy.Active.Import.Register", "Voltage"]
    assert float(values[0]["value"]) >= begun.payload["meterStart"] and float(values[1]["value"]) > 50
    status, since = await trigger(site, "StatusNotification", connectorId=1)
    assert (await told(site, "StatusNotification", since, connectorId=1))["status"] == "Charging"
