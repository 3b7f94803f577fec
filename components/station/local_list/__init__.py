"""A list of idTags, sent in advance, that says who may charge: a feature that a board may leave out (OCPP 1.6, sections
3.5.2, 5.10, 5.15 and 9.2).

========= ===============================================================
records   an entry as a record of fixed size
file      the sorted file, in which idTags are looked up
update    the file is checked, and merged: all or nothing; loaded for that
requests  what a dialect asks for; loaded for that
========= ===============================================================
"""

from micropython import const

from .file import ListFile
from .records import key_of, unpack

KEYS = (
    ("LocalAuthListEnabled", "bool", True, None, None, "RW"),
    ("LocalAuthListMaxLength", "int", 1000, None, None, "R"),
    ("SendLocalListMaxLength", "int", 10, None, None, "R"),
)
_ACCEPTED = const("Accepted")
_VALID = const(("Accepted", "ConcurrentTx"))  # section 3.5.2: both mean a valid idTag


class LocalList:
    """The Local Authorization List, in a file below the home directory that is searched where it lies.

    Options: ``max_entries`` in the list (45 bytes of flash each, twice while it is updated), ``max_update`` entries in
    one SendLocalList: with everything in it an entry takes up to 165 bytes of the message, which must find two places
    of its length in a heap that is in pieces; of 96 KB with a transaction under way 3.4 KB were too long at times, so
    20 entries are too many. ``file``: its directory must be there, as the store's is.

    A dialect finds this as the station's feature "local_list", and uses

    - ``enabled()`` and ``file.version`` (GetLocalListVersion: OCPP 1.6, 5.10; 2.0.1, D02), 0 of an empty list;
    - `requests`: the module for what is asked, whose functions have this object as their first argument: `follows` and
      `send` (SendLocalList: 5.15; D01). An entry is (idTag, status or None: to be removed, expiry as UTC in ms or None,
      parentIdTag or None), a status one of "Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx".

    OCPP 2.0.1 has the same list. An idTag has at most 20 characters in it, and a status is one of those five: an update
    with an entry that is otherwise is refused as a whole.
    """

    _conflict = None  # the idTag that was reported last

    requires = ("station", "clock", "log", "home", "kernel")
    options = {
        "max_entries": (int, 1000, 1, 10000),
        "max_update": (int, 10, 1, 1000),
        "file": (str, "state/locallist"),
    }

    def __init__(self, station, clock, log, home, kernel, max_entries, max_update, file):
        self._station = station
        self.clock = clock
        self.log = log
        self.max_entries = max_entries
        self.max_update = max_update
        self._configuration = configuration = station.configuration
        self.file = ListFile(home + "/" + file, clock, kernel.urgent.block)
        configuration.add(KEYS)
        configuration.fix("LocalAuthListMaxLength", max_entries)
        configuration.fix("SendLocalListMaxLength", max_update)
        configuration.watch(self._on_configuration)
        station.add_feature("local_list", self)
        station.authorization.add_list(self)

    def requests(self):
        """The module of what a dialect asks, which has the station's ``on_demand`` in use. Raises MemoryError."""
        from . import requests

        return requests

    async def start(self):
        """Check the file."""
        try:
            with self._station.on_demand:
                from .update import load

                await load(self.file)
        except OSError as e:
            self.file.broken = True
            self.log.error("the local list cannot be read: %s", e)
            return
        if self.file.broken:
            self.log.error("the file of the local list is broken: empty until a full list comes")

    def page(self):
        """What the console shows."""
        file = self.file
        words = "" if self.enabled() else ", switched off"
        if file.broken:
            words += ", the file was broken"
        text = "  local list: version %(version)d, %(entries)d of %(most)d entries, %(bytes)d bytes written" + words
        yield "local_list", text, {
            "version": file.version,
            "entries": file.count,
            "most": self.max_entries,
            "bytes": file.bytes,
            "enabled": self.enabled(),
            "broken": file.broken,
        }

    def enabled(self):
        """Is the list in use?"""
        return self._configuration["LocalAuthListEnabled"]

    # --- looking up ---------------------------------------------------------------------------------------------

    def find(self, tag):
        """(status, parentIdTag or None) of an idTag, or None if it is not in the list."""
        key = key_of(tag) if self.enabled() else None
        if key is None:
            return None
        try:
            record = self.file.find(key)
        except OSError as e:
            self.log.rare("the local list cannot be read: %s", str(e))
            return None
        return None if record is None else self._verdict(record)

    def _verdict(self, record):
        status, expiry_s, parent = unpack(record)
        if status in _VALID:
            status = _ACCEPTED
            if expiry_s:
                utc_ms = self.clock.utc_ms()
                if utc_ms is None or utc_ms // 1000 >= expiry_s:
                    status = "Expired"
        return status, parent

    def told(self, tag, listed, told):
        """The central system answers `told` for an idTag that the list has as `listed` (section 3.5.2)."""
        if listed == (_ACCEPTED if told in _VALID else told):
            if self._station.authorization.same_tag(tag, self._conflict):
                self.settle()
            return
        self.log.warning("idTag %s: the central system says %s, the local list %s", tag, told, listed)
        self._conflict = tag
        self._station.availability.tell_conflict(("%s: %s, listed as %s" % (tag, told, listed))[:50])

    def settle(self):
        """No idTag is in conflict any more."""
        self._conflict = None
        self._station.availability.tell_conflict("")

    def _on_configuration(self, name):
        if name == "LocalAuthListEnabled":
            self.settle()
