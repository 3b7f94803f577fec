"""The sink for a new image on a system with files, which keeps two slots and a trial as the ESP32 does."""

import binascii
import errno
import json
import os
from micropython import const

from drivers.sink import ImageError, Sink, UpdateError

_ROOM_EVERY = const(65536)  # bytes after which the room is looked at again: others write as well


class FileSink(Sink):
    """See `Sink`. The image is a file below the home: ``update/slot0`` or ``update/slot1``.

    ``update/select`` says which one is active and how it is with it, in the terms of ESP-IDF's OTA data::

        {"slot": 0 or 1, "state": "new", "pending" or "valid", "previous": 0, 1 or null}

    At a start "new" becomes "pending" (on trial), and "pending" (not confirmed) makes the previous slot the
    active one again. It is written beside and renamed. ``image`` is the path of the active slot, None before the first
    update. Whoever starts the process runs that file; one that never comes as far as `start` is not rolled back.

    What comes is written to ``update/new``, which becomes a slot when it is activated; what an interrupted update left
    there is removed at the next start. It never fills the medium, on which the journal lies: an image has at most
    ``max_bytes``, and ``reserve`` bytes stay free where the system tells how many there are.

    An image begins with the bytes of ``magic`` (hexadecimal) and has the text ``marker`` somewhere; "": anything will
    do. What is none raises ImageError.
    """

    requires = ("home",)
    options = {
        "dir": (str, "update", 1, 200),
        "max_bytes": (int, 16777216, 4096, 1073741823),
        "reserve": (int, 4194304, 0, 1073741823),
        "magic": (str, "", 0, 32),
        "marker": (str, "", 0, 64),
    }

    def __init__(self, home, dir, max_bytes, reserve, magic, marker):
        self._max = max_bytes
        self._reserve = reserve
        self._magic = binascii.unhexlify(magic)
        self._marker = marker.encode()
        self._limit = self._looked = 0  # bytes that may be written, by the room that was there after so many
        self._tail = b""  # of what came, for a marker that two chunks share; None: it was there
        self._dir = dir if dir.startswith("/") else home + "/" + dir
        self._select = {"slot": None, "state": "valid", "previous": None}
        self._file = None
        self._running = ""

    async def start(self):
        """Read the selection; begin a trial, or go back after one that failed. Raises OSError."""
        _remove(self._new)
        try:
            with open(self._dir + "/select") as file:
                self._select = _checked(json.load(file))
        except OSError:
            return  # no update yet
        except ValueError:
            raise OSError("%s/select is not what an update leaves" % self._dir)
        if self._select["state"] == "new":
            self._write_select(dict(self._select, state="pending"))
        elif self._select["state"] == "pending":
            self._write_select({"slot": self._select["previous"], "state": "valid", "previous": None})
        slot = self._select["slot"]
        self._running = "" if slot is None else "slot" + str(slot)

    @property
    def image(self):
        """Path of the active image, None if there was no update."""
        slot = self._select["slot"]
        return None if slot is None else self._path(slot)

    def running(self):
        """See `Sink`: "slot0", "slot1", or "" before the first update."""
        return self._running

    def target(self):
        """See `Sink`."""
        return "slot%d" % self._next()

    def pending(self):
        """Whether the running image is on trial."""
        return self._select["state"] == "pending"

    def confirm(self):
        """End the trial."""
        self._write_select(dict(self._select, state="valid"))

    @property
    def _new(self):
        return self._dir + "/new"

    def _path(self, slot):
        return "%s/slot%d" % (self._dir, slot)

    def _next(self):
        """The slot that is not active."""
        return 1 if self._select["slot"] == 0 else 0

    def _opened(self):
        if self._file is None:
            raise UpdateError("no update was begun")
        return self._file

    def _write_select(self, select):
        with open(self._dir + "/select.new", "w") as file:
            json.dump(select, file)
            file.flush()
        os.rename(self._dir + "/select.new", self._dir + "/select")
        self._select = select

    def _open(self, size):
        try:
            os.stat(self._dir)
        except OSError:
            os.mkdir(self._dir)
        _remove(self._path(self._next()))  # it is not needed any more: no image is on trial
        self._look_for_room(0)
        if size is not None and size > self._limit:
            raise UpdateError("an image of %d bytes, there is room for %d" % (size, self._limit))
        self._tail = b"" if self._marker else None
        self._file = open(self._new, "wb+")

    def _look_for_room(self, written):
        """Set how many bytes the image may have."""
        self._looked, self._limit = written, self._max
        if hasattr(os, "statvfs"):
            status = os.statvfs(self._dir)
            self._limit = min(self._max, written + status[1] * status[4] - self._reserve)

    def _append(self, chunk):
        if self.written - self._looked >= _ROOM_EVERY:
            self._look_for_room(self.written)
        if self.written + len(chunk) > self._limit:
            raise UpdateError("the image is too long: there is room for %d bytes" % max(0, self._limit))
        self._check(bytes(chunk))
        if self._opened().write(chunk) != len(chunk):
            raise OSError("short write")

    def _check(self, chunk):
        """Look for magic and marker. Raises ImageError."""
        magic = self._magic[self.written : self.written + len(chunk)]
        if not chunk.startswith(magic):
            raise ImageError("not an image for this board: it begins otherwise")
        if self._tail is not None:
            text = self._tail + chunk
            self._tail = None if self._marker in text else text[1 - len(self._marker) :]

    def _flush(self):
        if self._tail is not None or self.written < len(self._magic):
            raise ImageError("not an image for this board: it does not say so")
        self._opened().flush()

    def _read(self, at, view):
        file = self._opened()
        file.seek(at)
        if file.readinto(view) != len(view):
            raise OSError("%s is shorter than what was written" % self._new)

    def _activate(self):
        slot = self._next()
        self._opened().close()
        os.rename(self._new, self._path(slot))
        self._file = None
        self._write_select({"slot": slot, "state": "new", "previous": self._select["slot"]})

    def _close(self):
        if self._file is not None:
            self._file.close()
            self._file = None
            _remove(self._new)


def _remove(path):
    """Remove a file that need not be there. Raises OSError."""
    try:
        os.remove(path)
    except OSError as e:
        if e.errno != errno.ENOENT:
            raise


def _checked(select):
    """What was read, if it is a selection. Raises ValueError."""
    if not isinstance(select, dict) or select.get("state") not in ("new", "pending", "valid"):
        raise ValueError
    for key in ("slot", "previous"):
        if select.get(key, ...) not in (0, 1, None):
            raise ValueError
    return select
