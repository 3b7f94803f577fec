"""A transaction, as the journal keeps it; and its end."""

from micropython import const

from .authorization import ACCEPTED

# in the record
_PARENT = const(2)
_INVALID = const(5)
_UNSAFE_MS = const(10000)  # of a journal that refuses: so much energy a power cut may cost at any time
_RETRY_MS = const(5000)
RUNNING = "ocpp/tx"  # the key of the one that runs: see `Transaction.record`


class Transaction:
    """One that runs at ``outlet``. ``id`` is the central system's, None until it is known; ``number`` is our own.

    ``invalid``: the register in mWh when the central system refused its idTag, else None. ``reason``, ``stop_tag`` and
    ``stopped`` (stamp) are of its end, once it is ended: "", None, None before. ``began_ms``: uptime at its start,
    None if it is not known, for it was before a restart.
    """

    def __init__(self, record, outlet, began_ms=None):
        self.outlet = outlet
        self.began_ms = began_ms
        self.number, self.id_tag, self.parent, self.meter_start_wh, self.started, self.invalid = record[:6]
        self.id = None
        self.reason, self.stop_tag, self.stopped = record[6] if len(record) > 6 else ("", None, None)

    def name(self):
        """To be shown."""
        return str(self.id) if self.id is not None else "#%d" % self.number

    def record(self):
        """[number, idTag, parentIdTag or None, meterStart in Wh, stamp, invalid], and once it was ended a last element:

        [reason, idTag or None, stamp].
        """
        record = [self.number, self.id_tag, self.parent, self.meter_start_wh, self.started, self.invalid]
        if self.stopped is not None:
            record.append([self.reason, self.stop_tag, self.stopped])
        return record

    def called(self, id):
        """The central system calls it so, or None."""
        self.id = id

    def confirmed(self, id, verdict, log):
        """The central system has confirmed the start with the id `id`: (what is to be journaled with that, function
        to call then). `verdict`: on its idTag, see `Authorization`, or None.
        """
        status, _, parent = verdict or (None, 0, None)
        refused = status not in (None, ACCEPTED)
        parent, invalid, changes = (status == ACCEPTED and parent) or self.parent, self.invalid, {}
        if refused:
            invalid, changes = self.outlet.evse.meter.changes()
        record = self.record()
        record[_PARENT], record[_INVALID] = parent, invalid
        if status is not None:
            changes[self.outlet.key(RUNNING)] = record

        def take():
            self.id, self.parent, self.invalid = id, parent, invalid
            log.info("transaction #%d has the id %s", self.number, id)
            if refused:
                log.warning("the central system refuses idTag %s: %s", self.id_tag, status)

        return changes, take

    def may_charge(self, mwh, most_wh):
        """At this register: an idTag found invalid later gets MaxEnergyOnInvalidId, if anything (section 9.1.14)."""
        return self.invalid is None or mwh - self.invalid < most_wh * 1000

    def stamps(self):
        """Those in its record."""
        return [self.started] if self.stopped is None else [self.started, self.stopped]


class Closing:
    """The end of a transaction: its meterStop is what the register shows once the power module has stopped.

    ``transaction`` was stopped, and waits for the power module to stop, too: at most `stop_ms`. None: there is none.

    It is in the journal from the beginning: after a power cut it has this end, and nothing is charged any more.
    `Transactions.closed` is called once its StopTransaction is journaled. While the store has a fault that is tried
    every 5 s. ``stuck``: the journal has no room for it, or refuses.
    """

    def __init__(self, station, outlet, stop_ms):
        self.transaction = None
        self.stuck = False
        self._station = station
        self._outlet = outlet
        self._key = outlet.key(RUNNING)
        self._station.store.vital(self._key, "the running transaction" + outlet.words())
        self._flowing = outlet.evse.meter.flowing
        self._stop_ms = stop_ms
        self._until_ms = 0
        self._retry_ms = 0
        self._fault_ms = None  # uptime since which the store has a fault

    def resume(self, transaction):
        """After a restart: this one was stopped before it."""
        self._until_ms = self._station.clock.uptime_ms() + self._stop_ms
        self.transaction = transaction

    def is_unsafe(self):
        """Has the journal refused for so long that a power cut would lose what is delivered?"""
        now = self._station.clock.uptime_ms()
        if not self._station.store.fault.value:
            self._fault_ms = None
        elif self._fault_ms is None:
            self._fault_ms = now
        return self._fault_ms is not None and now - self._fault_ms >= _UNSAFE_MS

    def close(self, transaction, at_once=False):
        """`transaction` was stopped: journal its end, or first that it ends. Raises the store's Error."""
        now = self._station.clock.uptime_ms()
        if self._station.store.fault.value and now < self._retry_ms:
            raise self._station.store.Error(self._station.store.fault.value)
        self._retry_ms = now + _RETRY_MS
        stuck = False
        if at_once or not self._flowing.value:
            try:
                self._end(transaction)
                return
            except self._station.store.Full:
                if transaction is self.transaction:
                    raise
                stuck = True  # there is room for values yet
        until_ms = now + self._stop_ms
        register = self._outlet.register
        _, changes = register.changes()  # with what was delivered so far: the power may fail in the wait
        changes[self._key] = transaction.record()
        self._station.store.commit(changes)
        self._until_ms, self.stuck = until_ms, stuck
        self.transaction = transaction
        register.saved()

    def step(self, at_once=False):
        """End it if the power module has stopped, or if it takes too long. What fails is tried again at each step."""
        transaction = self.transaction
        if transaction is None:
            return
        over = not self._flowing.value or self._station.clock.uptime_ms() >= self._until_ms
        if at_once or over:
            try:
                self.close(transaction, True)
            except (self._station.store.Error, MemoryError) as e:
                self.stuck = True
                self._station.log.rare("the end of a transaction cannot be journaled: %s", str(e) or "no memory")

    def _end(self, transaction):
        outlet = self._outlet
        wh, mwh, changes = outlet.register.whole()
        changes[self._key] = None
        end = ["E", self._station.stamps.number(), transaction.number, transaction.stopped, wh]
        message = end + [transaction.reason, transaction.stop_tag] + outlet.mark
        self._station.journal.commit(outlet, changes, message, outlet.metering.end(mwh, transaction.stopped))
        self.transaction = None
        self.stuck = False
        outlet.transactions.closed(transaction, wh)
