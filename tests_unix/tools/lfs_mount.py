"""Mounts the partition vfs of an image as the ESP32 port does: ``micropython lfs_mount.py IMAGE AT SIZE``.

Prints a line "PATH SHA256" for each file; then writes a file, mounts again and reads it.
"""

import binascii
import hashlib
import os
import sys
import vfs

_BLOCK = 4096


class Flash:
    """A partition as a block device, with what esp32.Partition has of one."""

    def __init__(self, data):
        self.data = data

    def readblocks(self, block, buf, offset=0):
        at = block * _BLOCK + offset
        buf[:] = self.data[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        at = block * _BLOCK + offset
        for i in range(len(buf)):
            assert self.data[at + i] == 0xFF, "written without an erase"
        self.data[at : at + len(buf)] = buf

    def ioctl(self, op, arg):
        if op == 4:
            return len(self.data) // _BLOCK
        if op == 5:
            return _BLOCK
        if op == 6:
            self.data[arg * _BLOCK : (arg + 1) * _BLOCK] = b"\xff" * _BLOCK
        return 0


def show(folder):
    for name, kind, *_ in sorted(os.ilistdir(folder)):
        path = folder + "/" + name
        if kind == 0x4000:
            show(path)
        else:
            with open(path, "rb") as file:
                print(path[len("/flash/") :], binascii.hexlify(hashlib.sha256(file.read()).digest()).decode())


def main(image, at, size):
    with open(image, "rb") as file:
        file.seek(at)
        flash = Flash(bytearray(file.read(size)))
    vfs.mount(flash, "/flash")  # as _boot.py does: MicroPython itself finds out which file system it is
    show("/flash")
    with open("/flash/journal", "w") as file:
        file.write("kept" * 1000)
    vfs.umount("/flash")
    vfs.mount(vfs.VfsLfs2(flash), "/flash")
    with open("/flash/journal") as file:
        assert file.read() == "kept" * 1000


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
