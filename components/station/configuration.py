"""The configuration keys: their values, rules and persistence (OCPP 1.6, sections 5.3, 5.8 and 9)."""

from micropython import const

_STORED = const("ocpp/c/")  # + key: the text that was set
_NAME = const(0)
_TYPE = const(1)
_DEFAULT = const(2)
_ACCESS = const(5)


class Configuration:
    """The values of all keys, by name: ``configuration["HeartbeatInterval"]`` is an int, a bool or a str.

    Who has some adds a table of rows as in keys.py. A value set by `set` is journaled before it counts.
    ``refusal``: what was wrong with the last one, in words; "" if nothing was. What a text means is found out by
    `key_values`, which is there as long as that takes.
    """

    refusal = ""

    def __init__(self, store, log, on_demand):
        self._tables = ()
        self._store = store
        self._log = log
        self._on_demand = on_demand
        self._values = {}
        self._stored = {}  # texts that count only after a reboot
        self._watchers = ()
        self._owners = {}
        self._later = ()

    def add(self, table):
        """Take the keys of a profile, before `start`."""
        self._tables += (table,)
        for row in table:
            self._values[row[_NAME]] = row[_DEFAULT]

    def fix(self, name, value):
        """Give a read-only key the value that this device has."""
        self._values[name] = value

    def _rows(self):
        for table in self._tables:
            for row in table:
                yield row

    def _row(self, name):
        """The row of a key, in capitals or not (CiString50Type), or None."""
        for row in self._rows():
            if row[_NAME] == name:
                return row
        name = name.lower()  # only now: each lower() is an object on the heap
        for row in self._rows():
            if row[_NAME].lower() == name:
                return row
        return None

    def __getitem__(self, name):
        return self._values[name]

    def start(self):
        """Read what was set; what no longer fits its rule is ignored, with a word in the log."""
        with self._on_demand:
            self._read_stored()

    def _read_stored(self):
        from .key_values import parse

        for key in self._store.keys(_STORED):
            name = key[len(_STORED) :]
            row = self._row(name)
            try:
                if row is None:
                    raise ValueError("no such key")
                self._values[name] = parse(row, self._store.get(key), self._values)
            except ValueError as e:
                self._log.warning("stored configuration %s is not valid any more (%s): default", name, e)

    def watch(self, function):
        """Have ``function(name)`` called after a key was set."""
        self._watchers += (function,)

    def set_handler(self, name, function):
        """Have ``function(value)`` called to set a key; it keeps the value itself, and returns the status.

        It raises ValueError with the reason if it refuses the value.
        """
        self._owners[name] = function

    def later(self, function):
        """For the setter of a key: have ``function()`` called once the answer is sent."""
        self._later += (function,)

    def settle(self):
        """The answer is sent: do what was put off until then."""
        functions, self._later = self._later, ()
        for function in functions:
            function()

    def set(self, name, text):
        """ChangeConfiguration: returns its status. Raises the store's Error if it cannot be journaled, MemoryError."""
        try:
            with self._on_demand:
                return self._set(self._row(name), name, text)
        except ValueError as e:
            self.refusal = str(e)
            return "Rejected"

    def _set(self, row, name, text):
        from .key_values import parse, unknown

        if row is None:
            self.refusal = unknown(name, self.names())
            return "NotSupported"
        self.refusal = ""
        name = row[_NAME]
        if row[_ACCESS] == "R":
            raise ValueError("it is read-only")
        value = parse(row, text, self._values)
        if name in self._owners:
            return self._owners[name](value)
        text = write(value)
        if self._store.get(_STORED + name) != text:
            self._store.put(_STORED + name, text)
        if row[_ACCESS] == "RB":
            self._stored[name] = text
            return "RebootRequired"
        if self._values[name] != value:
            self._values[name] = value
            for watcher in self._watchers:
                watcher(name)
        return "Accepted"

    def read(self, name):
        """(name, value as text, is it read-only) of a key, or None if there is no such key.

        The value is None where it must not be read.
        """
        row = self._row(name)
        if row is None:
            return None
        name = row[_NAME]
        if row[_ACCESS] == "W":
            return name, None, False
        return name, self._stored.get(name) or write(self._values[name]), row[_ACCESS] == "R"

    def describe(self, name):
        """The rule of a key, see keys.py, as a dict; None if there is no such key."""
        row = self._row(name)
        return row and dict(zip(("name", "type", "default", "lowest", "highest", "access"), row))

    def names(self):
        """Generator of all keys."""
        for row in self._rows():
            yield row[_NAME]


def write(value):
    """A value as OCPP writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
