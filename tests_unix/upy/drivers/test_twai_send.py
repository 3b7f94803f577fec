"""The driver of the on-chip controller against the model of the chip: sending, and that nothing allocates."""

import gc
import micropython

from twai_rig import DATA, FRAMES, ID, opened, raises, received

from drivers.can.twai import Twai, fastest

EXT = Twai.FLAG_EXT_ID


def test_sends_both_kinds_in_order():
    hardware, model, driver = opened()
    wanted = []
    for size in range(9):
        assert driver.send(ID + size, DATA[:size], EXT) == 0
        assert driver.send(0x7F0 + size, memoryview(DATA)[:size], 0) == 0
        wanted += [(ID + size, DATA[:size], True, False), (0x7F0 + size, DATA[:size], False, False)]
        hardware.tick(5)
    assert model.sent == wanted
    raises(ValueError, driver.send, ID, bytes(9), EXT)
    for identifier in (0, 0x1FFFFFFF):
        driver.send(identifier, b"", EXT)
        hardware.tick(3)
        assert model.sent[-1][0] == identifier


def test_sixteen_frames_wait_and_the_next_is_dropped():
    hardware, model, driver = opened(air_reads=None)
    for turn in range(3):
        got = [driver.send(100 * turn + i, DATA, EXT) for i in range(20)]
        assert got == [0] * 17 + [None] * 3 and driver.tx_dropped == 3 * (turn + 1)
        assert driver.get_counters()[5] == 17
        for i in range(17):
            assert model.transmit()[0] == 100 * turn + i
            assert model.transmit() is None
            hardware.tick()
        assert driver.get_counters()[5] == 0


class Data:
    """Something happens while it is read."""

    def __init__(self, happens):
        self.happens = happens

    def __len__(self):
        return 2

    def __getitem__(self, i):
        self.happens()
        return DATA[i]


def test_the_timer_may_come_while_a_frame_is_written():
    hardware, model, driver = opened(air_reads=None)
    assert driver.send(1, DATA, EXT) == driver.send(2, DATA, EXT) == 0

    def sends_one():
        model.transmit()
        hardware.tick()

    assert driver.send(3, Data(sends_one), EXT) == 0
    model.transmit()
    assert [frame[0] for frame in model.sent] == [1, 2, 3] and model.sent[2][1] == DATA[:2]

    def goes_off():
        model.go_bus_off()
        hardware.tick()

    for before in (0, 1):
        hardware.tick(3)
        assert [driver.send(4, DATA, EXT) for _ in range(before)] == [0] * before
        dropped = driver.tx_dropped
        assert driver.send(5, Data(goes_off), EXT) is None and driver.tx_dropped == dropped + before + 1
        driver.restart()
        model.bus_free(128)
        hardware.tick(4)
        assert driver.state() == driver.STATE_ACTIVE and model.transmit() is None


def test_the_timer_may_come_while_a_frame_is_handed_over():
    hardware, model, driver = opened(air_reads=None)

    registers = driver._chip.registers

    class Registers:
        """The timer comes after every reading."""

        def __getitem__(self, number):
            value = registers[number]
            hardware.tick()
            return value

    driver._chip.registers = Registers()
    assert driver.send(ID, DATA, EXT) == 0 and driver.get_counters()[5] == 1
    assert model.transmit() and model.transmit() is None


def test_a_frame_that_is_none_does_no_harm():
    hardware, model, driver = opened()
    for identifier, data in (("1", DATA), (1, (1, "2")), (1, None)):
        raises(TypeError, driver.send, identifier, data, EXT)
    driver.send(ID, DATA, EXT)
    hardware.tick(3)
    assert model.sent == [(ID, DATA, True, False)]


def allocated(function, *arguments):
    """Bytes that a call takes from the heap, frames of functions included."""
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    function(*arguments)
    after = gc.mem_alloc()
    gc.enable()
    return after - before


def drain(driver, frame):
    while driver.recv(frame) is not None:
        pass


def fill(hardware, driver):
    for i in range(31):
        hardware.mem32.receive(ID, DATA)
        hardware.mem32.receive(1, DATA[: i % 9], extended=False)
        hardware.tick()
    assert driver.get_counters()[6] == 62


def test_receiving_allocates_nothing():
    hardware, _, driver = opened()
    frame = [0, None, 0, 0]
    for kind in (FRAMES, fastest, FRAMES):  # recv() needs only the ring, which is plain memory
        fill(hardware, driver)
        driver._code = kind
        assert allocated(drain, driver, frame) == 0
        driver._code = FRAMES
    assert frame == [1, DATA[:3], 0, 0]


def test_the_timer_allocates_nothing():
    hardware, model, driver = opened()
    callback = hardware.Timer.made[0].callback
    assert allocated(callback, None) == 0
    for _ in range(2):
        model.receive(ID, DATA)
    micropython.heap_lock()
    callback(None)
    micropython.heap_unlock()
    assert received(driver) == [(ID, DATA, EXT, 0)] * 2


def test_the_timer_allocates_nothing_as_long_as_there_is_no_acknowledge():
    """The state of a charger whose power module is off: for hours."""
    hardware, model, driver = opened(air_reads=None)
    callback = hardware.Timer.made[0].callback
    driver.send(ID, DATA, EXT)
    for _ in range(20):
        model.no_acknowledge()
        hardware.tick()
    assert driver.state() == driver.STATE_PASSIVE
    still = {2: 0x40, 3: 0, 14: 0, 15: 128}  # read without what the model allocates
    driver._registers = driver._chip.registers = still
    assert allocated(callback, None) == 0
    assert driver.state() == driver.STATE_PASSIVE


def test_sending_allocates_nothing():
    hardware, model, driver = opened(air_reads=None)
    driver.send(ID, DATA, EXT)
    registers = driver._chip.registers
    driver._chip.registers = {2: 0}  # a status, read without what the model allocates: it is being sent
    assert allocated(driver.send, ID, DATA, EXT) == 0
    assert allocated(driver.send, 0x123, DATA, 0) == 0
    driver._chip.registers = registers
    for wanted in ((ID, DATA, True, False), (ID, DATA, True, False), (0x123, DATA, False, False)):
        assert model.transmit() == wanted
        hardware.tick()


def test_what_waits_at_the_end_still_goes_out_if_the_bus_takes_it():
    """Of a component that fails, the last frames are the stop command."""
    hardware, model, driver = opened(bitrate=12500)  # 600 bits take 48 ms: long, should this process have to wait
    assert driver.send(1, DATA, EXT) == driver.send(2, DATA, EXT) == driver.send(3, DATA, EXT) == 0
    driver.deinit()
    assert [frame[0] for frame in model.sent] == [1, 2, 3] and driver.tx_dropped == 0
    hardware, model, driver = opened(air_reads=None)  # nobody acknowledges
    driver.send(1, DATA, EXT)
    driver.send(2, DATA, EXT)
    driver.deinit()
    assert model.sent == [] and driver.tx_dropped == 2 and not model.connected
