"""What lives in the journal: for each key and each queued entry its place in the file, and nothing else in RAM."""

import json
from micropython import const

from components.persistence.records import StoreError

_ENTRY_BITS = const(4)  # a queued entry's place: offset of its record << 4 | its index among the pushes
PUSHES_MAX = 16  # of one record
_RESERVED = const(-1)  # the place of what is not written yet


class Queue:
    """Entries of one queue, oldest first. Changed by `Persistence.commit` only."""

    def __init__(self, store, name):
        self._store = store
        self._name = name

    def _places(self):
        return self._store.index.queues.get(self._name, ())

    def __len__(self):
        return len(self._places())

    def get(self, at):
        """The entry at index `at` (0 is the oldest). Raises IndexError, StoreError."""
        places = self._places()
        if not 0 <= at < len(places) or places[at] == _RESERVED:
            raise IndexError("no such entry")
        return self._store.index.entry(places[at])

    def peek(self):
        """The oldest entry, or None if the queue is empty."""
        return self.get(0) if len(self) else None

    def entries(self):
        """Generator of all entries, oldest first."""
        at = 0
        while at < len(self):
            yield self.get(at)
            at += 1


class Index:
    """The keys and queues of a file of records.

    A record is taken in by `reserve`, which makes room for it and may fail, and `apply`, which cannot: it allocates
    nothing. Between the two it is written. `release` undoes `reserve`.
    """

    def __init__(self, records):
        self.records = records
        self.offsets = {}
        self.queues = {}  # {name: list of places}
        self.dead = 0  # bytes of the file that compaction would spare
        self.ignored = 0  # pops and drops of entries that were not there
        self.bad = False  # a record was found damaged since all were read

    def __len__(self):
        """How many records it takes to write all that lives."""
        count = len(self.offsets)
        for name in self.queues:
            count += len(self.queues[name])
        return count

    # --- reading ----------------------------------------------------------------------------------------------

    def read(self, offset):
        """The record at `offset`. Raises StoreError."""
        try:
            text = self.records.text(offset)
        except OSError as e:
            self.records.close()
            raise StoreError("cannot read the journal: %s" % e)
        if text is None:
            self.bad = True
            raise StoreError("the journal has a bad record at %d" % offset)
        return json.loads(text)

    def get(self, key, default=None):
        """The value of `key`. Raises StoreError."""
        offset = self.offsets.get(key, _RESERVED)
        return default if offset == _RESERVED else self.read(offset)["s"][key]

    def entry(self, place):
        """The queued entry at a place. Raises StoreError."""
        return self.read(place >> _ENTRY_BITS)["p"][place & (PUSHES_MAX - 1)][1]

    def find(self, name, entry):
        """The index in a queue of what `name_taken` called `entry`; -1 if that is not there. Raises OSError."""
        places = self.queues.get(name, ())
        for at in range(len(places)):
            if places[at] & (PUSHES_MAX - 1) == entry & (PUSHES_MAX - 1):
                number = self.records.number_at(places[at] >> _ENTRY_BITS)
                if number == entry >> _ENTRY_BITS:
                    return at
        return -1

    def name_taken(self, record):
        """Name in `record` what it takes out of queues, by the number of the record that it is in and its index there.

        So damage that loses one entry does not have another one taken in its place. An entry that cannot be read has
        no name: then all go by their position, as in records of former firmware.
        """
        record.pop("x", None)
        names = []
        try:
            for name, at in _taken(record):
                place = self.queues[name][at]
                if self.records.text(place >> _ENTRY_BITS) is None:
                    return
                names.append(self.records.read_number << _ENTRY_BITS | place & (PUSHES_MAX - 1))
        except (OSError, KeyError, IndexError):
            return
        if names:
            record["x"] = names

    # --- taking in --------------------------------------------------------------------------------------------

    def reserve(self, record):
        """Make room for what `record` adds. Raises MemoryError: then nothing has changed."""
        try:
            changes = record.get("s", ())
            for key in changes:
                if key not in self.offsets and changes[key] is not None:
                    self.offsets[key] = _RESERVED
            for pushed in record.get("p", ()):
                if pushed[0] not in self.queues:
                    self.queues[pushed[0]] = []
                self.queues[pushed[0]].append(_RESERVED)
        except MemoryError:
            self.release(record)
            raise

    def release(self, record):
        """What was reserved for `record` is not needed. It allocates nothing."""
        for key in record.get("s", ()):
            if self.offsets.get(key) == _RESERVED:
                del self.offsets[key]
        for pushed in record.get("p", ()):
            places = self.queues.get(pushed[0])
            if places and places[-1] == _RESERVED:
                places.pop()

    def apply(self, record, offset):
        """Take in the record that was written at `offset`, and for which there is room. It allocates nothing."""
        if not ("s" in record or "p" in record):
            self._forget(offset)
        for name in record.get("o", ()):
            self.remove(name, 0)
        for item in record.get("d", ()):
            self.remove(item[0], item[1])
        changes = record.get("s", ())
        for key in changes:
            if self.offsets.get(key, _RESERVED) != _RESERVED:
                self._forget(self.offsets[key])
            if changes[key] is not None:
                self.offsets[key] = offset
            elif key in self.offsets:
                del self.offsets[key]
        at = 0
        for pushed in record.get("p", ()):
            _fill(self.queues[pushed[0]], offset << _ENTRY_BITS | at)
            at += 1

    def remove(self, name, at):
        """Take the entry at index `at` out of a queue; -1: it is not there."""
        places = self.queues.get(name, ())
        if 0 <= at < len(places) and places[at] != _RESERVED:
            self._forget(places.pop(at) >> _ENTRY_BITS)
        else:  # the record that added it is lost
            self.ignored += 1

    def _forget(self, offset):
        """Something in the record at `offset` is dead: all of it is counted, though more may live in it."""
        self.dead += self.records.span(offset)

    def add(self, record, text):
        """Write a record, unflushed, and take it in. Raises OSError, MemoryError: then the index is of no use."""
        self.reserve(record)
        self.apply(record, self.records.write(text))


def _taken(record):
    """Generator of (queue, index) of all that a record takes out, each counted before the first is taken."""
    popped = {}
    for name in record.get("o", ()):
        at = popped.get(name, 0)
        popped[name] = at + 1
        yield name, at
    dropped = []
    for name, at in record.get("d", ()):
        for other, before in sorted(dropped):
            if other == name and at >= before:
                at += 1
        dropped.append((name, at))
        yield name, at + popped.get(name, 0)


def _fill(places, place):
    """Put a place where the first one is reserved."""
    at = len(places) - 1
    while at and places[at - 1] == _RESERVED:
        at -= 1
    places[at] = place
