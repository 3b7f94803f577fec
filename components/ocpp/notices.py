"""Notifications that outlive a restart and wait for the connection, such as how far an update is."""

from micropython import const

from .rpc import CLOSED, TIMEOUT

_MOST = const(12)  # that wait; beyond, the oldest is given up
_RETRY_MS = const(60000)  # after a time-out
_AGAIN_MS = const(5000)  # after the outbox or the journal had no room
_ATTEMPTS = const(3)


class Notices:
    """A journaled queue of requests of ours, sent in order, each until it is answered; three time-outs end it, too.

    `queue` is its name in the store, whose entries are ``[number, action, payload]``: as with transaction messages the
    number makes the message's id, so a repetition can be recognised.
    """

    def __init__(self, ocpp, clock, log, store, queue):
        self._ocpp = ocpp
        self._clock = clock
        self._log = log
        self._store = store
        self._queue = queue
        self._sent = None  # the number of the one that is under way
        self._attempts = 0
        self._due_ms = 0

    def __len__(self):
        return len(self._store.queue(self._queue))

    def add(self, action, payload, changes=None):
        """Have it sent; journaled together with `changes`, {key: value}. Raises the store's Error."""
        entry = [self._ocpp.stamps.number(), action, payload]
        drop = ()
        if len(self) >= _MOST:  # the first may be under way
            drop = ((self._queue, 1),)
            self._log.warning("more than %d notifications wait: one is given up", _MOST)
        self._store.commit(changes, push=((self._queue, entry),), drop=drop)

    def step(self):
        """Send what is due. Returns whether there is anything yet."""
        if not len(self):
            return False
        if self._sent is None and self._ocpp.online() and self._clock.uptime_ms() >= self._due_ms:
            self._send()
        return True

    def _send(self):
        number, action, payload = self._store.queue(self._queue).peek()
        self._sent = number
        done = lambda answer, error: self._done(number, error)  # noqa: E731
        self._ocpp.outbox.add(action, payload, done, self._ocpp.stamps.message_id(number))

    def _done(self, number, error):
        if self._sent == number:
            self._sent = None
        entry = self._store.queue(self._queue).peek()
        if entry is None or entry[0] != number:
            return  # a late answer to what was answered already
        if error == CLOSED:
            return
        self._due_ms = self._clock.uptime_ms() + _AGAIN_MS  # should there be no room: not at once again
        if error == "dropped":
            return
        if error == TIMEOUT:
            self._attempts += 1
            if self._attempts < _ATTEMPTS:
                self._due_ms = self._clock.uptime_ms() + _RETRY_MS
                return
        if error is not None:
            self._log.warning("%s was not taken: %s", entry[1], error)
        self._store.commit(pop=(self._queue,))
        self._attempts = 0
        self._due_ms = 0
