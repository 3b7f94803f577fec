"""The answers to TriggerMessage and ExtendedTriggerMessage.

OCPP 1.6, section 5.17: the answer goes out before the message that it promises. It does: what a trigger queues here is
sent by another task, which gets the connection only after the answer.
"""

from micropython import const

from ..boot import ACCEPTED
from . import schemas  # noqa: F401  # see `CallDispatcher`

# The message, and the profile whose ``calls()`` has trigger(profile, message, connectorId or None) -> will it be sent?
_TRIGGERS = const((
    "DiagnosticsStatusNotification", "firmware",
    "FirmwareStatusNotification", "firmware",
    "LogStatusNotification", "log_upload",
    "SignChargePointCertificate", "certificates",
    "SignedFirmwareStatusNotification", "signed_firmware",
))  # fmt: skip


def trigger_message(profile, payload):
    """TriggerMessage (OCPP 1.6, section 5.17)."""
    return trigger(profile.ocpp, payload["requestedMessage"], payload.get("connectorId"))


def extended_trigger_message(profile, payload):
    """ExtendedTriggerMessage (white paper, section 5.5).

    FirmwareStatusNotification here means SignedFirmwareStatusNotification, which has a trigger of that name.
    """
    name = payload["requestedMessage"]
    if name == "FirmwareStatusNotification":
        name = "SignedFirmwareStatusNotification"
    return trigger(profile.ocpp, name, payload.get("connectorId"))


def trigger(ocpp, name, connector):
    """Have the message `name` sent, for `connector` or, with None, for each that it is sent for: the answer.

    Rejected: there is no such connector, nothing is known that could be sent, there is no room for more, or we are
    not registered yet.
    """
    profile = None
    if name in _TRIGGERS:
        profile = ocpp.dispatcher.profile(_TRIGGERS[_TRIGGERS.index(name) + 1])
        if profile is None:
            return {"status": "NotImplemented"}
    if name != "BootNotification" and ocpp.boot.status != ACCEPTED and not ocpp.boot.pending():
        return {"status": "Rejected"}
    outbox = ocpp.outbox
    outbox.asked = True
    try:
        if outbox.full():
            sent = False
        elif profile is None:
            sent = _of_core(ocpp, name, connector)
        else:
            sent = ocpp.dispatcher.calls(_TRIGGERS[_TRIGGERS.index(name) + 1]).trigger(profile, name, connector)
    finally:
        outbox.asked = False
    return {"status": "Accepted" if sent else "Rejected"}


def _of_core(ocpp, name, connector):
    """A connector that has nothing to do with the message is ignored."""
    if name == "BootNotification":
        ocpp.boot.ask()
    elif name == "Heartbeat":
        ocpp.outbox.add("Heartbeat", {}, ocpp.boot.on_heartbeat)
    elif name == "StatusNotification":
        return ocpp.status.ask(None if connector is None else int(connector))  # JSON may write 2 as 2.0
    else:
        return _meter_values(ocpp, connector)
    return True


def _meter_values(ocpp, connector):
    """There is no main meter of its own, so connector 0 has none. Not journaled: the request can be repeated."""
    sent = False
    for outlet in ocpp.outlets:
        sample = outlet.metering.triggered() if connector in (None, outlet.id) else None
        if sample is None:
            continue
        payload = {"connectorId": outlet.id, "meterValue": [ocpp.delivery.meter_value(sample)]}
        current = outlet.transactions.current
        if current is not None and current.id is not None and not current.reason:
            payload["transactionId"] = current.id
        ocpp.outbox.add("MeterValues", payload)
        sent = True
    return sent
