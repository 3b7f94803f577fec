"""Reservation: the answers to ReserveNow and CancelReservation (OCPP 1.6, sections 5.13 and 5.1).

`reservation` is the station's feature of that name, see there.
"""

from core.isotime import parse_utc

from ..dispatcher import CallError
from . import reservation_schemas as schemas  # noqa: F401  # see `CallDispatcher`


def reserve_now(reservation, payload):
    """ReserveNow (section 5.13)."""
    try:
        expiry_ms = parse_utc(payload["expiryDate"])
    except ValueError as e:
        raise CallError("PropertyConstraintViolation", "expiryDate: %s" % e)
    number, connector = int(payload["reservationId"]), int(payload["connectorId"])  # JSON may write 7 as 7.0
    tag, parent = payload["idTag"], payload.get("parentIdTag")
    status = reservation.requests().reserve(reservation, number, connector, tag, parent, expiry_ms)
    return {"status": status}, reservation.station.moment if status == "Accepted" else None


def cancel_reservation(reservation, payload):
    """CancelReservation (section 5.1)."""
    if reservation.requests().cancel(reservation, int(payload["reservationId"])):
        return {"status": "Accepted"}, reservation.station.moment
    return {"status": "Rejected"}
