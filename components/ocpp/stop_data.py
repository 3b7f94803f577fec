"""The samples for the transactionData of StopTransaction (OCPP 1.6, section 6.49)."""

from micropython import const

from .measurands import rendered_size

_PER_TX = const(24)  # samples for one transactionData, if that many fit
_MAX = const(192)  # ... for all that are not delivered


class StopData:
    """An outlet's queue of them in the store, ``queue``, with entries [our number of the transaction, sample]. Those of
    the transaction that runs are at its end.

    `bytes_max`: what one transactionData may take in the message.
    """

    def __init__(self, store, bytes_max, queue):
        self._store = store
        self._bytes_max = bytes_max
        self.queue = queue
        self._tx = None
        self._count = 0  # of its samples

    def stamps(self):
        """Generator of their stamps."""
        for entry in self._store.queue(self.queue).entries():
            yield entry[1][0]

    def is_full(self, sample):
        """Is there no room for `sample`, whatever is dropped?"""
        return len(self._store.queue(self.queue)) >= _MAX or self._most(sample) < 2

    def _most(self, sample):
        """How many such samples one transactionData may have before its last one."""
        return min(_PER_TX, self._bytes_max // rendered_size(sample) - 1)

    def own(self, transaction):
        """How many samples belong to the transaction that runs."""
        if self._tx != transaction:
            self._count = len([0 for entry in self._store.queue(self.queue).entries() if entry[0] == transaction])
            self._tx = transaction
        return self._count

    def added(self, count):
        """The transaction that runs has so many now: a commit changed it."""
        self._count = count

    def to_drop(self, transaction, sample):
        """Which of its samples make room for `sample`: of too many the first stays, and every second of the others."""
        own = self.own(transaction)
        if own < self._most(sample):
            return ()
        first = len(self._store.queue(self.queue)) - own
        return tuple([(self.queue, i) for i in range(first + own - 1, first, -2)])

    def ended(self, transaction):
        """How many samples at the front belong to a transaction that ended (or to one before it)."""
        count = 0
        for entry in self._store.queue(self.queue).entries():
            if entry[0] > transaction:
                break
            count += 1
        return count

    def of(self, transaction, every):
        """Generator of the samples of a transaction that ended: every one, every 2nd (the last is one), 0: none."""
        count = self.ended(transaction) if every else 0
        for index in range((count - 1) % every if count else 0, count, every or 1):
            yield self._store.queue(self.queue).get(index)[1]
