"""ExtendedTriggerMessage of the security extension (OCA's "Improved security for OCPP 1.6-J", section 5.5)."""

from ..triggers import Triggers
from . import schemas


class ExtendedTrigger:
    """Sends what the central system asks for: see `Triggers`.

    FirmwareStatusNotification here means SignedFirmwareStatusNotification, which has a trigger of that name.
    """

    requires = ("ocpp",)

    def __init__(self, ocpp):
        self._triggers = Triggers(ocpp)
        ocpp.add_profile("", {"ExtendedTriggerMessage": self._trigger}, schemas)

    def _trigger(self, payload):
        name = payload["requestedMessage"]
        if name == "FirmwareStatusNotification":
            name = "SignedFirmwareStatusNotification"
        return self._triggers.handle(name, payload.get("connectorId"))
