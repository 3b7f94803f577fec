"""What the central system seldom asks for is loaded when it asks, and is no longer there afterwards."""

import gc
import sys

from construct import construct
from ocpp_site import NOON, Central, Site
from scarce_heap import Scarce

from components.ocpp.dates import Check
from components.ocpp.dispatcher import CallError
from components.ocpp.v16 import ACTIONS
from core.isotime import format_utc
from drivers.filesink import FileSink

TIMEOUT_S = 300
HEAPSIZE = "2M"
OCPP = "components.ocpp."
PROFILES = (
    ("components.station.local_list:LocalList", {}),
    ("components.station.reservation:Reservation", {}),
    ("components.station.limits:SmartCharging", {}),
    (OCPP + "v16.triggers:RemoteTrigger", {}),
    (OCPP + "v16.triggers:ExtendedTrigger", {}),
    (OCPP + "certificates:Certificates", {}),
    (OCPP + "security:Security", {}),
    (OCPP + "firmware:Firmware", {}),
    (OCPP + "signed_firmware:SignedFirmware", {"unsigned": True}),
    (OCPP + "log_upload:LogUpload", {}),
)
HASHES = {"hashAlgorithm": "SHA256", "issuerNameHash": "00", "issuerKeyHash": "00", "serialNumber": "1"}
LATER = format_utc(NOON + 3600000)
SIGNED = {"location": "ftp://host/x", "retrieveDateTime": LATER, "signingCertificate": "none", "signature": "AA=="}
# What is seldom asked: (a payload, its answer); neither begins anything that goes on after the answer
SETTINGS_REQUESTED = {
    "CancelReservation": ({"reservationId": 1}, {"status": "Rejected"}),
    "CertificateSigned": ({"certificateChain": "none"}, {"status": "Rejected"}),
    "ChangeAvailability": ({"connectorId": 1, "type": "Operative"}, {"status": "Accepted"}),
    "ChangeConfiguration": ({"key": "ConnectionTimeOut", "value": "60"}, {"status": "Accepted"}),
    "ClearCache": ({}, {"status": "Accepted"}),
    "ClearChargingProfile": ({"id": 1}, {"status": "Unknown"}),
    "DataTransfer": ({"vendorId": "x"}, {"status": "UnknownVendorId"}),
    "DeleteCertificate": ({"certificateHashData": HASHES}, {"status": "NotFound"}),
    "ExtendedTriggerMessage": ({"requestedMessage": "LogStatusNotification"}, {"status": "Accepted"}),
    "GetCompositeSchedule": ({"connectorId": 9, "duration": 1}, {"status": "Rejected"}),
    "GetConfiguration": ({"key": ["None"]}, {"unknownKey": ["None"]}),
    "GetDiagnostics": ({"location": "ftp://host/x"}, {}),
    "GetInstalledCertificateIds": ({"certificateType": "CentralSystemRootCertificate"}, {"status": "NotFound"}),
    "GetLocalListVersion": ({}, {"listVersion": 0}),
    "GetLog": (
        {"log": {"remoteLocation": "ftp://host/x"}, "logType": "DiagnosticsLog", "requestId": 1},
        {"status": "Rejected"},
    ),
    "InstallCertificate": (
        {"certificateType": "ManufacturerRootCertificate", "certificate": "none"}, {"status": "Rejected"}
    ),
    "ReserveNow": (
        {"connectorId": 9, "expiryDate": LATER, "idTag": "TAG", "reservationId": 1}, {"status": "Rejected"}
    ),
    "SendLocalList": ({"listVersion": 0, "updateType": "Differential"}, {"status": "VersionMismatch"}),
    "SetChargingProfile": (
        {"connectorId": 9, "csChargingProfiles": {
            "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 9}]},
        }},
        {"status": "Rejected"},
    ),
    "SignedUpdateFirmware": ({"requestId": 1, "firmware": SIGNED}, {"status": "Rejected"}),
    "TriggerMessage": ({"requestedMessage": "DiagnosticsStatusNotification"}, {"status": "Accepted"}),
    "UpdateFirmware": ({"location": "http://host/x", "retrieveDate": LATER}, {}),
}  # fmt: skip
# Never loaded for a CALL: what stops, starts and measures must not fail for want of memory for code
RESIDENT = ("RemoteStartTransaction", "RemoteStopTransaction", "Reset", "UnlockConnector")


SELDOM = (
    "calls", "composite", "core_calls", "key_values", "limits_schemas", "local_list_schemas", "requests",
    "reservation_schemas", "update", "upload",
)  # fmt: skip


async def made(tmp):
    site = Site(tmp, profiles=PROFILES, services={"sink": construct(FileSink, tmp)})
    await site.power_on()
    await site.connect(Central())
    await site.run(1000)
    return site


def rows():
    return [ACTIONS[at : at + 3] for at in range(0, len(ACTIONS), 3)]


def loaded():
    """The modules that are there for a while."""
    names = []
    for name in sys.modules:
        package, _, last = name.rpartition(".")
        if (package or last) in ("ux509", "uhttp") or name.startswith("components.") and last in SELDOM:
            names.append(name)
    return names


class Watch:
    """Context: ``seen`` are the modules that are there for a while when a handler is called."""

    def __init__(self, writes):
        self.seen = []
        self._writes = writes
        self._run = writes.run

    def __enter__(self):
        self._writes.run = self._watched
        return self

    def _watched(self, action, handler, payload):
        self.seen.append(loaded())
        return self._run(action, handler, payload)

    def __exit__(self, kind, error, trace):
        self._writes.run = self._run


async def answer_to(site, action, payload):
    """The answer to a CALL; None is not awaited for longer than it takes."""
    answer = await site.central.call(action, payload)
    while answer is None:
        await site.run(50)
        answer = site.central.results.pop()[2] if site.central.results else None
    return answer


async def test_the_table_and_the_modules_agree(tmp):
    """Each action has a profile, each function is there, and each message has its schema."""
    site = await made(tmp)
    dispatcher, on_demand = site.ocpp.dispatcher, site.ocpp.on_demand
    seldom = []
    on_demand.begin()
    for action, name, function in rows():
        profile = dispatcher.profile(name)
        assert profile is not None, name
        schemas = getattr(profile, "schemas", None) or dispatcher.calls(name).schemas
        if not function:
            assert schemas.response(action) is not None, action
            continue
        assert schemas.request(action) is not None, action
        if hasattr(profile, function):
            assert action in RESIDENT, action
        else:
            assert callable(getattr(dispatcher.calls(name), function)), action
            seldom.append(action)
    on_demand.end()
    assert sorted(seldom) == sorted(SETTINGS_REQUESTED), seldom
    assert len(dispatcher.profiles) + len(site.station.features) // 2 == len(PROFILES) + 1
    await site.power_off()


async def test_each_part_is_there_for_its_message_only(tmp):
    """Not before it, and not afterwards; and the answer is right."""
    site = await made(tmp)
    assert loaded() == []
    for action in sorted(SETTINGS_REQUESTED):
        payload, expected = SETTINGS_REQUESTED[action]
        with Watch(site.ocpp.writes) as watch:
            answer = await answer_to(site, action, dict(payload))
        assert answer == expected, (action, answer)
        assert len(watch.seen) == 1 and watch.seen[0], action
        await site.run(1000)
        if action == "UpdateFirmware":
            assert OCPP + "firmware.update" in sys.modules  # as long as there is one
            site.profiles[7].update._job = None
            await site.run(1000)
        assert loaded() == [], action
    await site.power_off()


async def test_a_part_for_which_there_is_no_memory_is_refused_and_answers_later(tmp):
    """With any number of free blocks: what does not answer is a CALLERROR, and nothing is half done."""
    site = await made(tmp)
    for action in sorted(SETTINGS_REQUESTED):
        payload, expected = SETTINGS_REQUESTED[action]
        refused = 0
        frames = [[2, "id", action, payload] for _ in range(8)]
        for blocks in range(0, 640, 80):
            frame, code = frames.pop(), None
            gc.collect()
            with Scarce(blocks):
                code = attempt(site.ocpp.dispatcher, frame)
            site.ocpp.dispatcher.release()
            if code:
                assert code == "InternalError", (action, blocks, code)
                refused += 1
        assert refused, action
        answer = await answer_to(site, action, dict(payload))
        assert answer == expected, (action, answer)
        if action == "UpdateFirmware":
            site.profiles[7].update._job = None
        await site.run(61000)
        assert loaded() == [], (action, loaded())
    await site.power_off()


def attempt(dispatcher, frame):
    """The code of the CALLERROR, or None."""
    try:
        result = dispatcher.handle(frame)
    except CallError as e:
        return e.code
    except MemoryError:
        return "InternalError"  # as Rpc answers it
    if not isinstance(result, (tuple, dict)):
        result.close()
    return None


async def test_what_stops_needs_nothing_that_is_loaded(tmp):
    site = await made(tmp)
    for action, payload in (
        ("RemoteStartTransaction", {"idTag": "TAG"}),
        ("RemoteStopTransaction", {"transactionId": 1}),
        ("UnlockConnector", {"connectorId": 1}),
        ("Reset", {"type": "Soft"}),
    ):
        with Watch(site.ocpp.writes) as watch:
            site.ocpp.dispatcher.handle([2, "id", action, payload])
        assert watch.seen == [[]], action
    await site.power_off()


async def test_what_reads_certificates_leaves_with_the_handshake_that_needed_it(tmp):
    """mbedTLS calls `Check.verify` for each certificate, which reads its dates with ux509: 5 KB."""
    site = await made(tmp)
    seen = []

    async def handshake(url, **given):
        check = Check(None, 0)
        check.verify(b"\x30\x00", 0)
        seen.append("ux509" in sys.modules and bool(check.failure))
        raise OSError("no more of it")

    module, former = sys.modules["components.ocpp.link"], sys.modules["components.ocpp.link"].connect
    module.connect = handshake
    try:
        await site.ocpp.link._dial(site.ocpp.link.access, None)
        raise AssertionError("connected")
    except OSError:
        pass
    finally:
        module.connect = former
    assert seen == [True] and loaded() == []
    await site.power_off()


async def test_an_update_that_waits_for_its_time_keeps_what_it_needs_and_no_other_part(tmp):
    """It may wait for days, and would have all that is loaded meanwhile stay as long."""
    site = await made(tmp)
    payload, expected = SETTINGS_REQUESTED["UpdateFirmware"]
    assert await answer_to(site, "UpdateFirmware", dict(payload)) == expected
    await site.run(1000)
    there = sorted(loaded())
    for action in sorted(SETTINGS_REQUESTED):
        if action != "UpdateFirmware":
            payload, expected = SETTINGS_REQUESTED[action]
            assert await answer_to(site, action, dict(payload)) == expected, action
            await site.run(1000)
    assert sorted(loaded()) == there, sorted(loaded())
    assert OCPP + "firmware.update" in there
    site.profiles[7].update._job = None
    await site.run(1000)
    assert loaded() == []
    await site.power_off()
