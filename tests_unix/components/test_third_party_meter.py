"""A third party's Modbus meter is what is billed (docs/writing-components.md): pymodbus serves its registers.

It counts what the simulated output delivers and five per cent more, so that a bill by anything else is a wrong one.
"""

import struct

import pytest
from charging_site import eventually, metered_wh
from third_party import ThirdParty, free_port, with_path, write

MORE = 1.05
DEVICE_FAILURE = 4  # exception of Modbus
BEFORE_WH = 123456.7  # what it counted before it came here


class Meter:
    """The registers of a direct-current meter: counter, power, current."""

    def __init__(self, site):
        self.site = site
        self.refuses = False
        self.back_wh = 0.0
        self.reads = 0
        self.server = None

    @property
    def counted_wh(self):
        return BEFORE_WH + MORE * self.site.module.output_wh - self.back_wh

    async def read(self, function, start, address, count, registers, values):
        self.reads += 1
        if self.refuses:
            return self.failure
        module = self.site.module
        watts = MORE * module.voltage_v * module.current_a
        data = struct.pack(">IIH", int(10 * self.counted_wh), round(watts), round(10 * MORE * module.current_a))
        registers[:5] = struct.unpack(">5H", data)
        return None

    async def serve(self, port):
        from pymodbus.constants import ExcCodes
        from pymodbus.server import ModbusTcpServer
        from pymodbus.simulator import DataType, SimData, SimDevice

        self.failure = ExcCodes(DEVICE_FAILURE)
        device = SimDevice(1, SimData(0, count=5, values=0, datatype=DataType.REGISTERS), action=self.read)
        self.server = ModbusTcpServer(device, address=("127.0.0.1", port))
        await self.server.serve_forever(background=True)

    async def vanish(self):
        await self.server.shutdown()
        self.server = None


@pytest.fixture
async def site(tmp_path, monkeypatch):
    write(tmp_path)
    with_path(monkeypatch, tmp_path)
    port = free_port()
    settings = {"meter": {"host": "127.0.0.1", "port": port}}
    async with ThirdParty(tmp_path, board="myboards.acme_modbus", settings=settings) as site:
        site.meter = Meter(site)
        site.meter_port = port
        await site.meter.serve(port)
        try:
            await site.boot()
            await site.configure(MeterValueSampleInterval=1, StopTxnSampledData="Energy.Active.Import.Register")
            yield site
        finally:
            if site.meter.server is not None:
                await site.meter.vanish()


async def test_the_bill_is_the_meters(site):
    """To its last digit, which is 0.1 Wh at each end."""
    await site.charge("CARD-1")
    await eventually(lambda: site.module.output_wh > 8, "8 Wh", 30)
    billed = metered_wh(await site.end("CARD-1"))
    counted = site.meter.counted_wh - BEFORE_WH
    assert counted > 8 and billed == pytest.approx(counted, abs=0.2)
    assert billed != pytest.approx(site.module.delivered_wh, rel=0.02), "the module's own measurement"
    assert site.wrong_messages() == []
    site.check_calm()


async def test_a_meter_that_vanishes_stops_charging_and_what_it_counted_is_billed(site):
    begun = await site.charge("CARD-2")
    mark = site.mark()
    await site.meter.vanish()
    faulted = await site.status("Faulted", mark)
    assert faulted.payload["errorCode"] == "PowerMeterFailure"
    await eventually(lambda: not site.module.enabled, "the module is off")
    await site.meter.serve(site.meter_port)
    await site.status("Charging", mark, 40)
    await site.current_flows()
    ended = await site.end("CARD-2")
    counted = site.meter.counted_wh - BEFORE_WH
    assert metered_wh(ended) == pytest.approx(counted, abs=0.2)
    assert ended.payload["meterStop"] - begun.payload["meterStart"] == pytest.approx(counted, abs=1)


async def test_a_meter_that_refuses_to_be_read_and_one_that_counts_backwards(site):
    await site.charge("CARD-3")
    mark = site.mark()
    site.meter.refuses = True
    assert (await site.status("Faulted", mark)).payload["errorCode"] == "PowerMeterFailure"
    await site.printed(r"no reading: 00010000000301840[0-9]")
    mark = site.mark()
    site.meter.refuses = False
    await site.status("Charging", mark, 40)
    await site.current_flows()
    mark = site.mark()
    site.meter.back_wh = 1000.0
    assert (await site.status("Faulted", mark)).payload["errorCode"] == "PowerMeterFailure"
    await site.printed(r"the meter's count went from \d+ to \d+ mWh")
    await eventually(lambda: not site.module.enabled, "the module is off")
    billed = metered_wh(await site.end("CARD-3"))
    assert 0 < billed < site.meter.counted_wh + site.meter.back_wh - BEFORE_WH, "what came with the false count is not"
