"""The ESP32 board with two outlets, on models of its hardware: the first on the chip's controller, the other on SPI."""

from bus import CONTROL, HEARTBEAT, POWER, REQUEST, START_FRAME, STATUS, STOP_FRAME, power, request, status
from esp32_site import SETTINGS, Site

from boards import rivot_esp32, rivot_esp32_two
from core.kernel import STOPPED


class TwoOutlets(Site):
    """Both outlets; ``buses``, ``gates`` and ``amps`` of each."""

    def __init__(self, home, **options):
        super().__init__(rivot_esp32_two, home, "on_chip", "on_spi", gate="1/gate", **options)
        self.buses = (self.hardware.on_chip, self.hardware.on_spi)
        self.gates = (self.kernel["1/gate"], self.kernel["2/gate"])
        self.amps = [0, 0]
        self.silent = [False, False]

    async def talk(self, ms):
        """Both vehicles and modules are there, for so long; each frame is read before the next one comes."""
        for _ in range(ms // 100):
            for identifier in (REQUEST, POWER, STATUS):
                for bus, amps, silent in zip(self.buses, self.amps, self.silent):
                    data = {REQUEST: request(), POWER: power(76.0, amps), STATUS: status(amps > 0)}[identifier]
                    if not silent:
                        bus.send(identifier, data)
                await self.run(10)
            await self.run(70)

    def enabled(self):
        return [gate.enabled.value for gate in self.gates]

    def permit(self, ma=200000):
        """A transaction at each."""
        for gate in self.gates:
            gate.limit("transaction", ma)
            gate.transaction.set(True)


async def charging(home, amps=50, **options):
    site = await TwoOutlets(home, **options).start()
    await site.talk(1500)
    site.permit(100000)  # within the budget
    await site.talk(400)
    assert site.enabled() == [True, True], [gate.blocking() for gate in site.gates]
    site.amps = [amps, amps]
    await site.talk(600)
    return site


async def test_each_outlet_charges_and_stops_on_its_own_bus(tmp):
    site = await charging(tmp)
    for bus in site.buses:
        assert START_FRAME in bus.frames(CONTROL)
        feedback = bus.frames(HEARTBEAT)
        assert feedback[-1][:5] == bytes((760 >> 8, 760 & 255, 500 >> 8, 500 & 255, 0)), feedback[-1]
    before = [len(bus.frames(CONTROL)) for bus in site.buses]
    site.gates[0].transaction.set(False)
    await site.run(20)
    assert site.buses[0].frames(CONTROL)[before[0]] == STOP_FRAME and site.enabled() == [False, True]
    site.amps[0] = 0
    await site.talk(500)
    assert STOP_FRAME not in site.buses[1].frames(CONTROL)[before[1] :]
    assert await site.stop() == STOPPED
    failures = [(part.name, part.last_error) for part in site.kernel.parts if part.failures]
    assert not failures, failures


async def test_a_bus_off_of_one_leaves_the_other_charging(tmp):
    for which in (0, 1):
        site = await charging("%s/%d" % (tmp, which))
        if which == 0:
            site.hardware.twai.go_bus_off()
        else:
            site.kernel["2/can"].send(HEARTBEAT, bytes(8))
            site.hardware.mcp2515.force_bus_off()
        await site.run(50)
        assert site.enabled() == [which == 1, which == 0]
        await site.stop()


async def test_a_silent_module_of_one_leaves_the_other_charging(tmp):
    site = await charging(tmp)
    site.silent[1] = True
    await site.talk(4000)
    assert site.enabled() == [True, False] and "charger_online" in site.gates[1].blocking()
    await site.stop()


async def test_pins_are_those_of_the_board(tmp):
    site = await TwoOutlets(tmp).start()
    twai, mcp2515 = site.hardware.twai, site.hardware.mcp2515
    assert (twai.tx_pins, twai.rx_pin, twai.bit_rate) == ([21], 22, 250000) and mcp2515.bit_rate == 250000
    await site.stop()


async def test_each_register_is_kept_over_a_power_cut_under_its_outlet(tmp):
    """In the NVS, which is written between two commits of the journal."""
    site = await charging(tmp)
    site.amps = [50, 30]
    await site.talk(45000)
    registers = [site.kernel[name].energy_mwh.value for name in ("1/meter", "2/meter")]
    assert registers[0] > 45000 and 25000 < registers[1] < 30000, registers
    kept = dict(site.hardware.device.nvs.items)
    site = await TwoOutlets(tmp + "/other", kept=kept).start()
    again = [site.kernel[name].energy_mwh.value for name in ("1/meter", "2/meter")]
    for before, after in zip(registers, again):
        assert max(1, before - 21000) <= after <= before, (registers, again)  # at most 20 Wh are missing
    await site.stop()


async def test_the_budget_is_shared(tmp):
    site = await charging(tmp, amps=20, settings=dict(SETTINGS, budget={"limit_ma": 40000}))
    limits = [gate.limit_ma.value for gate in site.gates]
    assert limits == [20000, 20000], limits
    wanted = [site.kernel[name].setpoint_ma.value for name in ("1/charger", "2/charger")]
    assert wanted == [20000, 20000]
    await site.stop()


async def test_the_register_in_the_nvs_of_a_board_with_one_outlet_is_outlet_1s(tmp):
    former = await Site(rivot_esp32, tmp + "/former", "on_chip", "on_chip").start()
    await former.talk(1500)
    former.permit()
    former.amps = 50
    await former.talk(30000)
    mwh = former.kernel["meter"].energy_mwh.value
    kept = dict(former.hardware.device.nvs.items)
    site = await TwoOutlets(tmp + "/two", kept=kept).start()
    one, two = [site.kernel[name].energy_mwh.value for name in ("1/meter", "2/meter")]
    assert mwh > 30000 and mwh - 21000 <= one <= mwh and two == 0, (mwh, one, two)
    await site.stop()
