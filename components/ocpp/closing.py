"""The end of a transaction: its meterStop is what the register shows once the power module has stopped."""

from micropython import const

from .transaction import RUNNING

_UNSAFE_MS = const(10000)  # of a journal that refuses: so much energy a power cut may cost at any time
_RETRY_MS = const(5000)


class Closing:
    """``transaction`` was stopped, and waits for the power module to stop, too: at most `stop_ms`. None: there is none.

    It is in the journal from the beginning: after a power cut it has this end, and nothing is charged any more.
    `Transactions.closed` is called once its StopTransaction is journaled. While the store has a fault that is tried
    every 5 s. ``stuck``: the journal has no room for it, or refuses.
    """

    def __init__(self, services, outlet, stop_ms):
        self.transaction = None
        self.stuck = False
        self._services = services
        self._outlet = outlet
        self._key = outlet.key(RUNNING)
        self._services.store.vital(self._key, "the running transaction" + outlet.words())
        self._flowing = outlet.evse.meter.flowing
        self._stop_ms = stop_ms
        self._until_ms = 0
        self._retry_ms = 0
        self._fault_ms = None  # uptime since which the store has a fault

    def resume(self, transaction):
        """After a restart: this one was stopped before it."""
        self._until_ms = self._services.clock.uptime_ms() + self._stop_ms
        self.transaction = transaction

    def is_unsafe(self):
        """Has the journal refused for so long that a power cut would lose what is delivered?"""
        now = self._services.clock.uptime_ms()
        if not self._services.store.fault.value:
            self._fault_ms = None
        elif self._fault_ms is None:
            self._fault_ms = now
        return self._fault_ms is not None and now - self._fault_ms >= _UNSAFE_MS

    def close(self, transaction, at_once=False):
        """`transaction` was stopped: journal its end, or first that it ends. Raises the store's Error."""
        now = self._services.clock.uptime_ms()
        if self._services.store.fault.value and now < self._retry_ms:
            raise self._services.store.Error(self._services.store.fault.value)
        self._retry_ms = now + _RETRY_MS
        stuck = False
        if at_once or not self._flowing.value:
            try:
                self._end(transaction)
                return
            except self._services.store.Full:
                if transaction is self.transaction:
                    raise
                stuck = True  # there is room for values yet
        until_ms = now + self._stop_ms
        register = self._outlet.register
        _, changes = register.changes()  # with what was delivered so far: the power may fail in the wait
        changes[self._key] = transaction.record()
        self._services.store.commit(changes)
        self._until_ms, self.stuck = until_ms, stuck
        self.transaction = transaction
        register.saved()

    def step(self, at_once=False):
        """End it if the power module has stopped, or if it takes too long. What fails is tried again at each step."""
        transaction = self.transaction
        if transaction is None:
            return
        over = not self._flowing.value or self._services.clock.uptime_ms() >= self._until_ms
        if at_once or over:
            try:
                self.close(transaction, True)
            except (self._services.store.Error, MemoryError) as e:
                self.stuck = True
                self._services.log.rare("the end of a transaction cannot be journaled: %s", str(e) or "no memory")

    def _end(self, transaction):
        outlet = self._outlet
        wh, mwh, changes = outlet.register.whole()
        changes[self._key] = None
        end = ["E", self._services.stamps.number(), transaction.number, transaction.stopped, wh]
        message = end + [transaction.reason, transaction.stop_tag] + outlet.mark
        self._services.delivery.commit(outlet, changes, message, outlet.metering.end(mwh, transaction.stopped))
        self.transaction = None
        self.stuck = False
        outlet.transactions.closed(transaction, wh)
