"""A connector lock on GPIO pins: a motor or magnet that drives it, and the contact that reports its position."""


def _no_pin(level=None):
    raise OSError("the lock's pins are not taken yet")


class PinLock:
    """With `unlock_pin`: each direction has its pin, which is active while the lock moves (a motor or a bistable magnet
    behind two transistors or an H bridge; never both pins are). Without (-1): `lock_pin` is active as long as it is
    locked, so that a power cut opens it.

    Options: `active` is the level that drives; `locked_level` the level of `feedback_pin` while it is locked; `pull` of
    that input, for a contact to ground or to the supply.
    """

    options = {
        "lock_pin": (int, ..., 0, 48),
        "unlock_pin": (int, -1, -1, 48),
        "feedback_pin": (int, ..., 0, 48),
        "active": (int, 1, (0, 1)),
        "locked_level": (int, 0, (0, 1)),
        "pull": (str, "up", ("up", "down", "none")),
    }

    def __init__(self, lock_pin, feedback_pin, unlock_pin, active, locked_level, pull):
        pins = [lock_pin, feedback_pin] + ([unlock_pin] if unlock_pin >= 0 else [])
        if len(set(pins)) < len(pins):
            raise ValueError("options 'lock_pin', 'unlock_pin', 'feedback_pin': each needs a pin of its own")
        self._numbers = (lock_pin, unlock_pin, feedback_pin)
        self._active = active
        self._locked_level = locked_level
        self._pull = pull
        self._lock = self._unlock = self._feedback = _no_pin

    async def start(self):
        """Take the pins; nothing moves. Raises ValueError for a pin that cannot do it, such as an input only."""
        from machine import Pin

        lock, unlock, feedback = self._numbers
        idle = 1 - self._active
        pull = {"up": Pin.PULL_UP, "down": Pin.PULL_DOWN, "none": None}[self._pull]
        self._lock = Pin(lock, Pin.OUT, value=idle)
        if unlock >= 0:
            self._unlock = Pin(unlock, Pin.OUT, value=idle)
        self._feedback = Pin(feedback, Pin.IN, pull)  # type: ignore[arg-type]  # None: without

    def drive(self, locked):
        """Begin to lock (True) or to unlock; with two pins the movement lasts until `rest`."""
        if self._unlock is _no_pin:
            self._lock(self._active if locked else 1 - self._active)
            return
        self.rest()
        (self._lock if locked else self._unlock)(self._active)

    def rest(self):
        """End a movement. A lock that is held by its level stays as it is."""
        if self._unlock is not _no_pin:
            self._lock(1 - self._active)
            self._unlock(1 - self._active)

    def locked(self):
        """What the contact reports."""
        return self._feedback() == self._locked_level
