"""The journal's file as firmware before format 2 wrote it: each record once, without a number. It is only read.

    u16 length of the text (little-endian) | u32 CRC-32 of the length and the text | text (JSON)

A journal of this format is written anew in the present one when it is opened. Behind a bad record the next sound one
is found by the beginning of its text; how many were lost between the two is not known: they count as one.
"""

import binascii
import struct
from micropython import const

from components.persistence.records import TEXT_MAX, Records

_HEAD = const(6)
_BEGIN = b'{"'  # of every text
_CHUNK = const(512)


class Records1(Records):
    """A file of format 1."""

    version = 1
    _behind = -1  # the offset of the sound record behind the last damage

    def text(self, offset):
        """As `Records.text`; the records are numbered as they are read, with one number for what is damaged."""
        file = self._seek(offset)
        head = file.read(_HEAD)
        if len(head) < _HEAD:
            return None
        length, crc = struct.unpack("<HI", head)
        if not 0 < length <= TEXT_MAX:
            return None
        number = self.number + (2 if offset == self._behind else 1)
        return self._body(offset + _HEAD, length, number, binascii.crc32(head[:2]), crc)

    def find(self, offset, end):
        """As `Records.find`."""
        while offset + _HEAD < end:
            chunk = self._seek(offset + _HEAD).read(_CHUNK)
            at = chunk.find(_BEGIN)
            while at >= 0:
                if self.text(offset + at) is not None:
                    self._behind = offset + at or -1
                    return offset + at
                at = chunk.find(_BEGIN, at + 1)
            offset += max(1, len(chunk) - 1)
        return -1

    def span(self, offset):
        """Nothing is compacted by it: all of it is, once."""
        return 0

    def begun(self):
        """What begins behind the last record may be as long as one can be."""
        return _HEAD + TEXT_MAX
