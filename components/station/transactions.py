"""The transactions of an outlet: when one starts, and why it ends (OCPP 1.6, sections 4.8, 4.10, 5.11, 5.12).

Charging is enabled by the gate alone; here its inputs ``transaction`` and the limit of that name are set, the first
only while the journal says that a transaction runs.
"""

from micropython import const

from .authorization import ACCEPTED, reason_words, same_tag
from .optional import Absent
from .transaction import RUNNING, Closing, Transaction

_RESUME_MS = const(15000)  # so long after a restart the vehicle may take to show itself


class Transactions:
    """``current`` is the Transaction that runs, or None; ``finished``: one has ended since the vehicle was plugged in.

    One that was stopped is not current any more, but until the power module stops, too, no other starts (``closing``).
    ``limit_ma`` is what the central system permits.
    """

    def __init__(self, station, outlet, stop_ms):
        # Each attribute that is set later is there from here on: the first assignment of another one would need memory.
        self.current = None  # type: Transaction
        self.finished = self._emergency = False
        self._tag = ()  # type: tuple  # authorized: (idTag, parentIdTag, uptime until which the plug is awaited)
        self._resume_until_ms = None
        self.lock = outlet.evse.lock or Absent()
        self.closing = Closing(station, outlet, stop_ms)
        self.limit_ma = outlet.evse.module.max_current_ma
        self._station = station
        self._outlet = outlet
        self._log = station.log
        self._store = station.store
        self._gate = gate = outlet.evse.gate
        self._plugged = gate.plugged
        gate.emergency_stop.watch(self._on_emergency)

    def start(self):
        """Read the journal: the transaction that ran before a restart."""
        record = self._store.get(self._outlet.key(RUNNING))
        if record is not None:
            transaction = Transaction(record, self._outlet)
            self._station.stamps.resume(transaction, list(self._station.journal.stamps()))
            if transaction.reason:
                self.closing.resume(transaction)
                self.finished = True
            else:
                self.current = transaction

    def stamps_in_journal(self):
        """The stamps of the transaction that ran, if one did."""
        record = self._store.get(self._outlet.key(RUNNING))
        return [] if record is None else Transaction(record, self._outlet).stamps()

    def begin_run(self):
        """The components run: from now on the vehicle may show itself."""
        transaction = self.current or self.closing.transaction
        if transaction is not None and not self._gate.transaction.value:
            self._resume_until_ms = self._station.clock.uptime_ms() + _RESUME_MS
            self._log.info("transaction %s %s", transaction.name(), transaction.reason or "goes on with its vehicle")

    def _on_emergency(self, pressed):
        if pressed:
            self._emergency = True  # kept until the next step, however short it was

    def emergency(self):
        """Is the emergency stop pressed, or was it since the last step?"""
        return self._emergency or bool(self._gate.emergency_stop.value)

    # --- idTags -------------------------------------------------------------------------------------------------

    def charges(self):
        """Does a transaction run that was not stopped?"""
        return self.current is not None and not self.current.reason

    def obstacle(self, tag):
        """Why no transaction can be requested with `tag` now: (reason, detail), or ()."""
        return self._came_first() or self._forbids(not self._station.reservation.closed_to(self._outlet, tag))

    def _came_first(self):
        waits = ("waiting", self._tag[0]) if self._tag else ()
        return self._station.authorization.busy(self._outlet.id) or waits

    def _forbids(self, admitted):
        """Why none can start now; `admitted`: does the reservation admit it?"""
        return self._outlet.connector.unavailable() or (() if admitted else ("reserved", ""))

    def takes(self, tag, parent):
        """Could one start now, or once a vehicle is plugged in?"""
        return not self._came_first() and not self._forbids(self._admits(tag, parent))

    def _admits(self, tag, parent):
        return self._station.reservation.admits(self._outlet, tag, parent)

    def take_back(self, tag):
        """Is this the idTag that waits for the plug? Then it does so no longer."""
        mine = bool(self._tag) and same_tag(tag, self._tag[0])
        if mine:
            self._tag = ()
        return mine

    def remote_start(self, tag):
        """RemoteStartTransaction with `tag` was answered Accepted (section 5.11)."""
        done = lambda status, parent: self.authorized(tag, status, parent)  # noqa: E731
        if not self._station.configuration["AuthorizeRemoteTxRequests"] and self._admits(tag, None):
            done(ACCEPTED, None)
        elif not self._station.authorization.check(tag, done, self._outlet.id):
            self._log.warning("idTag %s: not started: %s", tag, reason_words(self._came_first()))

    def authorized(self, tag, status, parent, until_ms=None):
        """`tag` has this status: start if the plug is in, else wait for it until an uptime (None: ConnectionTimeOut);
        unless something has come between.
        """
        if status != ACCEPTED:
            self._tell("refused", tag, ("unauthorized", status))
            self._log.warning("idTag %s: %s", tag, status)
            return
        why = self._came_first() or self._forbids(self._admits(tag, parent))
        if why:
            self._tell("refused", tag, why)
            self._log.warning("idTag %s: accepted, but no transaction starts: %s", tag, reason_words(why))
            return
        if until_ms is None:
            until_ms = self._station.clock.uptime_ms() + self._station.configuration["ConnectionTimeOut"] * 1000
        self._tag = (tag, parent, until_ms)
        self._log.info("idTag %s is authorized", tag)
        self._tell("accepted", tag)
        self.moment()
        self._start_if_plugged()

    def _tell(self, outcome, tag, why=()):
        self._station.authorization.tell(outcome, tag, why, self._outlet.id)

    def moment(self):
        """The state may have changed."""
        self._outlet.connector.event()

    def runs(self):
        """Does a transaction run, or wait for the power module to stop?"""
        return self.current is not None or self.closing.transaction is not None

    def expects_plug(self):
        """Is an idTag authorized that waits for the plug?"""
        return bool(self._tag)

    # --- start --------------------------------------------------------------------------------------------------

    def _start_if_plugged(self):
        if self._plugged.value and self._tag and not self.runs() and self.lock.secure():
            try:
                self._start(self._tag[0], self._tag[1])
            except self._store.Error as e:
                self._give_up(self._tag[0], ("journal", str(e)))
                self._log.error("no transaction without a journal: %s", str(e))

    def _give_up(self, tag, why):
        self._tag = ()
        self._tell("given_up", tag, why)

    def _start(self, tag, parent):
        station, register, outlet = self._station, self._outlet.register, self._outlet
        number, stamp = self._station.stamps.number(), self._station.stamps.now()
        wh, _, changes = register.whole()
        record = [number, tag, parent, wh, stamp, None]
        current = Transaction(record, outlet, self._station.clock.uptime_ms())
        changes[outlet.key(RUNNING)] = current.record()
        message = ["S", number, number, stamp, wh, tag, station.reservation.use(current, changes)] + outlet.mark
        for function in station.starting:
            function(current, changes)
        self._station.journal.commit(outlet, changes, message, outlet.metering.begin(1000 * wh))
        self.current, self._tag = current, ()
        self._resume_until_ms = None
        register.saved()
        self._log.info("transaction #%d starts%s: idTag %s, %d Wh", number, outlet.words(), tag, wh)
        for function in station.begun:
            function(current)
        self._open_gate()
        self._tell("started", tag)
        self.moment()

    def _open_gate(self):
        self._gate.limit("transaction", self._limit())
        self._gate.transaction.set(True)

    def apply_limit(self):
        """`limit_ma` was set: the gate takes it now, if a transaction runs."""
        if self.current is not None and self._gate.transaction.value:
            self._gate.limit("transaction", self._limit())

    def _limit(self):
        return self.limit_ma if self._may_charge() else 0

    def confirmed(self, number, id, verdict):
        """The central system has confirmed the start of the transaction with our `number`, see `Transaction.confirmed`:
        returns what is to be journaled with that, and a function to call then.
        """
        current = self.current
        if current is None or current.number != number:
            return {}, self.moment
        return current.confirmed(id, verdict, self._log)

    def _may_charge(self):
        mwh = self._outlet.evse.meter.energy_mwh.value
        return self.current.may_charge(mwh, self._station.configuration["MaxEnergyOnInvalidId"])

    # --- end ----------------------------------------------------------------------------------------------------

    def stop(self, reason, tag=None, at_once=False):
        """End the transaction: the gate closes first, then it is journaled; `at_once`: the power module is not awaited.

        Returns whether it is; if the journal refuses, the gate stays closed and each step tries again.
        """
        current = self.current
        if not current.reason:
            current.stop_tag = tag
            current.reason = reason  # from here on it ends, whatever fails, also what watches the gate
        self._gate.transaction.set(False)
        self._gate.limit("transaction", 0)
        try:
            if current.stopped is None:
                current.stopped = self._station.stamps.now()
            self.closing.close(current, at_once)
        except self._store.Error as e:
            self._log.rare("the end of a transaction cannot be journaled: %s", str(e))
            return False
        if self.current is not None:
            self._stopped()
        return True

    def _stopped(self):
        self.moment()
        self.current = None
        self.finished = bool(self._plugged.value) or self._resume_until_ms is not None

    def closed(self, transaction, wh):
        """Its end is journaled, at this register."""
        if self.current is not None:
            self._stopped()
        self._outlet.register.saved()
        which = transaction.name() + self._outlet.words()
        self._log.info("transaction %s ends: %s, at %d Wh", which, transaction.reason, wh)
        for function in self._station.ended:
            function(transaction, wh)
        self.moment()

    # --- as time goes by ----------------------------------------------------------------------------------------

    def step(self):
        plugged = bool(self._plugged.value)
        if self.current is None and self._resume_until_ms is not None:  # ended before the vehicle showed itself
            if plugged or self._station.clock.uptime_ms() >= self._resume_until_ms:
                self._resume_until_ms = None
        elif not plugged:
            self.finished = False
        emergency, self._emergency = self.emergency(), False
        self.closing.step()
        if self.current is not None:
            self._step_running(plugged, emergency)
        elif self._tag:
            self._step_waiting(emergency)

    def _step_waiting(self, emergency):
        tag, parent, until_ms = self._tag
        why = ("emergency_stop", "") if emergency else self._forbids(self._admits(tag, parent))
        if why:
            self._give_up(tag, why)
            self._log.info("idTag %s: given up: %s", tag, reason_words(why))
        elif self._plugged.value:
            self._start_if_plugged()
        elif self._station.clock.uptime_ms() >= until_ms:
            self._give_up(tag, ("timeout", ""))
            self._log.info("idTag %s: nothing was plugged in within ConnectionTimeOut", tag)

    def _step_running(self, plugged, emergency):
        configuration = self._station.configuration
        if self.current.reason or emergency:
            self.stop("EmergencyStop")  # a reason that is there already stays
        elif self._resume_until_ms is not None:
            self._step_resuming(plugged)
        elif not plugged and self._gate.transaction.value and configuration["StopTransactionOnEVSideDisconnect"]:
            self.stop("EVDisconnected")
        elif not self._may_charge() and configuration["StopTransactionOnInvalidId"]:
            self.stop("DeAuthorized")
        elif self.closing.is_unsafe():
            self.stop("Other")
        else:
            self._open_gate()

    def _step_resuming(self, plugged):
        at_once = plugged and self._station.configuration["StopTransactionOnPowerLoss"]
        if at_once or self._station.clock.uptime_ms() >= self._resume_until_ms:
            self.stop("PowerLoss")
        elif plugged and not self._store.fault.value:  # without a journal nothing is charged
            self._resume_until_ms = None
            self._log.info("transaction %s goes on", self.current.name())
            self._open_gate()
