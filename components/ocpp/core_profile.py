"""The Core profile: what the central system may ask of us (OCPP 1.6, chapter 5)."""

from .actions import CallError
from .authorization import NO_TAG, is_tag
from .boot import ACCEPTED
from .keys import CORE
from .optional import no_charging_profile

NAME = "Core"
KEYS = CORE
_UNREGISTERED = "the central system has not accepted this charge point yet"


class CoreProfile:
    """What a central system may ask of any charge point.

    Payloads are valid by their schema when they come here. `data_transfers` is {(vendorId, messageId):
    function(data) -> (status, data or None)}, for whoever wants to take DataTransfers.
    """

    def __init__(self, configuration, authorization, availability, transactions, boot, vendor_id, reset, log):
        self._configuration = configuration
        self._authorization = authorization
        self._availability = availability
        self._transactions = transactions
        self._boot = boot
        self._vendor_id = vendor_id
        self._reset_device = reset
        self._log = log
        self._refused = ""  # what was refused last, and why
        self.lock = None  # a connector lock: an object with async unlock() -> bool
        self.data_transfers = {}
        # function(idTag, chargingProfile or None) -> function to call before the remote start, None: refused
        self.charging_profile = no_charging_profile

    def handlers(self):
        """{action: function(payload) -> answer, or (answer, function to call once it is sent)}"""
        return {
            "ChangeAvailability": self._change_availability,
            "ChangeConfiguration": self._change_configuration,
            "ClearCache": self._clear_cache,
            "DataTransfer": self._data_transfer,
            "GetConfiguration": self._get_configuration,
            "RemoteStartTransaction": self._remote_start,
            "RemoteStopTransaction": self._remote_stop,
            "Reset": self._reset,
            "UnlockConnector": self._unlock_connector,
        }

    def page(self):
        """What the console shows: what was refused last, and why."""
        if self._refused:
            yield "Refused last: " + self._refused

    def _refuse(self, action, subject, why, status="Rejected"):
        self._refused = "%s %s: %s" % (action, subject, why)
        self._log.rare(action + " %s: %s: %s", subject, status, why)
        return {"status": status}

    def _change_availability(self, payload):
        busy = self._transactions.runs()
        operative = payload["type"] == "Operative"
        status = self._availability.change(payload["connectorId"], operative, busy)
        return {"status": status}, self._transactions.moment

    def _change_configuration(self, payload):
        configuration, name = self._configuration, payload["key"]
        status = configuration.set(name, payload["value"])
        if configuration.refusal:
            return self._refuse("ChangeConfiguration", name, configuration.refusal, status)
        return {"status": status}, configuration.settle

    def _clear_cache(self, payload):
        return {"status": self._authorization.clear()}

    def _data_transfer(self, payload):
        vendor, message = payload["vendorId"], payload.get("messageId", "")
        taker = self.data_transfers.get((vendor, message))
        if taker is not None:
            status, data = taker(payload.get("data"))
            return {"status": status} if data is None else {"status": status, "data": data}
        known = vendor == self._vendor_id != "" or any(key[0] == vendor for key in self.data_transfers)
        return {"status": "UnknownMessageId" if known else "UnknownVendorId"}

    def _get_configuration(self, payload):
        names = payload.get("key") or ()
        limit = self._configuration["GetConfigurationMaxKeys"]
        if len(names) > limit:
            raise CallError("OccurenceConstraintViolation", "key: more than %d" % limit)
        known, unknown = [], []
        for name in names or self._configuration.names():
            entry = self._configuration.read(name)
            if entry is None:
                unknown.append(name)
            elif entry[1] is None:
                known.append({"key": entry[0], "readonly": entry[2]})
            else:
                known.append({"key": entry[0], "value": entry[1], "readonly": entry[2]})
        answer = {}
        if known:
            answer["configurationKey"] = known
        if unknown:
            answer["unknownKey"] = unknown
        return answer

    def _remote_start(self, payload):
        transactions, tag = self._transactions, payload["idTag"]
        why = self._obstacle(payload.get("connectorId", 1), tag)
        prepare = None if why else self.charging_profile(tag, payload.get("chargingProfile"))
        if prepare is None:
            return self._refuse("RemoteStartTransaction", tag, why or "its chargingProfile cannot be taken")

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
        return self._transactions.obstacle(tag) if is_tag(tag) else NO_TAG

    def _remote_stop(self, payload):
        current, transaction = self._transactions.current, payload["transactionId"]
        why = ""
        if self._boot.status != ACCEPTED:
            why = _UNREGISTERED
        elif current is None:
            why = "no transaction runs"
        elif current.id != transaction:
            why = "another transaction runs: %s" % (current.id if current.id is not None else "its id is not known yet")
        if why:
            return self._refuse("RemoteStopTransaction", transaction, why)
        number = current.number

        def stop():
            if self._transactions.current is not None and self._transactions.current.number == number:
                self._transactions.stop("Remote")

        return {"status": "Accepted"}, stop

    def _reset(self, payload):
        kind = payload["type"]
        return {"status": "Accepted"}, lambda: self._reset_device(kind)

    def _unlock_connector(self, payload):
        """A board without a lock says so, also of a connector that is not there (section 5.18)."""
        if payload["connectorId"] != 1 or self.lock is None:
            return {"status": "NotSupported"}
        return self._unlock(self.lock)

    async def _unlock(self, lock):
        if self._transactions.current is not None:
            self._transactions.stop("UnlockCommand")
        return {"status": "Unlocked" if await lock.unlock() else "UnlockFailed"}
