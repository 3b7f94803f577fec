"""The Core profile: what the central system may ask of us (OCPP 1.6, chapter 5).

Here is what starts and ends a transaction or the firmware, and what others put in; the rest is in `core_calls`.
"""

from micropython import const

from . import schemas
from .authorization import NO_TAG, is_tag, reason_words
from .boot import ACCEPTED
from .optional import no_charging_profile

_UNREGISTERED = const("the central system has not accepted this charge point yet")


class CoreProfile:
    """What a central system may ask of any charge point.

    Payloads are valid by their schema when they come here. ``data_transfers`` is {(vendorId, messageId):
    function(data) -> (status, data or None)}, for whoever wants to take DataTransfers.
    """

    schemas = schemas
    lock = None  # a connector lock: an object with async unlock() -> bool
    _refused = ""  # what was refused last, and why

    def __init__(self, configuration, authorization, availability, transactions, boot, vendor_id, reset, log):
        self.configuration = configuration
        self.authorization = authorization
        self.availability = availability
        self.transactions = transactions
        self._boot = boot
        self.vendor_id = vendor_id
        self._reset_device = reset
        self._log = log
        self.data_transfers = {}
        # function(idTag, chargingProfile or None) -> function to call before the remote start, None: refused
        self.charging_profile = no_charging_profile

    def calls(self):
        """See `Actions`."""
        from . import core_calls

        return core_calls

    def page(self):
        """What the console shows: what was refused last, and why."""
        if self._refused:
            yield "Refused last: " + self._refused

    def refuse(self, action, subject, why, status="Rejected"):
        """The answer with this status; log and console tell why."""
        self._refused = "%s %s: %s" % (action, subject, why)
        self._log.rare(action + " %s: %s: %s", subject, status, why)
        return {"status": status}

    def remote_start_transaction(self, payload):
        """RemoteStartTransaction (section 5.11)."""
        transactions, tag = self.transactions, payload["idTag"]
        why = self._obstacle(payload.get("connectorId", 1), tag)
        prepare = None if why else self.charging_profile(tag, payload.get("chargingProfile"))
        if prepare is None:
            return self.refuse("RemoteStartTransaction", tag, why or "its chargingProfile cannot be taken")

        def start():
            prepare()
            transactions.remote_start(tag)

        return {"status": "Accepted"}, start

    def _obstacle(self, connector, tag):
        """Why there can be no remote start, in words, or ""."""
        if self._boot.status != ACCEPTED:  # section 4.2: not while Pending
            return _UNREGISTERED
        if connector != 1:
            return "there is no connector %d" % connector
        return reason_words(self.transactions.obstacle(tag)) if is_tag(tag) else NO_TAG

    def remote_stop_transaction(self, payload):
        """RemoteStopTransaction (section 5.12)."""
        current, transaction = self.transactions.current, payload["transactionId"]
        why = ""
        if self._boot.status != ACCEPTED:
            why = _UNREGISTERED
        elif current is None:
            why = "no transaction runs"
        elif current.id != transaction:
            why = "another transaction runs: %s" % (current.id if current.id is not None else "its id is not known yet")
        if why:
            return self.refuse("RemoteStopTransaction", transaction, why)
        number = current.number

        def stop():
            if self.transactions.current is not None and self.transactions.current.number == number:
                self.transactions.stop("Remote")

        return {"status": "Accepted"}, stop

    def reset(self, payload):
        """Reset (section 5.14)."""
        kind = payload["type"]
        return {"status": "Accepted"}, lambda: self._reset_device(kind)

    def unlock_connector(self, payload):
        """UnlockConnector; a board without a lock says so, also of a connector that is not there (section 5.18)."""
        if payload["connectorId"] != 1 or self.lock is None:
            return {"status": "NotSupported"}
        return self._unlock(self.lock)

    async def _unlock(self, lock):
        if self.transactions.current is not None:
            self.transactions.stop("UnlockCommand")
        return {"status": "Unlocked" if await lock.unlock() else "UnlockFailed"}
