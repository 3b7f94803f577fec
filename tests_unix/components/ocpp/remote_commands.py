"""Every remote command of OCPP 1.6 and of its security extension once, for a charge point that is idle.

A row is (profile, action, payload, what the answer must hold). The profile is the name in SupportedFeatureProfiles, or
SECURITY, which has none there. Reset, which ends the connection, and what needs a transaction is left to the tests.
"""

import datetime

from pki import Authority

SECURITY = "security"
ACCEPTED = {"status": "Accepted"}
ONCE = {"retries": 0, "retryInterval": 1}
NOWHERE = "http://127.0.0.1:1/"  # nobody listens there: what is to be fetched or sent fails, and that is told


def utc(offset_s):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset_s)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def profile(number, purpose, unit="A"):
    return {
        "chargingProfileId": number,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "chargingRateUnit": unit,
            "startSchedule": utc(0),
            "duration": 3600,
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 21.4}, {"startPeriod": 600, "limit": 16.1}],
        },
    }


def core():
    return [
        ("GetConfiguration", {}, {}),
        ("GetConfiguration", {"key": ["NumberOfConnectors", "NoSuchKey"]}, {"unknownKey": ["NoSuchKey"]}),
        ("ChangeConfiguration", {"key": "MeterValueSampleInterval", "value": "1"}, ACCEPTED),
        ("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "never"}, {"status": "Rejected"}),
        ("ChangeConfiguration", {"key": "NoSuchKey", "value": "1"}, {"status": "NotSupported"}),
        ("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"}, ACCEPTED),
        ("ChangeAvailability", {"connectorId": 0, "type": "Operative"}, ACCEPTED),
        ("ChangeAvailability", {"connectorId": 7, "type": "Operative"}, {"status": "Rejected"}),
        ("ClearCache", {}, ACCEPTED),
        ("DataTransfer", {"vendorId": "nobody", "messageId": "m", "data": "{}"}, {"status": "UnknownVendorId"}),
        ("DataTransfer", {"vendorId": "RivotMotors", "messageId": "m"}, {"status": "UnknownMessageId"}),
        ("RemoteStopTransaction", {"transactionId": -1}, {"status": "Rejected"}),
        ("UnlockConnector", {"connectorId": 7}, {"status": "NotSupported"}),
    ]


def local_list():
    entries = [{"idTag": "LIST-1", "idTagInfo": {"status": "Accepted", "expiryDate": utc(9999), "parentIdTag": "P"}}]
    return [
        ("GetLocalListVersion", {}, {}),
        ("SendLocalList", {"listVersion": 7, "updateType": "Full", "localAuthorizationList": entries}, ACCEPTED),
        ("GetLocalListVersion", {}, {"listVersion": 7}),
        ("SendLocalList", {"listVersion": 7, "updateType": "Differential"}, {"status": "VersionMismatch"}),
    ]


def reservation():
    request = {"connectorId": 1, "expiryDate": utc(600), "idTag": "RESERVED", "parentIdTag": "P", "reservationId": 5}
    return [
        ("ReserveNow", request, ACCEPTED),
        ("CancelReservation", {"reservationId": 6}, {"status": "Rejected"}),
        ("CancelReservation", {"reservationId": 5}, ACCEPTED),
    ]


def smart_charging():
    first = {"connectorId": 0, "csChargingProfiles": profile(1, "ChargePointMaxProfile", "W")}
    return [
        ("SetChargingProfile", first, ACCEPTED),
        ("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile(2, "TxDefaultProfile")}, ACCEPTED),
        ("GetCompositeSchedule", {"connectorId": 1, "duration": 900, "chargingRateUnit": "A"}, ACCEPTED),
        ("GetCompositeSchedule", {"connectorId": 0, "duration": 900, "chargingRateUnit": "W"}, ACCEPTED),
        ("GetCompositeSchedule", {"connectorId": 7, "duration": 900}, {"status": "Rejected"}),
        ("ClearChargingProfile", {"id": 2}, ACCEPTED),
        ("ClearChargingProfile", {"chargingProfilePurpose": "ChargePointMaxProfile", "stackLevel": 0}, ACCEPTED),
        ("ClearChargingProfile", {"id": 2}, {"status": "Unknown"}),
    ]


def remote_trigger():
    alone = ("BootNotification", "Heartbeat", "DiagnosticsStatusNotification", "FirmwareStatusNotification")
    wanted = [{"requestedMessage": name} for name in alone]
    for name in ("StatusNotification", "MeterValues"):
        wanted += [{"requestedMessage": name}, {"requestedMessage": name, "connectorId": 1}]
    return [("TriggerMessage", payload, ACCEPTED) for payload in wanted]


def firmware_management():
    return [
        ("GetDiagnostics", {"location": NOWHERE, "startTime": utc(-60), "stopTime": utc(0), **ONCE}, {}),
        ("UpdateFirmware", {"location": NOWHERE + "image", "retrieveDate": utc(-1), **ONCE}, {}),
    ]


def security():
    root = Authority("Strict Root")
    log = {"remoteLocation": NOWHERE}
    firmware = {
        "location": NOWHERE + "image",
        "retrieveDateTime": utc(-1),
        "signingCertificate": root.pem,
        "signature": "c2lnbmF0dXJl",
    }
    unknown = {"hashAlgorithm": "SHA256", "issuerNameHash": "00" * 32, "issuerKeyHash": "11" * 32, "serialNumber": "01"}
    wanted = ("BootNotification", "LogStatusNotification", "FirmwareStatusNotification", "Heartbeat", "MeterValues")
    wanted += ("StatusNotification", "SignChargePointCertificate")
    return [
        ("ChangeConfiguration", {"key": "CpoName", "value": "Strict"}, ACCEPTED),
        *(("ExtendedTriggerMessage", {"requestedMessage": name}, ACCEPTED) for name in wanted),
        ("InstallCertificate", {"certificateType": "CentralSystemRootCertificate", "certificate": root.pem}, ACCEPTED),
        ("GetInstalledCertificateIds", {"certificateType": "CentralSystemRootCertificate"}, ACCEPTED),
        ("DeleteCertificate", {"certificateHashData": unknown}, {"status": "NotFound"}),
        ("CertificateSigned", {"certificateChain": root.pem}, {"status": "Rejected"}),
        ("GetLog", {"logType": "SecurityLog", "requestId": 3, "log": log, **ONCE}, ACCEPTED),
        ("SignedUpdateFirmware", {"requestId": 4, "firmware": firmware}, {"status": "InvalidCertificate"}),
    ]


PROFILES = {
    "Core": core,
    "LocalAuthListManagement": local_list,
    "Reservation": reservation,
    "SmartCharging": smart_charging,
    "RemoteTrigger": remote_trigger,
    "FirmwareManagement": firmware_management,
    SECURITY: security,
}


def orders():
    """[(profile, action, payload, what the answer must hold)]"""
    return [(name, *row) for name, rows in PROFILES.items() for row in rows()]
