"""Who answers the central system's requests, and the schemas of all messages: each profile brings its own."""

from micropython import const

from ujson_schema import SchemaError, validate

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
    "ExtendedTriggerMessage", "extended_trigger", "trigger_message",
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
_WITHOUT = const((
    "CancelReservation", "status", "Rejected",
    "GetLocalListVersion", "listVersion", -1,
    "ReserveNow", "status", "Rejected",
    "SendLocalList", "status", "NotSupported",
))  # fmt: skip
_LEVELS = const(8)  # no payload of OCPP nests deeper


NO_MEMORY = "no memory"  # the description of an InternalError
INVALID = (  # the codes of what the central system should not have sent
    "FormationViolation", "PropertyConstraintViolation", "OccurenceConstraintViolation", "TypeConstraintViolation",
    "ProtocolError", "GenericError",
)  # fmt: skip


class CallError(Exception):
    """A handler's refusal: becomes a CALLERROR with `code` (OCPP-J 1.6, table 7) and `description`."""

    def __init__(self, code, description=""):
        super().__init__(code)
        self.code = code
        self.description = description


class Actions:
    """What the central system may ask. A handler is a function(payload) that returns the answer's payload, or a tuple
    of it and a function to be called once the answer is sent; it may raise CallError. What takes long is a coroutine
    that returns the same.

    A profile has ``calls()``, which imports the module of its seldom asked handlers, functions(profile, payload), and
    returns it; that one's ``schemas`` are those of the profile, unless it has them itself. The module is let go with
    `release`, unless `on_demand` is in use elsewhere.

    ``profiles``: all of them, in the order of the board.

    `strict`: unknown fields in requests are refused, and so is null in the place of a field; otherwise such a field is
    absent, in answers to us, too. `run(action, handler, payload)` calls a handler.
    """

    def __init__(self, log, strict, run, on_demand):
        self._log = log
        self._strict = strict
        self._run = run
        self._on_demand = on_demand
        self._loaded = False  # was a module loaded for the CALL that is being answered?
        self._names = self.profiles = ()

    def add(self, name, profile):
        """Take a profile, by its name in the table."""
        self._names += (name,)
        self.profiles += (profile,)

    def profile(self, name):
        """The profile of this name in the table, or None."""
        return self.profiles[self._names.index(name)] if name in self._names else None

    def check_answer(self, action, answer):
        """Validate an answer to a request of ours; unknown fields are tolerated. Raises SchemaError.

        One whose schema finds no room in the heap is taken as it is.
        """
        row = _row(action)
        profile = self.profile(ACTIONS[row + 1]) if row >= 0 else None
        if profile is None:
            return
        try:
            with self._on_demand:
                schema = _schemas(profile).response(action)
        except MemoryError:
            return
        if schema is not None:
            self._validate(schema, answer, True)

    def _validate(self, schema, payload, tolerant):
        if not self._strict:
            _drop_nulls(payload)
        validate(schema, payload, tolerant)

    def handle(self, frame):
        """Answer a CALL: (payload, function or None), or what has to be finished (see `finish`). Raises CallError.

        `release` is due once it is answered.
        """
        if len(frame) < 4:
            raise CallError("ProtocolError", "the CALL is incomplete")
        action, payload = frame[2], frame[3]
        if not isinstance(action, str) or len(frame) > 4:
            raise CallError("FormationViolation", "not [2, id, action, payload]")
        row = _row(action)
        if row < 0:
            raise CallError("NotImplemented", action[:50])
        profile = self.profile(ACTIONS[row + 1])
        if profile is None or not ACTIONS[row + 2]:
            return _without(action), None
        try:
            handler = self._handler(profile, ACTIONS[row + 2])
            self._validate(_schemas(profile).request(action), payload, not self._strict)
            result = self._run(action, handler, payload)
        except SchemaError as e:
            raise CallError(e.code, str(e))
        except CallError:
            raise
        except Exception as e:
            raise self._failure(action, e)
        return (result, None) if isinstance(result, dict) else result

    def _handler(self, profile, name):
        """A method of the profile, or a function of its module that is loaded for this CALL."""
        handler = getattr(profile, name, None)
        if handler is not None:
            return handler
        if not self._loaded:
            self._on_demand.begin()
            self._loaded = True
        function = getattr(profile.calls(), name)
        return lambda payload: function(profile, payload)

    def release(self):
        """The CALL is answered: let go of what was loaded for it."""
        if self._loaded:
            self._loaded = False
            self._on_demand.end()

    async def finish(self, action, work):
        """Await what a handler left to be done: (payload, function or None). Raises CallError."""
        try:
            result = await work
        except CallError:
            raise
        except Exception as e:
            raise self._failure(action, e)
        return (result, None) if isinstance(result, dict) else result

    def _failure(self, action, error):
        """The answer if a handler fails, which is logged with its traceback."""
        self._log.exception("handler of %s: %r" % (action, error), error)
        return CallError("InternalError", NO_MEMORY if isinstance(error, MemoryError) else type(error).__name__)


def _drop_nulls(value, levels=_LEVELS):
    """Take the fields that are null out of a payload, nested ones, too: OCPP has none that may be."""
    if not levels:
        return
    if isinstance(value, dict):
        for name in [name for name in value if value[name] is None]:
            del value[name]
        value = value.values()
    elif not isinstance(value, list):
        return
    for item in value:
        _drop_nulls(item, levels - 1)


def _row(action):
    """Where an action is in the table, or -1."""
    for row in range(0, len(ACTIONS), 3):
        if ACTIONS[row] == action:
            return row
    return -1


def _schemas(profile):
    """The generated module of schemas of a profile."""
    return getattr(profile, "schemas", None) or profile.calls().schemas


def _without(action):
    """The answer to an action that this board does not have. Raises CallError where OCPP has no word for that."""
    if action not in _WITHOUT:
        raise CallError("NotSupported", action[:50])
    at = _WITHOUT.index(action)
    return {_WITHOUT[at + 1]: _WITHOUT[at + 2]}
