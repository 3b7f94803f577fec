"""The answer to ExtendedTriggerMessage."""

from ..triggers import trigger
from . import schemas  # noqa: F401  # see `Actions`


def trigger_message(profile, payload):
    """ExtendedTriggerMessage (white paper, section 5.5).

    FirmwareStatusNotification here means SignedFirmwareStatusNotification, which has a trigger of that name.
    """
    name = payload["requestedMessage"]
    if name == "FirmwareStatusNotification":
        name = "SignedFirmwareStatusNotification"
    return trigger(profile.ocpp, name, payload.get("connectorId"))
