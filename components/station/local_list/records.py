"""An entry of the list as a record of fixed size, so that a sorted file of them can be searched where it lies.

20 bytes idTag in capitals, padded with zeros | u8 status, 0: to be removed | u32 expiry as UTC in s, 0: none |
20 bytes parentIdTag
"""

import struct
from micropython import const

from core.text import is_ascii

SIZE = 45  # bytes of a record
TAG = 20  # ... of its idTag (CiString20Type), which is what records are sorted by
_FORMAT = const("<20sBI20s")
_STATUS = const(20)
_PARENT = const(25)
_STATUSES = const(("", "Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx"))
_LATEST_S = const(0xFFFFFFFF)


def key_of(tag):
    """An idTag (case-insensitive) as it stands in a record; None if it is none."""
    if not isinstance(tag, str) or not 0 < len(tag) <= TAG or not is_ascii(tag.encode()):
        return None
    return tag.upper().encode() + bytes(TAG - len(tag))


def pack(entry, may_remove):
    """The record of an entry (see `LocalList`). Raises ValueError if it is none, and if it has no
    status unless `may_remove`.
    """
    tag, status, expiry_ms, parent = entry
    key = key_of(tag)
    if key is None:
        raise ValueError("no idTag: %r" % tag)
    if not status:
        if not may_remove:
            raise ValueError("idTag %s has no idTagInfo" % tag)
        return struct.pack(_FORMAT, key, 0, 0, b"")
    if parent and key_of(parent) is None:
        raise ValueError("no parentIdTag: %r" % parent)
    # What lies outside the years that a record can hold becomes the first or the last second of them
    expiry_s = 0 if expiry_ms is None else max(1, min(expiry_ms // 1000, _LATEST_S))
    return struct.pack(_FORMAT, key, _STATUSES.index(status), expiry_s, (parent or "").encode())


def removes(record):
    """Is it the order to remove an entry?"""
    return record[_STATUS] == 0


def unpack(record):
    """(status, expiry as UTC in s or 0, parentIdTag or None) of a record."""
    _, status, expiry_s, _ = struct.unpack(_FORMAT, record)
    parent = record[_PARENT:].rstrip(b"\0")
    return _STATUSES[status], expiry_s, parent.decode() if parent else None
