"""For tests of reservations: a charge point with the profile, and what a central system asks of it."""

from ocpp_site import NOON, booted

from components.persistence import Persistence
from core.isotime import format_utc

PROFILE = (("components.station.reservation:Reservation", {}),)
HOUR = 3600000


class Reluctant(Persistence):
    """A medium that refuses commits while ``full``."""

    full = False

    def commit(self, changes=None, push=(), pop=(), drop=()):
        if self.full:
            raise self.Error("no space")
        super().commit(changes, push, pop, drop)


async def made(tmp, central=None, **options):
    return await booted(tmp, central, profiles=PROFILE, **options)


async def reserve(site, number=7, tag="MINE", connector=1, until_ms=NOON + HOUR, **more):
    """ReserveNow; returns the status, or the code of the CALLERROR."""
    ask = {"connectorId": connector, "expiryDate": format_utc(until_ms), "idTag": tag, "reservationId": number}
    ask.update(more)
    answer = await site.central.call("ReserveNow", ask)
    return answer["status"] if isinstance(answer, dict) else answer


async def cancel(site, number):
    return (await site.central.call("CancelReservation", {"reservationId": number}))["status"]


async def present(site, tag):
    answer = site.ocpp.present_tag(tag)
    await site.run(500)
    return answer


def started(site):
    return [(p["idTag"], p.get("reservationId")) for p in site.central.of("StartTransaction")]
