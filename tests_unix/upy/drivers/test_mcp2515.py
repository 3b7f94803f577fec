"""The MCP2515 driver on the model of its chip: onto the bus and off, INT, errors, bus-off, broken wires."""

import asyncio
import errno
import time

from mcp2515_model import ERROR, NO_ACK
from mcp2515_rig import DATA, EXTENDED, ID, fails, fails_soon, joined, received, soon, waits, wired


async def test_nothing_happens_before_init_and_the_bus_waits_for_ready():
    chip, driver = wired()
    assert driver.state() == driver.STATE_STOPPED and driver.recv([0, None, 0, 0]) is None
    assert fails("", driver.send, ID, DATA, EXTENDED).errno == errno.ENOTCONN
    assert (await fails_soon("", driver.ready())).errno == errno.ENOTCONN
    assert fails("", driver.restart).errno == errno.ENOTCONN
    assert chip.resets == 0
    driver.init()
    assert chip.resets == 1 and driver.state() == driver.STATE_STOPPED
    assert not chip.receive(ID, DATA)
    await soon(driver.ready())
    assert driver.state() == driver.STATE_ACTIVE and chip.receive(ID, DATA)
    assert driver.get_counters() == [0, 0, 0, 0, 0, 0, 1, 0]
    driver.deinit()
    assert driver.state() == driver.STATE_STOPPED and not chip.receive(ID, DATA) and not chip.spi.open
    assert chip.on_interrupt is None  # INT is nobody's
    driver.deinit()
    driver.init()
    await soon(driver.ready())
    assert chip.receive(ID, DATA)


async def test_options_reach_spi():
    chip, driver = wired(baudrate=10000000)
    driver.init()
    chip, driver = wired()
    driver._baudrate = 10000001
    try:
        driver.init()
    except AssertionError as e:
        assert "10 MHz" in str(e)
        return
    raise AssertionError("the model took it")


async def test_ready_comes_with_the_interrupt_and_waits_without():
    chip, driver = await joined()
    assert await waits(driver)
    task = asyncio.create_task(driver.ready())
    await asyncio.sleep_ms(0)
    chip.receive(ID, DATA)
    await soon(task)
    assert received(driver) == [(ID, DATA, driver.FLAG_EXT_ID, 0)]
    assert await waits(driver)


async def test_a_lost_edge_does_no_harm():
    chip, driver = await joined()
    chip.on_interrupt = None  # nobody calls the handler any more
    assert await waits(driver)
    task = asyncio.create_task(driver.ready())
    await asyncio.sleep_ms(5)
    chip.receive(ID, DATA)
    await soon(task)
    chip.receive(ID + 1, DATA)
    await soon(driver.ready())
    assert [frame[0] for frame in received(driver)] == [ID, ID + 1]
    assert await waits(driver)


async def test_ready_gives_others_a_turn_while_int_is_low():
    chip, driver = await joined()
    chip.receive(ID, DATA)
    turns = []

    async def other():
        for n in range(5):
            turns.append(n)
            await asyncio.sleep_ms(0)

    task = asyncio.create_task(other())
    for _ in range(6):
        await driver.ready()
    assert turns == [0, 1, 2, 3, 4]
    await task


async def test_error_states_are_reported_and_counted():
    chip, driver = await joined()
    driver.send(ID, DATA, EXTENDED)
    seen = []
    for _ in range(31):
        chip.transmit(ERROR)
        if not chip.int():
            await soon(driver.ready())
        seen.append(driver.state())
    active, warning, passive = driver.STATE_ACTIVE, driver.STATE_WARNING, driver.STATE_PASSIVE
    assert seen == [active] * 11 + [warning] * 4 + [passive] * 16
    assert driver.get_counters()[:6] == [248, 0, 1, 1, 0, 1]
    while chip.r[0x1C]:
        chip.transmit()
        driver.send(ID, DATA, EXTENDED)
        if not chip.int():
            await soon(driver.ready())
    assert driver.state() == active and driver.get_counters()[:5] == [0, 0, 1, 1, 0]
    chip.receive_error(100)
    await soon(driver.ready())
    assert driver.state() == warning and driver.get_counters()[:5] == [0, 100, 2, 1, 0]


async def test_without_any_other_node_it_becomes_passive_and_keeps_trying():
    chip, driver = await joined()
    driver.send(ID, DATA, EXTENDED)
    for _ in range(100):
        assert chip.transmit(NO_ACK)
    await soon(driver.ready())
    assert driver.state() == driver.STATE_PASSIVE and driver.get_counters()[0] == 128
    assert chip.transmit() == (ID, DATA, True, False)


async def test_bus_off_silences_the_chip_until_restart():
    chip, driver = await joined()
    for n in range(3):
        assert driver.send(ID + n, DATA, EXTENDED) is not None
    chip.force_bus_off()
    await soon(driver.ready())
    assert driver.state() == driver.STATE_BUS_OFF and driver.get_counters()[2:5] == [1, 1, 1]
    assert driver.tx_dropped == 3
    assert fails("", driver.send, ID, DATA, EXTENDED).errno == errno.ENOTCONN
    assert driver.recv([0, None, 0, 0]) is None and await waits(driver)
    chip.recessive_bits(128 * 11)
    assert chip.transmit() is None and not chip.receive(ID, DATA)
    driver.restart()
    assert driver.state() == driver.STATE_STOPPED
    await soon(driver.ready())
    assert driver.state() == driver.STATE_ACTIVE and chip.transmit() is None  # nothing stale goes out
    driver.send(ID, DATA, EXTENDED)
    assert chip.transmit() == (ID, DATA, True, False) and chip.sent == [(ID, DATA, True, False)]


async def test_what_waits_may_go_out_when_the_bus_is_left():
    for leave in ("deinit", "restart"):
        chip, driver = await joined()
        for n in range(3):
            driver.send(ID + n, DATA, EXTENDED)
        asked = [0]
        exchange = chip.spi.write_readinto

        def on_the_bus(data, into, chip=chip, asked=asked, exchange=exchange):
            asked[0] += 1
            if asked[0] % 4 == 0:
                chip.transmit()
            exchange(data, into)

        chip.spi.write_readinto = on_the_bus
        getattr(driver, leave)()
        assert [frame[0] for frame in chip.sent] == [ID, ID + 1, ID + 2] and driver.tx_dropped == 0
        assert chip.mode == 4


async def test_leaving_a_bus_without_other_nodes_takes_a_few_milliseconds():
    chip, driver = await joined()
    driver.send(ID, DATA, EXTENDED)
    driver.deinit()
    assert chip.ticks.now_us == 2400 and driver.tx_dropped == 1  # 600 bits
    assert chip.sent == [] and chip.transmit() is None


async def test_frames_that_do_not_get_through_are_given_up():
    chip, driver = await joined()
    for n in range(2):
        driver.send(n, DATA)
    chip.ticks.now_ms = 60
    chip.transmit()
    driver.send(2, DATA)  # there was progress
    chip.ticks.now_ms = 160
    assert driver.send(3, DATA) is not None and driver.tx_dropped == 0
    for _ in range(3):
        chip.transmit(NO_ACK)
    chip.ticks.now_ms = 161
    assert driver.send(4, DATA) is not None and driver.tx_dropped == 3
    assert chip.transmit()[0] == 4 and chip.transmit() is None
    driver.send(5, DATA)
    chip.ticks.now_ms = 500
    driver.get_counters()
    assert driver.tx_dropped == 4 and chip.transmit() is None
    assert driver.send(6, DATA) is not None and chip.transmit()[0] == 6


async def test_a_bus_that_is_never_idle():
    chip, driver = wired()
    chip.mode_delay = 1 << 30
    driver.init()
    error = await fails_soon("never idle", driver.ready())
    assert error.errno == errno.ETIMEDOUT and driver.state() == driver.STATE_STOPPED


def stuck(chip, level):
    """MISO is on this level: from now on nothing but that is read."""
    exchange = chip.spi.write_readinto

    def write_readinto(data, into):
        exchange(data, into)
        for i in range(len(into)):
            into[i] = level

    chip.spi.write_readinto = write_readinto


async def test_no_chip():
    for level in (0x00, 0xFF, 0x87):
        chip, driver = wired()
        stuck(chip, level)
        error = fails("check supply and SPI wiring", driver.init)
        assert error.errno == errno.ENODEV and "0x%02X" % level in str(error)
        del chip.spi.write_readinto
        time.sleep_us(40)
        driver.deinit()
        driver.init()
        await soon(driver.ready())
        assert driver.state() == driver.STATE_ACTIVE


async def test_a_chip_that_does_not_keep_what_is_written():
    chip, driver = wired()
    put = chip.put
    chip.put = lambda at, value: put(at, value ^ 1 if at == 0x2A else value)
    assert fails("baudrate", driver.init).errno == errno.EIO


async def test_a_chip_that_is_lost_is_found_missing():
    for level in (0x00, 0xFF):
        chip, driver = await joined()
        assert await waits(driver)
        stuck(chip, level)
        driver.get_counters()
        assert (await fails_soon("lost", driver.ready())).errno == errno.EIO


async def test_a_chip_that_was_reset_by_its_supply_is_found():
    chip, driver = await joined()
    waiting = asyncio.create_task(driver.ready())
    await asyncio.sleep_ms(2)
    chip.reset()
    time.sleep_us(40)
    driver.get_counters()
    await fails_soon("lost, reads 0x80 0x87", waiting)


async def test_an_int_wire_that_is_off_is_found():
    chip, driver = await joined()
    chip.int.value = lambda: 1
    driver._line.pin = chip.int.value
    chip.on_interrupt = None
    chip.receive(ID, DATA)
    assert await waits(driver)
    driver.get_counters()
    await fails_soon("INT is high", driver.ready())


async def test_an_instruction_that_spi_breaks_off_is_not_gone_on_with():
    """With CS left low, the chip would take the next instruction for more bytes of the broken one."""
    chip, driver = await joined()
    write = chip.spi.write

    def breaks(data):
        write(bytes(data)[:5])
        chip.spi.write = write
        raise OSError(errno.EIO)

    for broken in range(1, 3):
        chip.spi.write = breaks
        try:
            driver.send(1, DATA, EXTENDED)
            raise AssertionError("sent")
        except OSError:
            pass
        assert driver.send(ID, DATA, EXTENDED) is not None
        assert chip.transmit() == (ID, DATA, True, False) and chip.transmit() is None, broken
    chip.receive(ID, DATA)
    await soon(driver.ready())
    assert driver.recv([0, None, 0, 0])[:2] == [ID, DATA]
