"""Sites with Infypower modules and a vehicle of 400 V: what people do there, and what the modules were told."""

import asyncio

import cantools
import pytest
from charging_site import eventually, metered_wh

from tools.battery import Pack
from tools.firmware import ROOT
from tools.infy import GROUP, SET, SWITCH, Identifier, InfyModules

DBC = cantools.database.load_file(ROOT / "tools" / "infypower.dbc")
CONFIGURATION = {"MeterValueSampleInterval": 1, "AuthorizationCacheEnabled": False}
PACK = Pack("HV", 60.0, 60.0, 0.1, cells=100, max_v=420.0)  # 380 to 412 V at rest from a half to a full charge


class WithInfypower:
    """Before a `charging_site.Site` among the bases of a class, whose board has two modules, 0 and 1."""

    module: InfyModules

    def __init__(self, home, **options):
        super().__init__(home, **{"pack": PACK, **options})

    def orders(self, since=0):
        """What the firmware told the modules: [(frame, its identifier)]."""
        found = [(frame, Identifier.of(frame.can_id)) for frame in self.hub.log if frame.seq > since]
        return [(frame, what) for frame, what in found if what.source == 0xF0 and what.command in (SWITCH, SET)]

    def told_a(self, since=0):
        """The limits in A that each module was told, by its address."""
        told = {}
        for frame, what in self.orders(since):
            if what.command == SET:
                told.setdefault(what.destination, []).append(decoded(frame)["Current"])
        return told

    def allowed_a(self, since):
        """After each order the sum of what those that are on may deliver; both are on, with 30 A, before the first."""
        limits, on = {0: 30.0, 1: 30.0}, {0: True, 1: True}
        for frame, what in self.orders(since):
            for address in limits if what.device == GROUP else (what.destination,):
                if what.command == SET:
                    limits[address] = decoded(frame)["Current"]
                else:
                    on[address] = not decoded(frame)["Off"]
            yield sum(limits[address] for address in limits if on[address])

    async def begin(self, tag):
        """Plug in and present a card; return when current flows."""
        await self.plug_in()
        since = self.mark()
        await self.present(tag)
        await self.received("StartTransaction", since)
        await self.status("Charging", since)
        await self.current_flows()

    async def end(self, tag):
        """Present the card again, pull the gun out when all that flowed is billed; the StopTransaction."""
        since = self.mark()
        await self.present(tag)
        ended = await self.received("StopTransaction", since)
        await self.status("Finishing", since)
        await self.leave(since)
        return ended

    async def leave(self, since):
        await eventually(lambda: self.module.current_a == pytest.approx(0, abs=1e-3), "no current")
        self.vehicle.unplug()
        self.module.voltage_v = 0.0
        await self.status("Available", since)

    async def charge_and_taper(self, tag, seconds):
        """A ramp, all the current for so long, a taper in steps; returns (Wh billed, Wh delivered behind the diodes).

        A step of the current between two measurements, 200 ms apart, is billed as if it were in their middle. So the
        steps are at any moment between two, and not always at the same one.
        """
        before = self.module.delivered_wh
        await self.begin(tag)
        await eventually(lambda: self.module.current_a > 59.9, "all the current")
        assert [unit.current_a for unit in self.module.units] == pytest.approx([30, 30], abs=0.1)
        await asyncio.sleep(seconds)
        for step, amps in enumerate((50.0, 40.0, 30.0, 20.0, 10.0, 3.0)):
            self.vehicle.max_a = amps
            self.vehicle.request()
            await eventually(lambda amps=amps: self.module.current_a < amps + 0.1, "less current")
            await asyncio.sleep(0.4 + 0.033 * step)
        ended = await self.end(tag)
        self.vehicle.clear_faults()
        return metered_wh(ended), self.module.delivered_wh - before


def decoded(frame):
    """By the DBC file, whose frames are those of module 0 and group 0."""
    what = Identifier.of(frame.can_id)
    asked = what.source == 0xF0
    known = what._replace(**({"destination": 0} if asked else {"source": 0}))
    return DBC.decode_message(known.can_id, frame.data, decode_choices=False)
