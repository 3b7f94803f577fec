"""Local Auth List Management (OCPP 1.6, sections 3.5.2, 5.10, 5.15 and 9.2): who may charge, sent in advance.

========= ===============================================================
records   an entry as a record of fixed size
file      the sorted file, in which idTags are looked up
update    the file is checked, and merged: all or nothing; loaded for that
calls     the answers to the messages; loaded for them
schemas   of the messages, generated
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
    """

    _conflict = None  # the idTag that was reported last

    requires = ("ocpp", "clock", "log", "home")
    options = {
        "max_entries": (int, 1000, 1, 10000),
        "max_update": (int, 10, 1, 1000),
        "file": (str, "state/locallist"),
    }

    def __init__(self, ocpp, clock, log, home, max_entries, max_update, file):
        self._ocpp = ocpp
        self.clock = clock
        self.log = log
        self.max_entries = max_entries
        self.max_update = max_update
        self._configuration = ocpp.configuration
        self.file = ListFile(home + "/" + file, clock, ocpp.urgent.block)
        ocpp.add_profile("local_list", self, KEYS)
        ocpp.configuration.fix("LocalAuthListMaxLength", max_entries)
        ocpp.configuration.fix("SendLocalListMaxLength", max_update)
        ocpp.configuration.watch(self._on_configuration)
        ocpp.station.authorization.add_list(self)

    def calls(self):
        """See `CallDispatcher`."""
        from . import calls

        return calls

    async def start(self):
        """Check the file."""
        try:
            with self._ocpp.on_demand:
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
            if self._ocpp.station.authorization.same_tag(tag, self._conflict):
                self.settle()
            return
        self.log.warning("idTag %s: the central system says %s, the local list %s", tag, told, listed)
        self._conflict = tag
        self._ocpp.station.availability.tell_conflict(("%s: %s, listed as %s" % (tag, told, listed))[:50])
        self._ocpp.status.tell_again(0)

    def settle(self):
        """No idTag is in conflict any more."""
        self._conflict = None
        self._ocpp.station.availability.tell_conflict("")

    def _on_configuration(self, name):
        if name == "LocalAuthListEnabled":
            self.settle()
