"""The answer to TriggerMessage."""

from ..triggers import trigger
from . import schemas  # noqa: F401  # see `Actions`


def trigger_message(profile, payload):
    """TriggerMessage (OCPP 1.6, section 5.17)."""
    return trigger(profile.ocpp, payload["requestedMessage"], payload.get("connectorId"))
