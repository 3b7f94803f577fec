"""A simulated connector lock: a file holds its position, and can be set to jammed."""

import os
import time


class FileLock:
    """The file `name` below the home says ``locked`` or ``unlocked``; ``jammed locked`` or ``jammed unlocked`` where it
    cannot move. It is there after the first start. A movement takes `travel_ms`, and needs to be driven all the time.
    In a scope of the board the file is ``lock.SCOPE``: each outlet has its own.
    """

    requires = ("home", "clock", "scope")
    options = {"name": (str, "lock", 1, 40), "travel_ms": (int, 300, 0, 10000)}

    def __init__(self, home, clock, scope, name, travel_ms):
        self._path = home + "/" + (name + "." + scope.name if scope.name else name)
        self._ticks_ms = clock.ticks_ms
        self._travel_ms = travel_ms
        self._target = None  # the position that it is driven to
        self._since_ms = 0

    async def start(self):
        """Raises OSError."""
        if self._read() is None:
            self._write("unlocked")

    def drive(self, locked):
        """Begin to lock (True) or to unlock."""
        self._target = "locked" if locked else "unlocked"
        self._since_ms = self._ticks_ms()

    def rest(self):
        """Drive it no longer."""
        self._arrive()
        self._target = None

    def locked(self):
        """What the contact reports: True, False, or None if the file has something else."""
        self._arrive()
        text = (self._read() or "").split()
        return {"locked": True, "unlocked": False}.get(text[-1]) if text else None

    def _arrive(self):
        if self._target is None or time.ticks_diff(self._ticks_ms(), self._since_ms) < self._travel_ms:
            return
        now = self._read()
        if now != self._target and not (now or "").startswith("jammed"):
            self._write(self._target)

    def _read(self):
        try:
            with open(self._path) as file:
                return file.read(40).strip()
        except OSError:
            return None

    def _write(self, text):
        with open(self._path + ".new", "w") as file:
            file.write(text + "\n")
        os.rename(self._path + ".new", self._path)
