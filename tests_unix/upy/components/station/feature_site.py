"""A station with one feature that a board may leave out, and without OCPP."""

from ocpp_site import NOON, Site


def made(tmp, use, options=None):
    """The site, not yet started; ``site.feature``: what "module:Class" registered as the last part of that module."""
    site = Site(tmp, dialect=None, profiles=((use, options or {}),))
    site.feature = site.station.feature(use.partition(":")[0].rpartition(".")[2])
    return site


async def ready(tmp, use, options=None, unknown="true"):
    """The site runs and knows the time; `unknown`: whether an idTag may charge that it does not know."""
    site = made(tmp, use, options)
    await site.power_on()
    site.station.set("AllowOfflineTxForUnknownId", unknown)
    site.station.stamps.learn(NOON)
    await site.run(500)
    return site


def asked(site, name, *given):
    """As the dispatcher asks for it: what is loaded for that is let go afterwards."""
    with site.station.on_demand:
        result = getattr(site.feature.requests(), name)(site.feature, *given)
    site.station.moment()
    return result
