"""Who answers the central system's requests, and the schemas of all messages: each profile has its own."""

from micropython import const

from ujson_schema import SchemaError, validate

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


class CallDispatcher:
    """Dispatches the CALLs of the central system. A handler is a function(payload) that returns the answer's
    payload, or a tuple of it and a function to be called once the answer is sent; it may raise CallError. What takes
    long is a coroutine that returns the same.

    Seldom asked handlers are functions(profile, payload) of a module. A profile has ``calls()``, which imports it and
    returns it; that of a feature of the `station` is the dialect's module of its name. The module's ``schemas`` are
    those of the profile, unless it has them itself. The module is let go with `release`, unless it is in use
    elsewhere.

    ``profiles``: all that were added, in the order of the board.

    ``dialect``: the package, see `components.ocpp.v16`. `strict`: unknown fields in requests are refused, and so is
    null in the place of a field; otherwise such a field is absent, in answers to us, too.
    """

    def __init__(self, ocpp, dialect, strict):
        self._ocpp = ocpp
        self.dialect = dialect
        self._strict = strict
        self._loaded = False  # was a module loaded for the CALL that is being answered?
        self._names = self.profiles = ()

    def add(self, name, profile):
        """Take a profile, by its name in the table."""
        self._names += (name,)
        self.profiles += (profile,)

    def profile(self, name):
        """The profile or the station's feature of this name in the table, or None."""
        return self.profiles[self._names.index(name)] if name in self._names else self._ocpp.station.feature(name)

    def calls(self, name):
        """The module of the seldom asked handlers of the profile of this name, which is there."""
        own = getattr(self.profile(name), "calls", None)
        return own() if own is not None else __import__(self.dialect.__name__ + "." + name, None, None, ("schemas",))

    def _schemas(self, name):
        """The generated module of schemas of a profile."""
        return getattr(self.profile(name), "schemas", None) or self.calls(name).schemas

    def _row(self, action):
        """(the profile's name in the dialect's table, its function or ""); ("", ""): there is no such action."""
        table = self.dialect.ACTIONS
        for row in range(0, len(table), 3):
            if table[row] == action:
                return table[row + 1], table[row + 2]
        return "", ""

    def check_answer(self, action, answer):
        """Validate an answer to a request of ours; unknown fields are tolerated. Raises SchemaError.

        One whose schema finds no room in the heap is taken as it is.
        """
        name, _ = self._row(action)
        if self.profile(name) is None:
            return
        try:
            with self._ocpp.on_demand:
                schema = self._schemas(name).response(action)
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
        name, function = self._row(action)
        if not name:
            raise CallError("NotImplemented", action[:50])
        if not function or self.profile(name) is None:
            return self._without(action), None
        try:
            handler = self._handler(name, function)
            self._validate(self._schemas(name).request(action), payload, not self._strict)
            result = self._ocpp.writes.run(action, handler, payload)
        except SchemaError as e:
            raise CallError(e.code, str(e))
        except CallError:
            raise
        except Exception as e:
            raise self._failure(action, e)
        return (result, None) if isinstance(result, dict) else result

    def _without(self, action):
        """The answer to an action that this board does not have. Raises CallError where OCPP has no word for that."""
        words = self.dialect.WITHOUT
        if action not in words:
            raise CallError("NotSupported", action[:50])
        at = words.index(action)
        return {words[at + 1]: words[at + 2]}

    def _handler(self, name, function):
        """A method of the profile, or a function of its module that is loaded for this CALL."""
        profile = self.profile(name)
        handler = getattr(profile, function, None)
        if handler is not None:
            return handler
        if not self._loaded:
            self._ocpp.on_demand.begin()
            self._loaded = True
        handler = getattr(self.calls(name), function)
        return lambda payload: handler(profile, payload)

    def release(self):
        """The CALL is answered: let go of what was loaded for it."""
        if self._loaded:
            self._loaded = False
            self._ocpp.on_demand.end()

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
        self._ocpp.log.exception("handler of %s: %r" % (action, error), error)
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
