"""The list's file, checked and changed: loaded at the start, and for SendLocalList. `file`: the `ListFile`.

An update is merged with the old file into a new one that is then renamed: after a power cut there is the one or the
other. The tail is written last.
"""

import binascii
import os
import struct
from micropython import const

from core.files import check_room, flush_dir, make_private

from .file import read
from .records import SIZE, TAG, removes

_MAGIC = const(b"LAL1")
_HEAD = const("<4siH")
_CRC = const("<I")
_HEAD_SIZE = const(10)
_TAIL_SIZE = const(14)
_RESERVE = const(65536)  # bytes of the medium that stay free for the journal
_FLASH = const("flash")  # what its time goes by
_AT_ONCE = const(8)  # records read or written in one step of the event loop


class ListError(Exception):
    """The update cannot become a list."""


async def load(file):
    """Check the file. One that is broken counts as empty. Raises OSError if it cannot be read."""
    _remove(file.path + ".new")  # what an interrupted update left
    try:
        there = open(file.path, "rb")
    except OSError:
        return  # there never was a list
    with there:
        found = await _check(there, file.clock)
    file.broken = found is None
    if found is not None:
        file.version, file.count = found


async def _check(file, clock):
    """(version, count) of a file that is whole, else None."""
    size = file.seek(0, 2)
    if size < _TAIL_SIZE or (size - _TAIL_SIZE) % SIZE:
        return None
    file.seek(0)
    crc, left = 0, size - _TAIL_SIZE
    while left:
        data = file.read(min(_AT_ONCE * SIZE, left))
        if not data:
            return None
        crc = binascii.crc32(data, crc)
        left -= len(data)
        await clock.sleep_ms(0)
    head, tail = file.read(_HEAD_SIZE), file.read(_TAIL_SIZE - _HEAD_SIZE)
    if tail != struct.pack(_CRC, binascii.crc32(head, crc)):
        return None
    magic, version, count = struct.unpack(_HEAD, head)
    return (version, count) if magic == _MAGIC and count * SIZE == size - _TAIL_SIZE else None


async def is_now(file, batch, version):
    """Is the whole list these sorted records, of this version, already? Raises OSError."""
    if file.broken or version != file.version or len(batch) != file.count or not batch:
        return False
    with open(file.path, "rb") as there:
        for record in batch:
            if read(there, SIZE) != record:
                return False
            await file.clock.sleep_ms(0)
    return True


async def update(file, batch, version, full, limit):
    """Replace the list by the sorted records of `batch` (`full`), or merge them into it; both or nothing.

    Raises ListError if it would have more than `limit` entries, OSError if it cannot be written or leaves too
    little room for others.
    """
    size = (len(batch) + (0 if full else file.count)) * SIZE + _TAIL_SIZE
    check_room(file.path.rpartition("/")[0], min(size, limit * SIZE + _TAIL_SIZE), _RESERVE)
    fresh = _Writer(file.path + ".new", limit, file.block)
    try:
        at = 0 if full else await _merge(file, batch, fresh)
        while at < len(batch):
            fresh.add(batch[at])
            at += 1
            if at % _AT_ONCE == 0:
                await file.clock.sleep_ms(0)
        fresh.finish(version if fresh.count else 0)
        file.block(_FLASH, os.rename, file.path + ".new", file.path)
    except BaseException:  # cancellation as well
        fresh.close()
        _remove(file.path + ".new")
        raise
    flush_dir(file.path.rpartition("/")[0])
    file.version, file.count, file.broken = (version if fresh.count else 0), fresh.count, False
    file.bytes += fresh.count * SIZE + _TAIL_SIZE


async def _merge(file, batch, fresh):
    """Write the old records and those of the batch that go before or in place of them; returns how many."""
    at, left = 0, file.count
    if not left:
        return 0
    with open(file.path, "rb") as old:
        while left:
            count = min(_AT_ONCE, left)
            at = _mix(read(old, count * SIZE), batch, at, fresh)
            left -= count
            await file.clock.sleep_ms(0)
    return at


def _mix(data, batch, at, fresh):
    """Write the records in `data`, each after those of the batch (from `at` on) that do not go behind it."""
    last = len(data) - SIZE
    if at == len(batch) or data[last : last + TAG] < batch[at][:TAG]:
        fresh.copy(data)  # most of a long list
        return at
    for start in range(0, len(data), SIZE):
        record = data[start : start + SIZE]
        key = record[:TAG]
        while at < len(batch) and batch[at][:TAG] < key:
            fresh.add(batch[at])
            at += 1
        if at < len(batch) and batch[at][:TAG] == key:
            record = batch[at]
            at += 1
        fresh.add(record)
    return at


class _Writer:
    """The new file, written in pieces of some records."""

    def __init__(self, path, limit, block):
        self.count = 0
        self._block = block
        self._limit = limit
        self._crc = 0
        self._room = bytearray(_AT_ONCE * SIZE)
        self._used = 0
        self._file = open(path, "wb")
        make_private(path)

    def add(self, record):
        """Take a record, unless it is the order to remove one. Raises ListError, OSError."""
        if removes(record):
            return
        self._count(1)
        self._room[self._used : self._used + SIZE] = record
        self._used += SIZE
        if self._used == len(self._room):
            self._flush()

    def copy(self, data):
        """Take records as they stand in the old file. Raises ListError, OSError."""
        self._count(len(data) // SIZE)
        self._flush()
        self._write(data)

    def _count(self, more):
        self.count += more
        if self.count > self._limit:
            raise ListError("more than %d entries" % self._limit)

    def _flush(self):
        if self._used:
            self._write(memoryview(self._room)[: self._used])
            self._used = 0

    def _write(self, data):
        self._crc = binascii.crc32(data, self._crc)
        if self._block(_FLASH, self._file.write, data) != len(data):
            raise OSError("short write")

    def finish(self, version):
        """Write the tail and have all of it on the medium."""
        self._flush()
        self._write(struct.pack(_HEAD, _MAGIC, version, self.count))
        self._write(struct.pack(_CRC, self._crc))
        self._block(_FLASH, self._file.flush)
        self._file.close()

    def close(self):
        """Give the file up; an error is none any more."""
        try:
            self._file.close()
        except OSError:
            pass


def _remove(path):
    try:
        os.remove(path)
    except OSError:
        pass  # there is none
