"""The files of certificates and keys: each is there as a whole or not at all, whenever the power fails.

A file is a row of blocks, u16 length (little-endian) and bytes, and a CRC-32 of all of it. It is written beside and
renamed. The keys in it are secret: nothing here puts a content into the log.
"""

import binascii
import os
import struct
from micropython import const

from core.files import flush_dir, make_private

_NEW = const(".new")
_SIZE_MAX = const(16384)


class Files:
    """The files of one directory, which is made when it is needed. ``broken`` counts those that could not be read.

    `block`: as `Urgent.block`, for what the medium takes long for.
    """

    def __init__(self, folder, log, block):
        self._folder = folder
        self._block = block
        self._log = log
        self.broken = 0

    def start(self):
        """Remove what an interrupted `write` left. What is there is the owner's alone."""
        for name in self._list():
            make_private(self._folder + "/" + name)
            if name.endswith(_NEW):
                self.remove(name)

    def _list(self):
        try:
            return sorted(os.listdir(self._folder))
        except OSError:
            return []  # nothing was ever written

    def names(self, prefix):
        """The names of the files that begin so, sorted."""
        return [name for name in self._list() if name.startswith(prefix) and not name.endswith(_NEW)]

    def read(self, name):
        """The blocks of a file, a list of bytes; None if there is no such file, or no sound one."""
        try:
            with open(self._folder + "/" + name, "rb") as file:
                data = file.read(_SIZE_MAX)
        except OSError:
            return None
        blocks = _blocks(data)
        if blocks is None:
            self.broken += 1
            self._log.rare("the file certs/%s is broken", name)
        return blocks

    def installed(self, prefix, omitted=()):
        """Generator of the root certificates (DER) in the files that begin so, but for those `omitted`."""
        for name in self.names(prefix):
            blocks = None if name in omitted else self.read(name)
            if blocks:
                yield blocks[1]

    def write(self, name, blocks):
        """Write a file. Raises OSError: then what was there before is still there."""
        self._block("flash", self._write, name, blocks)

    def _write(self, name, blocks):
        data = b"".join([struct.pack("<H", len(block)) + block for block in blocks])
        path = self._folder + "/" + name
        self._make_folder()
        with open(path + _NEW, "wb") as file:
            make_private(path + _NEW)
            if file.write(data) != len(data) or file.write(struct.pack("<I", binascii.crc32(data))) != 4:
                raise OSError("short write")
            file.flush()
        self.rename(name + _NEW, name)

    def rename(self, name, to):
        """Give a file another name, that of one that is there as well. Raises OSError."""
        os.rename(self._folder + "/" + name, self._folder + "/" + to)
        flush_dir(self._folder)

    def remove(self, name):
        """Remove a file. Raises OSError unless it is not there."""
        if name in self._list():
            os.remove(self._folder + "/" + name)
            flush_dir(self._folder)

    def _make_folder(self):
        try:
            os.stat(self._folder)
        except OSError:
            os.mkdir(self._folder)
            make_private(self._folder)


def _blocks(data):
    end = len(data) - 4
    if end < 0 or struct.unpack_from("<I", data, end)[0] != binascii.crc32(data[:end]):
        return None
    blocks = []
    at = 0
    while at + 2 <= end:
        length = struct.unpack_from("<H", data, at)[0]
        at += 2 + length
        blocks.append(data[at - length : at])
    return blocks if at == end else None
