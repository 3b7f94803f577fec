"""The one connector's transaction: who starts it, when, and why it ends (OCPP 1.6, sections 4.8, 4.10, 5.11, 5.12).

Charging is enabled by the gate alone; here its inputs ``transaction`` and ``limit_ma`` are set, the first only while
the journal says that a transaction runs.
"""

from micropython import const

from .authorization import ACCEPTED, is_tag, reason_words, same_tag
from .closing import Closing
from .optional import Absent
from .transaction import RUNNING, Transaction

_RESUME_MS = const(15000)  # so long after a restart the vehicle may take to show itself


class Transactions:
    """``current`` is the Transaction that runs, or None; ``finished``: one has ended since the vehicle was plugged in.

    One that was stopped is not current any more, but until the power module stops, too, no other starts (``closing``).
    `unavailable()`: why none can start now, (reason, detail) or (), see `Authorization.tell`. Called are those in
    ``starting`` with (transaction, changes) before one is journaled, and with it what they put into `changes`, in
    ``begun`` with a transaction once it is journaled and before the gate opens, in ``ended`` with (transaction,
    meter_stop_wh) after it. `moment()` is called when one of these came, or an idTag.
    """

    def __init__(self, services, delivery, metering, authorization, unavailable, moment, stop_ms):
        self.current = None  # type: Transaction
        self.finished = False
        self.starting, self.begun, self.ended = (), (services.stamps.begun,), (services.stamps.ended,)
        self.moment, self.unavailable = moment, unavailable
        self.reservation = self.lock = Absent()  # the Reservation profile puts itself there; the evse's lock
        self.limit_ma = services.charger.max_current_ma  # what the central system permits; Smart Charging lowers it
        self._clock, self._log, self._store = services.clock, services.log, services.store
        self._stamps, self._configuration, self._register = services.stamps, services.configuration, services.register
        self._delivery, self._metering = delivery, metering
        self.closing = Closing(services, delivery, metering, stop_ms, self._ended)
        self._authorization = authorization
        self._gate, self._meter, self._plug = services.gate, services.meter, services.plug
        self._tag = ()  # type: tuple  # authorized: (idTag, parentIdTag, uptime until which the plug is awaited)
        self._resume_until_ms, self._emergency = None, False
        delivery.on_started = self._on_started
        services.gate.emergency_stop.watch(self._on_emergency)

    def start(self):
        """Read the journal: the transaction that ran before a restart."""
        record = self._store.get(RUNNING)
        if record is not None:
            transaction = Transaction(record, self._delivery.transaction_id(record[0]))
            self._stamps.resume(transaction.number, transaction.stamps() + list(self._delivery.stamps_in_journal()))
            if transaction.reason:
                self.closing.resume(transaction)
                self.finished = True
            else:
                self.current = transaction

    def stamps_in_journal(self):
        """The stamps of the transaction that ran, if one did."""
        record = self._store.get(RUNNING)
        return [] if record is None else Transaction(record).stamps()

    def begin_run(self):
        """The components run: from now on the vehicle may show itself."""
        transaction = self.current or self.closing.transaction
        if transaction is not None and not self._gate.transaction.value:
            self._resume_until_ms = self._clock.uptime_ms() + _RESUME_MS
            self._log.info("transaction %s %s", transaction.name(), transaction.reason or "goes on with its vehicle")

    def _on_emergency(self, pressed):
        if pressed:
            self._emergency = True  # kept until the next step, however short it was

    # --- idTags -------------------------------------------------------------------------------------------------
    def present_tag(self, tag):
        """A card reader, or the like, has read `tag`. Returns what becomes of it, see `Authorization.tell`."""
        tag, tell = tag.strip(), self._authorization.tell
        if not is_tag(tag):
            return tell("no_tag", tag, outlet=0)
        if self.current is not None and not self.current.reason:
            return self._tag_to_stop(tag)
        if self._tag and same_tag(tag, self._tag[0]):
            self._tag = ()
            return tell("taken_back", tag)
        if self.lock.release(tag):
            return tell("unlocked", tag)
        why = self.obstacle(tag)
        if why:
            return tell("refused", tag, why)
        return self._check(tag, lambda status, parent: self._authorized(tag, status, parent))

    def _check(self, tag, done):
        """The result of what is decided at once, or that it is being decided."""
        before = self._authorization.card.value
        if not self._authorization.check(tag, done):
            return self._authorization.tell("refused", tag, self._came_first())
        now = self._authorization.card.value
        return now if now is not before else self._authorization.tell("checking", tag)

    def obstacle(self, tag):
        """Why no transaction can be asked for with `tag` now: (reason, detail), or ()."""
        return self._came_first() or self._forbids(not self.reservation.closed_to(tag))

    def _came_first(self):
        return self._authorization.busy() or (("waiting", self._tag[0]) if self._tag else ())

    def _forbids(self, admitted):
        return self.unavailable() or (() if admitted else ("reserved", ""))

    def _tag_to_stop(self, tag):
        """The idTag of the start ends the transaction; so does another one of the same group, if it has one."""
        current = self.current
        if same_tag(tag, current.id_tag):
            return self._stop_by(tag)
        if current.parent is None:
            return self._authorization.tell("refused", tag, ("other_tag", ""))
        return self._check(tag, lambda status, parent: self._stop_by_parent(current, tag, status, parent))

    def _stop_by_parent(self, current, tag, status, parent):
        if current is not self.current:
            return
        if status == ACCEPTED and same_tag(parent, current.parent):
            return self._stop_by(tag)
        self._authorization.tell("refused", tag, ("other_tag", "") if status == ACCEPTED else ("unauthorized", status))
        self._log.warning("idTag %s may not end this transaction (%s)", tag, status)

    def _stop_by(self, tag):
        self.stop("Local", tag)
        return self._authorization.tell("ended", tag)

    def remote_start(self, tag):
        """RemoteStartTransaction with `tag` was answered Accepted (section 5.11)."""
        if not self._configuration["AuthorizeRemoteTxRequests"] and self.reservation.admits(tag, None):
            self._authorized(tag, ACCEPTED, None)
        elif not self._authorization.check(tag, lambda status, parent: self._authorized(tag, status, parent)):
            self._log.warning("idTag %s: not started: %s", tag, reason_words(self._came_first()))

    def _authorized(self, tag, status, parent):
        """Start if the plug is in, else wait ConnectionTimeOut for it; unless something has come between."""
        if status != ACCEPTED:
            why = ("unauthorized", status)
            self._log.warning("idTag %s: %s", tag, status)
        else:
            why = self._came_first() or self._forbids(self.reservation.admits(tag, parent))
            if why:
                self._log.warning("idTag %s: accepted, but no transaction starts: %s", tag, reason_words(why))
        if why:
            self._authorization.tell("refused", tag, why)
            return
        self._tag = (tag, parent, self._clock.uptime_ms() + self._configuration["ConnectionTimeOut"] * 1000)
        self._log.info("idTag %s is authorized", tag)
        self._authorization.tell("accepted", tag)
        self.moment()
        self._start_if_plugged()

    def runs(self):
        """Does a transaction run, or wait for the power module to stop?"""
        return self.current is not None or self.closing.transaction is not None

    def expects_plug(self):
        """Is an idTag authorized that waits for the plug?"""
        return bool(self._tag)

    # --- start --------------------------------------------------------------------------------------------------
    def _start_if_plugged(self):
        if self._plug.plugged.value and self._tag and not self.runs() and self.lock.secure():
            try:
                self._start(self._tag[0], self._tag[1])
            except self._store.Error as e:
                self._give_up(self._tag[0], ("journal", str(e)))
                self._log.error("no transaction without a journal: %s", str(e))

    def _give_up(self, tag, why):
        self._tag = ()
        self._authorization.tell("given_up", tag, why)

    def _start(self, tag, parent):
        number, stamp, (wh, _, changes) = self._stamps.number(), self._stamps.now(), self._register.whole()
        current = Transaction([number, tag, parent, wh, stamp, None])
        changes[RUNNING] = current.record()
        message = ["S", number, number, stamp, wh, tag, self.reservation.use(changes)]
        for function in self.starting:
            function(current, changes)
        self._delivery.commit(changes, message, self._metering.begin(1000 * wh))
        self.current, self._tag = current, ()
        self._resume_until_ms = None
        self._register.saved()
        self._log.info("transaction #%d starts: idTag %s, %d Wh", number, tag, wh)
        for function in self.begun:
            function(current)
        self._open_gate()
        self._authorization.tell("started", tag)
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

    def _on_started(self, number, transaction_id, answer):
        """The answer to a StartTransaction: returns what is to be journaled with it, and a function to call then."""
        current = self.current
        if current is None or current.number != number:
            return {}, self.moment
        return current.answered(transaction_id, answer, self._meter, self._log)

    def _may_charge(self):
        return self.current.may_charge(self._meter.energy_mwh.value, self._configuration["MaxEnergyOnInvalidId"])

    # --- end ----------------------------------------------------------------------------------------------------
    def stop(self, reason, tag=None, at_once=False):
        """End the transaction: the gate closes first, then it is journaled; `at_once`: the power module is not awaited.

        Returns whether it is; if the journal refuses, the gate stays closed and each step tries again.
        """
        current = self.current
        self._gate.transaction.set(False)
        self._gate.limit("transaction", 0)
        if not current.reason:
            current.stop_tag = tag
            current.reason = reason  # from here on it ends, whatever fails
        try:
            if current.stopped is None:
                current.stopped = self._stamps.now()
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
        self.finished = bool(self._plug.plugged.value) or self._resume_until_ms is not None

    def _ended(self, transaction, wh):
        if self.current is not None:
            self._stopped()
        self._register.saved()
        self._log.info("transaction %s ends: %s, at %d Wh", transaction.name(), transaction.reason, wh)
        for function in self.ended:
            function(transaction, wh)

    # --- as time goes by ----------------------------------------------------------------------------------------
    def step(self):
        plugged = bool(self._plug.plugged.value)
        if self.current is None and self._resume_until_ms is not None:  # ended before the vehicle showed itself
            if plugged or self._clock.uptime_ms() >= self._resume_until_ms:
                self._resume_until_ms = None
        elif not plugged:
            self.finished = False
        emergency, self._emergency = self._emergency or bool(self._gate.emergency_stop.value), False
        self.closing.step()
        if self.current is not None:
            self._step_running(plugged, emergency)
        elif self._tag:
            self._step_waiting(emergency)

    def _step_waiting(self, emergency):
        tag, parent, until_ms = self._tag
        why = ("emergency_stop", "") if emergency else self._forbids(self.reservation.admits(tag, parent))
        if why:
            self._give_up(tag, why)
            self._log.info("idTag %s: given up: %s", tag, reason_words(why))
        elif self._plug.plugged.value:
            self._start_if_plugged()
        elif self._clock.uptime_ms() >= until_ms:
            self._give_up(tag, ("timeout", ""))
            self._log.info("idTag %s: nothing was plugged in within ConnectionTimeOut", tag)

    def _step_running(self, plugged, emergency):
        if self.current.reason or emergency:
            self.stop("EmergencyStop")  # a reason that is there already stays
        elif self._resume_until_ms is not None:
            self._step_resuming(plugged)
        elif not plugged and self._gate.transaction.value and self._configuration["StopTransactionOnEVSideDisconnect"]:
            self.stop("EVDisconnected")
        elif not self._may_charge() and self._configuration["StopTransactionOnInvalidId"]:
            self.stop("DeAuthorized")
        elif self.closing.is_unsafe():
            self.stop("Other")
        else:
            self._open_gate()

    def _step_resuming(self, plugged):
        at_once = plugged and self._configuration["StopTransactionOnPowerLoss"]
        if at_once or self._clock.uptime_ms() >= self._resume_until_ms:
            self.stop("PowerLoss")
        elif plugged and not self._store.fault.value:  # without a journal nothing is charged
            self._resume_until_ms = None
            self._log.info("transaction %s goes on", self.current.name())
            self._open_gate()
