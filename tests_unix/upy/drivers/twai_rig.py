"""The driver of the on-chip controller on the model of the chip, with a timer that the test fires."""

import asyncio
import time

from construct import construct
from twai_model import Twai as Model

from drivers.can.twai_esp32 import TwaiEsp32
from drivers.plain import plain

try:  # an interpreter with boards/ports/shared/canguard_twai.inc.c, see tests_unix/images/test_twai_guard.py
    import canguard
except ImportError:
    canguard = None

FRAMES = plain("drivers.can.twai_frames")  # the model is no memory, which machine code needs
KIND, PINS = TwaiEsp32, {}  # another chip's test sets them, and Hardware.model
ID, DATA = 0x1806E5F4, bytes(range(1, 9))


class Timer:
    """machine.Timer: refuses what the ESP32's refuses, and fires when it is told."""

    def __init__(self, number):
        assert 0 <= number < 4, "no such timer"
        self.number = number
        self.callback = None

    def init(self, mode=None, freq=0, callback=None):
        assert mode == Hardware.Timer.PERIODIC and 1 <= freq <= 10000
        self.freq = freq
        self.callback = callback

    def deinit(self):
        self.callback = None


class Timers:
    PERIODIC = 1

    def __init__(self):
        self.made = []

    def __call__(self, number):
        self.made.append(Timer(number))
        return self.made[-1]


class Registers:
    """The controller's, by number."""

    def __init__(self, memory, address):
        self.memory = memory
        self.address = address

    def __getitem__(self, number):
        return self.memory[self.address + 4 * number]

    def __setitem__(self, number, value):
        self.memory[self.address + 4 * number] = value


class Hardware:
    """What the driver uses of the module ``machine``."""

    Timer = Timers

    model = Model

    def __init__(self, revision=3, air_reads=1):
        self.mem32 = self.model(revision, air_reads)
        self.Timer = Timers()

    def tick(self, times=1):
        for _ in range(times):
            if canguard and self.mem32.interrupts_cpu:
                canguard.isr()
            for timer in self.Timer.made:
                if timer.callback is not None:
                    timer.callback(timer)

    async def run(self):
        while True:
            self.tick()
            await asyncio.sleep_ms(1)


def attached(**options):
    """A driver that has `hardware` in the place of ``machine``."""
    if canguard:
        canguard.model(options["hardware"].mem32, KIND.chip.address)
    registers = Registers(options["hardware"].mem32, KIND.chip.address)
    return construct(KIND, registers=registers, code=canguard or FRAMES, **dict(PINS, **options))


def opened(revision=3, air_reads=1, **options):
    """(hardware, model, driver), the driver on the bus."""
    hardware = Hardware(revision, air_reads)
    driver = attached(hardware=hardware, **options)
    driver.init()
    hardware.tick(3)
    assert driver.state() == driver.STATE_ACTIVE
    return hardware, hardware.mem32, driver


def received(driver):
    """All frames that are there, as (identifier, data, flags, errors)."""
    got = []
    frame = [0, None, 0, 0]
    while driver.recv(frame) is not None:
        got.append((frame[0], bytes(frame[1]), frame[2], frame[3]))
    return got


async def until(condition):
    deadline = time.ticks_add(time.ticks_ms(), 10000)
    while not condition():
        assert time.ticks_diff(deadline, time.ticks_ms()) > 0, "condition did not come true"
        await asyncio.sleep_ms(1)


def raises(kind, function, *arguments, **options):
    try:
        function(*arguments, **options)
    except kind as e:
        return e
    raise AssertionError("no %r" % kind)
