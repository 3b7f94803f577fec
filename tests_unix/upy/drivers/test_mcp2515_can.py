"""The whole way of a frame: the model of the MCP2515, its driver, components/can on the kernel, and back."""

import asyncio
import time

from mcp2515_model import ERROR
from mcp2515_rig import DATA, ID, wired
from virtual_clock import VirtualClock

from core.declare import DeclarationError
from core.kernel import STOPPED, Kernel
from core.log import DEBUG, Log, LogTail

ALL = ((0, 0), (0, 0, False))


class Board:
    NAME = "bench"
    COMPONENTS = (
        {"name": "gate", "use": "components.evse.gate:Gate"},
        {"name": "driver", "use": "drivers.can.mcp2515:Mcp2515"},
        {"name": "can", "use": "components.can:Can", "options": {"filters": ALL}, "critical": True},
    )


class Bench:
    """Only what an MCP2515 board needs for its bus, on a virtual clock."""

    def __init__(self):
        self.chip, _ = wired()
        self.clock = VirtualClock(1000)
        self.tail = LogTail(self.clock, None, level=DEBUG)
        self.kernel = Kernel(Board, {}, self.clock, Log(self.tail, "main"))
        self.can, self.driver = self.kernel["can"], self.kernel["driver"]
        self.took = []
        self.task = None

    async def start(self):
        self.task = asyncio.create_task(self.kernel.run())
        await asyncio.sleep_ms(0)
        return self

    async def up(self):
        await self.start()
        await self.until(lambda: self.can.healthy.value)
        return self

    def handle(self, data, length):
        self.took.append(bytes(data))
        return length == 8

    async def until(self, condition, advance_ms=0):
        deadline = time.ticks_add(time.ticks_ms(), 10000)
        while not condition():
            assert time.ticks_diff(deadline, time.ticks_ms()) > 0, "condition did not come true"
            await self.clock.advance(advance_ms)
            await asyncio.sleep_ms(1)

    def logged(self, text):
        return [entry for entry in self.tail.lines if text in entry]

    async def stop(self):
        self.kernel.request_exit(STOPPED, "end of test")
        while not self.task.done():
            await self.clock.advance(50)
            await asyncio.sleep_ms(1)
        await self.task


def test_a_board_that_cannot_be_is_refused():
    for options, words in (
        ({"cs": 6}, "cs"),  # the flash's
        ({"mosi": 34}, "mosi"),  # only an input
        ({"interrupt": 40}, "interrupt"),
        ({"cs": 18}, "two signals on one GPIO"),
        ({"bitrate": 1000000}, "cannot make 1000000 bit/s"),
        ({"crystal": 10000000}, "crystal"),
        ({"baudrate": 10000001}, "baudrate"),
    ):

        class Wrong:
            NAME = "wrong"
            COMPONENTS = ({"name": "driver", "use": "drivers.can.mcp2515:Mcp2515", "options": options},)

        clock = VirtualClock()
        try:
            Kernel(Wrong, {}, clock, Log(LogTail(clock, None), "main"))
        except DeclarationError as e:
            assert words in str(e), e
        else:
            raise AssertionError(options)


async def test_frames_reach_their_handlers_and_the_bus():
    bench = await Bench().up()
    bench.can.on(ID, bench.handle)
    for n in range(300):
        bench.chip.receive(ID, bytes((n & 255,)) * 8)
        if n & 1:
            await bench.until(lambda n=n: len(bench.took) == n + 1)
    assert bench.took == [bytes((n & 255,)) * 8 for n in range(300)]
    assert (bench.can.rx, bench.can.unknown, bench.can.refused, bench.can.rx_overruns) == (300, 0, 0, 0)
    bench.chip.receive(ID, b"short")
    bench.chip.receive(0x123, DATA, extended=False)
    await bench.until(lambda: bench.can.rx == 302)
    assert (bench.can.unknown, bench.can.refused) == (1, 1)
    for n in range(3):
        assert bench.can.send(ID + n, DATA)
    assert not bench.can.send(ID, DATA) and bench.can.tx_dropped == 1
    while bench.chip.transmit():
        pass
    assert bench.chip.sent == [(ID + n, DATA, True, False) for n in range(3)]
    await bench.stop()
    assert bench.chip.mode == 4 and not bench.chip.spi.open


async def test_overruns_are_counted_once():
    bench = await Bench().up()
    bench.can.on(ID, bench.handle)
    for _ in range(5):
        bench.chip.receive(ID, DATA)
    await bench.until(lambda: bench.can.rx_overruns == 1)
    await bench.until(lambda: bench.logged("1 receive overruns"), 100)
    for _ in range(3):
        bench.chip.receive(ID, DATA)
    await bench.until(lambda: bench.can.rx == 4)
    assert len(bench.took) == 4 and bench.can.rx_overruns == 2
    await bench.stop()


async def test_bus_off_closes_the_gate_and_recovers_after_the_back_off():
    bench = await Bench().up()
    bench.can.send(ID, DATA)
    bench.chip.force_bus_off()
    began = bench.clock.ticks_ms()
    await bench.until(lambda: not bench.can.healthy.value)
    assert bench.clock.ticks_ms() == began and bench.can.bus_offs == 1 and bench.can.state == "bus-off"
    assert not bench.can.send(ID, DATA)
    await bench.until(lambda: bench.can.healthy.value, 10)
    assert 100 <= bench.clock.ticks_ms() - began < 1000 and bench.can.state == "active"
    assert bench.chip.transmit() is None and bench.logged("bus-off")
    await bench.stop()


async def test_error_passive_is_shown_and_stays_up():
    bench = await Bench().up()
    bench.can.send(ID, DATA)
    for _ in range(20):
        bench.chip.transmit(ERROR)
    await bench.until(lambda: bench.can.state == "passive")
    assert bench.can.healthy.value
    await bench.stop()


async def test_no_chip_is_reported_and_tried_again_until_there_is_one():
    bench = Bench()
    exchange = bench.chip.spi.write_readinto

    def nothing(data, into):
        for i in range(len(into)):
            into[i] = 0xFF

    bench.chip.spi.write_readinto = nothing
    await bench.start()
    await bench.until(lambda: bench.can.failures == 3, 50)
    assert bench.logged("bus is down") and bench.logged("MCP2515: no answer, reads 0xFF 0xFF")
    assert bench.can.error == "MCP2515: no answer, reads 0xFF 0xFF: check supply and SPI wiring"
    assert not bench.can.healthy.value and bench.can.state == "down"
    bench.chip.spi.write_readinto = exchange
    await bench.until(lambda: bench.can.healthy.value, 50)
    assert bench.chip.receive(ID, DATA) and bench.can.error == ""
    await bench.stop()


async def test_a_chip_that_lost_its_supply_comes_back():
    bench = await Bench().up()
    bench.can.on(ID, bench.handle)
    bench.chip.reset()
    time.sleep_us(40)
    assert not bench.chip.receive(ID, DATA)
    await bench.until(lambda: bench.can.failures == 1, 50)  # the component asks for the counters twice a second
    assert bench.logged("MCP2515: lost")
    await bench.until(lambda: bench.can.healthy.value, 50)
    assert bench.chip.receive(ID, DATA)
    await bench.until(lambda: bench.took == [DATA])
    await bench.stop()


async def test_a_flood_does_not_starve_other_tasks():
    bench = await Bench().up()
    turns = [0]

    async def flood():
        while bench.can.rx < 3000:
            bench.chip.receive(1, DATA)
            bench.chip.receive(2, DATA)
            bench.chip.receive(3, DATA)
            turns[0] += 1
            await asyncio.sleep_ms(0)

    await asyncio.wait_for(flood(), 60)
    assert turns[0] >= 1000 and bench.can.unknown >= 3000 and bench.can.healthy.value
    await bench.until(lambda: bench.can.rx_overruns > 500, 100)
    await bench.stop()
