"""OCPP 1.6; and what a dialect is: the part of `components.ocpp` that knows messages by their names.

Below it CALLs, their answers and the connection are known, but no action; the service ``station`` charges, and knows no
message. A dialect sends what happens there, and makes what is asked a call of what is there. It imports modules of
`components.ocpp`, and none of the station or of another dialect; `components.ocpp.assembly` alone imports it.

The package has, as flat tuples of constants, which take no RAM in an image,

- ``SUBPROTOCOL``: of the WebSocket
- ``ACTIONS``: (action, profile, function) of each message either way, "" for a request of ours: see `CallDispatcher`
- ``WITHOUT``: (action, member, value): the answer where the board has no such profile; others are NotSupported
- ``WRITING``: (action, status, erases) of requests that have something written: see `WriteBudget`

and besides for each feature of the station that it knows a module of its name, with functions(feature, payload) and the
generated ``schemas``; a profile that is a component has its own (`Ocpp.add_profile`). The function ``messages(ocpp,
options)`` of the module ``assembly`` makes and registers the parts. It returns, for the use of others, in this order

- ``boot``, the registration: ``accepted`` (Signal, bool), ``status`` (as it was answered last, or None), ``pending()``
  (may only be sent what was asked for?), ``identity`` ({name: text}), ``bad_times`` (a count)
- ``delivery``, of the journal's events: ``start()``, called once the station has read the journal
- ``status``, of the connectors' states: ``step()``, called every 250 ms after theirs; ``skipped`` (a count)
- ``core``, the answers to what every central system asks: ``start()``, called once all profiles are there;
  ``set_data_transfer_handler(vendor, message, function)``
- ``outbox``, an `Outbox`

and has before registered

- ``station.connect(online, wake, waiting, step, tag_max)``, with `Ocpp.online`, `Rpc.wake` and `Ocpp.step`
- ``ocpp.rpc.add_sources(function, ...)``: who has the next `Call`, by precedence; `CallScheduler` may share it out
- ``ocpp.add_profile("core", core, rows)``, with the rows of the configuration that it has, and WebSocketPingInterval

Of the station (see `components.station`) a dialect uses

- ``authorization.asked()``, an idTag that the central system is to be asked for; then
  ``authorization.answered(verdict)`` or ``authorization.unanswered()``; ``authorization.learn(tag, verdict)`` for one
  that comes unasked
- ``journal.oldest()``, the event to be sent; ``journal.take(record, changes)`` when it was, or is given up;
  ``journal.outlet_of(record)``, ``journal.values(sample)``, ``journal.context(sample)``
- ``transactions.confirmed(number, id, verdict)`` of the event's outlet, which returns what to journal with that and
  what to call then; ``transactions.current`` and, after a restart, its ``called(id)``: the central system's name for it
- ``stamps.learn(utc_ms)``; ``stamps.fixed(stamp, latest_ms)`` and ``stamps.text(stamp)``, a stamp as UTC;
  ``stamps.message_id(number)``
- ``connector.notification``, a Signal: (state, error, info), None while that is uncertain; of the charge point
  ``availability.charge_point()``, which is told again, be it the same, whenever ``availability.conflicts`` differs
- ``transactions.obstacle(tag)``, ``transactions.remote_start(tag)``, ``transactions.stop(reason)``
- ``availability.change(connector, operative)``, ``authorization.clear()``, ``station.reset(kind)``
- ``configuration.read(name)``, ``configuration.set(name, text)``, then ``configuration.settle()``
- ``metering.triggered()``, ``metering.next_aligned()``
"""

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
    "ClearChargingProfile", "limits", "clear_charging_profile",
    "DataTransfer", "core", "data_transfer",
    "DeleteCertificate", "certificates", "delete_certificate",
    "DiagnosticsStatusNotification", "firmware", "",
    "ExtendedTriggerMessage", "extended_trigger", "extended_trigger_message",
    "FirmwareStatusNotification", "firmware", "",
    "GetCompositeSchedule", "limits", "get_composite_schedule",
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
    "SetChargingProfile", "limits", "set_charging_profile",
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
