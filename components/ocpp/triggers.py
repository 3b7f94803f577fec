"""What a central system may ask us to send: TriggerMessage and, of the security extension, ExtendedTriggerMessage.

OCPP 1.6, section 5.17: the answer goes out before the message that it promises. It does: what a trigger queues here is
sent by another task, which gets the connection only after the answer.
"""

from .boot import ACCEPTED
from .measurands import TRIGGER


class Triggers:
    """The messages of the Core profile; those of other profiles are in ``ocpp.triggers``, from where all are asked."""

    def __init__(self, ocpp):
        self._boot = ocpp.boot
        self._delivery = ocpp.delivery
        self._metering = ocpp.metering
        self._outbox = ocpp.outbox
        self._status = ocpp.status
        self._transactions = ocpp.transactions
        self._triggers = ocpp.triggers
        ocpp.triggers["BootNotification"] = self._boot_notification
        ocpp.triggers["Heartbeat"] = self._heartbeat
        ocpp.triggers["MeterValues"] = self._meter_values
        ocpp.triggers["StatusNotification"] = self._status.ask

    def handle(self, name, connector):
        """Have the message `name` sent, for `connector` or, with None, for each that it is sent for: the answer.

        Rejected: there is no such connector, nothing is known that could be told, there is no room for more, or we are
        not registered yet.
        """
        function = self._triggers.get(name)
        if function is None:
            return {"status": "NotImplemented"}
        if name != "BootNotification" and self._boot.status != ACCEPTED and not self._boot.pending():
            return {"status": "Rejected"}
        outbox = self._outbox
        outbox.asked = True
        try:
            sent = not outbox.full() and function(connector)
        finally:
            outbox.asked = False
        return {"status": "Accepted" if sent else "Rejected"}

    # A connector that has nothing to do with the message is ignored.

    def _boot_notification(self, connector):
        self._boot.ask()
        return True

    def _heartbeat(self, connector):
        self._outbox.add("Heartbeat", {}, self._boot.on_heartbeat)
        return True

    def _meter_values(self, connector):
        """There is no main meter of its own, so connector 0 has none. Not journaled: whoever asks can ask again."""
        sample = self._metering.sample("MeterValuesSampledData", TRIGGER) if connector in (None, 1) else None
        if sample is None:
            return False
        payload = {"connectorId": 1, "meterValue": [self._delivery.meter_value(sample)]}
        current = self._transactions.current
        if current is not None and current.id is not None and not current.reason:
            payload["transactionId"] = current.id
        self._outbox.add("MeterValues", payload)
        return True
