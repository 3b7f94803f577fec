"""What a strict central system refuses for its time is sent anew with a time that it can believe.

A stamp in the future was made while the clock was wrong, one from before the firmware was made, too. The message that
was refused is over; the one with other stamps is another message, with an id of its own, and is journaled as such: it
is the same again after a restart.
"""

_KEY = "ocpp/bounded"  # [number of the message, the number that it is sent with, upper bound of its stamps: UTC in ms]


class Correction:
    """Of the message that is being sent, the oldest one of the queue."""

    def __init__(self, ocpp):
        self._store = ocpp.store
        self._stamps = ocpp.stamps
        self._clock = ocpp.clock
        self._latest_ms = None

    def begin(self, number):
        """The message with this number is sent next; returns the number that its id is made of."""
        there = self._store.get(_KEY)
        if there is None or there[0] != number:
            self._latest_ms = None
            return number
        self._latest_ms = there[2]
        return there[1]

    def fixed(self, stamp):
        """A stamp as it is told: see `Stamps.fixed`."""
        return self._stamps.fixed(stamp, self._latest_ms)

    def make(self, number, stamp):
        """A message of this stamp was refused: is it sent anew with another? Raises the store's Error."""
        if self._latest_ms is not None or not self._stamps.doubtful(stamp):
            return False
        self._store.put(_KEY, [number, self._stamps.number(), self._clock.utc_ms()])
        return True

    def end(self, changes):
        """The message is over: `changes` are journaled."""
        if self._latest_ms is not None:
            changes[_KEY] = None
            self._latest_ms = None
