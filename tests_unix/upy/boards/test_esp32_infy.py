"""The board rivot_esp32_infy on models of its hardware: its modules are on the TWAI, its vehicle on the MCP2515."""

from bus import HEARTBEAT, REQUEST, request
from esp32_site import Site
from infy_rig import OFF, ON, Bank, Module

from boards import rivot_esp32_infy
from core.kernel import STOPPED

HEAPSIZE = "16M"


class InfySite(Site):
    """The modules hear what has gone out on their bus, and answer within 10 ms."""

    def __init__(self, home):
        super().__init__(rivot_esp32_infy, home, "on_chip", "on_spi")
        self.bank = Bank({0: Module(), 1: Module()}, 1)
        for module in self.bank.modules.values():
            module.obeys = True
        self.heard = 0

    async def talk(self, ms):
        sent = self.module.chip.sent
        self.heard = self.heard or len(sent)  # of what went out before nobody knows when
        until = self.clock.ticks_ms() + ms
        request_at = self.clock.ticks_ms()
        while self.clock.ticks_ms() < until:
            if self.clock.ticks_ms() >= request_at:
                request_at += 100
                self.vehicle.send(REQUEST, request(450.0, 60.0))
            while self.heard < len(sent):
                frame = sent[self.heard]
                self.heard += 1
                for identifier, data in self.bank.hear(frame[0], bytes(frame[1])):
                    self.module.send(identifier, data)
                await self.run(3)  # question and answer, at 125 kbit/s
            await self.run(10)


async def test_it_charges_and_stops(tmp):
    site = await InfySite(tmp).start()
    assert site.hardware.twai.bit_rate == 125000 and site.hardware.mcp2515.bit_rate == 250000
    await site.talk(4000)
    site.permit()
    await site.talk(2000)
    charger = site.kernel["charger"]
    assert site.gate.enabled.value and charger.terminal_current_ma.value == 60000
    assert site.module.frames(0x029C01F0)[-1] == bytes.fromhex("0006DDD000007530")  # 450 V, 30 A
    assert ON in site.module.frames(0x029A00F0) and ON in site.module.frames(0x029A01F0)
    before = [len(site.module.frames(identifier)) for identifier in (0x02DA01F0, 0x029A00F0, 0x029A01F0)]
    site.gate.transaction.set(False)
    await site.run(20)
    for identifier, count in zip((0x02DA01F0, 0x029A00F0, 0x029A01F0), before):
        assert site.module.frames(identifier)[count] == OFF
    await site.talk(500)
    assert charger.terminal_current_ma.value == 0
    feedback = site.vehicle.frames(HEARTBEAT)[-1]
    assert feedback[:2] == bytes((4000 >> 8, 4000 & 255)) and not site.module.frames(HEARTBEAT)
    assert site.kernel["can"].tx_dropped == 0 and site.kernel["can"].unknown == 0
    assert await site.stop() == STOPPED
    assert [(part.name, part.last_error) for part in site.kernel.parts if part.failures] == []
