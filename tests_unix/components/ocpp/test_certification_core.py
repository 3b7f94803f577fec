"""OCA's test cases of the Core profile beside sessions, named by their numbers: boot, reset, configuration, data."""

import json

import pytest
from charging_site import TIMEOUT_S, Site, eventually
from test_ocpp_configuration import CORE_KEYS

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def answered(site, action, status, timeout=15):
    """Wait until the central system answered `action` with `status`."""
    return await site.central.messages.wait(
        lambda m: m.direction == "out" and m.action == action and m.payload.get("status") == status, timeout, 0, status
    )


async def test_tc_001_cold_boot(tmp_path):
    settings = {"ocpp": {"id": "Depot 7/ä", "vendor": "Vendor", "model": "Model X"}}
    async with Site(tmp_path, settings=settings) as site:
        await site.boot()
        first = site.central.calls()[0]
        assert first.action == "BootNotification"
        assert first.payload["chargePointVendor"] == "Vendor"
        assert first.payload["chargePointModel"] == "Model X"
        assert first.point == "Depot 7/ä", "the identity is the last part of the URL, percent-encoded"
        told = [m.payload for m in site.central.calls("StatusNotification")]
        assert {(p["connectorId"], p["status"], p["errorCode"]) for p in told} == {
            (0, "Available", "NoError"),
            (1, "Available", "NoError"),
        }
        assert site.wrong_messages() == []


async def test_tc_002_cold_boot_pending(tmp_path):
    """Pending: nothing of ours but BootNotification, every `interval` seconds; the other side may ask (4.2)."""
    async with Site(tmp_path) as site:
        site.central.on("BootNotification", {"status": "Pending", "interval": 1})
        await site.firmware.start()
        await answered(site, "BootNotification", "Pending")
        assert await site.configured("NumberOfConnectors") == "1"
        await site.configure(MeterValueSampleInterval=5)
        assert (await site.order("RemoteStartTransaction", idTag="EARLY")).status == "Rejected"
        await eventually(lambda: len(site.central.calls("BootNotification")) >= 3, "three BootNotifications")
        assert {m.action for m in site.central.calls()} == {"BootNotification"}
        times = [m.time for m in site.central.calls("BootNotification")]
        assert times[1] - times[0] > 0.9 and times[2] - times[1] > 0.9
        site.central.on("BootNotification", {"status": "Accepted", "interval": 1})
        await site.status("Available")
        assert await site.configured("HeartbeatInterval") == "1"
        beats = site.mark()
        await site.received("Heartbeat", beats)
        await site.received("Heartbeat", site.mark())
        assert site.wrong_messages() == []


async def test_cold_boot_rejected(tmp_path):
    """Rejected: it neither sends nor answers anything until `interval` is over (4.2)."""
    async with Site(tmp_path) as site:
        answers = [{"status": "Rejected", "interval": 3}, {}]
        site.central.on("BootNotification", lambda _: answers.pop(0))
        await site.firmware.start()
        rejected = await answered(site, "BootNotification", "Rejected")
        uid = await site.central.call_raw("GetConfiguration", {"key": ["NumberOfConnectors"]})
        await site.status("Available")
        _, again = site.central.calls("BootNotification")
        assert again.time - rejected.time > 2.9
        assert not [m for m in site.central.messages if m.direction == "in" and m.uid == uid]
        assert await site.configured("NumberOfConnectors") == "1"


@pytest.mark.parametrize("kind", ["Hard", "Soft"])
async def test_tc_013_hard_and_tc_014_soft_reset_without_a_transaction(site, kind):
    starts, since = site.firmware.starts, site.mark()
    assert (await site.order("Reset", type=kind)).status == "Accepted"
    await eventually(lambda: site.firmware.starts == starts + 1, "the firmware came back")
    await site.booted(since)
    assert site.statuses(1, since) == ["Available"]


@pytest.mark.parametrize("kind, reason", [("Soft", "SoftReset"), ("Hard", "HardReset")])
async def test_tc_015_hard_and_tc_016_soft_reset_with_a_transaction(site, kind, reason):
    """The StopTransaction is delivered once; but a hard reset does not wait for its answer: then it is repeated.

    Finishing is told before the firmware goes.
    """
    await site.start_session("RESET")
    number, starts, since = site.central.books.last.id, site.firmware.starts, site.mark()
    assert (await site.order("Reset", type=kind)).status == "Accepted"
    stop = await site.received("StopTransaction", since)
    assert stop.payload["reason"] == reason and stop.payload["transactionId"] == number
    await eventually(lambda: site.firmware.starts == starts + 1, "the firmware came back")
    await site.received("BootNotification", since)
    assert site.statuses(1, since)[0] == "Finishing"
    await eventually(lambda: not site.module.enabled, "the module is off")
    assert await site.configured("NumberOfConnectors") == "1"
    told = site.central.calls("StopTransaction", since)
    assert all((m.uid, m.payload) == (stop.uid, stop.payload) for m in told)
    assert len(told) == 1 or kind == "Hard" and len({m.link for m in told}) == len(told)
    assert not site.module.enabled, "the transaction is over: the car that is still there gets nothing"


async def test_tc_019_retrieve_all_configuration_keys(site):
    """Without a list of keys, and with an empty one (5.8)."""
    for asked in ({}, {"key": []}):
        answer = await site.order("GetConfiguration", **asked)
        assert not answer.unknown_key
        assert set(CORE_KEYS) <= {entry["key"] for entry in answer.configuration_key}


async def test_tc_019_retrieve_one_configuration_key(site):
    answer = await site.order("GetConfiguration", key=["SupportedFeatureProfiles"])
    (entry,) = answer.configuration_key
    assert entry["key"] == "SupportedFeatureProfiles" and entry["readonly"] is True
    assert "Core" in entry["value"].split(",") and not answer.unknown_key


async def test_tc_021_set_configuration(site):
    await site.configure(MeterValueSampleInterval=31)
    assert await site.configured("MeterValueSampleInterval") == "31"


async def test_tc_040_1_unknown_key_and_tc_040_2_invalid_value(site):
    answer = await site.order("ChangeConfiguration", key="NoSuchKey", value="1")
    assert answer.status == "NotSupported"
    before = await site.configured("MeterValueSampleInterval")
    answer = await site.order("ChangeConfiguration", key="MeterValueSampleInterval", value="-1")
    assert answer.status == "Rejected"
    assert await site.configured("MeterValueSampleInterval") == before


@pytest.mark.parametrize("vendor, message, status", [
    ("com.example", "Hello", "UnknownVendorId"),
    ("com.example", None, "UnknownVendorId"),
    ("RivotMotors", "NoSuchMessage", "UnknownMessageId"),
])  # fmt: skip
async def test_data_transfer_to_the_charge_point(site, vendor, message, status):
    fields = {} if message is None else {"messageId": message}
    assert (await site.order("DataTransfer", vendorId=vendor, data="x", **fields)).status == status


async def test_data_transfer_to_the_central_system(site):
    """Whatever it answers: that is noted, and the next one is sent."""
    await site.plug_in()
    for status in ("Accepted", "Rejected", "UnknownVendorId", "UnknownMessageId"):
        site.central.on("DataTransfer", {"status": status})
        since = site.mark()
        site.vehicle.stop_charging()
        since = told_after(site, await alerted(site, "ChargingStopped", since))
        site.vehicle.permit()
        await alerted(site, "ChargingPermitted", since)
    site.central.on("DataTransfer", None)


async def alerted(site, kind, since):
    """Wait for an alert of this kind; that of a vehicle that has just come may be before it, or may not be needed."""

    def fits(payload):
        return payload.get("messageId") == "BMSAlert" and json.loads(payload["data"])["alertType"] == kind

    return await site.central.wait_for("DataTransfer", fits, TIMEOUT_S, since)


def told_after(site, message):
    """The mark right after a message."""
    kept = list(site.central.messages)
    return site.mark() - len(kept) + kept.index(message) + 1
