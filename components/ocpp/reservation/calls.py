"""The answers to ReserveNow and CancelReservation. `profile` is the Reservation."""

from micropython import const

from core.isotime import format_utc, parse_utc

from ..actions import CallError
from . import schemas  # noqa: F401  # see `CallDispatcher`

_ID = const(0)
_CONNECTOR = const(1)
_TAG = const(2)
_REFUSING = const(("Faulted", "Unavailable"))  # states of a connector


def reserve_now(profile, payload):
    """ReserveNow (section 5.13)."""
    try:
        expiry_ms = parse_utc(payload["expiryDate"])
    except ValueError as e:
        raise CallError("PropertyConstraintViolation", "expiryDate: %s" % e)
    if not _acceptable(profile, payload, expiry_ms):
        return {"status": "Rejected"}
    number, connector = int(payload["reservationId"]), int(payload["connectorId"])
    for outlet in profile.ocpp.outlets:
        outlet.connector.step()  # what is so now, not at the last step
    at = _place(profile, number)
    status = _refusal(profile, connector) or ("Occupied" if at is None else "")
    if not status and not _is_here(profile, at, number, connector):
        status = "" if _has_room(profile, number, connector) else "Occupied"
    if status:
        return {"status": status}
    held = [number, connector, payload["idTag"], payload.get("parentIdTag"), expiry_ms]
    if held != profile.held[at]:
        profile.store.put(profile.key(at), held)
        profile.held[at] = held
    profile.log.info("reservation %d: for idTag %s until %s", number, held[_TAG], format_utc(expiry_ms))
    return {"status": "Accepted"}, profile.ocpp.station.moment


def _place(profile, number):
    """The place of the reservation with this id, else one that is free; None: there is none."""
    free = None
    for at, record in enumerate(profile.held):
        if record and record[_ID] == number:
            return at
        if not record and free is None:
            free = at
    return free


def _refusal(profile, connector):
    """The state that prevents a reservation of a connector, or of the charge point: where all are in one; or ""."""
    states = [one.connector.state.value for one in profile.ocpp.outlets if connector in (0, one.id)]
    return states[0] if all(state in _REFUSING for state in states) else ""


def _is_here(profile, at, number, connector):
    """Is the connector, whatever is plugged in there, reserved under this id already?"""
    record = profile.held[at]
    if not record or record[_ID] != number:
        return False
    return record[_CONNECTOR] == connector or len(profile.held) == 1  # the only connector is the charge point's, too


def _has_room(profile, number, connector):
    """Is there a free connector more than those that the charge point's own reservations need, without this one?"""
    free = [one.id for one in profile.ocpp.outlets if profile.is_free(one.id, number)]
    kept = [record for record in profile.held if record and record[_CONNECTOR] == 0 and record[_ID] != number]
    return len(free) > len(kept) and connector in [0] + free


def _acceptable(profile, payload, expiry_ms):
    """False for a connector that is not there, an empty idTag, a time that is over."""
    configuration, is_tag = profile.ocpp.configuration, profile.ocpp.station.authorization.is_tag
    lowest = 0 if configuration["ReserveConnectorZeroSupported"] else 1
    utc_ms = profile.clock.utc_ms()
    return (
        configuration["ReservationEnabled"]
        and lowest <= payload["connectorId"] <= len(profile.held)
        and is_tag(payload["idTag"])
        and (not payload.get("parentIdTag") or is_tag(payload["parentIdTag"]))
        and (utc_ms is None or utc_ms < expiry_ms)
    )


def cancel_reservation(profile, payload):
    """CancelReservation (section 5.1)."""
    for at, record in enumerate(profile.held):
        if record and record[_ID] == payload["reservationId"]:
            profile.store.delete(profile.key(at))
            profile.log.info("reservation %d: cancelled", record[_ID])
            profile.held[at] = ()
            return {"status": "Accepted"}, profile.ocpp.station.moment
    return {"status": "Rejected"}
