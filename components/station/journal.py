"""The journal of what happened in transactions: events, in their order, each until the central system has taken it.

The queue in the store has records ``[kind, number, transaction, ...]``; `number` identifies an event among all, also
after a restart, and a later one has a higher one. `transaction` is our own number of a transaction.

    ["S", number, transaction, stamp, Wh, idTag, reservationId or None]     it started
    ["M", number, transaction, sample]                                       a sample (see metering.py)
    ["E", number, transaction, stamp, Wh, reason, idTag or None]            it ended

and, unless it is 1, the outlet's number as a last element. Nothing of a central system's protocol is in them: what an
event is told as is decided when it is sent.
"""

from micropython import const

from .metering import context, rendered_size, values

QUEUE = "ocpp"
_KIND = const(0)
_TX = const(2)
_STAMP = const(3)
_LENGTH = const(7)  # of a record of outlet 1
_LENGTH_M = const(4)  # ... of a sample
_PER_TX = const(24)  # samples that are sent with one end, if that many fit
_DATA_MAX = const(192)  # ... for all ends that are not sent yet
_RESERVED = const(2)  # places that only starts and ends may take


class Journal:
    """The queue of events, at most `queue_max`. ``thinned``: samples that were dropped for want of room."""

    def __init__(self, station, queue_max):
        self._station = station
        self._store = station.store
        self._queue_max = queue_max
        self.thinned = 0

    values, context = staticmethod(values), staticmethod(context)  # of a sample

    def stamps(self):
        """Generator of all stamps in the queues."""
        for record in self._store.queue(QUEUE).entries():
            yield record[_STAMP][0] if record[_KIND] == "M" else record[_STAMP]
        for outlet in self._station.outlets:
            for stamp in outlet.data.stamps():
                yield stamp

    def __len__(self):
        return len(self._store.queue(QUEUE))

    # --- what goes in -------------------------------------------------------------------------------------------

    def commit(self, outlet, changes, record, sample=None):
        """Journal `changes`, one event of an outlet and a sample for the end of its transaction in one record.

        Raises the store's Full if there is no room for an event, its Error if it cannot write.
        """
        self._make_room(record[_KIND])
        self._commit(outlet, changes, ((QUEUE, record),), record[_TX], sample)

    def _commit(self, outlet, changes, push, transaction, sample, drop=()):
        data = outlet.data
        if sample is not None:
            own = data.own(transaction)
            push += ((data.queue, [transaction, sample]),)
        try:
            self._store.commit(changes, push=push, drop=drop)
        except self._store.Full:
            if not self._thin():
                raise
            self._store.commit(changes, push=push, drop=drop)
        if sample is not None:
            data.added(own - len(drop) + 1)
        self._station.wake()

    def _make_room(self, kind):
        """Starts leave room for their ends, samples leave room for both: of each outlet."""
        reserved = {"S": 1, "M": _RESERVED, "E": 0}[kind] * len(self._station.outlets)
        if len(self) + reserved >= self._queue_max and not (self._thin() and len(self) + reserved < self._queue_max):
            if kind != "E":
                raise self._store.Full("%d messages wait for the central system" % len(self))

    def add_sample(self, outlet, transaction, sample, data, changes):
        """Journal `changes`, an event of `sample` and `data` for the end (None: nothing) in one record.

        What there is no room for is dropped (and counted). Returns whether `changes` are journaled.
        """
        push = ()
        try:
            if sample is not None:
                push = self._event(outlet, transaction, sample)
            if data is not None and outlet.data.is_full(data):
                data = None
                self.thinned += 1
            drop = outlet.data.to_drop(transaction, data) if data else ()
            self._commit(outlet, changes, push, transaction, data, drop)
            return True
        except (self._store.Error, MemoryError) as e:
            self.thinned += 1
            self._station.log.rare("a sample dropped: %s", str(e) or "no memory")
            return False

    def _event(self, outlet, transaction, sample):
        """What is to be pushed for a sample, if there is room in the queue."""
        try:
            self._make_room("M")
        except self._store.Full as e:
            self.thinned += 1
            self._station.log.rare("MeterValues dropped: %s", str(e))
            return ()
        return ((QUEUE, ["M", self._station.stamps.number(), transaction, sample] + outlet.mark),)

    def _thin(self):
        """Drop every second of the samples that wait (never the first event: it may be on its way); returns whether
        there were any. Raises the store's Error.
        """
        queue = self._store.queue(QUEUE)
        drop = []
        odd = False
        for index in range(1, len(queue)):
            if queue.get(index)[_KIND] == "M":
                odd = not odd
                if odd:
                    drop.append((QUEUE, index))
        drop.reverse()  # from the end, so that the other indexes stay right
        for at in range(0, len(drop), 200):
            self._store.commit(drop=tuple(drop[at : at + 200]))
        if drop:
            self._station.log.warning("%d of the samples that wait were dropped for lack of room", len(drop))
        self.thinned += len(drop)
        return bool(drop)

    # --- what goes out ------------------------------------------------------------------------------------------

    def oldest(self):
        """The oldest event, or (). Raises the store's Error."""
        return self._store.queue(QUEUE).peek() or ()

    def events(self):
        """Generator of all events that wait, the oldest first."""
        return self._store.queue(QUEUE).entries()

    def take(self, record, changes):
        """The oldest event is delivered, or given up: out of the journal, with the samples that only it needed.

        `changes` are journaled with that. Raises the store's Error.
        """
        pop = (QUEUE,)
        if record[_KIND] == "E":
            outlet = self._station.outlet(self.outlet_of(record))
            pop += (outlet.data.queue,) * outlet.data.ended(record[_TX]) if outlet is not None else ()
        self._store.commit(changes, pop=pop)

    # --- what is in a record ------------------------------------------------------------------------------------

    def outlet_of(self, record):
        """The number of its outlet: its last element, unless it is 1."""
        return record[-1] if len(record) > (_LENGTH_M if record[_KIND] == "M" else _LENGTH) else 1


class StopData:
    """Samples that are sent with the end of their transaction (OCPP 1.6, section 6.49: transactionData).

    An outlet's queue of them in the store, ``queue``, with entries [our number of the transaction, sample]. Those of
    the transaction that runs are at its end.

    `bytes_max`: what those of one transaction may take in the message.
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
        return len(self._store.queue(self.queue)) >= _DATA_MAX or self._most(sample) < 2

    def _most(self, sample):
        """How many such samples one transaction may have before its last one."""
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
