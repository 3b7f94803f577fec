"""A charge point with Smart Charging, and what a central system does with it."""

from ocpp_site import Central, Site, booted

USE = "components.station.limits:SmartCharging"


def site_of(tmp, **options):
    return Site(tmp, profiles=((USE, options),))


async def ready(tmp, central=None, **options):
    return await booted(tmp, central, profiles=((USE, options),))


async def set_profile(site, connector, given):
    answer = await site.central.call("SetChargingProfile", {"connectorId": connector, "csChargingProfiles": given})
    return answer if isinstance(answer, str) else answer["status"]


async def clear(site, **filters):
    return (await site.central.call("ClearChargingProfile", filters))["status"]


async def composite(site, duration=60, connector=1, **more):
    more.update({"connectorId": connector, "duration": duration})
    answer = await site.central.call("GetCompositeSchedule", more)
    if answer["status"] != "Accepted":
        return answer["status"]
    assert answer["connectorId"] == connector
    return answer


async def periods(site, duration=60, connector=1, **more):
    schedule = (await composite(site, duration, connector, **more))["chargingSchedule"]
    return [(period["startPeriod"], period["limit"]) for period in schedule["chargingSchedulePeriod"]]


async def charge(site, tag="TAG"):
    site.plug_in()
    await site.run(500)
    site.ocpp.present_tag(tag)
    await site.run(1000)
    assert site.ocpp.transaction is not None


async def restart(site, tmp, central=None, ms=1000, **options):
    """The power fails; the device comes back, and to a central system if one is given."""
    await site.power_off()
    site = site_of(tmp, **options)
    site.plug_in()
    await site.power_on()
    if central is not None:
        await site.connect(central)
    await site.run(ms)
    return site


def now_of(site):
    return site.clock.utc_ms() // 1000


def limit(site):
    return site.gate.limit_ma.value


async def set_time(site, utc_s):
    await site.connect(Central(utc_s * 1000))
    await site.run(500)
    return site.clock.utc_ms() is not None


def profiles_of(site):
    """The charging profiles that count."""
    active = site.profiles[0].active
    return [] if active is None else active.profiles
