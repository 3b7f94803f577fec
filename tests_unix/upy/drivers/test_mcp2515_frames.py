"""Frames through the MCP2515 driver: every kind and length, both buffers, order, overruns, no allocation."""

import gc
import micropython
import random

from mcp2515_model import LOST
from mcp2515_rig import DATA, EXTENDED, ID, fails, joined, received, soon


def sent(chip):
    """Have the chip send all that waits; the identifiers."""
    since = len(chip.sent)
    while chip.transmit():
        pass
    return [frame[0] for frame in chip.sent[since:]]


async def test_receives_every_kind_and_length():
    chip, driver = await joined()
    rtr = driver.FLAG_RTR
    for size in range(9):
        for identifier in (0, 1, 0x555, 0x7FF):
            chip.receive(identifier, DATA[:size], extended=False)
            chip.receive(identifier, extended=False, remote=True, dlc=size)
            assert received(driver)[:2] == [(identifier, DATA[:size], 0, 1), (identifier, bytes(size), rtr, 0)]
        for identifier in (0, 1, 0x3FFFF, 0x40000, 0x15555555, 0x0AAAAAAA, 0x1FFFFFFF):
            chip.receive(identifier, DATA[:size])
            chip.receive(identifier, remote=True, dlc=size)
            got = received(driver)
            assert got == [(identifier, DATA[:size], EXTENDED, 1), (identifier, bytes(size), EXTENDED | rtr, 0)], got
    chip.receive(5, DATA, dlc=15)
    assert received(driver) == [(5, DATA, EXTENDED, 0)]


async def test_sends_every_kind_and_length():
    chip, driver = await joined()
    for size in range(9):
        for identifier, flags in ((0, 0), (0x555, 0), (0x7FF, 0), (0, 2), (0x15555555, 2), (0x1FFFFFFF, 2)):
            for remote in (0, driver.FLAG_RTR):
                assert driver.send(identifier, memoryview(DATA)[:size], flags | remote) is not None
                buffer = chip.next_buffer()
                assert chip.r[buffer + 5] & 15 == size
                expected = (identifier, b"" if remote else DATA[:size], flags == EXTENDED, remote > 0)
                assert chip.transmit() == expected
    for identifier, flags in ((0x800, 0), (1 << 29, EXTENDED), (-1, EXTENDED)):
        fails("no CAN frame", driver.send, identifier, DATA, flags)
    fails("no CAN frame", driver.send, 1, bytes(9))
    assert chip.transmit() is None


async def test_order_of_reception_over_both_buffers():
    """However far behind the reader is, frames come in the order in which they were on the bus."""
    random.seed(2515)
    chip, driver = await joined()
    frame = [0, None, 0, 0]
    on_bus = 0
    last = -1
    for _ in range(3000):
        if random.getrandbits(1) and not chip.r[0x2C] & 3 == 3:
            chip.receive(on_bus, DATA)
            on_bus += 1
        if random.getrandbits(1) and driver.recv(frame):
            assert frame[0] == last + 1, (frame[0], last)
            last = frame[0]
    last += len(received(driver))
    assert last + 1 == on_bus > 1000 and driver.get_counters()[7] == 0


async def test_order_when_a_frame_comes_while_the_one_before_is_read():
    chip, driver = await joined()
    exchange = chip.spi.write_readinto
    coming = []

    def write_readinto(data, into):
        exchange(data, into)
        if data[0] & 0xF9 == 0x90 and coming:  # the buffer that is read is still full
            chip.receive(coming.pop(0), DATA)

    chip.spi.write_readinto = write_readinto
    for n in range(0, 40, 4):
        chip.receive(n, DATA)
        coming[:] = [n + 1]
        got = [driver.recv([0, None, 0, 0])[0]]
        chip.receive(n + 2, DATA)  # into buffer 0, while n + 1 is in buffer 1
        got.append(driver.recv([0, None, 0, 0])[0])
        coming[:] = [n + 3]
        got += [entry[0] for entry in received(driver)]
        assert got == [n, n + 1, n + 2, n + 3], got


async def test_order_when_frames_come_before_and_right_after_a_buffer_is_freed():
    chip, driver = await joined()
    instructions = chip.spi.instructions
    select = instructions.select

    def between(low):
        freed = not low and instructions.code == 0x90
        if freed and chip.r[0x2C] & 3 == 1:
            chip.receive(2, DATA)  # buffer 0 is still full: into buffer 1
        select(low)
        if freed and instructions.code == 0x90:
            instructions.code = 0
            chip.receive(3, DATA)  # into buffer 0

    chip.receive(1, DATA)
    instructions.select = between
    frame = [0, None, 0, 0]
    got = [driver.recv(frame)[0]]
    instructions.select = select
    assert chip.r[0x2C] & 3 == 3
    got += [entry[0] for entry in received(driver)]
    assert got == [1, 2, 3], got


async def test_overruns_are_counted_and_reported_with_the_next_frame():
    chip, driver = await joined()
    full, overrun = driver.RECV_ERR_FULL, driver.RECV_ERR_OVERRUN
    for n in range(3):
        chip.receive(n, DATA)
    await soon(driver.ready())
    assert driver.get_counters()[6:] == [2, 1]
    assert received(driver) == [(0, DATA, EXTENDED, full | overrun), (1, DATA, EXTENDED, 0)]
    await soon(driver.ready())
    assert chip.int() == 1 and driver.get_counters()[7] == 1
    for n in range(5):
        chip.receive(n, DATA)
    await soon(driver.ready())
    assert [entry[3] for entry in received(driver)] == [full | overrun, 0] and driver.get_counters()[7] == 2
    await soon(driver.ready())
    assert chip.r[0x2D] == 0 and chip.int() == 1
    chip.receive(9, DATA)
    assert received(driver) == [(9, DATA, EXTENDED, 0)]


async def test_frames_leave_in_the_order_in_which_they_were_sent():
    chip, driver = await joined()
    for identifier in (0x700, 0x100, 0x400):
        assert driver.send(identifier, DATA) is not None
    assert driver.send(0x001, DATA) is None and driver.tx_dropped == 1
    assert driver.get_counters()[5] == 3
    assert sent(chip) == [0x700, 0x100, 0x400]


async def test_order_holds_however_the_bus_takes_them():
    random.seed(3)
    chip, driver = await joined()
    given = []
    taken = 0
    for n in range(4000):
        if random.getrandbits(2) and driver.send(n, DATA, EXTENDED) is not None:
            given.append(n)
        if not random.getrandbits(2):
            chip.transmit(LOST)
        if random.getrandbits(1) and chip.transmit():
            taken += 1
            assert chip.sent[-1][0] == given[taken - 1], (n, chip.sent[-1][0], given[taken - 1])
    sent(chip)
    assert [frame[0] for frame in chip.sent] == given and len(given) + driver.tx_dropped > 2900
    assert len(given) > 1500


async def test_a_dozen_frames_without_a_pause():
    """There are 12 places; then the chip has to be empty once before the next frame."""
    chip, driver = await joined()
    given = 0
    driver.send(given, DATA)
    for _ in range(11):
        given += 1
        assert driver.send(given, DATA) is not None
        assert chip.transmit()[0] == given - 1
    assert driver.send(99, DATA) is None
    assert sent(chip) == [given]
    assert driver.send(99, DATA) is not None


async def test_lost_arbitration_is_tried_again():
    chip, driver = await joined()
    driver.send(0x500, DATA)
    driver.send(0x100, DATA)
    for _ in range(3):
        assert chip.transmit(LOST)[0] == 0x500
    assert sent(chip) == [0x500, 0x100]


async def test_recv_and_send_allocate_nothing_and_ask_little_of_spi():
    chip, driver = await joined()
    frame = [0, None, 0, 0]
    counters = [None] * 8
    chip.receive(ID, DATA)
    chip.receive(0x123, b"ab", extended=False)
    bad = 0
    micropython.heap_lock()
    try:
        for _ in range(2):
            if driver.recv(frame) is not frame or len(frame[1]) != (8 if frame[2] else 2):
                bad += 1
        if driver.recv(frame) is not None or driver.recv(frame) is not None:
            bad += 1
        for _ in range(4):
            driver.send(ID, DATA, EXTENDED)
        driver.get_counters(counters)
        driver.state()
    finally:
        micropython.heap_unlock()
    assert not bad and counters[5] == 3 and driver.tx_dropped == 1


class Scale:
    """An SPI that notes how much heap is in use when it is reached."""

    def __init__(self, spi):
        self.spi = spi
        self.most = 0

    def weigh(self):
        used = gc.mem_alloc()
        if used > self.most:
            self.most = used

    def write(self, data):
        self.weigh()
        self.spi.write(data)

    def write_readinto(self, data, into):
        self.weigh()
        self.spi.write_readinto(data, into)


async def test_no_function_is_so_large_that_its_state_goes_to_the_heap():
    """Such a state is freed when the function returns, and heap_lock() does not mind it; but it takes time."""
    chip, driver = await joined()
    frame = [0, None, 0, 0]
    chip.receive(ID, DATA)
    scale = driver._port._spi = Scale(chip.spi)
    counters = [None] * 8
    for call in (
        lambda: driver.recv(frame),
        lambda: driver.send(ID, DATA, EXTENDED),
        lambda: driver.get_counters(counters),
    ):
        scale.most = 0
        gc.collect()
        before = gc.mem_alloc()
        call()
        assert scale.most == before, (scale.most, before)


async def test_bytes_on_spi_a_frame():
    chip, driver = await joined()
    counted = [0, 0]
    clock = chip.spi.instructions.clock
    select = chip.spi.instructions.select

    def count_byte(byte):
        counted[0] += 1
        return clock(byte)

    def count_select(low):
        counted[1] += low
        select(low)

    chip.spi.instructions.clock, chip.spi.instructions.select = count_byte, count_select
    chip.receive(ID, DATA)
    driver.recv([0, None, 0, 0])
    assert counted == [18, 3], counted  # at 8 MHz: 18 us
    driver.recv([0, None, 0, 0])
    assert counted == [20, 4], counted
    driver.send(ID, DATA, EXTENDED)
    assert counted == [39, 7], counted


async def test_data_is_valid_until_the_next_recv():
    chip, driver = await joined()
    chip.receive(1, b"first")
    frame = [0, None, 0, 0]
    driver.recv(frame)
    data = frame[1]
    chip.receive(2, b"second")
    driver.send(3, DATA)
    driver.get_counters()
    await soon(driver.ready())
    assert bytes(data) == b"first"
    driver.recv(frame)
    assert bytes(frame[1]) == b"second"
