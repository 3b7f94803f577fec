"""The driver of the on-chip controller when a step of it raises: wherever that is, it goes on receiving and sending."""

from twai_model import DATA_FIELD, ERROR_STUFF
from twai_rig import DATA, ID, Hardware, attached, received

from drivers.can.twai import Twai

EXT = Twai.FLAG_EXT_ID
_STEPS_MAX = 300


class Faulty:
    """The registers; access number `at` from `arm` on raises, before or after it had its effect."""

    def __init__(self, model):
        self.model = model
        self.left = 0
        self.late = False
        self.raised = False

    def arm(self, at, late):
        self.left = at
        self.late = late
        self.raised = False

    def _count(self):
        self.left -= 1
        if self.left == 0:
            self.raised = True
            raise MemoryError("access")

    def __getitem__(self, address):
        if not self.late:
            self._count()
        value = self.model[address]
        if self.late:
            self._count()
        return value

    def __setitem__(self, address, value):
        if not self.late:
            self._count()
        self.model[address] = value
        if self.late:
            self._count()

    # what the model shows of itself to the tests

    def __getattr__(self, name):
        return getattr(self.model, name)


def opened():
    hardware = Hardware()
    memory = hardware.mem32 = Faulty(hardware.mem32)
    driver = attached(hardware=hardware)
    driver.init()
    tick(hardware, 3)
    assert driver.state() == driver.STATE_ACTIVE
    return hardware, memory, driver


def tick(hardware, times=1):
    """The timer's callback: what it raises is printed on a device, and the timer goes on."""
    for _ in range(times):
        try:
            hardware.tick()
        except MemoryError:
            pass


def calls(function, *arguments):
    try:
        function(*arguments)
    except MemoryError:
        pass


def sends(hardware, memory, driver):
    calls(driver.send, 7, DATA, EXT)


def sends_and_ticks(hardware, memory, driver):
    calls(driver.send, 7, DATA, EXT)
    calls(driver.send, 8, DATA, EXT)
    tick(hardware, 3)


def receives(hardware, memory, driver):
    memory.receive(9, DATA)
    tick(hardware, 2)


def overruns(hardware, memory, driver):
    for i in range(10):
        memory.receive(i, DATA)
    tick(hardware, 2)


def is_spoiled(hardware, memory, driver):
    memory.receive(9, DATA)
    memory.chip.error(ERROR_STUFF, DATA_FIELD, False)
    memory.receive(9, DATA)
    tick(hardware, 2)


def sets_filters(hardware, memory, driver):
    calls(driver.set_filters, [(ID, 0x1FFFFFF0, EXT)])


def goes_off(hardware, memory, driver):
    memory.go_bus_off()
    tick(hardware, 2)


def comes_back(hardware, memory, driver):
    left, memory.left = memory.left, 0
    memory.go_bus_off()
    tick(hardware, 2)
    memory.left = left
    calls(driver.restart)
    memory.bus_free(128)
    tick(hardware, 3)


def leaves(hardware, memory, driver):
    calls(driver.deinit)


def is_made_anew(hardware, memory, driver):
    calls(driver.deinit)
    calls(driver.init)


def works(hardware, memory, driver):
    """As components/can does after an exception: back from bus-off by `restart`, from a stop by `init`."""
    memory.left = 0
    if driver.state() == driver.STATE_BUS_OFF:
        driver.restart()
        memory.bus_free(128)
    elif not driver._runs or driver._timer is None:
        driver.init()
    tick(hardware, 4)
    assert driver.state() == driver.STATE_ACTIVE, driver.state()
    received(driver)
    memory.receive(ID + 1, DATA)
    tick(hardware)
    assert [entry[:2] for entry in received(driver)] == [(ID + 1, DATA)]
    assert driver.send(ID, DATA, EXT) == 0
    tick(hardware, 4)
    assert memory.sent[-1] == (ID, DATA, True, False)


def test_each_access_of_each_step_may_raise():
    """With `_busy` left set, or the chip left in reset mode, it would be deaf and mute with the state ACTIVE."""
    steps = (sends, sends_and_ticks, receives, overruns, is_spoiled, sets_filters, goes_off, comes_back, leaves)
    for step in steps + (is_made_anew,):
        for late in (False, True):
            count = 0
            while True:
                count += 1
                assert count < _STEPS_MAX, step
                hardware, memory, driver = opened()
                memory.arm(count, late)
                step(hardware, memory, driver)
                raised = memory.raised
                try:
                    works(hardware, memory, driver)
                except AssertionError as e:
                    raise AssertionError("%s, access %d, late: %s: %r" % (step, count, late, e))
                if not raised:
                    break
            assert count > 1, step


def test_a_bus_off_is_reported_though_its_handling_raises():
    """The gate closes on it: it must not be taken for an error that the driver mends by itself."""
    for late in (False, True):
        for count in range(1, 4):
            hardware, memory, driver = opened()
            memory.go_bus_off()
            memory.arm(count, late)
            tick(hardware, 3)
            memory.left = 0
            assert driver.state() == driver.STATE_BUS_OFF and driver.bus_offs == 1, (count, late)
            assert memory.chip.bus_off  # until `restart`


class Broken:
    """Data whose second byte cannot be read: an exception between any two steps of `send`."""

    def __len__(self):
        return 8

    def __getitem__(self, at):
        if at:
            raise MemoryError("data")
        return 0xAA


def test_a_frame_that_cannot_be_read_is_not_sent_and_the_next_is():
    hardware, memory, driver = opened()
    calls(driver.send, ID, Broken(), EXT)
    works(hardware, memory, driver)
    assert len(memory.sent) == 1
