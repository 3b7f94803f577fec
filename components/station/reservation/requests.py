"""What a dialect asks of the reservations: see `Reservation`, which is `reservation` here; loaded for that."""

from micropython import const

from core.isotime import format_utc

_ID = const(0)
_CONNECTOR = const(1)
_REFUSING = const(("Faulted", "Unavailable"))  # states of a connector


def reserve(reservation, number, connector, tag, parent, expiry_ms):
    """Keep an outlet (0: any) for `tag` and for the tags of its `parent`, or None, until `expiry_ms`. The reservation
    with this number, if there is one, becomes that.

    Returns "Accepted", or what prevents it: "Rejected", "Occupied", "Faulted", "Unavailable"; both OCPP 1.6 and 2.0.1
    have these words. Once "Accepted" is sent, `Station.moment` is due. Raises the store's Error.
    """
    if not _acceptable(reservation, connector, tag, parent, expiry_ms):
        return "Rejected"
    for outlet in reservation.station.outlets:
        outlet.connector.step()  # what is so now, not at the last step
    at = _place(reservation, number)
    status = _refusal(reservation, connector) or ("Occupied" if at is None else "")
    if not status and not _is_here(reservation, at, number, connector):
        status = "" if _has_room(reservation, number, connector) else "Occupied"
    if status:
        return status
    held = [number, connector, tag, parent, expiry_ms]
    if held != reservation.held[at]:
        reservation.store.put(reservation.key(at), held)
        reservation.held[at] = held
    reservation.log.info("reservation %d: for idTag %s until %s", number, tag, format_utc(expiry_ms))
    return "Accepted"


def cancel(reservation, number):
    """End the reservation with this number; False: there is none. Once that is told, `Station.moment` is due.

    Raises the store's Error.
    """
    for at, record in enumerate(reservation.held):
        if record and record[_ID] == number:
            reservation.store.delete(reservation.key(at))
            reservation.log.info("reservation %d: cancelled", number)
            reservation.held[at] = ()
            return True
    return False


def _place(reservation, number):
    """The place of the reservation with this id, else one that is free; None: there is none."""
    free = None
    for at, record in enumerate(reservation.held):
        if record and record[_ID] == number:
            return at
        if not record and free is None:
            free = at
    return free


def _refusal(reservation, connector):
    """The state that prevents a reservation of a connector, or of the charge point: where all are in one; or ""."""
    states = [one.connector.state.value for one in reservation.station.outlets if connector in (0, one.id)]
    return states[0] if all(state in _REFUSING for state in states) else ""


def _is_here(reservation, at, number, connector):
    """Is the connector, whatever is plugged in there, reserved under this id already?"""
    record = reservation.held[at]
    if not record or record[_ID] != number:
        return False
    single = len(reservation.held) == 1  # the only connector is the charge point's, too
    return single or record[_CONNECTOR] == connector


def _has_room(reservation, number, connector):
    """Is there a free connector more than those that the charge point's own reservations need, without this one?"""
    free = [one.id for one in reservation.station.outlets if reservation.is_free(one.id, number)]
    others = [record for record in reservation.held if record and record[_ID] != number]
    kept = [record for record in others if record[_CONNECTOR] == 0]
    return len(free) > len(kept) and connector in [0] + free


def _acceptable(reservation, connector, tag, parent, expiry_ms):
    """False for a connector that is not there, an empty idTag, a time that is over."""
    configuration, is_tag = reservation.station.configuration, reservation.station.authorization.is_tag
    lowest = 0 if configuration["ReserveConnectorZeroSupported"] else 1
    utc_ms = reservation.clock.utc_ms()
    return (
        configuration["ReservationEnabled"]
        and lowest <= connector <= len(reservation.held)
        and is_tag(tag)
        and (not parent or is_tag(parent))
        and (utc_ms is None or utc_ms < expiry_ms)
    )
