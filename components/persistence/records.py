"""The journal's file: a row of records, each with its length and CRC-32.

u16 length of the text (little-endian) | u32 CRC-32 of the length and the text | text (JSON)
"""

import binascii
import json
import struct

HEAD = 6  # bytes before the text of a record
TEXT_MAX = 16384  # bytes


class StoreError(OSError):
    """The medium is full, broken or refuses; the journal is as it was before the call."""


class QueueFull(StoreError):
    """A queue, or the part of the journal that queues may take, is full."""


class Records:
    """A file of records; `size` is the offset at which the next one goes."""

    def __init__(self, path):
        self.path = path
        self.size = 0
        self._file = None

    def create(self):
        self._file = open(self.path, "w+b")

    def close(self):
        """Close the file; an error of a file that is given up anyway is none."""
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError:
                pass

    def _seek(self, offset):
        if self._file is None:
            self._file = open(self.path, "r+b")
        self._file.seek(offset)
        return self._file

    def length(self):
        """Bytes in the file, including what is behind the last good record."""
        return self._seek(0).seek(0, 2)

    def text(self, offset):
        """The text of the record at `offset`, or None if there is no whole and sound one. Raises OSError."""
        file = self._seek(offset)
        head = file.read(HEAD)
        if len(head) < HEAD:
            return None
        length, crc = struct.unpack("<HI", head)
        if not 0 < length <= TEXT_MAX:
            return None
        text = file.read(length)
        if len(text) < length or binascii.crc32(text, binascii.crc32(head[:2])) != crc:
            return None
        return text

    def length_at(self, offset):
        """Bytes of the record at `offset`; 0 if that cannot be read."""
        try:
            head = self._seek(offset).read(2)
            return HEAD + struct.unpack("<H", head)[0] if len(head) == 2 else 0
        except OSError:
            return 0

    def write(self, text):
        """Add a record without flushing it; returns its offset. Raises OSError."""
        head = bytearray(HEAD)
        struct.pack_into("<H", head, 0, len(text))
        crc = binascii.crc32(text, binascii.crc32(memoryview(head)[:2]))
        struct.pack_into("<I", head, 2, crc)
        offset = self.size
        # Where to write is said each time: after a failed write there may be a part of a record behind `size`.
        file = self._seek(offset)
        if file.write(head) != HEAD or file.write(text) != len(text):
            raise OSError("short write")
        self.size = offset + HEAD + len(text)
        return offset

    def probe(self):
        """Write and flush the head of no record behind the last one. Raises OSError."""
        if self._seek(self.size).write(bytes(HEAD)) != HEAD:
            raise OSError("short write")
        self.flush()

    def flush(self):
        if self._file is not None:
            self._file.flush()


def parse(text):
    """The object that a text says, or None if it says none."""
    try:
        record = json.loads(text)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
