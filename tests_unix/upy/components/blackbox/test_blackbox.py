"""What is noted, and what makes a box of it."""

import gc
import micropython
import os
import random

from box_site import of, over_current, path_of, read, started
from bus import POWER, REQUEST, STOP_FRAME, line, power, request
from virtual_clock import VirtualClock

from components.blackbox import reading, without_secrets
from components.blackbox.ring import BLOCKS, Ring, notes
from core.plain import plain

HEAPSIZE = "16M"


# -- what makes a box


async def test_an_over_current_leaves_a_box_with_what_led_to_it(tmp):
    rig = await started(tmp)
    await over_current(rig)
    (name, size), = rig.blackbox.boxes()
    header, events = read(path_of(rig, name))
    assert name == "box-000001.bin" and size == len(b"".join(rig.blackbox.read(name)))
    assert (header["cause"], header["error"], header["outlet"]) == ("gate closed", "OverCurrentFailure", 1)
    assert header["buses"] == ["can"] and "in_limits" in header["outlets"][0]["conditions"]
    (fault,) = of(events, reading.FAULT)
    at = events.index(fault)
    assert fault[0] == 0 and fault[3] == "gate closed"
    before = [event for event in events[:at] if event[1] == reading.FRAME]
    assert before[-1][3] and before[-1][6] == STOP_FRAME  # sent before anything was noted of the fault
    assert (before[-2][5], before[-2][6]) == (POWER, power(76.0, 80.0))
    closed = events[at - 1]
    assert closed[1] == reading.CONDITIONS and not closed[3] & reading.ENABLED
    assert events[-1][0] >= 2900  # after_ms is noted as well
    assert rig.blackbox.missed == 0 and rig.logged("black box box-000001.bin: gate closed, OverCurrentFailure")
    await rig.stop()


async def test_a_session_in_which_all_is_well_leaves_none(tmp):
    """The vehicle stops, the operator does, the transaction ends: decisions, and no faults."""
    rig = await started(tmp)
    await rig.charge()
    rig.say[REQUEST] = request(switch=1)
    await rig.advance(3000)
    rig.vehicle()
    await rig.advance(3000)
    rig.kernel.emergency_stop.set(True)
    await rig.advance(500)
    rig.kernel.emergency_stop.set(False)
    rig.module()
    rig.gate.transaction.set(False)
    await rig.advance(8000)
    assert rig.blackbox.boxes() == [] and rig.blackbox.missed == 0
    await rig.stop()


async def test_each_kind_of_fault_makes_a_box(tmp):
    """A lost module, a meter that failed, a bus that is down, a module that does not stop."""
    for number, (cause, error) in enumerate((
        ("gate closed", ""),
        ("gate closed", "PowerMeterFailure"),
        ("gate closed", ""),
        ("PowerSwitchFailure", "PowerSwitchFailure"),
    )):  # fmt: skip
        home = tmp + "/%d" % number
        os.mkdir(home)
        rig = await started(home)
        await rig.charge()
        if number == 0:
            rig.say.pop(POWER)
            await rig.advance(4000)
        elif number == 1:
            rig.charger.meter_failed(True)
            await rig.advance(500)
        elif number == 2:
            rig.driver.deinit()
            rig.wire.hang_up()
            await until_down(rig)
            await rig.advance(1000)
        else:
            rig.gate.transaction.set(False)  # and the module goes on
            await rig.advance(4000)
            assert rig.charger.error.value == "PowerSwitchFailure"
        rig.gate.transaction.set(False)
        rig.module()
        await rig.advance(8000)
        ((name, _),) = rig.blackbox.boxes()
        header, _ = read(path_of(rig, name))
        assert (header["cause"], header["error"]) == (cause, error), (number, header)
        await rig.stop()


async def until_down(rig):
    await rig.until(lambda: not rig.can.healthy.value)


async def test_a_stop_that_came_late_makes_a_box(tmp):
    """The handler of the frame that stops takes 12 ms; a loop that was blocked counts as well."""
    rig = await started(tmp)
    await rig.charge()
    handle = rig.can._handlers[REQUEST]

    def slow(data, length):
        rig.clock._now += 12
        return handle(data, length)

    rig.can._handlers[REQUEST] = slow
    rig.say.pop(REQUEST)
    await rig.receive(REQUEST, request(switch=1))
    rig.can._handlers[REQUEST] = handle
    rig.vehicle(switch=1)
    rig.gate.transaction.set(False)
    await rig.advance(8000)
    header, _ = read(path_of(rig, rig.blackbox.boxes()[0][0]))
    assert header["cause"] == "late stop"
    await rig.stop()


async def test_a_stop_between_two_frames_is_not_late(tmp):
    """Of the central system or a person, long after the last frame was handled and before the next tick."""
    rig = await started(tmp)
    await rig.charge()
    rig.say.clear()
    for who in (rig.gate.transaction, rig.kernel.emergency_stop):
        await rig.receive(REQUEST, request())
        rig.clock._now += 30
        who.set(not who.value)
        assert not rig.gate.enabled.value
        who.set(not who.value)
    rig.gate.transaction.set(False)
    rig.module()
    rig.vehicle(switch=1)
    await rig.advance(8000)
    assert rig.blackbox.boxes() == [] and not rig.logged("black box")
    await rig.stop()


# -- noting


async def test_noting_allocates_nothing(tmp):
    """Frames, conditions and ticks under heap_lock, over the ends of blocks."""
    rig = await started(tmp, bytes=4096)
    await rig.charge()
    rig.say.clear()
    stream = b"".join([line(POWER, power(76.0, 50.0 + n)) + line(REQUEST, request()) for n in range(4)])
    first = rig.blackbox.number
    for _ in range(20):
        rig.drain(stream, 8)
    assert rig.blackbox.number > first + 1
    changed, tick = rig.gate.limit, rig.blackbox.tick
    gc.collect()
    gc.disable()
    micropython.heap_lock()
    try:
        for n in range(200):
            changed("transaction", 100000 + n)
            tick(1)
    finally:
        micropython.heap_unlock()
        gc.enable()
    await rig.stop()


async def test_the_ring_wraps_and_what_is_left_can_be_read(tmp):
    """A box of 4 KB has the last frames, each with the data that it had, though the first ones are gone."""
    rig = await started(tmp, bytes=4096)
    await rig.charge()
    rig.say.pop(POWER)
    sent = []
    for n in range(500):
        data = power(76.0, 50.0 + n % 7)
        sent.append(data)
        await rig.receive(POWER, data)
        if n % 10 == 0:
            await rig.clock.advance(100)
    rig.charger.meter_failed(True)
    rig.gate.transaction.set(False)
    rig.module()
    await rig.advance(8000)
    ((name, size),) = rig.blackbox.boxes()
    assert size <= 4096 + 1024 and rig.blackbox.number >= BLOCKS
    _, events = read(path_of(rig, name))
    (fault,) = of(events, reading.FAULT)
    noted = [e[6] for e in events[: events.index(fault)] if e[1] == reading.FRAME and e[5] == POWER and not e[3]]
    assert 100 < len(noted) < 500 and noted == sent[-len(noted) :]
    assert len(of(events, reading.BLOCK)) in (BLOCKS - 1, BLOCKS)
    await rig.stop()


async def test_more_identifiers_than_there_is_room_for_are_counted(tmp):
    rig = await started(tmp)
    await rig.charge()
    for n in range(56):
        await rig.receive(0x100000 + n, b"\1\2")
    rig.charger.meter_failed(True)
    rig.gate.transaction.set(False)
    rig.module()
    await rig.advance(8000)
    header, events = read(path_of(rig, rig.blackbox.boxes()[0][0]))
    assert header["left_out"] > 5 and len({event[5] for event in of(events, reading.FRAME)}) >= 48
    await rig.stop()


def test_messages_with_secrets_are_noted_without_their_payload():
    for text, shown in (
        ('Configuration",{"key":"AuthorizationKey","value":"0001"}]', 'Configuration","(not shown)"]'),
        ('UpdateFirmware",{"location":"http://me:pass@host/f"}]', 'UpdateFirmware","(not shown)"]'),
        ('Heartbeat",{}]', 'Heartbeat",{}]'),
    ):
        assert without_secrets('[2,"1","' + text) == '[2,"1","' + shown


async def test_messages_are_noted_with_their_length_and_beginning(tmp):
    rig = await started(tmp, payload=30)
    await rig.charge()
    rig.blackbox.came('[2,"1","Heartbeat",{"füllung":"' + "ü" * 100 + '"}]')
    rig.blackbox.sending(lambda text: None)('[3,"1",{}]')
    rig.charger.meter_failed(True)
    rig.gate.transaction.set(False)
    rig.module()
    await rig.advance(8000)
    _, events = read(path_of(rig, rig.blackbox.boxes()[0][0]))
    first, second = of(events, reading.MESSAGE)
    assert first[2:4] == (False, 134) and first[4] == '[2,"1","Heartbeat",{"füllung"', first
    assert second[2:] == (True, 10, '[3,"1",{}]')
    await rig.stop()


def noted(machine_code):
    """What a ring has of random frames, ticks and pauses."""
    random.seed(3)
    clock = VirtualClock()
    ring = Ring(clock, 4096)
    ring.open()

    class Tap:
        came = machine_code.came

        def whole(self, frame, what, now):
            ring.room(now, 20)
            machine_code.whole(self.given, frame, what, now)

    tap = Tap()
    tap.given = ring.state, ring.ring, clock.ticks_ms, lambda frame: None, 8, len
    for _ in range(3000):
        clock._now += random.choice((0, 0, 1, 7, 127, 128, 70000))
        if random.getrandbits(2):
            data = bytes([random.getrandbits(1) for _ in range(random.choice((0, 3, 8)))])
            tap.came([random.choice((0, 0x7FF, 0x1FFFFFFF, 0x433F01)), data, random.getrandbits(2), 0])
        elif machine_code.tick(ring):
            ring.room(clock.ticks_ms(), 20)
            assert not machine_code.tick(ring)
    ring.close()
    return bytes(ring.ring), ring.number


def test_without_machine_code_the_same_is_noted():
    assert noted(notes) == noted(plain("components.blackbox.notes")) and noted(notes)[1] > 8
