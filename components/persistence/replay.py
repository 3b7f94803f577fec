"""Reading a journal as a whole, sound or not.

Behind a damaged place reading continues with the next valid record. As each record stands twice, a place that hits one
copy loses nothing; what is lost in spite of that shows by the numbers. Then every vital key that no record behind the
damage sets anew is in doubt.
"""

import os
from micropython import const

from components.persistence.index import PUSHES_MAX, Index
from components.persistence.medium import remove
from components.persistence.records import Records, StoreError, parse
from core.files import flush_dir

_TORN_MAX = const(4096)  # a longer rest is no commit that a power cut has torn, unless its length says so


class Replay:
    """The ``index`` of the journal at `path`, and what is wrong with it: ``damaged`` places in it, ``lost`` records,
    ``torn`` bytes behind the last good record, ``doubts`` (the keys of `vital` that are in doubt).

    ``totals``: the counters in its first record; ``since``: records that were committed since that was written.
    Raises OSError, StoreError.
    """

    def __init__(self, path, vital):
        self._vital = vital
        self.doubts = ()
        self.damaged = self.lost = self.torn = self.since = 0
        self.totals = None
        self.records = _open(path)
        self.index = Index(self.records)
        try:
            self._read()
        finally:
            self.records.close()

    def _read(self):
        records = self.records
        end = records.length()
        at = 0
        hole = False
        while at < end:
            text = records.text(at)
            if text is None:
                at = records.find(at + 1, end)
                if at < 0:
                    break
                hole = True
                continue
            after = records.read_end
            if records.read_number > records.number:
                self.damaged += hole
                hole = False
                self._take(text, records.read_number, at)
            if not hole:  # else it is older than the damage: a rest of what was never committed
                records.size = after
            at = after
        self._check_rest(end)

    def _take(self, text, number, at):
        missing = number - self.records.number - 1
        if missing:
            self._lose(missing)
        self.records.number = number
        self.since += 1 + missing
        record = parse(text)
        if number == 1 and record is not None and "v" in record:
            self._set_totals(record)
        elif number > 1 and _is_record(record):
            self._take_out(record)
            self.index.reserve(record)
            self.index.apply(record, at)
            self.doubts = tuple([key for key in self.doubts if key not in record.get("s", ())])
        else:
            self._lose(1)

    def _take_out(self, record):
        """Take what a record names, whatever else was lost. One of former firmware has positions only, for `apply`."""
        names = record.pop("x", None)
        queues = record.get("o", []) + [name for name, _ in record.get("d", ())]
        if names is None or len(names) != len(queues):
            return
        for queue, name in zip(queues, names):
            self.index.remove(queue, self.index.find(queue, name))
        for key in ("o", "d"):
            record.pop(key, None)

    def _lose(self, count):
        self.lost += count
        self.doubts = tuple(self._vital)

    def _set_totals(self, header):
        if header["v"] != self.records.version:
            raise StoreError("format %r; this firmware reads formats 1 and 2" % (header["v"],))
        try:
            totals = [int(total) for total in header["c"]]
            self.since -= int(header["k"])
        except (KeyError, TypeError, ValueError):
            self._lose(1)
        else:
            self.totals = (totals + [0] * 5)[:5]

    def _check_rest(self, end):
        """What is behind the last good record: a torn commit, or damage?"""
        self.torn = end - self.records.size
        if not self.records.number or self.torn > max(_TORN_MAX, self.records.begun()):
            self._lose(1)
            self.damaged += 1


def settle(folder):
    """Find the journal in `folder` after a cut at any moment of a compaction; returns whether there is one."""
    names = os.listdir(folder)
    if "journal" not in names and "journal.bad" in names:  # between two renames: the new one was whole by then
        former = "journal.new" if "journal.new" in names else "journal.bad"
        os.rename(folder + "/" + former, folder + "/journal")
        flush_dir(folder)
    elif "journal.new" in names:
        remove(folder + "/journal.new")
    return "journal" in os.listdir(folder)


def _open(path):
    """The file, of the format that its first sound record has."""
    records = Records(path)
    if _has_one(records):
        return records
    from components.persistence.format1 import Records1  # only for a journal that is old or damaged

    former = Records1(path)
    return former if _has_one(former) else records


def _has_one(records):
    """Is there a sound record of this format?"""
    try:
        return records.find(0, records.length()) >= 0
    finally:
        records.close()


def _is_record(record):
    """Has it the shape of a commit?"""
    if record is None or "v" in record or not isinstance(record.get("s", {}), dict):
        return False
    pushes = record.get("p", [])
    return (
        _are(record.get("o", []), lambda name: isinstance(name, str))
        and _are(record.get("d", []), lambda item: _is_pair(item) and isinstance(item[1], int))
        and _are(record.get("x", []), lambda name: isinstance(name, int))
        and _are(pushes, _is_pair)
        and len(pushes) <= PUSHES_MAX
    )


def _are(items, shape):
    return isinstance(items, list) and all(map(shape, items))


def _is_pair(item):
    return isinstance(item, list) and len(item) == 2 and isinstance(item[0], str)
