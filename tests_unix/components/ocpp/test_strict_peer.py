"""The charge point and a central system that checks every message of both: npm's ocpp-rpc in strict mode.

Its schemas know neither formats nor empty lists, so what it heard is checked once more, by the tests' own reference.
"""

import json

import pytest
import pytest_asyncio
import websockets
from charging_site import Site, eventually
from remote_commands import SECURITY, orders
from schema_cases import schema_of
from schema_reference import errors_of

from tools.strict_central import Refused, StrictCentral

pytestmark = pytest.mark.asyncio(loop_scope="module")


class StrictSite(Site):
    """A charging site whose central system is the strict one."""

    def __init__(self, home):
        super().__init__(home, settings={"ocpp": {"unsigned_firmware": True}})
        self.central = StrictCentral()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory):
    async with StrictSite(tmp_path_factory.mktemp("home")) as site:
        await site.boot()
        await site.configure(MeterValueSampleInterval=1)
        yield site


@pytest_asyncio.fixture(loop_scope="module")
async def site(shared):
    """The shared charger; after each test neither side has done anything that the other one's schemas refuse."""
    since = shared.mark()
    yield shared
    assert shared.central.faults == []
    assert shared.wrong_messages(since) == []
    for message in shared.central.calls(since=since):
        assert not errors_of(schema_of(message.action, False), json.dumps(message.payload)), message.raw
        assert all(moment.endswith("Z") for moment in timestamps(message.payload)), message.raw
    shared.check_calm()


def timestamps(payload):
    """Every timestamp in a payload."""
    if isinstance(payload, list):
        return [moment for item in payload for moment in timestamps(item)]
    if not isinstance(payload, dict):
        return []
    own = [payload["timestamp"]] if "timestamp" in payload else []
    return own + [moment for value in payload.values() for moment in timestamps(value)]


async def supported(site):
    """The feature profiles that it announces, and SECURITY if it has that extension."""
    profiles = set((await site.configured("SupportedFeatureProfiles")).split(","))
    try:
        await site.central.command("GetInstalledCertificateIds", {"certificateType": "CentralSystemRootCertificate"})
        profiles.add(SECURITY)
    except Refused as refusal:
        assert refusal.code == "NotSupported"
    return profiles


async def test_the_boot(site):
    assert site.central.protocol == "ocpp1.6" and site.central.connections == 1
    told = [m.action for m in site.central.calls() if m.action != "SecurityEventNotification"]
    assert told[:3] == ["BootNotification", "StatusNotification", "StatusNotification"]


async def test_a_whole_session(site):
    """Plug in, card, charge, meter values, card, pull out; vendor messages at the end."""
    since = site.mark()
    await site.start_session("CARD-1")
    await site.received("MeterValues", since)
    await eventually(lambda: site.module.delivered_wh > 2, "something is delivered")
    ended = await site.stop_session("CARD-1")
    assert ended.payload["meterStop"] > 0 and ended.payload["transactionData"]
    await site.received("DataTransfer", since, messageId="SessionSummary")
    assert site.statuses(1, since) == ["Preparing", "Charging", "Finishing", "Available"]


async def test_a_remote_session(site):
    since = site.mark()
    await site.plug_in()
    remote = {"connectorId": 1, "idTag": "REMOTE"}
    assert await site.central.command("RemoteStartTransaction", remote) == {"status": "Accepted"}
    await site.received("StartTransaction", since, idTag="REMOTE")
    await site.current_flows()
    number = (await site.received("MeterValues", since)).payload["transactionId"]
    refused = {"status": "Scheduled"}  # a connector at work goes out of service after its transaction
    assert await site.central.command("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"}) == refused
    await site.central.command("ChangeAvailability", {"connectorId": 1, "type": "Operative"})
    assert await site.central.command("RemoteStopTransaction", {"transactionId": number}) == {"status": "Accepted"}
    ended = await site.received("StopTransaction", since, reason="Remote")
    assert ended.payload["transactionId"] == number
    await site.settled()
    await site.unplug()


async def test_every_remote_command_once(site):
    """What belongs to a profile that is not there is known, and told to be not supported."""
    profiles = await supported(site)
    for profile, action, payload, expected in orders():
        try:
            answer = await site.central.command(action, payload)
        except Refused as refusal:
            assert refusal.code == "NotSupported" and profile not in profiles, f"{action}: {refusal}"
        else:
            assert profile in profiles, f"{action} is answered without {profile}"
            assert answer.items() >= expected.items(), f"{action} {payload}: {answer}"
    await site.until_state("Available")


async def test_what_the_commands_make_it_send_is_right_too(site):
    """What was to be fetched from where nobody listens, or sent there, is told to have failed."""
    profiles = await supported(site)
    awaited = []
    if "FirmwareManagement" in profiles:
        awaited += [("DiagnosticsStatusNotification", "UploadFailed"), ("FirmwareStatusNotification", "DownloadFailed")]
    if SECURITY in profiles:
        awaited += [("LogStatusNotification", "UploadFailure")]
        await site.received("SignCertificate")
    for action, status in awaited:
        await site.received(action, status=status)
    assert await site.central.command("ClearCache", {}) == {"status": "Accepted"}


async def test_it_comes_back_after_the_server_has_closed(site):
    connections, since = site.central.connections, site.mark()
    await site.central.close_socket(1001)
    await eventually(lambda: site.central.connections > connections, "a new connection")
    await site.configure(HeartbeatInterval=1)
    await site.received("Heartbeat", since)
    await site.configure(HeartbeatInterval=300)


async def test_reset(site):
    """A soft reset: it starts again and tells so, in valid messages."""
    since = site.mark()
    assert await site.central.command("Reset", {"type": "Soft"}) == {"status": "Accepted"}
    await eventually(lambda: site.firmware.starts == 2, "a new start")
    await site.booted(since)


async def test_the_peer_is_strict():
    """Without this, a peer gone lenient would make the tests above pass."""
    central = await StrictCentral().start()
    try:
        async with websockets.connect(central.url + "/WRONG", subprotocols=["ocpp1.6"]) as point:
            wrong = {
                "Heartbeat": {"extra": 1},
                "Authorize": {"idTag": "x" * 21},
                "StatusNotification": {"connectorId": 1, "errorCode": "NoError", "status": "available"},
                "MeterValues": {"connectorId": 1, "meterValue": [{"timestamp": "2024-02-29T12:00:00Z"}]},
                "StopTransaction": {"transactionId": "1", "meterStop": 5, "timestamp": "2024-02-29T12:00:00Z"},
            }
            for number, (action, payload) in enumerate(wrong.items()):
                await point.send(json.dumps([2, str(number), action, payload]))
                kind, uid, code, *_ = json.loads(await point.recv())
                assert (kind, uid) == (4, str(number)) and "Violation" in code
            await eventually(lambda: len(central.faults) == len(wrong), "a word about each of them")
            assert [fault.split()[0] for fault in central.faults] == list(wrong)
    finally:
        await central.stop()
