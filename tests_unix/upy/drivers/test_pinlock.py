"""drivers/pinlock.py on a stand-in of the ESP32's pins, with a motor that moves a bolt; and FileLock's file."""

import os

from construct import construct
from esp32_standins import Device
from esp32_standins.pins import Pins
from lock_site import Outside, Ticks, made, position, unlock
from ocpp_site import start

from drivers.filelock import FileLock
from drivers.pinlock import PinLock

LOCK, UNLOCK, CONTACT = 25, 26, 34
TRAVEL_MS = 400


class Motor:
    """A bolt that needs TRAVEL_MS of drive in one direction; its contact pulls CONTACT to ground while it is locked."""

    def __init__(self, pins, two_pins=True, active=1):
        self.pins = pins
        self.two_pins = two_pins
        self.active = active
        self.driven_ms = []  # how long it was driven, each time
        self.locked = False
        self._begin = None
        self.clock = None
        pins.on_change = self.changed

    def changed(self, number):
        assert not (self._on(LOCK) and self.two_pins and self._on(UNLOCK)), "a short circuit of the bridge"
        driven = self._driven()
        self.look()
        if self._begin is not None and driven is not self._begin[0]:
            self.driven_ms.append(self.clock.uptime_ms() - self._begin[1])
            self._begin = None
        if driven is not None and self._begin is None:
            self._begin = (driven, self.clock.uptime_ms())

    def _on(self, number):
        return self.pins.level.get(number) == self.active

    def _driven(self):
        if self._on(LOCK):
            return True
        if self.two_pins:
            return False if self._on(UNLOCK) else None
        return False if LOCK in self.pins.outputs else None

    def look(self):
        if self._begin is not None and self.clock.uptime_ms() - self._begin[1] >= TRAVEL_MS:
            self.locked = self._begin[0]
        self.pins.level[CONTACT] = 0 if self.locked else 1


class Watched(PinLock):
    """Lets the motor run before the contact is read."""

    motor = None
    site = None

    def locked(self):
        self.motor.clock = self.site.clock
        self.motor.look()
        return super().locked()


async def site_with(tmp, **options):
    pins = Pins()
    Device().install(Pin=pins)
    driver = construct(Watched, lock_pin=LOCK, feedback_pin=CONTACT, **options)
    driver.motor = Motor(pins, options.get("unlock_pin", -1) >= 0, options.get("active", 1))

    class Now:
        def uptime_ms(self):
            return driver.site.clock.uptime_ms()

    driver.motor.clock = Now()
    return await made(tmp, driver), driver.motor, pins


async def test_a_motor_is_driven_until_its_contact_confirms(tmp):
    for active in (1, 0):
        site, motor, pins = await site_with(tmp, unlock_pin=UNLOCK, active=active)
        assert not motor.locked and pins.level[LOCK] == pins.level[UNLOCK] == 1 - active
        await start(site)
        assert motor.locked and site.gate.enabled.value
        assert await unlock(site) == "Unlocked" and not motor.locked
        assert len(motor.driven_ms) == 2 and all(TRAVEL_MS <= ms <= TRAVEL_MS + 200 for ms in motor.driven_ms)
        assert pins.level[LOCK] == pins.level[UNLOCK] == 1 - active
        await site.power_off()


async def test_a_magnet_is_held_while_it_is_locked(tmp):
    site, motor, pins = await site_with(tmp)
    await start(site)
    assert motor.locked and pins.level[LOCK] == 1
    await site.run(60000)
    assert pins.level[LOCK] == 1 and site.gate.enabled.value and site.lock.moves == 1
    site.ocpp.present_tag("TAG")
    await site.run(2000)
    assert pins.level[LOCK] == 0 and not motor.locked


async def test_a_broken_wire_of_the_contact_charges_nothing(tmp):
    site, motor, pins = await site_with(tmp, unlock_pin=UNLOCK)
    motor.look = lambda: pins.level.update({CONTACT: 1})  # the pull-up's level
    await start(site, ms=8000)
    assert site.central.of("StartTransaction") == []
    assert site.central.of("StatusNotification")[-1]["errorCode"] == "ConnectorLockFailure"
    assert [ms // 1000 for ms in motor.driven_ms] == [1, 1, 1]  # and then it rests


async def test_its_pins_and_levels(tmp):
    pins = Pins()
    Device().install(Pin=pins)
    lock = construct(PinLock, lock_pin=LOCK, feedback_pin=CONTACT, locked_level=1, pull="down")
    await lock.start()
    assert pins.pull[CONTACT] == Pins.PULL_DOWN and not lock.locked()
    pins.level[CONTACT] = 1
    assert lock.locked()
    lock = construct(PinLock, lock_pin=LOCK, feedback_pin=CONTACT, unlock_pin=UNLOCK)
    await lock.start()
    for locked in (True, False, True):  # changed its mind: never both at once
        lock.drive(locked)
        assert (pins.level[LOCK], pins.level[UNLOCK]) == ((1, 0) if locked else (0, 1))
    lock = construct(PinLock, lock_pin=LOCK, feedback_pin=CONTACT, pull="none")
    await lock.start()
    assert pins.pull[CONTACT] is None


async def test_pins_that_cannot_be(tmp):
    Device().install(Pin=Pins())
    for numbers in ((25, 25, -1), (25, 26, 25), (25, 26, 26)):
        try:
            construct(PinLock, lock_pin=numbers[0], feedback_pin=numbers[1], unlock_pin=numbers[2])
            raise AssertionError("accepted", numbers)
        except ValueError as e:
            assert "a pin of its own" in str(e)
    try:
        await construct(PinLock, lock_pin=CONTACT, feedback_pin=LOCK).start()
        raise AssertionError("an input is driven")
    except ValueError as e:
        assert "input" in str(e)


async def test_the_file_of_the_simulated_lock(tmp):
    class Clock:
        now = 0

        def ticks_ms(self):
            return self.now

    clock = Clock()
    lock = construct(FileLock, tmp, clock, Outside)
    await lock.start()
    assert position(tmp) == "unlocked" and lock.locked() is False
    lock.drive(True)
    clock.now = 299
    assert lock.locked() is False
    lock.rest()  # too early
    clock.now = 1000
    assert lock.locked() is False
    lock.drive(True)
    clock.now = 1300
    assert lock.locked() is True and position(tmp) == "locked"
    position(tmp, "jammed locked\n")
    lock.drive(False)
    clock.now = 5000
    assert lock.locked() is True and position(tmp) == "jammed locked"
    lock.rest()
    for odd in ("", "half open", "\n"):
        position(tmp, odd)
        assert lock.locked() is None
    os.remove(tmp + "/lock")
    assert lock.locked() is None
    await lock.start()
    assert lock.locked() is False
    position(tmp, "locked")
    await construct(FileLock, tmp, Ticks(), Outside).start()
    assert position(tmp) == "locked"  # a bolt stays where it is


async def test_two_outlets_have_a_simulated_lock_each(tmp):
    """Fails where a jammed lock of one outlet jams the other's, too."""

    class Scope:
        def __init__(self, name):
            self.name = name

    one, two = [construct(FileLock, tmp, Ticks(), Scope(name)) for name in ("1", "2")]
    await one.start()
    await two.start()
    with open(tmp + "/lock.1", "w") as file:
        file.write("jammed locked")
    assert one.locked() is True and two.locked() is False and "lock" not in os.listdir(tmp)
