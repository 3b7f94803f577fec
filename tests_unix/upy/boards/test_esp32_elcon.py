"""The board rivot_esp32_elcon on models of its hardware: its modules are on the TWAI, its vehicle on the MCP2515."""

from bus import HEARTBEAT, REQUEST, request
from elcon_rig import Module
from esp32_site import Site

from boards import rivot_esp32_elcon
from core.kernel import STOPPED

HEAPSIZE = "16M"
FIRST, SECOND = 0x1806E5F4, 0x1806E6F4
OFF = bytes((0, 0, 0, 0, 1, 0, 0, 0))


class ElconSite(Site):
    """The modules hear what has gone out on their bus; each tells its status once a second."""

    def __init__(self, home):
        super().__init__(rivot_esp32_elcon, home, "on_chip", "on_spi")
        self.modules = [Module(0xE5), Module(0xE6)]
        self.heard = 0

    def execute(self):
        sent = self.module.chip.sent
        for frame in sent[self.heard :]:
            for module in self.modules:
                if frame[0] == 0x180600F4 | module.address << 8:
                    module.hear(self.clock.ticks_ms(), bytes(frame[1])[:5])
        self.heard = len(sent)

    async def talk(self, ms):
        for turn in range(ms // 100):
            self.vehicle.send(REQUEST, request(84.0, 60.0))
            self.execute()
            for module in self.modules:
                if turn % 10 == module.address % 10:
                    self.module.send(0x18FF5000 | module.address, module.status(self.clock.ticks_ms()))
            await self.run(100)


async def test_it_charges_and_stops(tmp):
    site = await ElconSite(tmp).start()
    assert site.hardware.twai.bit_rate == 250000 and site.hardware.mcp2515.bit_rate == 250000
    await site.talk(5000)
    site.permit()
    await site.talk(3000)
    charger = site.kernel["charger"]
    assert site.gate.enabled.value and charger.terminal_current_ma.value == 60000
    for identifier in (FIRST, SECOND):
        assert site.module.frames(identifier)[-1] == bytes.fromhex("0348012C00000000")  # 84.0 V, 30.0 A
        assert not site.vehicle.frames(identifier)
    before = [len(site.module.frames(identifier)) for identifier in (FIRST, SECOND)]
    site.vehicle.send(REQUEST, request(switch=1))
    await site.run(20)
    for identifier, count in zip((FIRST, SECOND), before):
        assert site.module.frames(identifier)[count] == OFF
    site.gate.transaction.set(False)
    await site.talk(2000)
    assert charger.terminal_current_ma.value == 0
    feedback = site.vehicle.frames(HEARTBEAT)[-1]
    assert feedback[:2] == bytes((760 >> 8, 760 & 255)) and not site.module.frames(HEARTBEAT)
    assert site.kernel["can"].tx_dropped == 0 and site.kernel["can"].unknown == 0
    assert await site.stop() == STOPPED
    assert [(part.name, part.last_error) for part in site.kernel.parts if part.failures] == []


async def test_an_undeclared_module_gets_through_the_filters_and_is_refused(tmp):
    """The controller's filters are made of what the handlers are declared for: all addresses of a status."""
    site = await ElconSite(tmp).start()
    await site.talk(3000)
    site.module.send(0x18FF50E8, bytes(8))
    await site.run(50)
    charger = site.kernel["charger"]
    assert charger.refused == 1 and charger.flags.value & 1
    await site.talk(1000)
    assert charger.error.value == "a fault of the power module, or on its bus"
    await site.stop()
