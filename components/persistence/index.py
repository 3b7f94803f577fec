"""What lives in the journal: for each key and each queued entry its place in the file, and nothing else in RAM."""

import array
import json
from micropython import const

from components.persistence.records import StoreError

_ENTRY_BITS = const(4)  # a queued entry's place: offset of its record << 4 | its index among the pushes
PUSHES_MAX = 16  # of one record


class Queue:
    """Entries of one queue, oldest first. Changed by `Persistence.commit` only."""

    def __init__(self, index):
        self._index = index
        self._places = array.array("I")
        self._first = 0

    def __len__(self):
        return len(self._places) - self._first

    def get(self, index):
        """The entry at `index` (0 is the oldest). Raises IndexError, StoreError."""
        if not 0 <= index < len(self):
            raise IndexError("no such entry")
        place = self._places[self._first + index]
        return self._index.read(place >> _ENTRY_BITS)["p"][place & (PUSHES_MAX - 1)][1]

    def peek(self):
        """The oldest entry, or None if the queue is empty."""
        return self.get(0) if len(self) else None

    def entries(self):
        """Generator of all entries, oldest first."""
        index = 0
        while index < len(self):
            yield self.get(index)
            index += 1

    def _replace(self, places):
        self._places = places
        self._first = 0

    def _add(self, offset, index):
        self._places.append(offset << _ENTRY_BITS | index)

    def _remove(self, index):
        """Take out an entry; returns the offset of its record."""
        at = self._first + index
        place = self._places[at]
        while at > self._first:
            self._places[at] = self._places[at - 1]
            at -= 1
        self._first += 1
        if self._first == len(self._places) or self._first >= 64:
            self._places = self._places[self._first :]
            self._first = 0
        return place >> _ENTRY_BITS


class Index:
    """The keys and queues of a file of records."""

    def __init__(self, records):
        self.records = records
        self.offsets = {}
        self.queues = {}
        self.dead = 0  # bytes of the file that compaction would spare

    def __len__(self):
        """How many records it takes to write all that lives."""
        count = len(self.offsets)
        for queue in self.queues.values():
            count += len(queue)
        return count

    def read(self, offset):
        """The record at `offset`. Raises StoreError."""
        try:
            text = self.records.text(offset)
        except OSError as e:
            self.records.close()
            raise StoreError("cannot read the journal: %s" % e)
        if text is None:
            raise StoreError("the journal has a bad record at %d" % offset)
        return json.loads(text)

    def get(self, key, default=None):
        """The value of `key`. Raises StoreError."""
        offset = self.offsets.get(key)
        return default if offset is None else self.read(offset)["s"][key]

    def queue(self, name):
        if name not in self.queues:
            self.queues[name] = Queue(self)
        return self.queues[name]

    def apply(self, record, offset):
        """Take in the record that was written at `offset`."""
        if not ("s" in record or "p" in record):
            self._forget(offset)
        for name in record.get("o", ()):
            self._forget(self.queue(name)._remove(0))
        for name, at in record.get("d", ()):
            self._forget(self.queue(name)._remove(at))
        for key, value in record.get("s", {}).items():
            if key in self.offsets:
                self._forget(self.offsets.pop(key))
            if value is not None:
                self.offsets[key] = offset
        for at, pushed in enumerate(record.get("p", ())):
            self.queue(pushed[0])._add(offset, at)

    def _forget(self, offset):
        """Something in the record at `offset` is dead: all of it is counted, though more may live in it."""
        self.dead += self.records.length_at(offset)

    def copy_to(self, records):
        """Write all that lives to another file; returns the index of that. Raises OSError."""
        fresh = Index(records)
        for key in self.offsets:
            fresh.write({"s": {key: self.get(key)}})
        for name, queue in self.queues.items():
            for entry in queue.entries():
                fresh.write({"p": ((name, entry),)})
        return fresh

    def write(self, record):
        """Write a record, unflushed, and take it in. Raises OSError."""
        self.apply(record, self.records.write(json.dumps(record).encode()))

    def adopt(self, fresh):
        """Take over the places that `fresh` knows, of the same content; queues stay the objects they are."""
        self.offsets = fresh.offsets
        self.dead = 0
        for name, queue in self.queues.items():
            queue._replace(fresh.queue(name)._places)
