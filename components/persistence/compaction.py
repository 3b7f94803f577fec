"""Compaction: what lives in a journal is copied to ``journal.new``, which then takes its place."""

import json
import os

from components.persistence.index import Index
from components.persistence.medium import remove
from components.persistence.records import Records
from core.files import flush_and_close, make_private, open_dir


class Compaction:
    """One compaction of `index`, in steps: `step` until it returns False, then `finish`, or `give_up` at any time.

    Commits may continue between the steps: what they add to the old file is copied behind the rest. `totals` are the
    counters for the header, `but` and `extra` keys to be left out and {key: value} to be put in. All raise OSError,
    StoreError, MemoryError; then it is to be given up.
    """

    def __init__(self, index, folder, totals, but, extra):
        self.began = index.records.size  # what follows is copied last
        self.totals = totals
        self.fresh = Index(Records(folder + "/journal.new"))
        self._old = index
        self._folder = folder
        self._records = self._copy(but, extra)
        self._renames = False

    def step(self):
        """Copy one record; False if there is none to copy now."""
        return next(self._records)

    def _copy(self, but, extra):
        """Generator: copies a record and yields True; False while none is left, though more may come.

        What lives now is noted at once: later pops must not move it.
        """
        old, fresh = self._old, self.fresh
        offsets = {key: old.offsets[key] for key in old.offsets if key != but and key not in extra}
        queues = [(name, list(old.queues[name])) for name in old.queues]
        fresh.records.create()
        make_private(fresh.records.path)
        count = 1 + len(offsets) + len(extra) + sum([len(places) for _, places in queues])
        header = {"v": fresh.records.version, "c": self.totals, "k": count}
        fresh.records.write(json.dumps(header).encode())
        for key in extra:
            yield self._add({"s": {key: extra[key]}})
        for key in offsets:
            yield self._add({"s": {key: old.read(offsets[key])["s"][key]}})
        for name, places in queues:
            for place in places:
                yield self._add({"p": [[name, old.entry(place)]]})
        at = self.began
        while True:
            if at == old.records.size:
                yield False
                continue
            record = old.read(at)
            at += old.records.span(at)
            yield self._add(record)

    def _add(self, record):
        self.fresh.name_taken(record)  # its records have other numbers
        self.fresh.add(record, json.dumps(record).encode())
        return True

    def finish(self, flush, path, aside):
        """Rename; returns the index of the new file. `aside`: where the old one is kept, or None. `flush(records)`."""
        records = self.fresh.records
        flush(records)
        records.close()
        self._old.records.close()
        directory = open_dir(self._folder)  # from here on nothing is allocated
        self._renames = True
        if aside is not None:
            os.rename(path, aside)
        os.rename(records.path, path)
        records.path = path
        flush_and_close(directory)
        return self.fresh

    def give_up(self):
        """Nothing comes of it; the old file is as it was, unless renaming has begun: then all is to be read again."""
        self.fresh.records.close()
        if self._renames:
            self._old.bad = True
        else:
            remove(self.fresh.records.path)
