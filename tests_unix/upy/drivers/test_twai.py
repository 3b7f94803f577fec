"""The driver of the on-chip controller against the model of the chip: life, frames both ways, filters."""

import asyncio

import ticking
from journals import Kernel
from twai_rig import DATA, ID, Hardware, attached, opened, raises, received, until

from components.can import Can
from core.clock import Clock
from core.log import Log, LogTail
from core.signals import Signal
from drivers.can.twai import Twai

EXT = Twai.FLAG_EXT_ID


def test_the_constructor_touches_nothing_and_init_takes_the_bus():
    hardware = Hardware()
    model = hardware.mem32
    driver = attached(tx=25, rx=34, hardware=hardware)
    assert not model.resets and not model.reads and not hardware.Timer.made
    driver.init()
    assert model.connected and model.tx_pins == [25] and model.rx_pin == 34
    assert model.memory[0x3FF49024] == 0x2800 and model.memory[0x3FF49014] >> 9 & 1  # IO_MUX: function GPIO, input
    assert model[0x3FF44020] == 1 << 25
    assert driver.state() == driver.STATE_STOPPED  # until 11 recessive bits went by
    raises(OSError, driver.send, ID, DATA, EXT)
    hardware.tick(3)
    assert driver.state() == driver.STATE_ACTIVE and model.bit_rate == 250000 and model.sample_point == 800
    assert [timer.freq for timer in hardware.Timer.made] == [1000]


def test_deinit_leaves_bus_clock_and_pins_and_init_comes_back():
    hardware, model, driver = opened()
    for _ in range(2):
        model.receive(ID, DATA)
        hardware.tick()
        driver.deinit()
        assert not model.connected and model.tx_pins == [] and model[0x3FF44020] == 0
        assert hardware.Timer.made[-1].callback is None and driver.state() == driver.STATE_STOPPED
        raises(AssertionError, model.__getitem__, 0x3FF6B000)  # its clock is off
        driver.deinit()
        raises(OSError, driver.restart)
        driver.init()
        hardware.tick(3)
        assert driver.state() == driver.STATE_ACTIVE and model.connected
    assert driver.get_counters() == [0] * 8 and received(driver) == []  # frames of long ago are nobody's


def test_pins_that_cannot_be():
    for tx, rx in ((6, 22), (24, 22), (34, 22), (40, 22), (-1, 22), (21, 21), (21, 11), (21, 40), (21, 28)):
        raises(ValueError, attached, tx=tx, rx=rx, hardware=Hardware())
    raises(ValueError, attached, bitrate=123456, hardware=Hardware())


def test_receives_frames_of_every_length_and_kind():
    hardware, model, driver = opened()
    for size in range(9):
        assert model.receive(ID + size, DATA[:size])
        assert model.receive(0x700 + size, DATA[:size], extended=False)
        hardware.tick()
    got = received(driver)
    assert got[::2] == [(ID + size, DATA[:size], EXT, 0) for size in range(9)]
    assert got[1::2] == [(0x700 + size, DATA[:size], 0, 0) for size in range(9)]
    for identifier in (0, 0x1FFFFFFF, 1, 1 << 28):
        model.receive(identifier, b"")
    model.receive(ID, remote=True, size=8)
    hardware.tick()
    model.receive(ID, DATA, size=15)  # ISO 11898-1: more than 8 means 8
    hardware.tick()
    assert [entry[0] for entry in received(driver)] == [0, 0x1FFFFFFF, 1, 1 << 28, ID] and driver.remote == 1


def test_the_ring_keeps_63_frames_in_order_and_counts_what_it_cannot():
    hardware, model, driver = opened()
    for i in range(70):
        assert model.receive(i, bytes((i,)))
        hardware.tick()
    assert driver.get_counters()[6:] == [63, 7]
    got = received(driver)
    assert [entry[0] for entry in got] == list(range(63)) and all(entry[1][0] == entry[0] for entry in got)
    assert got[0][3] == driver.RECV_ERR_OVERRUN and not any(entry[3] for entry in got[1:])
    for i in range(200):
        model.receive(i, DATA)
        hardware.tick()
        assert received(driver) == [(i, DATA, EXT, 0)]


def test_filters_that_the_controller_has():
    hardware, model, driver = opened()
    cases = (
        ([(ID, 0x1FFFFFFF, EXT)], (ID,), (ID + 1, ID ^ 1 << 28)),
        ([(ID, 0x1FFF0000, EXT)], (ID, ID + 1), (ID ^ 1 << 16, 0)),
        ([(ID, 0x1FFFE000, EXT), (0x068181FE, 0x1FFFE000, EXT)], (ID, 0x068181FE), (0x068281FE, 0)),
        ([], None, None),
    )
    for filters, passed, stopped in cases[:3]:
        driver.set_filters(filters)
        hardware.tick(2)
        for identifier in passed + stopped:
            model.receive(identifier, DATA)
            hardware.tick()
        assert [entry[0] for entry in received(driver)] == list(passed), filters
    driver.set_filters([(0x123, 0x7FF, 0), (0x456, 0x7F0, 0)])
    hardware.tick(2)
    for identifier in (0x123, 0x122, 0x456, 0x45F, 0x466):
        model.receive(identifier, DATA, extended=False)
        hardware.tick()
    assert [entry[0] for entry in received(driver)] == [0x123, 0x456, 0x45F]
    for wrong in ([], [(1, 1, EXT), (1, 1, 0)], [(1, 1, EXT)] * 2, [(1, 1, 0)] * 3):
        raises(ValueError, driver.set_filters, wrong)
    driver.set_filters(None)
    resets = model.writes
    driver.set_filters(None)
    assert model.writes == resets  # nothing to change: nothing is lost
    hardware.tick(2)
    model.receive(1)
    hardware.tick()
    assert len(received(driver)) == 1


async def test_ready_waits_for_a_frame_or_another_state():
    hardware = Hardware()
    driver = attached(hardware=hardware)
    try:
        await driver.ready()
        raise AssertionError("ready before init")
    except OSError:
        pass
    driver.init()
    task = asyncio.create_task(hardware.run())
    await asyncio.wait_for(driver.ready(), 10)
    assert driver.state() == driver.STATE_ACTIVE
    waiting = asyncio.create_task(driver.ready())
    await asyncio.sleep_ms(20)
    assert not waiting.done()
    hardware.mem32.receive(ID, DATA)
    await asyncio.wait_for(waiting, 10)
    assert received(driver) == [(ID, DATA, EXT, 0)]
    waiting = asyncio.create_task(driver.ready())
    await asyncio.sleep_ms(5)
    driver.deinit()
    try:
        await asyncio.wait_for(waiting, 10)
        raise AssertionError("went on without a controller")
    except OSError:
        pass
    task.cancel()


async def test_the_whole_way_from_the_bus_to_the_handler():
    hardware = Hardware()
    clock = Clock()
    can, seen = component(attached(hardware=hardware), clock)
    timer = asyncio.create_task(hardware.run())
    task = asyncio.create_task(ticking.run(can, clock))
    await until(lambda: can.healthy.value)
    for i in range(200):
        hardware.mem32.receive(ID, bytes((i,)) + DATA[1:])
        hardware.mem32.receive(1, DATA)
        await until(lambda i=i: len(seen) == i + 1)
    assert seen == list(range(200))
    await until(lambda: can.rx == 400)
    assert can.unknown == 200 and can.state == "active"
    assert can.send(0x068181FE, DATA)
    await until(lambda: hardware.mem32.sent == [(0x068181FE, DATA, True, False)])
    hardware.mem32.go_bus_off()
    await until(lambda: not can.healthy.value)
    assert can.bus_offs == 1 and not can.send(0x068181FE, DATA)
    while not can.healthy.value:
        await asyncio.sleep_ms(1)
        hardware.mem32.bus_free(8)
    assert can.send(0x068181FE, DATA)
    task.cancel()
    await until(lambda: not hardware.mem32.connected)
    timer.cancel()


def component(driver, clock, filters=((0, 0), (0, 0, False))):
    """(Can, list of the first bytes that its handler saw). It receives all."""

    class Gate:
        enabled = Signal(False)

        def add_bus(self, healthy):
            self.healthy = healthy

    seen = []
    can = Can(driver, (Gate(),), clock, Log(LogTail(clock), "can"), Kernel(), filters)
    can.on(ID, lambda data, length: seen.append(data[0]))
    return can, seen
