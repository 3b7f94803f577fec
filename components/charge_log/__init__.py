"""The charge log: the last sessions, in a file of their own, for people.

A session is in it once its transaction has ended and that is journaled, with what the journal says. After a power cut
between the two it is added at the next start; none is there twice. It is no part of the journal: what it loses costs
nobody anything, and what the journal loses it keeps.

========= ===========================================================================
record    one session as 64 bytes, and as a dict
ring      the files that they are appended to; loaded for that
files     which those are
table     what is read of them: rows, CSV; loaded while it is read
reconcile what a power cut has kept from it; loaded at a start
========= ===========================================================================

A session is a dict:

    number: our own of the transaction; outlet; id_tag; start, stop: UTC (ISO 8601), None while the time was not known:
    then start_uptime_s, stop_uptime_s, seconds from the start of the firmware, else None; wh: None if it is not known,
    for a power cut came; max_w: the highest power that was seen, in W; reason: why it ended, as OCPP names it, "" if it
    is not known; refused: the central system has refused the idTag after the start; offline: it did not know of the
    transaction when that ended

For others: ``table()`` has ``rows(newest_first)``, a generator of these, and ``csv()``, a generator of lines. What
cannot be read is left out.
"""

from micropython import const

from core.loading import unload

_OPEN = const("charges/open")  # of each outlet: [number, idTag, stamp, Wh] of the transaction that started last
_BYTES = const(64)
_RETRY_MS = const(5000)
_PENDING_MAX = const(8)


class ChargeLog:
    """Keeps the last ``keep`` sessions below ``dir`` in the home, 64 bytes each; ``lost``: how many it could not."""

    requires = ("station", "log", "home", "kernel")
    provides = ("page",)
    keeps = ("charges/open", "charges/open/")
    options = {"keep": (int, 500, 64, 10000), "dir": (str, "charges", 1, 100)}
    lost = 0

    def __init__(self, station, log, home, kernel, keep, dir):
        self.station = station
        self.keep = keep
        self.dir = dir if dir.startswith("/") else home + "/" + dir
        self._log = log
        self._urgent = kernel.urgent
        self._most_mw = [0] * len(station.outlets)
        # All that is set at the end of a session: the first assignment of another attribute would need memory.
        self._pending = ()  # type: tuple  # (transaction, Wh) of those that are still to be written
        self._missed = False  # there was no memory to have one pending: the journal has it
        self._due_ms = 0
        station.watch_transactions(starting=self._starting, ended=self._ended)

    # --- what happens ---------------------------------------------------------------------------------------------

    def _starting(self, transaction, changes):
        """What `reconcile` needs is journaled with the start; what it does not need any more is removed."""
        for outlet in self.station.outlets:
            key = outlet.key(_OPEN)
            if outlet is transaction.outlet:
                it = transaction
                changes[key] = [it.number, it.id_tag, it.started, it.meter_start_wh]
                self._most_mw[outlet.id - 1] = 0
            elif not outlet.transactions.runs() and not self._pending and self.station.store.get(key) is not None:
                changes[key] = None

    def _ended(self, transaction, meter_stop_wh):
        try:
            careful = bool(self._pending)
            self._pending += ((transaction, meter_stop_wh),)
            self._write(careful)
        except MemoryError:  # `tick` tries again
            if not self._pending or self._pending[-1][0] is not transaction:
                self._missed = True

    def tick(self, passed):
        """Every 100 ms: the highest power of a session; what could not be written is tried again."""
        for outlet in self.station.outlets:
            mw = outlet.evse.module.power_mw.value
            if mw is not None and mw > self._most_mw[outlet.id - 1] and outlet.evse.gate.transaction.value:
                self._most_mw[outlet.id - 1] = mw
        if (self._pending or self._missed) and self.station.clock.uptime_ms() >= self._due_ms:
            try:
                self._write(True)
            except MemoryError:
                pass  # in 5 s there is more

    def _write(self, careful):
        """Append what is pending; `careful`: some of it may be there already."""
        self._due_ms = self.station.clock.uptime_ms() + _RETRY_MS
        if len(self._pending) > _PENDING_MAX:
            self._pending = self._pending[1:]
            self.lost += 1
        with self.station.on_demand:
            from components.charge_log.record import of_transaction
            from components.charge_log.ring import Ring

            try:
                while self._pending:
                    transaction, wh = self._pending[0]
                    record = of_transaction(self, transaction, wh, self._most_mw[transaction.outlet.id - 1])
                    self._urgent.block("flash", Ring(self.dir, self.keep).append, record, careful)
                    self._pending = self._pending[1:]
            except OSError as e:
                self._log.rare("the charge log cannot be written: %s", e)
            if self._missed:
                self._reconcile()

    async def start(self):
        """Add what a power cut has kept from the log."""
        with self.station.on_demand:
            self._reconcile()

    def _reconcile(self):
        from components.charge_log.reconcile import reconcile

        reconcile(self, _OPEN, self._log)
        self._missed = False

    # --- what there is to see -------------------------------------------------------------------------------------

    def table(self):
        with self.station.on_demand:
            from components.charge_log.table import Table

            return Table(self.dir, self.keep)

    def page(self):
        """What the console shows."""
        from components.charge_log.files import count

        unload("components.charge_log.files")
        data = {"sessions": count(self.dir, self.keep, _BYTES), "pending": len(self._pending), "lost": self.lost}
        yield "charges", "Charge log: %(sessions)d sessions, %(pending)d are to be written, %(lost)d lost", data
