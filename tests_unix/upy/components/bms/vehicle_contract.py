"""The contract Vehicle (components/bms), as tests that every implementation passes.

An implementation comes with a rig, an object of its own frames:

    USE                     "package.module:Class"
    TIMEOUT_MS              after so long without a valid request nothing of it is known
    permission(volts, amps) (identifier, data): it asks for these limits and permits
    stop()                  (identifier, data): it stops, whatever else the frame holds
    impossible()            frames that permit, with a value that cannot be, or cut short

Each function below takes such a rig and a directory.
"""

import gc
import micropython

from bus import Rig

from core.signals import Signal

# Every Signal that others may use, and what it is before the first frame.
SIGNALS = {
    "permitted": None,
    "max_voltage_mv": None,
    "max_current_ma": None,
    "mode": None,
    "online": False,
    "soc_permille": None,
    "range_m": None,
    "capacity_mah": None,
    "battery_mah": None,
    "charged_mah": None,
    "discharged_mah": None,
    "model": None,
}


def handle(rig, frame):
    """Have a frame handled now: what it changes is changed when this returns. Returns whether it was refused."""
    identifier, data = frame
    refused = rig.can.refused
    rig.can._dispatch([identifier, memoryview(data), rig.driver.FLAG_EXT_ID, 0])
    return rig.can.refused > refused


def said(bms):
    """What it says of permission and limits."""
    return bms.permitted.value, bms.max_voltage_mv.value, bms.max_current_ma.value


async def started(kind, tmp):
    rig = await Rig(tmp, vehicle=kind.USE).start()
    await rig.advance(200)
    return rig, rig.bms


async def nothing_is_known_before_the_first_frame(kind, tmp):
    rig, bms = await started(kind, tmp)
    for name, value in SIGNALS.items():
        signal = getattr(bms, name)
        assert isinstance(signal, Signal) and signal.value is value, name
    assert rig.gate.bms_permits.value is False and bms.refused == 0
    await rig.stop()


async def a_permission_is_known_when_its_frame_was_handled(kind, tmp):
    rig, bms = await started(kind, tmp)
    rig.clock._now += 50
    assert not handle(rig, kind.permission(84, 30))
    assert said(bms) == (True, 84000, 30000) and rig.gate.bms_permits.value is True
    assert bms.online.value is True and bms.online.age_ms() == 0
    heard = []
    bms.max_voltage_mv.watch(heard.append)
    bms.max_current_ma.watch(heard.append)
    handle(rig, kind.permission(83, 0))
    assert heard == [83000, 0] and said(bms) == (True, 83000, 0), "a request for 0 A is one"
    await rig.stop()
    assert rig.gate.bms_permits.value is False


async def a_stop_closes_the_gate_while_its_frame_is_handled(kind, tmp):
    rig, bms = await started(kind, tmp)
    identifier, data = kind.permission(84, 100)
    rig.say[identifier] = data
    rig.module()
    await rig.advance(1500)
    rig.gate.limit("transaction", 200000)
    rig.gate.transaction.set(True)
    assert rig.gate.enabled.value, rig.gate.blocking()
    rig.say.clear()
    rig.clock._now += 50
    handle(rig, kind.stop())
    assert not rig.gate.enabled.value and rig.gate.bms_permits.value is False
    assert bms.permitted.value is False and bms.online.value is True and bms.online.age_ms() == 0
    await rig.stop()


async def a_permission_that_is_repeated_stays_fresh(kind, tmp):
    """The same frame again and again, for longer than the time-out."""
    rig, bms = await started(kind, tmp)
    for _ in range(kind.TIMEOUT_MS // 500 + 8):
        assert not handle(rig, kind.permission(84, 30))
        assert bms.online.age_ms() == 0
        await rig.advance(500)
        assert said(bms) == (True, 84000, 30000) and bms.online.value and rig.gate.bms_permits.value is True
    await rig.stop()


async def what_cannot_be_is_refused_and_renews_nothing(kind, tmp):
    rig, bms = await started(kind, tmp)
    handle(rig, kind.permission(84, 30))
    frames = kind.impossible()
    assert frames
    await rig.advance(2000)
    for frame in frames:
        assert handle(rig, frame), frame
        assert said(bms) == (True, 84000, 30000), frame
    assert bms.refused == len(frames) and bms.online.age_ms() >= 1900
    while bms.permitted.age_ms() < kind.TIMEOUT_MS - 300:
        handle(rig, frames[0])
        await rig.advance(100)
    assert bms.permitted.value is True
    await rig.advance(500)
    assert said(bms) == (None, None, None) and rig.gate.bms_permits.value is False
    await rig.stop()


async def a_vehicle_that_is_silent_is_forgotten(kind, tmp):
    """Not heard after 3 s; after the time-out nothing of it is known, and the next permission, the same, is news."""
    rig, bms = await started(kind, tmp)
    handle(rig, kind.permission(84, 30))
    begun = rig.clock.ticks_ms()
    for ms in sorted((2800, 3200, kind.TIMEOUT_MS - 200, kind.TIMEOUT_MS + 300)):
        await rig.advance(begun + ms - rig.clock.ticks_ms())
        assert bms.online.value is (ms < 3000), ms
        assert said(bms) == ((True, 84000, 30000) if ms < kind.TIMEOUT_MS else (None, None, None)), ms
        assert rig.gate.bms_permits.value is (ms < kind.TIMEOUT_MS), ms
    for name, value in SIGNALS.items():
        if name not in ("charged_mah", "discharged_mah"):  # counters may be told apart from the request
            assert getattr(bms, name).value is value, name
    assert not handle(rig, kind.permission(84, 30))
    assert said(bms) == (True, 84000, 30000) and rig.gate.bms_permits.value is True and bms.online.value
    await rig.stop()


async def no_permission_is_taken_while_it_does_not_run(kind, tmp):
    rig, bms = await started(kind, tmp)
    handle(rig, kind.permission(84, 30))
    await rig.fail("bms")
    assert rig.part("bms").state == "failed" and rig.gate.bms_permits.value is False
    handle(rig, kind.permission(84, 30))
    assert said(bms) == (None, None, None) and rig.gate.bms_permits.value is False
    await rig.advance(1500)
    handle(rig, kind.permission(84, 30))
    assert said(bms) == (True, 84000, 30000)
    await rig.stop()


async def the_usual_frame_allocates_nothing(kind, tmp):
    rig, bms = await started(kind, tmp)
    identifier, data = kind.permission(84, 30)
    frame = [identifier, memoryview(data), rig.driver.FLAG_EXT_ID, 0]
    rig.can._dispatch(frame)
    rig.can._dispatch(frame)
    gc.collect()
    gc.disable()
    micropython.heap_lock()
    try:
        rig.can._dispatch(frame)
    finally:
        micropython.heap_unlock()
    before = gc.mem_alloc()
    rig.can._dispatch(frame)
    used = gc.mem_alloc() - before
    gc.enable()
    assert used == 0, used
    assert said(bms) == (True, 84000, 30000)
    await rig.stop()


async def a_guard_of_another_bus_is_left_alone(kind, tmp):
    """Only the vehicle's own bus has a frame of the vehicle to guard; and a frame that is none of its own is not."""
    rig, bms = await started(kind, tmp)

    class OtherBus:
        ruled = False

        def guard(self, *_):
            self.ruled = True

    other = OtherBus()
    bms.guard(other, 0x068181FE, bytes(8))
    assert not other.ruled
    await rig.stop()


ALL = (
    nothing_is_known_before_the_first_frame,
    a_permission_is_known_when_its_frame_was_handled,
    a_stop_closes_the_gate_while_its_frame_is_handled,
    a_permission_that_is_repeated_stays_fresh,
    what_cannot_be_is_refused_and_renews_nothing,
    a_vehicle_that_is_silent_is_forgotten,
    no_permission_is_taken_while_it_does_not_run,
    the_usual_frame_allocates_nothing,
    a_guard_of_another_bus_is_left_alone,
)
