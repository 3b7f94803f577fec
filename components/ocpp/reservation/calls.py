"""The answers to ReserveNow and CancelReservation. `profile` is the Reservation."""

from micropython import const

from core.isotime import format_utc, parse_utc

from ..actions import CallError
from ..authorization import is_tag
from . import RESERVED, schemas  # noqa: F401  # see `Actions`

_ID = const(0)
_TAG = const(2)
_REFUSING = const(("Faulted", "Unavailable"))  # states of the connector


def reserve_now(profile, payload):
    """ReserveNow (section 5.13)."""
    try:
        expiry_ms = parse_utc(payload["expiryDate"])
    except ValueError as e:
        raise CallError("PropertyConstraintViolation", "expiryDate: %s" % e)
    if not _acceptable(profile, payload, expiry_ms):
        return {"status": "Rejected"}
    number = payload["reservationId"]
    profile.connector.step()  # what is so now, not at the last step
    state = profile.connector.state.value
    if state in _REFUSING:
        return {"status": state}
    if state != "Available" and not (profile.held and profile.held[_ID] == number):
        return {"status": "Occupied"}
    held = [number, payload["connectorId"], payload["idTag"], payload.get("parentIdTag"), expiry_ms]
    if profile.over or held != profile.held:
        profile.store.put(RESERVED, held)
    profile.held = held
    profile.over = False
    profile.log.info("reservation %d: for idTag %s until %s", number, held[_TAG], format_utc(expiry_ms))
    return {"status": "Accepted"}, profile.connector.event


def _acceptable(profile, payload, expiry_ms):
    """Not a connector that is not there, nor for nobody, nor for a time that is over."""
    lowest = 0 if profile.configuration["ReserveConnectorZeroSupported"] else 1
    utc_ms = profile.clock.utc_ms()
    return (
        profile.configuration["ReservationEnabled"]
        and lowest <= payload["connectorId"] <= 1
        and is_tag(payload["idTag"])
        and (not payload.get("parentIdTag") or is_tag(payload["parentIdTag"]))
        and (utc_ms is None or utc_ms < expiry_ms)
    )


def cancel_reservation(profile, payload):
    """CancelReservation (section 5.1)."""
    if not profile.held or profile.held[_ID] != payload["reservationId"]:
        return {"status": "Rejected"}
    profile.store.delete(RESERVED)
    profile.log.info("reservation %d: cancelled", profile.held[_ID])
    profile.held = ()
    return {"status": "Accepted"}, profile.connector.event
