"""A transaction, as the journal keeps it."""

from micropython import const

from .authorization import ACCEPTED, is_tag

# in the record
_PARENT = const(2)
_INVALID = const(5)
RUNNING = "ocpp/tx"  # the key of the one that runs: see `Transaction.record`


class Transaction:
    """One that runs at ``outlet``. ``id`` is the central system's, None until it is known; ``number`` is our own.

    ``invalid``: the register in mWh when the central system refused its idTag, else None. ``reason``, ``stop_tag`` and
    ``stopped`` (stamp) are of its end, once it is ended: "", None, None before. ``began_ms``: uptime at its start,
    None if it is not known, for it was before a restart.
    """

    def __init__(self, record, outlet, id=None, began_ms=None):
        self.outlet = outlet
        self.began_ms = began_ms
        self.number, self.id_tag, self.parent, self.meter_start_wh, self.started, self.invalid = record[:6]
        self.id = id
        self.reason, self.stop_tag, self.stopped = record[6] if len(record) > 6 else ("", None, None)

    def name(self):
        """For people."""
        return str(self.id) if self.id is not None else "#%d" % self.number

    def record(self):
        """[number, idTag, parentIdTag or None, meterStart in Wh, stamp, invalid], and once it was ended a last element:

        [reason, idTag or None, stamp].
        """
        record = [self.number, self.id_tag, self.parent, self.meter_start_wh, self.started, self.invalid]
        if self.stopped is not None:
            record.append([self.reason, self.stop_tag, self.stopped])
        return record

    def answered(self, transaction_id, answer, log):
        """The answer to StartTransaction: (what is to be journaled with it, function to call then)."""
        parent, invalid, changes = self.parent, self.invalid, {}
        info = answer.get("idTagInfo")
        status = info.get("status") if isinstance(info, dict) else None
        if status == ACCEPTED and is_tag(info.get("parentIdTag")):
            parent = info["parentIdTag"]
        elif status not in (None, ACCEPTED):
            invalid, changes = self.outlet.evse.meter.changes()
        record = self.record()
        record[_PARENT], record[_INVALID] = parent, invalid
        if status is not None:
            changes[self.outlet.key(RUNNING)] = record

        def take():
            self.id, self.parent, self.invalid = transaction_id, parent, invalid
            log.info("transaction #%d has the id %d", self.number, transaction_id)
            if status not in (None, ACCEPTED):
                log.warning("the central system refuses idTag %s: %s", self.id_tag, status)

        return changes, take

    def may_charge(self, mwh, most_wh):
        """At this register: an idTag found invalid later gets MaxEnergyOnInvalidId, if anything (section 9.1.14)."""
        return self.invalid is None or mwh - self.invalid < most_wh * 1000

    def stamps(self):
        """Those in its record."""
        return [self.started] if self.stopped is None else [self.started, self.stopped]


def id_in(answer):
    """The transactionId of an answer: an integer, which JSON may also write as 7.0; None if there is none."""
    value = answer.get("transactionId")
    if type(value) is int or (isinstance(value, float) and value % 1 == 0):  # True is no integer
        return int(value)
    return None
