"""Frames as SLCAN lines (Lawicel ASCII), and the rubbish a bad adapter or a bad node may send instead."""

from __future__ import annotations

import struct
from typing import NamedTuple

CR = b"\r"
BEL = b"\a"

# command letter: (digits of the identifier, extended, remote)
FRAMES = {
    "t": (3, False, False),
    "T": (8, True, False),
    "r": (3, False, True),
    "R": (8, True, True),
}


class Frame(NamedTuple):
    """One frame that was on the bus. ``time`` is ``time.monotonic()``; ``source`` a client's number, 0 the hub's."""

    seq: int
    time: float
    source: int
    can_id: int
    data: bytes
    extended: bool = True
    remote: bool = False

    def __str__(self) -> str:
        return f"{self.time:12.3f} {self.source:3} {self.can_id:08X} {self.data.hex(' ')}"


def encode(can_id: int, data: bytes, extended: bool = True) -> bytes:
    """Return the SLCAN line of a data frame."""
    head = f"T{can_id:08X}" if extended else f"t{can_id:03X}"
    return f"{head}{len(data)}{data.hex().upper()}\r".encode()


def decode(line: str) -> tuple[int, bytes, bool, bool]:
    """Return ``(identifier, data, extended, remote)`` of a frame line. Raises ValueError for anything malformed."""
    digits, extended, remote = FRAMES[line[0]]
    head = line[1 : 2 + digits]
    if not head.isalnum() or len(head) != digits + 1:
        raise ValueError("short frame")
    can_id, length, payload = int(head[:-1], 16), int(head[-1]), line[2 + digits :]
    if can_id > (0x1FFFFFFF if extended else 0x7FF) or length > 8 or len(payload) != (0 if remote else 2 * length):
        raise ValueError("bad identifier, length or data")
    if not payload.isalnum() and payload:
        raise ValueError("data is not hexadecimal")
    return can_id, bytes.fromhex(payload), extended, remote


# what Hub.garbage() sends; the last one must stay last, the line it leaves open swallows what follows
_NAN, _INF = struct.pack(">f", float("nan")), struct.pack(">f", float("inf"))
GARBAGE = (
    b"\x00\xff\xfe noise \x80\r",  # not ASCII
    b"T00433F01842A0\r",  # half a frame, ended
    b"T1806E5F4903\r",  # length 9
    b"TZZZZZZZZ8" + b"00" * 8 + CR,  # identifier not hexadecimal
    b"T00433F0180G0G0G0G0G0G0G0G\r",  # data not hexadecimal
    b"T" + b"41" * 400 + CR,  # a line too long
    b"\a\a\r\r\rz\rZ\r",  # unrequested answers
    encode(0x12345678, bytes(range(8))),  # unknown identifiers
    encode(0x123, b"\x01\x02", extended=False),
    encode(0x1806E5F4, b"\x03"),  # known identifiers, short
    encode(0x00433F01, b"\x42\xa0"),
    encode(0x160B8001, b""),
    encode(0x00433F01, _NAN + _NAN),
    encode(0x00433F01, _INF + _NAN),
    b"T00433F0184",  # half a frame that swallows the head of the next
)
