"""The Core profile: the CALLs of the central system (OCPP 1.6, chapter 5).

Here is what starts and ends a transaction or the firmware, and what others put in; the rest is in `core_calls`.
"""

from micropython import const

from core.loading import unload

from . import schemas
from .boot import ACCEPTED

_NO_TAG = const("an idTag has 1 to 20 printable ASCII characters")
_UNREGISTERED = const("the central system has not accepted this charge point yet")


class CoreProfile:
    """The CALLs that any charge point answers.

    Payloads are valid by their schema when they come here. ``data_transfers`` is {(vendorId, messageId):
    function(data) -> (status, data or None)}, for components that handle DataTransfers.
    """

    schemas = schemas
    _refused = ""  # what was refused last, and why

    def __init__(self, ocpp, vendor_id):
        self.ocpp = ocpp
        self.vendor_id = vendor_id
        self.data_transfers = {}  # {(vendorId, messageId): function}

    def set_data_transfer_handler(self, vendor, message, function):
        """Have ``function(data)``, which returns (status, data or None), answer DataTransfers of this vendorId and
        messageId (section 4.3)."""
        self.data_transfers[(vendor, message)] = function

    def start(self):
        """All profiles are there."""
        from .keys import FEATURES

        unload("components.ocpp.v16.keys")
        profile = self.ocpp.dispatcher.profile
        names = [FEATURES[at + 1] for at in range(0, len(FEATURES), 2) if profile(FEATURES[at]) is not None]
        self.ocpp.configuration.fix("SupportedFeatureProfiles", ",".join(names))

    def calls(self):
        """See `CallDispatcher`."""
        from . import core_calls

        return core_calls

    def page(self):
        """What the console shows: what was refused last, and why."""
        if self._refused:
            yield "refused_last", "Refused last: %(what)s", {"what": self._refused}

    def refuse(self, action, subject, why, status="Rejected"):
        """The answer with this status; log and console show why."""
        self._refused = "%s %s: %s" % (action, subject, why)
        self.ocpp.log.rare(action + " %s: %s: %s", subject, status, why)
        return {"status": status}

    def remote_start_transaction(self, payload):
        """RemoteStartTransaction (section 5.11)."""
        tag = payload["idTag"]
        outlet, why = self._place(payload.get("connectorId"), tag)
        station, charging = self.ocpp.station, self.ocpp.station.feature("limits")
        stage = station.charging.unstage
        if not why and charging is not None and "chargingProfile" in payload:  # without Smart Charging it is ignored
            with self.ocpp.on_demand:
                stage = self.ocpp.dispatcher.calls("limits").staged(charging, outlet, tag, payload["chargingProfile"])
            why = "" if stage is not None else "its chargingProfile cannot be taken"
        if why:
            return self.refuse("RemoteStartTransaction", tag, why)

        def start():
            stage(outlet)
            outlet.transactions.remote_start(tag)

        return {"status": "Accepted"}, start

    def _place(self, connector, tag):
        """(outlet, why there can be no remote start there, in words, or "").

        Without connectorId it is the outlet where a vehicle waits, else one that is kept for this idTag, else one that
        is free.
        """
        if self.ocpp.boot.status != ACCEPTED:  # section 4.2: not while Pending
            return None, _UNREGISTERED
        outlets = self.ocpp.outlets if connector is None else (self.ocpp.station.outlet(connector),)
        if outlets[0] is None:
            return None, "there is no connector %d" % connector
        if not self.ocpp.station.authorization.is_tag(tag):
            return None, _NO_TAG
        best, order, first = None, 0, ()
        for outlet in outlets:
            why = outlet.transactions.obstacle(tag)
            first = first or why
            rank = 0 if why else self._rank(outlet)
            if rank > order:
                best, order = outlet, rank
        return best, "" if best is not None else self.ocpp.station.authorization.reason_words(first)

    def _rank(self, outlet):
        """How near a transaction is to an outlet that is free."""
        if outlet.evse.gate.plugged.value:
            return 3 if outlet.transactions.finished else 4
        return 2 if self.ocpp.station.reservation.active(outlet) else 1

    def remote_stop_transaction(self, payload):
        """RemoteStopTransaction (section 5.12)."""
        wanted = payload["transactionId"]
        if self.ocpp.boot.status != ACCEPTED:
            return self.refuse("RemoteStopTransaction", wanted, _UNREGISTERED)
        running = [one.transactions.current for one in self.ocpp.outlets if one.transactions.current is not None]
        found = [current for current in running if current.id == wanted]
        if found:
            return {"status": "Accepted"}, lambda: self._stop(found[0])
        why = "no transaction runs"
        if running:
            ids = [str(one.id) if one.id is not None else "its id is not known yet" for one in running]
            why = "another transaction runs: " + ", ".join(ids)
        return self.refuse("RemoteStopTransaction", wanted, why)

    def _stop(self, current):
        if current.outlet.transactions.current is current:
            current.outlet.transactions.stop("Remote")

    def reset(self, payload):
        """Reset (section 5.14)."""
        kind = payload["type"]
        return {"status": "Accepted"}, lambda: self.ocpp.station.reset(kind)

    def unlock_connector(self, payload):
        """UnlockConnector; NotSupported without a lock, also for a connector that is not there (section 5.18)."""
        outlet = self.ocpp.station.outlet(payload["connectorId"])
        if outlet is None or outlet.transactions.lock.unlock is None:
            return {"status": "NotSupported"}
        return self._unlock(outlet.transactions)

    async def _unlock(self, transactions):
        if transactions.current is not None:
            transactions.stop("UnlockCommand")
        return {"status": "Unlocked" if await transactions.lock.unlock() else "UnlockFailed"}
