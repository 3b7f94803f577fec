"""The reference board, whole, over a radio as strict as the ESP32's: to be provisioned."""

import asyncio
import json

from esp32_site import Site

from boards import rivot_esp32

HOME = {"ocpp": {"url": "ws://127.0.0.1:1/ocpp", "id": "CP-1"}, "wifi": {"ssid": "home", "password": "secret"}}
SETUP = {"password": "label-password"}
NEW = {"wifi.ssid": "depot", "wifi.password": "other secret"}
AIR = {"home": ("secret", -61), "depot": ("other secret", -70), "guests": ("", -50)}


class Unit:
    """A charger with these settings in its file, and with a label. `air`: the networks in range."""

    def __init__(self, home, settings, air=AIR):
        self.path = home + "/settings.json"
        with open(self.path, "w") as file:
            file.write(json.dumps(settings))
        self.site = Site(rivot_esp32, home, "on_chip", "on_chip", settings, None)
        self.radio = self.site.hardware.device.radio
        self.radio.air.clear()
        self.radio.air.update(air)
        self.kernel = self.site.kernel
        self.provisioning = self.kernel["provisioning"]
        self.operator = self.kernel["operator"]

    async def start(self, buses=False):
        """buses: its vehicle and power module can be there, which takes real time."""
        if buses:
            await self.site.start()
        else:
            no_buses = self.site.clock.sleep_ms(1)
            self.site._tasks = [asyncio.create_task(self.kernel.run()), asyncio.create_task(no_buses)]
            await self.site.run(300)
        return self

    async def ended(self):
        """The exit status of a firmware that ends by itself."""
        self.site._tasks[1].cancel()
        return await self.site._tasks[0]

    @property
    def station(self):
        return self.radio.station

    def is_open(self):
        assert self.radio.access_point.on is self.provisioning.active.value is bool(self.provisioning.ssid)
        return self.provisioning.active.value

    def saved(self):
        with open(self.path) as file:
            return json.load(file)

    async def apply(self, changes, ms=60000, **how):
        task = asyncio.create_task(self.provisioning.apply(changes, **how))
        for _ in range(ms // 1000):
            if task.done():
                break
            await self.site.run(1000)
        return await task

    async def connect(self):
        """The networks come in range; it is connected to one, which the back-off may delay."""
        self.radio.air.update(AIR)
        for _ in range(60):
            if self.kernel["wifi"].online.value:
                return
            await self.site.run(1000)
        raise AssertionError("not connected")

    async def charge(self):
        """A transaction, without the central system."""
        assert self.operator.set("AllowOfflineTxForUnknownId", "true") == ("Accepted", "")
        await self.site.talk(1500)
        self.operator.present("CARD-1")
        self.site.amps = 10
        await self.site.talk(1500)
        assert self.provisioning.running(), (self.operator.card.value, self.site.gate.blocking())

    async def end(self):
        self.operator.present("CARD-1")
        self.site.amps = 0
        await self.site.talk(3000)
        assert not self.provisioning.running()


def with_label(settings, **more):
    return dict(settings, setup=dict(SETUP, **more))
