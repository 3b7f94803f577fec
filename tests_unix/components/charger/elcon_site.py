"""Sites with two Elcon/TC chargers as power modules: what people do there, and what the modules were told."""

import cantools
import pytest
from charging_site import eventually

from tools.elcon import ElconModules, request_id
from tools.firmware import ROOT

DBC = cantools.database.load_file(ROOT / "tools" / "elcon.dbc")
CONFIGURATION = {"MeterValueSampleInterval": 2, "StopTxnSampledData": "Energy.Active.Import.Register"}
FILLS = {"soc": 0.84, "speed": 10}  # a battery at the end of which the current falls slowly


class WithElcon:
    """Before a `charging_site.Site` among the bases of a class, whose power module is a rack of two units."""

    module: ElconModules

    def last(self, address, since):
        """What a module was told last, {} if nothing."""
        return (self.told(address, since) or [{}])[-1]

    def told(self, address, since=0):
        """What a module was told, decoded by cantools."""
        frames = [frame for frame in self.hub.log.after(since) if frame.can_id == request_id(address)]
        return [DBC.decode_message(frame.can_id, frame.data, decode_choices=False) for frame in frames]

    async def begin(self, tag="CARD"):
        """Plug in, present a card; the StartTransaction when current flows."""
        since = self.mark()
        self.vehicle.plug()
        await self.condition("in_limits", "ok")
        await self.present(tag)
        begun = await self.received("StartTransaction", since)
        await self.current_flows()
        return begun

    async def fill(self, tag="CARD"):
        """A session that fills the battery; (StartTransaction, StopTransaction)."""
        begun = await self.begin(tag)
        await eventually(lambda: self.module.current_a > 250, "both modules deliver", 60)
        one, other = self.module.units
        assert one.current_a == pytest.approx(other.current_a, abs=0.1)
        await eventually(lambda: self.vehicle.full, "a full battery", 90)
        await eventually(lambda: self.module.current_a < 0.1, "the end of the current")
        await self.present(tag)
        return begun, await self.received("StopTransaction", timeout=30)


def bill_wh(begun, ended):
    return ended.payload["meterStop"] - begun.payload["meterStart"]
