"""The list's file: records sorted by idTag, and behind them a tail that says they are whole.

The tail: magic | i32 version | u16 number of records | u32 CRC-32 of all before it. `update` checks and changes it.
"""

from .records import SIZE, TAG


class ListFile:
    """``version`` and ``count`` of the entries; both 0 of an empty list. ``broken``: the file was not whole.

    ``bytes``: written since the start. An update writes the whole list once, and nothing else ever writes. `block`: as
    `Urgent.block`, for what the medium takes long for.
    """

    def __init__(self, path, clock, block):
        self.version = 0
        self.count = 0
        self.broken = False
        self.bytes = 0
        self.path = path
        self.clock = clock
        self.block = block

    def find(self, key):
        """The record of an idTag (as `records.key_of` makes it) or None: ten reads for 1,000. Raises OSError."""
        low, high = 0, self.count
        if not high:
            return None
        with open(self.path, "rb") as file:
            while low < high:
                middle = (low + high) // 2
                file.seek(middle * SIZE)
                found = read(file, TAG)
                if found == key:
                    return found + read(file, SIZE - TAG)
                if found < key:
                    low = middle + 1
                else:
                    high = middle
        return None


def read(file, size):
    """So many bytes. Raises OSError if there are not as many."""
    data = file.read(size)
    if len(data) < size:
        raise OSError("the file is cut off")
    return data
