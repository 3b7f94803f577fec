"""Who answers the central system's requests, and the schemas of all messages: each profile brings its own."""

from micropython import const

from ujson_schema import SchemaError, validate

# Actions of OCPP 1.6 and its security extension beyond Core: known, so the answer to one whose profile is not there is
# NotSupported.
_KNOWN = const(
    "|CertificateSigned|ClearChargingProfile|DeleteCertificate|DiagnosticsStatusNotification|"
    "ExtendedTriggerMessage|FirmwareStatusNotification|GetCompositeSchedule|GetDiagnostics|GetInstalledCertificateIds|"
    "GetLog|InstallCertificate|LogStatusNotification|SecurityEventNotification|SetChargingProfile|"
    "SignCertificate|SignedFirmwareStatusNotification|SignedUpdateFirmware|"
    "TriggerMessage|UpdateFirmware|"
)
# What a request is answered whose profile is not there, but whose answer has a word for that (5.1, 5.10, 5.13, 5.15)
_WITHOUT = {
    "CancelReservation": {"status": "Rejected"},
    "GetLocalListVersion": {"listVersion": -1},
    "ReserveNow": {"status": "Rejected"},
    "SendLocalList": {"status": "NotSupported"},
}
_LEVELS = const(8)  # no payload of OCPP nests deeper


NO_MEMORY = "no memory"  # the description of an InternalError


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

    `strict`: unknown fields in requests are refused, and so is null in the place of a field; otherwise such a field is
    absent, in answers to us, too. `run(action, handler, payload)` calls a handler.
    """

    def __init__(self, log, strict, run):
        self._log = log
        self._strict = strict
        self._run = run
        self._handlers = {}
        self._schemas = ()

    def add(self, handlers, schemas):
        """Take the {action: handler} of a profile, and its generated module of schemas."""
        self._handlers.update(handlers)
        self._schemas += (schemas,)

    def _request(self, action):
        for module in self._schemas:
            schema = module.request(action)
            if schema is not None:
                return schema
        return None

    def check_answer(self, action, answer):
        """Validate an answer to a request of ours; unknown fields are tolerated. Raises SchemaError."""
        for module in self._schemas:
            schema = module.response(action)
            if schema is not None:
                self._validate(schema, answer, True)
                return

    def _validate(self, schema, payload, tolerant):
        if not self._strict:
            _drop_nulls(payload)
        validate(schema, payload, tolerant)

    def handle(self, frame):
        """Answer a CALL: (payload, function or None), or what has to be finished (see `finish`). Raises CallError."""
        if len(frame) < 4:
            raise CallError("ProtocolError", "the CALL is incomplete")
        action, payload = frame[2], frame[3]
        if not isinstance(action, str) or len(frame) > 4:
            raise CallError("FormationViolation", "not [2, id, action, payload]")
        handler = self._handlers.get(action)
        schema = self._request(action)
        if handler is None and action in _WITHOUT:
            return _WITHOUT[action], None
        if handler is None:
            known = schema is not None or "|" not in action and "|" + action + "|" in _KNOWN
            raise CallError("NotSupported" if known else "NotImplemented", action[:50])
        try:
            if schema is not None:
                self._validate(schema, payload, not self._strict)
            result = self._run(action, handler, payload)
        except SchemaError as e:
            raise CallError(e.code, str(e))
        except CallError:
            raise
        except Exception as e:
            raise self._failure(action, e)
        return (result, None) if isinstance(result, dict) else result

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
        """The answer if a handler fails, which is told with its traceback."""
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
