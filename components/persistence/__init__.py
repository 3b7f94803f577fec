"""The journal: what must survive a power cut is in it before it is acted on.

One file of records, appended and flushed one by one; a record is one whole commit, so that a commit is there as a whole
or not at all, and stands in the file twice (see `records`), so that a damaged place costs nothing. Its text is an
object with any of

    "v"  format version, "c" counters up to here, "k" records of the compaction      the first record of a file
    "s"  {key: value}; null deletes the key
    "o"  [queue, ...]           takes the first entry of each queue (out)
    "d"  [[queue, index], ...]  drops an entry that is not the first
    "x"  [entry, ...]           what "o" and "d" take, by name: number of its record << 4 | index among its pushes
    "p"  [[queue, object], ...] adds an entry at the end of a queue (push)

Names go before positions: where damage has lost an entry, no other is taken in its place. Former firmware has none.

In RAM are only places in the file: one integer for each key and each queued entry.

===========  ===================================================================================================
journal      the file as a whole: opening, adding, compaction
records      the records in it; ``format1``: as former firmware wrote them
index        the places of what lives
replay       reading a file, damaged or not
compaction   copying what lives to ``journal.new``, in steps
medium       whether the medium takes what is written
===========  ===================================================================================================

What holds. After a power cut at any moment every commit that returned is there; the one that was under way is there as
a whole or not at all. littlefs writes beside and switches over when a file is synchronised (flush), so there a cut
leaves no torn tail; but each flush costs the erase of one block, because the last block of the file is copied. On other
file systems the tail may be torn; it is cut off at the next start. A damaged place that hits one of a record's two
copies loses nothing. If both are lost, and something was written behind them, the start continues with what is there,
keeps the damaged file as ``journal.bad`` while the medium has room, counts in `lost`, and blocks charging (`doubts`)
if a vital key may have been in it. Damage in the last record of all cannot be distinguished from a torn tail. What is
deleted is in the file until it is compacted, and in freed blocks of a flash until they are erased.
"""

import json
from micropython import const

from components.persistence.index import PUSHES_MAX, Queue
from components.persistence.journal import DOUBTS, FLASH, Journal
from components.persistence.records import FAILURES, HEAD, TEXT_MAX, QueueFull, StoreError, parse
from core.kernel import RESTART

_IDLE_MS = const(2000)
_STEP_MS = const(10)  # a step of a compaction ends with the record that is being copied then
_PAUSE_MS = const(20)  # between two


class Persistence(Journal):
    """The store of a device: keys with small JSON values, and queues, in one journal below the home directory.

    When `put`, `delete` or `commit` returns, it has written and flushed. It raises StoreError (an OSError; also as
    ``store.Error``) if that was impossible, QueueFull (a StoreError; ``store.Full``) at a bound, MemoryError; then
    nothing has changed. ``queue_max`` bounds the entries of each queue, ``max_bytes`` the file: pushes may fill three
    quarters of it, the rest is kept for the values.

    ``fault`` (Signal, str): "" while the store can be relied on, else what is wrong, as text: a commit failed, or the
    journal could not be opened. It is "" again after the next commit that succeeds; the store retries without one, too.
    A journal that could not be opened is empty to the others and takes nothing; once it can be, the firmware restarts.

    ``doubts`` (tuple of str): what is uncertain since a damaged journal lost it, also over restarts, until
    `release`; ``trusted`` (Signal, bool): the journal is open, and there are none.

    Counters, all since the first start of the device: ``records`` (commits), ``bytes``, ``compactions``, ``erases``,
    ``torn`` (bytes cut off at starts), ``lost`` (records lost to damage); ``damaged``: places found at this start.
    """

    requires = ("home", "clock", "log", "pulse", "kernel")
    options = {
        "dir": (str, "state"),
        "queue_max": (int, 500, 1, 10000),
        "max_bytes": (int, 262144, 4096, 16777216),
    }
    Error = StoreError
    Full = QueueFull
    _riders = ()

    def __init__(self, home, clock, log, pulse, kernel, dir, queue_max, max_bytes):
        folder = dir if dir.startswith("/") else home + "/" + dir
        super().__init__(folder, clock, log, kernel.urgent, max_bytes)
        self._pulse = pulse
        self._kernel = kernel
        kernel.releases.watch(self._on_release)
        self._queue_max = queue_max
        self._queues = {}

    # --- for the constructors of others -----------------------------------------------------------------------

    def vital(self, key, text):
        """Charging is not safe, or not right, if the value of `key` is uncertain; `text`: what it is."""
        self._vital[key] = text

    def carry(self, rider):
        """Each commit carries along what ``rider.changes()`` returns, (value, {key: value}), unless it sets that key
        itself; ``rider.saved(value)``, which may not fail, is called then.
        """
        self._riders += (rider,)

    def key(self, name):
        """The full name of a key, for changes that are journaled in another component's commit: see `scoped`."""
        return name

    # --- life -------------------------------------------------------------------------------------------------

    async def start(self):
        """Open the journal and read it. What is wrong with it is logged; it never raises."""
        try:
            self._open()
            self._opened = True
            self.commit(self._moves())
        except FAILURES as e:
            self._opened = False
            self._medium.failed(e, "the journal cannot be opened")
            self._log.error("the journal in %s cannot be opened: %s", self._folder, e)
        self.trusted.set(self._opened and not self.doubts)

    async def run(self):
        """Compact and probe the file between commits, so that a commit seldom has to."""
        while True:
            self._pulse()
            await self._clock.sleep_ms(_PAUSE_MS if self._urgent.block(FLASH, self._tend) else _IDLE_MS)

    def _tend(self):
        """Returns whether there is more to do soon."""
        if self._medium.is_due() or (self.index.bad and not self.fault.value):
            self._probe()
        return self._opened and not self.index.bad and self._has_to_compact() and self._step(_STEP_MS)

    def _probe(self):
        """Does the medium work again? A file that was found damaged is read anew."""
        lost = self.lost
        try:
            if self._opened and not self.index.bad:
                self.index.records.probe()
            else:
                self._open()
        except FAILURES as e:
            self.index.records.close()
            self._medium.failed(e, self.fault.value or "the journal cannot be read")
            self._log.rare(self.fault.value + ": %s", e)
            return
        if not self._opened:  # the others have read an empty journal: all of them start again
            self._kernel.request_exit(RESTART, "the journal can be opened again")
        elif self.lost != lost:  # ... what is not there any more
            self._kernel.request_exit(RESTART, "the journal was damaged")
        else:
            self._medium.works()

    async def stop(self):
        self._opened = False
        self._give_up()
        self.index.records.close()

    # --- reading ----------------------------------------------------------------------------------------------

    def get(self, key, default=None):
        """The value of `key`. It is read from the medium: keep it if you need it often. Raises StoreError."""
        return self.index.get(key, default)

    def keys(self, prefix=""):
        """The keys that begin with `prefix`, sorted."""
        offsets = self.index.offsets
        return sorted([key for key in offsets if offsets[key] >= 0 and key.startswith(prefix)])

    def queue(self, name):
        """The queue of this name; it is empty until something is pushed."""
        if name not in self._queues:
            self._queues[name] = Queue(self, name)
        return self._queues[name]

    # --- writing ----------------------------------------------------------------------------------------------

    def put(self, key, value):
        """Set a key to a JSON-able value (None deletes it)."""
        self.commit({key: value})

    def delete(self, key):
        """Delete a key; nothing is written if it is not there."""
        if key in self.index.offsets:
            self.commit({key: None})

    def commit(self, changes=None, push=(), pop=(), drop=()):
        """Make one atomic change; in this order:

        pop: names of queues whose oldest entry is taken, drop: ((queue, index), ...) counted after that,
        changes: {key: value, or None to delete it}, push: ((queue, JSON-able object), ...), at most 16.
        Raises IndexError if there is nothing to pop or drop, ValueError if an object is not JSON-able, QueueFull,
        StoreError, MemoryError; then nothing has changed.
        """
        self._check(push, pop, drop)
        contents = ("s", changes), ("o", pop), ("d", drop), ("p", push)
        record = {name: content for name, content in contents if content}
        if not record:
            return
        carried = self._take_along(record)
        if self._first:
            self._first.adopt(record)
        if not self._opened or self._in_commit:
            words = "a commit within a commit" if self._opened else self.fault.value
            raise StoreError(words or "the journal is closed")
        named = self.index
        text = self._text(record)
        if named.bad:
            self._open()
        self._make_room(2 * (HEAD + len(text)), push, changes)
        if self.index is not named:  # in the new file entries have other names
            text = self._text(record)
        self._append(record, text)
        for rider, value in carried:
            rider.saved(value)

    def _text(self, record):
        """What is written for a record. Raises ValueError, StoreError."""
        self.index.name_taken(record)
        text = json.dumps(record).encode()
        if parse(text) is None:  # MicroPython's json writes down what it cannot read again, such as NaN
            raise ValueError("not JSON-able: %r" % record)
        if len(text) > TEXT_MAX:
            raise StoreError("a record of %d bytes is too long" % len(text))
        return text

    def _take_along(self, record):
        """Put into `record` what rides along; returns ((rider, value), ...) to be notified once it is saved."""
        carried = ()
        for rider in self._riders:
            value, more = rider.changes()
            changes = record.get("s", ())
            if more and not any(key in changes for key in more):
                for key in changes:
                    more[key] = changes[key]
                record["s"] = more
                carried += ((rider, value),)
        return carried

    def _check(self, push, pop, drop):
        left = {}
        for name in pop:
            left[name] = left.get(name, len(self.queue(name))) - 1
            if left[name] < 0:
                raise IndexError("queue %s is empty" % name)
        for name, index in drop:
            left[name] = left.get(name, len(self.queue(name))) - 1
            if not 0 <= index <= left[name]:
                raise IndexError("queue %s has no entry %d" % (name, index))
        for name, _ in push:
            left[name] = left.get(name, len(self.queue(name))) + 1
            if left[name] > self._queue_max:
                raise QueueFull("queue %s is full: %d entries" % (name, self._queue_max))
        if len(push) > PUSHES_MAX:
            raise IndexError("too many pushes")

    def _make_room(self, length, push, changes):
        """Compact if the file would grow too long, and if that is worth it; raise if it would still."""
        if push:
            limit = self._max_bytes // 4 * 3
        else:
            limit = self._max_bytes if changes else 2 * self._max_bytes  # what only takes away may always
        if self.index.records.size + length > limit and self.index.dead >= self._max_bytes // 8:
            try:
                self._urgent.block(FLASH, self._compact)
            except OSError as e:
                self._log.rare("compaction failed: %s", e)
                if self.index.bad:
                    self._open()
        if self.index.records.size + length > limit:
            raise (QueueFull if push else StoreError)("the journal is full: %d bytes" % self.index.records.size)

    # --- doubts -----------------------------------------------------------------------------------------------

    def mark_doubtful(self, words):
        """Something that was read makes no sense: `words` name what is uncertain, until `release`."""
        self.doubts += (words,)
        self.trusted.set(False)
        self._log.error("journal: %s is in doubt", words)
        try:
            self.put(DOUBTS, self.doubts)
        except OSError as e:
            self._log.error("that is not kept over a restart: %s", e)

    def release(self):
        """Somebody has seen to it that nothing is in doubt any more. Raises StoreError: then it is as before."""
        self.delete(DOUBTS)
        self.doubts = ()
        self.trusted.set(self._opened)

    def _on_release(self, _):
        try:
            self.release()
        except OSError as e:
            self._log.error("what is in doubt is not released: %s", e)
