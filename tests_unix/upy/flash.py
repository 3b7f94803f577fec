"""A flash chip in RAM for littlefs, whose power can be cut at any operation."""

import errno
import vfs


class Flash:
    """Block device (extended interface) that behaves as NOR flash; after `power` operations nothing works any more.

    The operation at which the power fails is done by half, as on a chip. After `glitch` operations one fails, undone.
    """

    def __init__(self, blocks=64, block_size=4096):
        self.block_size = block_size
        self.data = bytearray(b"\xff" * (blocks * block_size))
        self.power = None  # operations left, None: no end
        self.glitch = None
        self.erases = 0
        self.working = None  # function() that is called during each write and erase, while nothing else runs

    def readblocks(self, block, buf, offset=0):
        at = block * self.block_size + offset
        buf[:] = memoryview(self.data)[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        at = block * self.block_size + offset
        length = self._use_power(len(buf))
        for i in range(length):
            self.data[at + i] &= buf[i]  # programming only clears bits
        self._die(length, len(buf))

    def ioctl(self, op, arg):
        if op == 4:
            return len(self.data) // self.block_size
        if op == 5:
            return self.block_size
        if op == 6:
            self.erases += 1
            length = self._use_power(self.block_size)
            at = arg * self.block_size
            self.data[at : at + length] = b"\xff" * length
            self._die(length, self.block_size)
        return 0

    def _use_power(self, length):
        if self.working is not None:
            self.working()
        if self.glitch is not None:
            self.glitch -= 1
            if self.glitch < 0:
                self.glitch = None
                raise OSError(errno.EIO)
        if self.power is None:
            return length
        if self.power <= 0:
            raise OSError(errno.EIO)
        self.power -= 1
        return length if self.power else length // 2

    def _die(self, done, wanted):
        if done < wanted:
            raise OSError(errno.EIO)


class Mounted:
    """Context: the flash as file system at `path`; formats it first if asked to."""

    def __init__(self, flash, path, fresh=False):
        if fresh:
            vfs.VfsLfs2.mkfs(flash)
        self.flash = flash
        self.path = path

    def __enter__(self):
        vfs.mount(vfs.VfsLfs2(self.flash), self.path)
        return self.path

    def __exit__(self, *exc):
        try:
            vfs.umount(self.path)
        except OSError:
            pass
