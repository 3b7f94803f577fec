"""One life of a charge point that updates its firmware, on the virtual clock, from an HTTP server in this process."""

from construct import construct
from http_server import HttpServer, until
from ocpp_site import NOON, Central, Site

from core.isotime import format_utc
from drivers.filesink import FileSink

FIRMWARE = "components.ocpp.firmware:Firmware"
IMAGE = bytes(range(256)) * 80  # 20 KB
QUICK = {"retries": 1, "retryInterval": 0}


class Life:
    """One life of a charge point with a sink and an HTTP server."""

    def __init__(self, home, server, sink=FileSink, central=None, profiles=(), services=None, site=None, **options):
        self.server = server
        self.sink = construct(sink, home)
        services = dict(services or {}, sink=self.sink)
        self.site = Site(home, profiles=((FIRMWARE, options),) + profiles, services=services, **(site or {}))
        self.firmware = self.site.profiles[0]
        self.central = central or Central()

    async def start(self, online=True):
        await self.sink.start()
        await self.site.power_on()
        if online:
            await self.site.connect(self.central)
        return self

    async def update(self, path="/image", **fields):
        payload = dict({"location": self.server.url + path, "retrieveDate": format_utc(NOON)}, **dict(QUICK, **fields))
        assert await self.central.call("UpdateFirmware", payload) == {}

    def told(self):
        """The statuses of both kinds, in order."""
        actions = "FirmwareStatusNotification", "SignedFirmwareStatusNotification"
        return [payload["status"] for payload in self.central.of(*actions)]

    async def until(self, condition, ms=600000):
        await until(self.site, condition, ms)

    async def until_told(self, *statuses):
        await self.until(lambda: self.told()[-1:] == list(statuses)[-1:])
        assert self.told() == list(statuses), self.told()

    async def end(self):
        await self.firmware.stop()
        await self.site.power_off()

    def image(self):
        with open(self.sink.image, "rb") as file:
            return file.read()


async def started(tmp, **options):
    server = await HttpServer().start()
    server.files["/image"] = IMAGE
    return await Life(tmp, server, **options).start()


ALL = ("Downloading", "Downloaded", "Installing")
