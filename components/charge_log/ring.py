"""The files of the log: segments of 64 records, ``NUMBER.log``, which are only appended to; the oldest ones go.

A segment is one block of a flash. What a power cut has torn is at the end of a segment, and the next record begins
another one: so nothing that was written is ever written again.
"""

import os
from micropython import const

from components.charge_log.files import bytes_of, path_of, segments
from components.charge_log.record import SIZE, is_sound
from core.files import make_dirs

PER_SEGMENT = const(64)


def records(folder, segment):
    """Generator of the sound records of a segment, in a buffer that is used again. What cannot be read is none."""
    buf = bytearray(SIZE)
    try:
        with open(path_of(folder, segment), "rb") as file:
            while file.readinto(buf) == SIZE:
                if is_sound(buf):
                    yield buf
    except OSError:
        return


class Ring:
    """The log below `folder`, which has at least the last `keep` records."""

    def __init__(self, folder, keep):
        self._folder = folder
        self._segments_max = (keep + PER_SEGMENT - 1) // PER_SEGMENT + 1

    def append(self, record, careful=True):
        """Write a `Record`, if `careful` unless it is there. Raises OSError."""
        present = segments(self._folder)
        for segment in present[-2:] if careful else ():
            for data in records(self._folder, segment):
                if record.is_in(data):
                    return
        if not present:
            make_dirs(self._folder)
        segment = present[-1] if present else 0
        size = bytes_of(self._folder, segment) if present else 0
        if size % SIZE or size >= PER_SEGMENT * SIZE:
            segment, size = segment + 1, 0
        with open(path_of(self._folder, segment), "ab") as file:
            file.write(record.packed(segment * PER_SEGMENT + size // SIZE))
            file.flush()
        present = segments(self._folder)
        for segment in present[: max(0, len(present) - self._segments_max)]:
            os.remove(path_of(self._folder, segment))
