"""An entry of the list as a record of fixed size, so that a sorted file of them can be searched where it lies.

20 bytes idTag in capitals, padded with zeros | u8 status, 0: to be removed | u32 expiry as UTC in s, 0: none |
20 bytes parentIdTag
"""

import struct
from micropython import const

from core.isotime import parse_utc
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
    """The record of an AuthorizationData. Raises ValueError if it is none, or has no idTagInfo unless `may_remove`."""
    key = key_of(entry["idTag"])
    if key is None:
        raise ValueError("no idTag: %r" % entry["idTag"])
    info = entry.get("idTagInfo")
    if info is None:
        if not may_remove:
            raise ValueError("idTag %s has no idTagInfo" % entry["idTag"])
        return struct.pack(_FORMAT, key, 0, 0, b"")
    parent = info.get("parentIdTag", "")
    if parent and key_of(parent) is None:
        raise ValueError("no parentIdTag: %r" % parent)
    return struct.pack(_FORMAT, key, _STATUSES.index(info["status"]), _expiry_s(info), parent.encode())


def _expiry_s(info):
    """What lies outside the years that a record can hold becomes the first or the last second of them."""
    if "expiryDate" not in info:
        return 0
    return max(1, min(parse_utc(info["expiryDate"]) // 1000, _LATEST_S))


def removes(record):
    """Is it the order to remove an entry?"""
    return record[_STATUS] == 0


def unpack(record):
    """(status, expiry as UTC in s or 0, parentIdTag or None) of a record."""
    _, status, expiry_s, _ = struct.unpack(_FORMAT, record)
    parent = record[_PARENT:].rstrip(b"\0")
    return _STATUSES[status], expiry_s, parent.decode() if parent else None
