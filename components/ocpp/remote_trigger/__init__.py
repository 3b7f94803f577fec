"""The Remote Trigger profile: TriggerMessage (OCPP 1.6, section 5.17)."""

from ..triggers import Triggers
from . import schemas


class RemoteTrigger:
    """Sends what the central system asks for: see `Triggers`."""

    requires = ("ocpp",)

    def __init__(self, ocpp):
        self._triggers = Triggers(ocpp)
        ocpp.add_profile("RemoteTrigger", {"TriggerMessage": self._trigger}, schemas)

    def _trigger(self, payload):
        return self._triggers.handle(payload["requestedMessage"], payload.get("connectorId"))
