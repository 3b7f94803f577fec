"""The sink for a new image on a system with files, which keeps two slots and a trial as the ESP32 does."""

import json
import os

from drivers.sink import Sink, UpdateError


class FileSink(Sink):
    """See `Sink`. The image is a file below the home: ``update/slot0`` or ``update/slot1``.

    ``update/select`` says which one is active and how it is with it, in the terms of ESP-IDF's OTA data::

        {"slot": 0 or 1, "state": "new", "pending" or "valid", "previous": 0, 1 or null}

    At a start "new" becomes "pending" (on trial), and "pending" (nobody has confirmed) makes the previous slot the
    active one again. It is written beside and renamed. ``image`` is the path of the active slot, None before the first
    update. Whoever starts the process runs that file; one that never comes as far as `start` is not rolled back.
    """

    requires = ("home",)
    options = {"dir": (str, "update", 1, 200)}

    def __init__(self, home, dir="update"):
        super().__init__()
        self._dir = dir if dir.startswith("/") else home + "/" + dir
        self._select = {"slot": None, "state": "valid", "previous": None}
        self._file = None
        self._running = ""

    async def start(self):
        """Read the selection; begin a trial, or go back after one that failed. Raises OSError."""
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
        self._file = open(self._path(self._next()), "wb+")

    def _append(self, chunk):
        self._opened().write(chunk)

    def _flush(self):
        self._opened().flush()

    def _read(self, at, view):
        file = self._opened()
        file.seek(at)
        if file.readinto(view) != len(view):
            raise OSError("%s is shorter than what was written" % self._path(self._next()))

    def _activate(self):
        slot = self._next()
        self._close()
        self._write_select({"slot": slot, "state": "new", "previous": self._select["slot"]})

    def _close(self):
        if self._file is not None:
            self._file.close()
            self._file = None


def _checked(select):
    """What was read, if it is a selection. Raises ValueError."""
    if not isinstance(select, dict) or select.get("state") not in ("new", "pending", "valid"):
        raise ValueError
    for key in ("slot", "previous"):
        if select.get(key, ...) not in (0, 1, None):
            raise ValueError
    return select
