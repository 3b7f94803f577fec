"""For tests of the connector lock: a charge point with a simulated lock."""

from construct import construct
from ocpp_site import Central, Site

from components.evse.lock import Lock
from drivers.filelock import FileLock

OPTIONS = {name: spec[1] for name, spec in Lock.options.items()}


class Ticks:
    """The clock of a site that is not built yet."""

    site = None

    def ticks_ms(self):
        return self.site.clock.ticks_ms()


class Outside:
    """The scope of what is in none."""

    name = ""


async def made(tmp, driver=None, central=None, options=None, **site_options):
    """A site with a lock, that runs and is accepted; ``site.lock`` is the component."""
    ticks = Ticks()
    driver = driver or construct(FileLock, tmp, ticks, Outside)
    given = dict(OPTIONS)
    given.update(options or {})

    def lock(site):
        parts = site.gate, site.charger, site.meter, site.plug, site.store, site.clock, site.log
        return Lock(driver, *parts, lambda: None, **given)

    site = Site(tmp, lock=lock, **site_options)
    ticks.site = driver.site = site
    site.charger.terminal_current_ma.set(0)
    await driver.start()
    await site.power_on()
    await site.connect(central or Central())
    return site


def position(tmp, text=None):
    """What the lock's file says; with `text`: let it say that."""
    if text is not None:
        with open(tmp + "/lock", "w") as file:
            file.write(text)
    with open(tmp + "/lock") as file:
        return file.read().strip()


async def unlock(site, connector=1, ms=12000):
    """UnlockConnector; returns its status."""
    await site.central.give([2, "unlock%d" % len(site.central.results), "UnlockConnector", {"connectorId": connector}])
    before = len(site.central.results)
    for _ in range(ms // 100):
        await site.run(100)
        if len(site.central.results) > before:
            return site.central.results[-1][2]["status"]
    return None


class Stuck:
    """A driver whose lock moves at once, and whose pins cannot be read any more once it is ``broken``."""

    site = None
    broken = False
    position = False
    rests = 0

    async def start(self):
        pass

    def drive(self, locked):
        self.position = locked

    def rest(self):
        self.rests += 1

    def locked(self):
        if self.broken:
            raise OSError("EIO")
        return self.position
