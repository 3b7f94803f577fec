"""The journal's file as firmware before format 2 wrote it: each record once, without a number. It is only read.

    u16 length of the text (little-endian) | u32 CRC-32 of the length and the text | text (JSON)

A journal of this format is written anew in the present one when it is opened; behind a bad record nothing is found.
"""

import binascii
import struct
from micropython import const

from components.persistence.records import TEXT_MAX, Records

_HEAD = const(6)


class Records1(Records):
    """A file of format 1."""

    version = 1

    def text(self, offset):
        """As `Records.text`; the records are numbered as they are read."""
        file = self._seek(offset)
        head = file.read(_HEAD)
        if len(head) < _HEAD:
            return None
        length, crc = struct.unpack("<HI", head)
        if not 0 < length <= TEXT_MAX:
            return None
        return self._body(offset + _HEAD, length, self.number + 1, binascii.crc32(head[:2]), crc)

    def find(self, offset, end):
        """Nothing is found."""
        return -1

    def span(self, offset):
        """Nothing is compacted by it: all of it is, once."""
        return 0

    def begun(self):
        """What begins behind the last record may be as long as one can be."""
        return _HEAD + TEXT_MAX
