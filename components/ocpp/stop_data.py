"""The samples for the transactionData of StopTransaction (OCPP 1.6, section 6.49)."""

from micropython import const

QUEUE = "ocpp/data"  # entries: [our number of the transaction, sample]
_PER_TX = const(24)  # samples for one transactionData
_MAX = const(192)  # ... for all that are not delivered


class StopData:
    """Their queue in the store. Those of the transaction that runs are at its end."""

    def __init__(self, store):
        self._store = store
        self._tx = None
        self._count = 0  # of its samples

    def stamps(self):
        """Generator of their stamps."""
        for entry in self._store.queue(QUEUE).entries():
            yield entry[1][0]

    def is_full(self):
        return len(self._store.queue(QUEUE)) >= _MAX

    def own(self, transaction):
        """How many samples belong to the transaction that runs."""
        if self._tx != transaction:
            self._count = len([0 for entry in self._store.queue(QUEUE).entries() if entry[0] == transaction])
            self._tx = transaction
        return self._count

    def added(self, count):
        """The transaction that runs has so many now: a commit changed it."""
        self._count = count

    def to_drop(self, transaction):
        """Which of its samples make room for one more: of too many the first stays, and every second of the others."""
        own = self.own(transaction)
        if own < _PER_TX:
            return ()
        first = len(self._store.queue(QUEUE)) - own
        return tuple([(QUEUE, i) for i in range(first + own - 1, first, -2)])

    def ended(self, transaction):
        """How many samples at the front belong to a transaction that ended (or to one before it)."""
        count = 0
        for entry in self._store.queue(QUEUE).entries():
            if entry[0] > transaction:
                break
            count += 1
        return count

    def get(self, index):
        """A sample, counted from the front."""
        return self._store.queue(QUEUE).get(index)[1]
