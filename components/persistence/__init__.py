"""The journal: what must survive a power cut is in it before it is acted on.

One file of records, appended and flushed one by one. A record is

    u16 length of the text (little-endian) | u32 CRC-32 of the length and the text | text (JSON)

and holds one whole commit, so that a commit is there as a whole or not at all. The text is an object with any of

    "v"  format version, "c" totals up to here      the first record of a file
    "s"  {key: value}; null deletes the key
    "o"  [queue, ...]           takes the first entry of each queue (out)
    "d"  [[queue, index], ...]  drops an entry that is not the first
    "p"  [[queue, object], ...] adds an entry at the end of a queue (push)

In RAM are only places in the file: one integer for each key and each queued entry.

littlefs writes beside and switches over when a file is synchronised (flush), so there a cut leaves no torn tail; but
each flush costs the erase of one block, because the last block of the file is copied. On other file systems the
tail may be torn; it is cut off at the next start. Compaction writes ``journal.new`` and renames it.
"""

import json
import os
from micropython import const

from components.persistence.index import PUSHES_MAX, Index
from components.persistence.medium import Medium
from components.persistence.records import HEAD, TEXT_MAX, QueueFull, Records, StoreError, parse
from core.files import flush_dir, make_dirs

_VERSION = const(1)
_IDLE_MS = const(2000)
_COMPACT_MIN = const(12288)  # a journal shorter than this is left as it is
_BLOCK = const(4096)  # bytes that a flash erases at once


class Persistence:
    """The store of a device: keys with small JSON values, and queues, in one journal below the home directory.

    When `put`, `delete` or `commit` returns, it has written and flushed. It raises StoreError (an OSError; also as
    ``store.Error``) if that was impossible, QueueFull (a StoreError; ``store.Full``) at a bound; then nothing has
    changed. ``queue_max`` bounds the entries of each queue, ``max_bytes`` the file: pushes may fill three quarters of
    it, the rest is kept for the values.

    ``fault`` (Signal, str): "" while the store can be relied on, else what is wrong, in words: a commit failed, or the
    journal could not be opened. It is "" again after the next commit that succeeds; the store also tries by itself, at
    growing intervals. ``doubts``: what a damaged journal lost that forbids charging until somebody releases it.

    Counters, all since the first start of the device: ``records`` (commits), ``bytes``, ``compactions``, ``erases``,
    ``torn`` (bytes cut off at starts).
    """

    requires = ("home", "clock", "log", "pulse", "kernel")
    options = {
        "dir": (str, "state"),
        "queue_max": (int, 500, 1, 10000),
        "max_bytes": (int, 262144, 4096, 16777216),
    }
    Error = StoreError
    Full = QueueFull
    doubts = ()
    _in_commit = False

    def __init__(self, home, clock, log, pulse, kernel, dir="state", queue_max=500, max_bytes=262144):
        self._dir = dir if dir.startswith("/") else home + "/" + dir
        self._clock = clock
        self._log = log
        self._pulse = pulse
        self._urgent = kernel.urgent
        self._queue_max = queue_max
        self._max_bytes = max_bytes
        self._records = Records(self._dir + "/journal")
        self._index = Index(self._records)
        self._opened = False
        self._medium = Medium(clock, log)
        self.fault = self._medium.fault
        self.records = self.bytes = self.compactions = self.torn = 0

    # --- life -------------------------------------------------------------------------------------------------

    async def start(self):
        """Open the journal, replay it, cut off a torn tail. Raises StoreError."""
        try:
            make_dirs(self._dir)
            self._remove_new()
            if "journal" in os.listdir(self._dir):
                self._replay()
            else:
                self._compact()
            self._opened = True
        except OSError as e:
            raise StoreError("journal in %s: %s" % (self._dir, e))

    async def run(self):
        """Compact in quiet moments, so that a commit seldom has to."""
        while True:
            self._pulse()
            if self._medium.is_due():
                self._probe()
            if self._records.size >= _COMPACT_MIN and 2 * self._index.dead > self._records.size:
                try:
                    self._compact()
                except OSError as e:
                    self._log.rare("compaction failed: %s", e)
            await self._clock.sleep_ms(_IDLE_MS)

    def _probe(self):
        """Does the medium take something? What is written is no record: the next commit writes over it."""
        try:
            self._records.probe()
        except OSError as e:
            self._records.close()
            self._medium.failed(e)
        else:
            self._medium.works()

    async def stop(self):
        self._opened = False
        self._records.close()

    @property
    def erases(self):
        """Erased flash blocks, estimated for littlefs with blocks of 4096 bytes.

        Measured there: a flush erases one block, since it copies the last one of the file; the directory's log takes
        another one for each 32 flushes, and so does each block that gets full; a compaction takes two for its file.
        """
        return self.records * 33 // 32 + self.bytes // _BLOCK + 2 * self.compactions

    # --- reading ----------------------------------------------------------------------------------------------

    def get(self, key, default=None):
        """The value of `key`. It is read from the medium: keep it if you need it often. Raises StoreError."""
        return self._index.get(key, default)

    def keys(self, prefix=""):
        """The keys that begin with `prefix`, sorted."""
        return sorted([key for key in self._index.offsets if key.startswith(prefix)])

    def queue(self, name):
        """The queue of this name; it is empty until something is pushed."""
        return self._index.queue(name)

    # --- writing ----------------------------------------------------------------------------------------------

    def put(self, key, value):
        """Set a key to a JSON-able value (None deletes it)."""
        self.commit({key: value})

    def delete(self, key):
        """Delete a key; nothing is written if it is not there."""
        if key in self._index.offsets:
            self.commit({key: None})

    def commit(self, changes=None, push=(), pop=(), drop=()):
        """Make one atomic change; in this order:

        pop: names of queues whose oldest entry is taken, drop: ((queue, index), ...) counted after that,
        changes: {key: value, or None to delete it}, push: ((queue, JSON-able object), ...), at most 16.
        Raises IndexError if there is nothing to pop or drop, ValueError if an object is not JSON-able, QueueFull,
        StoreError.
        """
        self._check(push, pop, drop)
        record = {}
        for name, content in (("s", changes), ("o", pop), ("d", drop), ("p", push)):
            if content:
                record[name] = content
        if not record:
            return
        text = json.dumps(record).encode()
        if parse(text) is None:  # MicroPython's json writes down what it cannot read again, such as NaN
            raise ValueError("not JSON-able: %r" % record)
        if len(text) > TEXT_MAX:
            raise StoreError("a record of %d bytes is too long" % len(text))
        if not self._opened or self._in_commit:
            raise StoreError("a commit within a commit" if self._opened else "the journal is not open")
        self._make_room(HEAD + len(text), push, changes)
        offset = self._append(text)
        self.records += 1
        self.bytes += HEAD + len(text)
        self._index.apply(record, offset)

    def _check(self, push, pop, drop):
        left = {}
        for name in pop:
            left[name] = left.get(name, len(self.queue(name))) - 1
        for name, index in drop:
            left[name] = left.get(name, len(self.queue(name))) - 1
            if not 0 <= index <= left[name]:
                raise IndexError("queue %s has no entry %d" % (name, index))
        for name, _ in push:
            left[name] = left.get(name, len(self.queue(name))) + 1
            if left[name] > self._queue_max:
                raise QueueFull("queue %s is full: %d entries" % (name, self._queue_max))
        if len(push) > PUSHES_MAX or (left and min(left.values()) < 0):
            raise IndexError("nothing to pop" if len(push) <= PUSHES_MAX else "too many pushes")

    def _make_room(self, length, push, changes):
        """Compact if the file would grow too long, and if that is worth it; raise if it would still."""
        if push:
            limit = self._max_bytes // 4 * 3
        else:
            limit = self._max_bytes if changes else 2 * self._max_bytes  # what only takes away may always
        if self._records.size + length > limit and self._index.dead >= self._max_bytes // 8:
            try:
                self._compact()
            except OSError as e:
                self._log.rare("compaction failed: %s", e)
        if self._records.size + length > limit:
            raise (QueueFull if push else StoreError)("the journal is full: %d bytes" % self._records.size)

    def _append(self, text):
        size = self._records.size
        try:
            offset = self._records.write(text)
            self._flush(self._records)
        except OSError as e:
            self._records.size = size
            self._records.close()
            self._medium.failed(e)
            raise StoreError("journal not written: %s" % e)
        self._medium.works()
        return offset

    def _flush(self, records):
        """The medium may block the loop: what cannot wait is done before, and must not commit anything itself."""
        self._in_commit = True
        try:
            self._urgent()
        finally:
            self._in_commit = False
        records.flush()

    # --- the file as a whole ----------------------------------------------------------------------------------

    def _replay(self):
        """Read the journal; what follows the last good record is cut off by compaction."""
        records = self._records
        compacted = 0  # records that the last compaction wrote
        count = 0
        while True:
            text = records.text(records.size)
            record = None if text is None else parse(text)
            if record is None or (count == 0) != ("v" in record):
                break
            if count == 0:
                compacted = self._set_totals(record)
            self._index.apply(record, records.size)
            records.size += HEAD + len(text)
            count += 1
        self.bytes += records.size
        self.records += max(0, count - compacted)
        torn = records.length() - records.size
        if torn or count == 0:
            self.torn += torn
            self._log.warning("journal: %d bytes behind the last good record cut off", torn)
            self._compact()
        self._log.info("journal: %d records, %d bytes, %d keys", count, records.size, len(self._index.offsets))

    def _set_totals(self, header):
        if header["v"] != _VERSION:
            raise StoreError("format %r; this firmware reads format %d" % (header["v"], _VERSION))
        self.records, self.bytes, self.compactions, self.torn = header["c"]
        return header["k"]

    def _compact(self):
        """Write what lives into journal.new and rename it. Raises OSError: then all is as it was."""
        began_ms = self._clock.uptime_ms()
        fresh = Records(self._dir + "/journal.new")
        was = self._records.size
        try:
            fresh.create()
            totals = (self.records, self.bytes, self.compactions + 1, self.torn)
            header = {"v": _VERSION, "c": totals, "k": 1 + len(self._index)}
            fresh.write(json.dumps(header).encode())
            index = self._index.copy_to(fresh)
            self._flush(fresh)
            fresh.close()
            self._records.close()
            os.rename(fresh.path, self._records.path)
        except OSError:
            fresh.close()
            self._remove_new()
            raise
        flush_dir(self._dir)
        self._records.size = fresh.size
        self._index.adopt(index)
        self.compactions += 1
        self.bytes += fresh.size
        self._log.debug("journal compacted, %d to %d bytes, %d ms", was, fresh.size, self._clock.uptime_ms() - began_ms)

    def _remove_new(self):
        """Remove what an interrupted compaction left."""
        try:
            os.remove(self._dir + "/journal.new")
        except OSError:
            pass  # there is none
