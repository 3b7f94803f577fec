"""OCPP 1.6: what is told and asked in its messages."""

from micropython import const

SUBPROTOCOL = "ocpp1.6"  # of the WebSocket
# Action, the profile that has it, and the function that answers it: a method of the profile, or one of the module that
# its `calls` loads. "": a request of ours.
ACTIONS = const((
    "Authorize", "core", "",
    "BootNotification", "core", "",
    "CancelReservation", "reservation", "cancel_reservation",
    "CertificateSigned", "certificates", "certificate_signed",
    "ChangeAvailability", "core", "change_availability",
    "ChangeConfiguration", "core", "change_configuration",
    "ClearCache", "core", "clear_cache",
    "ClearChargingProfile", "smart_charging", "clear_charging_profile",
    "DataTransfer", "core", "data_transfer",
    "DeleteCertificate", "certificates", "delete_certificate",
    "DiagnosticsStatusNotification", "firmware", "",
    "ExtendedTriggerMessage", "extended_trigger", "extended_trigger_message",
    "FirmwareStatusNotification", "firmware", "",
    "GetCompositeSchedule", "smart_charging", "get_composite_schedule",
    "GetConfiguration", "core", "get_configuration",
    "GetDiagnostics", "firmware", "get_diagnostics",
    "GetInstalledCertificateIds", "certificates", "get_installed_certificate_ids",
    "GetLocalListVersion", "local_list", "get_local_list_version",
    "GetLog", "log_upload", "get_log",
    "Heartbeat", "core", "",
    "InstallCertificate", "certificates", "install_certificate",
    "LogStatusNotification", "log_upload", "",
    "MeterValues", "core", "",
    "RemoteStartTransaction", "core", "remote_start_transaction",
    "RemoteStopTransaction", "core", "remote_stop_transaction",
    "ReserveNow", "reservation", "reserve_now",
    "Reset", "core", "reset",
    "SecurityEventNotification", "security", "",
    "SendLocalList", "local_list", "send_local_list",
    "SetChargingProfile", "smart_charging", "set_charging_profile",
    "SignCertificate", "certificates", "",
    "SignedFirmwareStatusNotification", "signed_firmware", "",
    "SignedUpdateFirmware", "signed_firmware", "signed_update_firmware",
    "StartTransaction", "core", "",
    "StatusNotification", "core", "",
    "StopTransaction", "core", "",
    "TriggerMessage", "remote_trigger", "trigger_message",
    "UnlockConnector", "core", "unlock_connector",
    "UpdateFirmware", "firmware", "update_firmware",
))  # fmt: skip
# What a request is answered whose profile is not there, but whose answer has a word for that (5.1, 5.10, 5.13, 5.15)
WITHOUT = const((
    "CancelReservation", "status", "Rejected",
    "GetLocalListVersion", "listVersion", -1,
    "ReserveNow", "status", "Rejected",
    "SendLocalList", "status", "NotSupported",
))  # fmt: skip
# Action, the status that refuses it ("": by a CALLERROR), erases of what follows the answer if it is Accepted. What the
# handler itself has the journal write is counted.
WRITING = const((
    "BootNotification", "Rejected", 0,  # its answer sets HeartbeatInterval
    "CancelReservation", "Rejected", 0,
    "CertificateSigned", "Rejected", 4,
    "ChangeAvailability", "Rejected", 0,
    "ChangeConfiguration", "Rejected", 0,
    "ClearCache", "Rejected", 0,
    "ClearChargingProfile", "", 0,
    "DeleteCertificate", "Failed", 2,
    "ExtendedTriggerMessage", "Rejected", 2,
    "GetDiagnostics", "", 4,
    "GetLog", "Rejected", 4,
    "InstallCertificate", "Rejected", 4,
    "RemoteStartTransaction", "Rejected", 4,
    "ReserveNow", "Rejected", 0,
    "Reset", "Rejected", 10,
    "SendLocalList", "Failed", 5,
    "SetChargingProfile", "Rejected", 0,
    "SignedUpdateFirmware", "Rejected", 30,
    "UpdateFirmware", "", 30,
))  # fmt: skip
# The profile, and its name in SupportedFeatureProfiles, in their order there
FEATURES = const((
    "core", "Core",
    "local_list", "LocalAuthListManagement",
    "reservation", "Reservation",
    "smart_charging", "SmartCharging",
    "remote_trigger", "RemoteTrigger",
    "firmware", "FirmwareManagement",
))  # fmt: skip
