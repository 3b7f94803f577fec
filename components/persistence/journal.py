"""The journal's file as a whole: opening it, adding a record, compaction."""

import os
import time
from micropython import const

from components.persistence.index import Index
from components.persistence.medium import ENOSPC, Medium, remove
from components.persistence.records import FAILURES, HEAD, Records, StoreError
from core.files import make_dirs, make_private
from core.loading import unload
from core.signals import Signal

_COMPACT_MIN = const(24576)  # a journal shorter than this is left as it is
_END_MS = const(2)
_AGAIN_MS = const(300000)  # after a compaction that failed
_BLOCK = const(4096)  # bytes that a flash erases at once
FLASH = "flash"  # what the medium's time goes by (`Urgent`)
DOUBTS = "store.doubts"  # the words of what is in doubt, until it is released
SCOPE = "store.scope"  # the first scope of the board that wrote the journal; without one it had no scopes


class Journal:
    """What `Persistence` is above the file; see there."""

    SCRUB = "store.scrub"
    doubts = ()
    damaged = 0
    _opened = False
    _in_commit = False
    _views = ()  # a Scoped of each scope of the board
    _first = None  # that of the first
    _copying = None  # the Compaction that is under way
    _compact_due_ms = 0

    def __init__(self, folder, clock, log, urgent, max_bytes):
        self._folder = folder
        self._path = folder + "/journal"
        self._aside = folder + "/journal.bad"
        self._clock = clock
        self._log = log
        self._urgent = urgent
        self._max_bytes = max_bytes
        self._medium = Medium(clock, log)
        self.fault = self._medium.fault
        self.trusted = Signal(False, clock)
        self.index = Index(Records(self._path))  # replaced as a whole
        self._vital = {}
        self.records = self.bytes = self.compactions = self.torn = self.lost = 0

    @property
    def erases(self):
        """Erased flash blocks, estimated for littlefs with blocks of 4096 bytes.

        Measured there: a flush erases one block, since it copies the last one of the file; the directory's log takes
        another one for each 32 flushes, and so does each block that gets full; a compaction takes two for its file.
        """
        return self.records * 33 // 32 + self.bytes // _BLOCK + 2 * self.compactions

    # --- opening ----------------------------------------------------------------------------------------------

    def _open(self):
        """Read the journal, or make one; what is damaged or torn is compacted away. Raises OSError, MemoryError."""
        try:
            self._read_all()
        finally:
            _let_go("replay")

    def _read_all(self):
        from components.persistence.replay import Replay, settle  # seldom; what they make takes more memory than they

        make_dirs(self._folder)
        make_private(self._folder)
        self._give_up()
        if not settle(self._folder):
            self._compact()
            return
        make_private(self._path)
        found = Replay(self._path, self._vital)
        self._count(found)
        self.index.records.close()
        self.index = found.index
        doubts = self._find_doubts(found)
        if found.records.version == 1 or found.torn or found.damaged or found.lost:
            self._repair(found, doubts)
        self.doubts = doubts
        self.trusted.set(self._opened and not doubts)
        live = len(found.index.offsets)
        self._log.info("journal: %d records, %d bytes, %d keys", found.records.number, found.records.size, live)

    def _count(self, found):
        totals = found.totals or (0, 0, 0, 0, int.from_bytes(os.urandom(3), "little"))  # another than any before
        self.records, self.bytes, self.compactions, self.torn, self.lost = totals
        self.records += max(0, found.since)
        self.bytes += found.records.size
        self.torn += found.torn
        self.lost += found.lost
        self.damaged = found.damaged
        if found.torn:
            self._log.warning("journal: %d bytes behind the last good record cut off", found.torn)
        if found.damaged:
            words = "journal: %d damaged places, %d records lost"
            (self._log.error if found.lost else self._log.warning)(words, found.damaged, found.lost)
        if found.index.ignored:
            self._log.warning("journal: %d entries were removed that were absent", found.index.ignored)

    def scoped(self, scope, first):
        """What is inside a scope of the board has as its store: see `Scoped`."""
        for view in self._views:
            if view.scope == scope:
                return view
        from components.persistence.scoped import Scoped

        view = Scoped(self, scope, first)
        self._views += (view,)
        if first:
            self._first = view
        return view

    def _moves(self):
        """What is to be journaled at the start: what the board's first scope, or that it has none, moves."""
        scope = self._first.scope if self._first else ""
        if self.index.get(SCOPE, "") == scope:
            return {}
        from components.persistence.scoped import moved

        changes = moved(self.index, SCOPE, scope)
        _let_go("scoped")
        return changes

    def _find_doubts(self, found):
        """Words for what is in doubt: by this damage, and by former that was not released."""
        try:
            doubts = list(self.index.get(DOUBTS, ()))
        except (StoreError, TypeError):
            doubts = []
        for key in found.doubts:
            words = self._vital[key] + self._whose(key)
            if words not in doubts:
                doubts.append(words)
                self._log.error("journal: %s is in doubt", words)
        return tuple(doubts)

    def _whose(self, key):
        """Words for the scope that a key is in."""
        for view in self._views:
            if key.startswith(view.key("")):
                return " of " + view.scope
        return ""

    def _repair(self, found, doubts):
        """Write the journal anew. A medium without room for that keeps the old file, and is logged at each start."""
        extra = {DOUBTS: doubts} if doubts else {}
        try:
            self._compact(extra, self._aside if found.lost else None)
        except FAILURES as e:
            if found.records.version == 1 or self.index.bad:
                raise
            self._log.error("the journal could not be repaired: %s", e)

    # --- adding a record --------------------------------------------------------------------------------------

    def _append(self, record, text):
        """Write, flush and take in a record. Raises StoreError, MemoryError: then nothing has changed."""
        index = self.index
        records = index.records
        size = records.size
        bytes_then = self.bytes + 2 * (HEAD + len(text))
        records_then = self.records + 1
        index.reserve(record)
        try:
            offset = self._write(records, text)
        except FAILURES as e:
            index.release(record)
            records.take_back(size, len(text))
            self._medium.failed(e)
            self._log.rare("the journal cannot be written: %s", e)
            raise StoreError("journal not written: %s" % e)
        index.apply(record, offset)  # from here on nothing is allocated
        self.bytes = bytes_then
        self.records = records_then
        self._medium.works()

    def _write(self, records, text):
        """Write and flush; what was set aside makes room if there is none."""
        size = records.size
        try:
            offset = self._block(records.write, text)
            self._flush(records)
        except OSError as e:
            if e.args[:1] != (ENOSPC,) or not remove(self._aside):
                raise
            self._log.warning("the medium is full: the damaged journal that was kept is removed")
            records.take_back(size, len(text))
            offset = self._block(records.write, text)
            self._flush(records)
        return offset

    def _flush(self, records):
        self._block(records.flush)

    def _block(self, function, *arguments):
        """The medium may block the loop: what cannot wait is done before, and must not commit anything itself."""
        self._in_commit = True
        try:
            return self._urgent.block(FLASH, function, *arguments)
        finally:
            self._in_commit = False

    # --- compaction -------------------------------------------------------------------------------------------

    def _has_to_compact(self):
        """Whether it is worth it, or requested, and possible now."""
        size = self.index.records.size
        if self._copying is None:
            worth = size >= _COMPACT_MIN and 2 * self.index.dead > size
            if not (worth or self.SCRUB in self.index.offsets) or self._clock.uptime_ms() < self._compact_due_ms:
                return False
        return self._urgent.calm() or size > self._max_bytes // 2

    def _begin(self, extra):
        from components.persistence.compaction import Compaction  # likewise

        totals = (self.records, self.bytes, self.compactions + 1, self.torn, self.lost)
        self._copying = Compaction(self.index, self._folder, totals, self.SCRUB, extra)
        return self._copying

    def _step(self, limit_ms):
        """Go on compacting for so long; returns whether there is more to do."""
        try:
            copying = self._copying or self._begin({})
            began = self._clock.ticks_ms()
            while copying.step():
                if time.ticks_diff(self._clock.ticks_ms(), began) >= limit_ms:
                    return True
            if time.ticks_diff(self._clock.ticks_ms(), began) > _END_MS:
                return True  # what the medium has to do at the end gets a step of its own
            self._finish(copying, None)
        except FAILURES as e:
            self._give_up()
            self._compact_due_ms = self._clock.uptime_ms() + _AGAIN_MS
            self._log.rare("compaction failed: %s", e)
        return False

    def _compact(self, extra=None, aside=None):
        """Compact at once. Raises OSError, MemoryError."""
        try:
            if extra:
                self._give_up()
            copying = self._copying or self._begin(extra or {})
            while copying.step():
                pass
            self._finish(copying, aside)
        except FAILURES:
            self._give_up()
            raise

    def _finish(self, copying, aside):
        was = self.index.records.size
        self.index = copying.finish(self._flush, self._path, aside)
        self._forget_copying()
        self.compactions += 1
        self.bytes = copying.totals[1] + self.index.records.size
        self._log.debug("journal compacted, %d to %d bytes", was, self.index.records.size)

    def _give_up(self):
        """A compaction that is under way, if any, failed or is not needed any more."""
        copying = self._copying
        if copying is not None:
            self._forget_copying()
            copying.give_up()

    def _forget_copying(self):
        self._copying = None
        _let_go("compaction")


def _let_go(module):
    try:
        unload("components.persistence." + module)
    except MemoryError:
        pass  # the next time
