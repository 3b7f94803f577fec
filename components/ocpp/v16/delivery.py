"""Transaction-related messages: the events of the journal, in order, each until it is answered (OCPP 1.6, sections 3.7
and 9.1.31 f.).

A start is sent as StartTransaction, a sample as MeterValues, an end as StopTransaction, whatever outlet they are of
(section 3.7). The number of the event makes the message's id, which stays the same however often the message is sent,
also after a restart: so the central system can recognise a repetition. The central system's transactionId takes the
place of our own number of a transaction once it is known.

What is refused for its time is sent anew with another (`Payloads`). What is given up is logged and, where
money depends on it, as a security event.
"""

import gc
from micropython import const

from ..dispatcher import NO_MEMORY
from ..rpc import CLOSED, TIMEOUT, Call
from .payloads import Payloads, id_in, verdict_in

_IDS = const("ocpp/id/")  # + our number of a transaction: its transactionId
_KIND = const(0)
_NUMBER = const(1)
_TX = const(2)
_STAMP = const(3)
_WH = const(4)
_JOURNAL_RETRY_MS = const(5000)


class Delivery:
    """Sends what is in the journal. Answers go to `Transactions.confirmed` of the outlet and to `Authorization`."""

    def __init__(self, ocpp, rpc):
        self._ocpp = ocpp
        self._store = ocpp.store
        self._rpc = rpc
        self._journal = ocpp.station.journal
        self._head = ()  # the oldest record, read from the store once
        self._answer = None  # to it, while the journal refuses that it is over: it is not sent again
        self._attempts = 0
        self._due_ms = 0
        self._answers_seen = 0  # answers to anything, at the attempt before
        self._payloads = Payloads(ocpp, self.transaction_id)
        self.meter_value = self._payloads.meter_value
        self._every = 1  # which samples are told in transactionData: each, every 2nd, 0: none

    def start(self):
        """Read the journal: what the transactions that ran before a restart are called."""
        for outlet in self._ocpp.outlets:
            transactions = outlet.transactions
            for transaction in (transactions.current, transactions.closing.transaction):
                if transaction is not None:
                    transaction.called(self.transaction_id(transaction.number))

    def transaction_id(self, transaction):
        """The central system's id of a transaction of ours, or None while unknown."""
        return self._store.get(_IDS + str(transaction))

    def _oldest(self):
        """The oldest record, if it is due, or ()."""
        if not self._ocpp.online() or self._ocpp.clock.uptime_ms() < self._due_ms:
            return ()
        if not self._head:
            try:
                self._head = self._journal.oldest()
            except self._store.Error as e:
                self._later(e)
        return self._head

    def _later(self, error):
        """The journal cannot be read, or refuses: not at once again."""
        self._due_ms = self._ocpp.clock.uptime_ms() + _JOURNAL_RETRY_MS
        self._ocpp.log.rare("a transaction message waits for the journal: %s", str(error))

    def pressing(self):
        """The number of the StartTransaction or StopTransaction that is to be sent now, or None."""
        record = self._oldest()
        return record[_NUMBER] if record and record[_KIND] != "M" else None

    def next_call(self):
        """The oldest message, if it is due."""
        record = self._oldest()
        if not record:
            return None
        if self._answer is not None:
            self._settle(record, self._answer)
            return None
        try:
            return self._call(record)
        except MemoryError:
            gc.collect()
            self._without_memory(record)
        except self._store.Error as e:
            self._later(e)
        return None

    def _without_memory(self, record):
        try:
            self._on_done(record, None, NO_MEMORY)
        except (self._store.Error, MemoryError) as e:
            self._later(e)

    def _call(self, record):
        number = self._payloads.begin(record[_NUMBER])
        outlet = self._ocpp.station.outlet(self._journal.outlet_of(record))
        action, payload = self._payloads.of(record, outlet, self._every)
        done = lambda answer, error: self._on_done(record, answer, error)  # noqa: E731
        return Call(action, payload, done, self._ocpp.stamps.message_id(number))

    def next_aligned(self):
        """MeterValues outside a transaction, which are not journaled."""
        for outlet in self._ocpp.outlets:
            sample = outlet.metering.next_aligned()
            if sample is not None:
                payload = {"connectorId": outlet.id, "meterValue": [self.meter_value(sample)]}
                return Call("MeterValues", payload, _counting(outlet.metering))
        return None

    # --- how it ended -------------------------------------------------------------------------------------------

    def _on_done(self, record, answer, error):
        if self._head is not record:
            return  # a late answer to what was answered already
        if error == CLOSED:
            return
        # Should the journal refuse: not at once again
        self._due_ms = self._ocpp.clock.uptime_ms() + _JOURNAL_RETRY_MS
        if error is not None or (record[_KIND] == "S" and id_in(answer) is None):
            self._failed(record, error)
        else:
            self._settle(record, answer)

    def _settle(self, record, answer):
        """It was answered. While the journal refuses that, it waits as answered: it is not sent again."""
        try:
            self._succeeded(record, answer)
        except (self._store.Error, MemoryError) as e:
            if self._head is not record:
                raise  # it is over: what failed comes after that
            self._answer = answer
            self._later(e)

    def _succeeded(self, record, answer):
        changes, then = {}, self._rpc.wake
        kind, outlet = record[_KIND], self._ocpp.station.outlet(self._journal.outlet_of(record))
        verdict = verdict_in(answer, self._ocpp.station.authorization, self._ocpp.log)
        if kind == "S":
            transaction_id = id_in(answer)
            if outlet is not None:
                changes, then = outlet.transactions.confirmed(record[_TX], transaction_id, verdict)
            changes[_IDS + str(record[_TX])] = transaction_id
        self._take(record, changes)
        then()
        tag = record[5] if kind == "S" else record[6] if kind == "E" else None
        if tag is not None and verdict is not None:
            self._ocpp.station.authorization.learn(tag, verdict)

    def _failed(self, record, error):
        """Try again later, each time one interval later; give up after TransactionMessageAttempts.

        A time-out counts only if the central system has answered something else since the attempt before: one that
        answers nothing is not there, and nothing is given up for that. What does not fit into the heap is tried at once
        with half of its transactionData, and then without; only then it may be given up.
        """
        if error == NO_MEMORY and record[_KIND] == "E" and self._every:
            self._attempts += 1
            self._every = 2 if self._every == 1 else 0
            self._due_ms = 0
            self._ocpp.log.warning("message %d is too long: less transactionData", record[_NUMBER])
            return
        if error != TIMEOUT or self._rpc.answers != self._answers_seen:
            self._attempts += 1
        self._answers_seen = self._rpc.answers
        last = self._attempts >= self._ocpp.configuration["TransactionMessageAttempts"]
        if error not in (None, TIMEOUT, NO_MEMORY) and self._corrected(record, last or error.endswith("Violation")):
            return
        if last:
            self._give_up(record, error or "no transactionId")
            return
        wait_ms = self._ocpp.configuration["TransactionMessageRetryInterval"] * max(1, self._attempts) * 1000
        self._due_ms = self._ocpp.clock.uptime_ms() + wait_ms
        self._ocpp.log.warning("message %d (%s): next attempt in %d ms", record[_NUMBER], record[_KIND], wait_ms)

    def _corrected(self, record, now):
        """Have a message that was refused sent anew with another stamp, if that may be why; returns whether it is.

        Not `now`: not yet. Our own clock may be wrong, too: the central system is asked.
        """
        self._ocpp.stamps.ask()
        stamp = record[_STAMP][0] if record[_KIND] == "M" else record[_STAMP]
        if not now or not self._payloads.correct(record[_NUMBER], stamp):
            return False
        number, kind = record[_NUMBER], record[_KIND]
        self._ocpp.log.warning("message %d (%s) refused, its time was wrong: sent anew", number, kind)
        self._attempts = self._due_ms = 0
        return True

    def _give_up(self, record, why):
        kind, number, transaction = record[: _TX + 1]
        text = "message %d (%s) of transaction %d given up: %s" % (number, kind, transaction, why)
        if kind != "M":
            tag = record[5 if kind == "S" else 6]
            text += "; %d Wh, idTag %s, at %s" % (record[_WH], tag, self._ocpp.stamps.text(record[_STAMP]))
            self._ocpp.security_event("TransactionMessageLost", text)
        self._ocpp.log.error("%s", text)
        self._rpc.counters.dropped += 1
        self._take(record, {})

    def _take(self, record, changes):
        """The message is over: out of the journal, with all that only it needed."""
        self._payloads.end(changes)
        if record[_KIND] == "E":
            changes[_IDS + str(record[_TX])] = None
        self._journal.take(record, changes)
        self._head = ()
        self._answer = None
        self._every = 1
        self._attempts = 0
        self._answers_seen = self._rpc.answers
        self._due_ms = 0


def _counting(metering):
    return lambda answer, error: metering.lost() if error is not None else None
