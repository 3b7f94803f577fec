"""What files need beyond what the port does for them."""

import os


def check_room(folder, size, reserve):
    """Raise OSError unless a file of `size` bytes leaves `reserve` bytes of the medium free, where that is known."""
    if hasattr(os, "statvfs"):
        status = os.statvfs(folder)
        room = status[1] * status[4] - reserve
        if size > room:
            raise OSError("%d bytes are to be written, there is room for %d" % (size, max(0, room)))


def make_private(path):
    """Let only the owner read a file or enter a directory, where there are users. MicroPython has no chmod."""
    mode = os.stat(path)[0]
    if mode & 0o077 and hasattr(os, "system"):
        allowed = "700" if mode & 0o040000 else "600"
        os.system("chmod %s '%s'" % (allowed, path.replace("'", "'\\''")))


def open_dir(path):
    """A directory as a file that can be flushed; None where there is no such thing, as on littlefs, or no right."""
    try:
        return open(path, "rb")
    except OSError:
        return None


def flush_and_close(directory):
    """Have the renames and removals in a directory (see `open_dir`) on the medium. It allocates nothing."""
    if directory is not None:
        try:
            directory.flush()
            directory.close()
        except OSError:
            pass


def flush_dir(path):
    """Have a rename or a removal on the medium, where a directory can be flushed; littlefs needs no call for it."""
    flush_and_close(open_dir(path))


def make_dirs(path):
    """Make a directory and those above it."""
    end = 0
    while end >= 0:
        end = path.find("/", end + 1)
        part = path if end < 0 else path[:end]
        try:
            os.stat(part)
        except OSError:
            os.mkdir(part)
