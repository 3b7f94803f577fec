"""Local Auth List Management (OCPP 1.6, sections 3.5.2, 5.10, 5.15 and 9.2): who may charge, told in advance.

========= =================================================
records   an entry as a record of fixed size
file      the sorted file: looked up, merged, all or nothing
schemas   of the messages, generated
========= =================================================
"""

from ..authorization import ACCEPTED, EXPIRED, same_tag
from . import schemas
from .file import ListError, ListFile
from .records import TAG, key_of, pack, unpack

NAME = "LocalAuthListManagement"
KEYS = (
    ("LocalAuthListEnabled", "bool", True, None, None, "RW"),
    ("LocalAuthListMaxLength", "int", 1000, None, None, "R"),
    ("SendLocalListMaxLength", "int", 10, None, None, "R"),
)
_VALID = (ACCEPTED, "ConcurrentTx")  # section 3.5.2: both mean a valid idTag
_NOT_SUPPORTED = -1  # the version, section 5.10
_AT_ONCE = 8  # entries made into records in one step of the event loop


class LocalList:
    """The Local Authorization List, in a file below the home directory that is searched where it lies.

    Options: ``max_entries`` in the list (45 bytes of flash each, twice while it is updated), ``max_update`` entries in
    one SendLocalList: with everything in it an entry takes up to 165 bytes of the message, which must find two places
    of its length in a heap that is in pieces; of 96 KB with a transaction under way 3.4 KB were too long at times, so
    20 entries are too many. ``file``: its directory must be there, as the store's is.
    """

    requires = ("ocpp", "clock", "log", "home")
    options = {
        "max_entries": (int, 1000, 1, 10000),
        "max_update": (int, 10, 1, 1000),
        "file": (str, "state/locallist"),
    }

    def __init__(self, ocpp, clock, log, home, max_entries, max_update, file):
        self._clock = clock
        self._log = log
        self._max_entries = max_entries
        self._max_update = max_update
        self._configuration = ocpp.configuration
        self._connector = ocpp.connector
        self._status = ocpp.status
        self._file = ListFile(home + "/" + file, clock)
        self._conflict = None  # the idTag that it was last told of
        ocpp.add_profile(NAME, self.handlers(), schemas, KEYS)
        ocpp.configuration.fix("LocalAuthListMaxLength", max_entries)
        ocpp.configuration.fix("SendLocalListMaxLength", max_update)
        ocpp.configuration.watch(self._on_configuration)
        ocpp.authorization.lists.append(self)
        ocpp.authorization.on_listed = self._on_listed
        ocpp.add_page(self._page)

    def handlers(self):
        """{action: function(payload)}, see `Actions`."""
        return {"GetLocalListVersion": self._get_version, "SendLocalList": self._send}

    async def start(self):
        """Check the file."""
        try:
            await self._file.load()
        except OSError as e:
            self._file.broken = True
            self._log.error("the local list cannot be read: %s", e)
            return
        if self._file.broken:
            self._log.error("the file of the local list is broken: empty until a full list comes")

    def _page(self):
        file = self._file
        words = "" if self._enabled() else ", switched off"
        if file.broken:
            words += ", the file was broken"
        yield "  local list: version %d, %d of %d entries, %d bytes written%s" % (
            file.version,
            file.count,
            self._max_entries,
            file.bytes,
            words,
        )

    def _enabled(self):
        return self._configuration["LocalAuthListEnabled"]

    # --- looking up ---------------------------------------------------------------------------------------------

    def find(self, tag):
        """(status, parentIdTag or None) of an idTag, or None if it is not in the list."""
        key = key_of(tag) if self._enabled() else None
        if key is None:
            return None
        try:
            record = self._file.find(key)
        except OSError as e:
            self._log.rare("the local list cannot be read: %s", str(e))
            return None
        return None if record is None else self._verdict(record)

    def _verdict(self, record):
        status, expiry_s, parent = unpack(record)
        if status in _VALID:
            status = ACCEPTED
            if expiry_s:
                utc_ms = self._clock.utc_ms()
                if utc_ms is None or utc_ms // 1000 >= expiry_s:
                    status = EXPIRED
        return status, parent

    def _on_listed(self, tag, listed, told):
        """The central system says `told` of an idTag that the list has as `listed` (section 3.5.2)."""
        if listed == (ACCEPTED if told in _VALID else told):
            if same_tag(tag, self._conflict):
                self._settle()
            return
        self._log.warning("idTag %s: the central system says %s, the local list %s", tag, told, listed)
        self._conflict = tag
        self._connector.list_conflict = ("%s: %s, listed as %s" % (tag, told, listed))[:50]
        self._status.tell_again(0)

    def _settle(self):
        self._conflict = None
        self._connector.list_conflict = ""

    def _on_configuration(self, name):
        if name == "LocalAuthListEnabled":
            self._settle()

    # --- the central system's commands --------------------------------------------------------------------------

    def _get_version(self, payload):
        return {"listVersion": self._file.version if self._enabled() else _NOT_SUPPORTED}

    def _send(self, payload):
        """SendLocalList: its answer, or a coroutine for it."""
        version = payload["listVersion"]
        full = payload["updateType"] == "Full"
        entries = payload.get("localAuthorizationList", [])
        if not self._enabled():
            return {"status": "NotSupported"}
        if not full and not self._file.broken and version <= self._file.version:
            return {"status": "VersionMismatch"}
        return self._answer_update(entries, version, full)

    async def _answer_update(self, entries, version, full):
        try:
            await self._update(entries, version, full)
        except (ListError, ValueError, OSError) as e:
            self._log.rare("the local list stays as it is: %s", str(e))
            return {"status": "Failed"}
        self._settle()
        self._log.info("local list: version %d, %d entries", self._file.version, self._file.count)
        return {"status": "Accepted"}

    async def _update(self, entries, version, full):
        if self._file.broken and not full:
            raise ListError("a broken list must come as a whole")
        if len(entries) > self._max_update:
            raise ListError("%d entries at once, allowed are %d" % (len(entries), self._max_update))
        if not 0 < version <= 0x7FFFFFFF and (entries or not full):
            raise ListError("%d is no version of a list" % version)
        batch = await self._records(entries, full)
        if not (full and await self._file.is_now(batch, version)):
            await self._file.update(batch, version, full, self._max_entries)

    async def _records(self, entries, full):
        """Sorted records of the entries, which are taken out of their list: their objects fill the heap."""
        batch = []
        while entries:
            batch.append(pack(entries.pop(), not full))
            if len(batch) % _AT_ONCE == 0:
                await self._clock.sleep_ms(0)
        batch.sort()
        for at in range(1, len(batch)):
            if batch[at][:TAG] == batch[at - 1][:TAG]:
                raise ListError("an idTag comes twice: %s" % batch[at][:TAG].rstrip(b"\0").decode())
        return batch
