"""The journal's file: a row of records, each of which stands in it twice, one copy behind the other.

    u8 0xFE | u16 length of the text | u32 number | u32 CRC-32 of length, number and text | text (JSON)

Little-endian. The records of a file are numbered from 1; both copies of one have its number. 0xFE is in no UTF-8 text,
so the next record behind a damaged place is found fast. See `format1` for the format before this one.
"""

import binascii
import json
import struct
from micropython import const

HEAD = 11  # bytes before the text of a record
TEXT_MAX = 16384  # bytes
_MAGIC = const(0xFE)
_MAGIC_BYTE = const(b"\xfe")
_CHUNK = const(512)
FAILURES = (OSError, MemoryError)  # made once: a handler that has to make its tuple needs memory
_NONE = const(b"\0\0\0\0\0\0\0\0\0\0\0")  # the head of no record


class StoreError(OSError):
    """The medium is full, broken or refuses; the journal is as it was before the call."""


class QueueFull(StoreError):
    """A queue, or the part of the journal that queues may take, is full."""


class Records:
    """A file of records; `size` is the offset at which the next one goes, `number` is that of the last one.

    After `text`: ``read_number`` and ``read_end``, the number and the end of what was read.
    """

    version = 2

    def __init__(self, path):
        self.path = path
        self.size = self.number = 0
        self.read_number = self.read_end = 0
        self._file = None
        self._void = 0  # length of the text of a record that was taken back
        self._head = bytearray(HEAD)
        self._signed = memoryview(self._head)[1:7]

    def create(self):
        self._file = open(self.path, "w+b")

    def close(self):
        """Close the file; an error of a file that is given up anyway is none.

        Flushed before: on littlefs a file that fails to close stays open, and the garbage collector closes it, and
        writes what is in it, at any later time; one that failed to be flushed closes without writing.
        """
        file, self._file = self._file, None
        if file is None:
            return
        try:
            file.flush()
        except OSError:
            pass
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

    # --- reading ----------------------------------------------------------------------------------------------

    def text(self, offset):
        """The text of the record at `offset`, or None if there is no whole and sound one. Raises OSError."""
        head = self._head
        file = self._seek(offset)
        if file.readinto(head) != HEAD:
            return None
        _, length, number, crc = struct.unpack("<BHII", head)
        if head[0] != _MAGIC or not 0 < length <= TEXT_MAX:
            return None
        return self._body(offset + HEAD, length, number, binascii.crc32(self._signed), crc)

    def _body(self, offset, length, number, begun, crc):
        """The text at `offset` if it continues the CRC `begun` to `crc`, else None.

        A damaged length may be any: a long text is read twice, at first by and by.
        """
        file = self._seek(offset)
        found, left = begun, length if length > _CHUNK else 0
        while left:
            chunk = file.read(min(left, _CHUNK))
            if not chunk:
                return None
            found = binascii.crc32(chunk, found)
            left -= len(chunk)
        if length > _CHUNK:
            if found != crc:
                return None
            file.seek(offset)
        text = file.read(length)
        if len(text) < length or binascii.crc32(text, begun) != crc:
            return None
        self.read_number = number
        self.read_end = offset + length
        return text

    def find(self, offset, end):
        """The offset of the first sound record from `offset` on, or -1. Raises OSError."""
        while offset < end:
            chunk = self._seek(offset).read(_CHUNK)
            at = chunk.find(_MAGIC_BYTE)
            while at >= 0:
                if at + 2 >= len(chunk) or chunk[at + 1] | chunk[at + 2] << 8 <= TEXT_MAX:
                    if self.text(offset + at) is not None:
                        return offset + at
                at = chunk.find(_MAGIC_BYTE, at + 1)
            offset += len(chunk) or end
        return -1

    def span(self, offset):
        """Bytes that the record at `offset` takes, both copies; 0 if that cannot be read. It allocates nothing."""
        head = self._head
        try:
            if self._seek(offset).readinto(head) == HEAD:
                return 2 * (HEAD + (head[1] | head[2] << 8))
        except FAILURES:
            pass  # it is a figure to compact by
        return 0

    def number_at(self, offset):
        """The number of the record at `offset`, which is known to be sound. Raises OSError."""
        head = self._head
        self._seek(offset).readinto(head)
        return head[3] | head[4] << 8 | head[5] << 16 | head[6] << 24

    def begun(self):
        """Bytes of the record that begins at `size`, of which there may be less; 0 if none begins there."""
        span = self.span(self.size)
        _, _, number, _ = struct.unpack("<BHII", self._head)
        return span if self._head[0] == _MAGIC and number == self.number + 1 else 0

    # --- writing ----------------------------------------------------------------------------------------------

    def write(self, text):
        """Add a record without flushing it; returns its offset. Raises OSError: then nothing counts as written."""
        head = self._head
        number = self.number + 1
        struct.pack_into("<BHI", head, 0, _MAGIC, len(text), number)
        struct.pack_into("<I", head, 7, binascii.crc32(text, binascii.crc32(self._signed)))
        offset = self.size
        # The position is set each time: after a failed write there may be a part of a record behind `size`.
        file = self._seek(offset)
        for _ in range(2):
            if file.write(head) != HEAD or file.write(text) != len(text):
                raise OSError("short write")
        self.size = offset + 2 * (HEAD + len(text))
        self.number = number
        return offset

    def take_back(self, size, length):
        """The record of `length` bytes of text at `size` is none, for it could not be flushed."""
        if self.size > size:
            self.size = size
            self.number -= 1
        self._void = length
        self.close()  # which may write it all the same
        try:
            self.probe()
        except FAILURES:
            self.close()

    def probe(self):
        """Write and flush something that is no record, over what was taken back. Raises OSError."""
        for offset in (self.size, self.size + HEAD + self._void):
            if self._seek(offset).write(_NONE) != HEAD:
                raise OSError("short write")
        self.flush()

    def flush(self):
        if self._file is not None:
            self._file.flush()


def parse(text):
    """The object that a text encodes, or None if it is no JSON object."""
    try:
        record = json.loads(text)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
