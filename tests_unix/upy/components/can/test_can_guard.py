"""The guard of a CAN driver: when it is armed, and what follows when it has fired. Here the test is the interrupt."""

import gc
import micropython

from bus import CONTROL, REQUEST, START_FRAME, STOP_FRAME, Rig, request
from virtual_clock import VirtualClock

from components.bms import Bms
from drivers.can import slcan

HEAPSIZE = "16M"  # the wire keeps every frame


class Guard:
    """The contract of drivers/can, without the interrupt."""

    def __init__(self):
        self.given = None
        self.armed = False
        self.arms = []
        self.count = 0
        self.on_arm = None

    def rule(self, *rule):
        assert self.given is None
        self.given = rule

    def arm(self, on):
        self.armed = on
        if self.on_arm:
            self.on_arm(on)

    def fired(self):
        return self.count

    def lost(self):
        return 0


class Rigged(Rig):
    """A rig whose driver has a guard."""

    async def start(self):
        self.guard = guard = Guard()
        slcan._guard = lambda uart: guard
        return await super().start()


async def test_its_rule_is_the_vehicles_stop_and_the_modules_stop_frame(tmp):
    rig = await Rigged(tmp).start()
    assert rig.guard.given == (REQUEST, 4, CONTROL, STOP_FRAME)
    await rig.stop()


async def test_it_is_armed_while_the_gate_is_open_and_before_the_start_is_sent(tmp):
    rig = await Rigged(tmp).start()
    sent = []

    def on_arm(on):
        rig.guard.arms.append((on, rig.gate.enabled.value, sent[-1:]))

    rig.guard.on_arm = on_arm
    send = rig.driver.send

    def spy(identifier, data, flags=0):
        if identifier == CONTROL and data[1] == 0x32:
            sent.append(bytes(data))
        return send(identifier, data, flags)

    rig.driver.send = spy
    assert not rig.guard.armed
    await rig.charge()
    assert rig.guard.armed and rig.guard.arms == [(True, True, [STOP_FRAME])] and sent[-1] == START_FRAME
    await rig.receive(REQUEST, request(switch=1))
    assert not rig.guard.armed and rig.guard.arms[-1][:2] == (False, False) and len(rig.guard.arms) == 2
    await rig.stop()


async def test_it_is_disarmed_by_whatever_closes_the_gate(tmp):
    rig = await Rigged(tmp).start()
    await rig.charge()
    assert rig.guard.armed
    rig.wire.raw(b"sb000256\r")
    await rig.until(lambda: not rig.can.healthy.value)
    assert not rig.guard.armed
    await rig.until(lambda: rig.can.bus_offs == 1)
    await rig.advance(4000)
    await rig.until(lambda: rig.can.healthy.value)
    await rig.advance(3000)
    assert rig.gate.enabled.value and rig.guard.armed, rig.gate.blocking()
    rig.gate.transaction.set(False)
    assert not rig.guard.armed
    rig.gate.transaction.set(True)
    assert rig.guard.armed
    await rig.stop()
    assert not rig.guard.armed


async def test_a_stop_whose_frame_is_lost_closes_the_gate_all_the_same(tmp):
    """The interrupt has answered it, and there was no room for the frame: the next one that is read tells."""
    rig = await Rigged(tmp).start()
    await rig.charge()
    rig.say.clear()
    rig.guard.count = 1
    await rig.receive(0x160B8001, bytes(8))
    assert not rig.gate.enabled.value and rig.bms.permitted.value is False and not rig.guard.armed
    assert "bms_permits" in rig.gate.blocking() and rig.can.guard_stops == 1
    await rig.advance(600)
    assert rig.logged("1 stops of the vehicle answered by the interrupt")
    rig.vehicle()
    rig.module()
    await rig.advance(3000)
    assert rig.gate.enabled.value and rig.guard.armed, rig.gate.blocking()
    await rig.stop()


async def test_a_stop_that_was_read_and_a_permission_behind_it_are_taken_as_they_came(tmp):
    """The frame has closed the gate: the guard's count says nothing more, and does not take the new permission away."""
    rig = await Rigged(tmp).start()
    await rig.charge()
    rig.guard.count = 1
    rx = rig.can.rx
    rig.wire.raw(b"".join([b"T1806E5F480348%04X0%d000000\r" % (1000, switch) for switch in (0, 1, 0)]))
    await rig.until(lambda: rig.can.rx >= rx + 3)
    assert rig.can.guard_stops == 1 and rig.bms.permitted.value is True
    assert rig.gate.blocking() == ["bms_settled"], rig.gate.blocking()
    await rig.advance(2500)
    assert rig.gate.enabled.value
    await rig.stop()


async def test_what_the_stream_still_has_is_read_before_a_frame_is_taken_for_lost(tmp):
    """Permissions that came before the stop do not give back what the guard has told: that would be two stops."""
    rig = await Rigged(tmp).start()
    await rig.charge()
    stops = []
    rig.gate.bms_permits.watch(lambda permits: stops.append(permits))
    rig.guard.count = 1
    rx = rig.can.rx
    lines = [b"T1806E5F480348%04X0%d000000\r" % (1000 + i, i == 39) for i in range(40)]  # three fillings of its buffer
    rig.wire.raw(b"".join(lines))
    await rig.until(lambda: rig.can.rx >= rx + 40)
    assert stops == [False] and not rig.gate.enabled.value and rig.can.guard_stops == 1
    await rig.stop()


async def test_arming_and_looking_allocate_nothing(tmp):
    rig = await Rigged(tmp).start()
    await rig.charge()
    gc.collect()
    micropython.heap_lock()
    try:
        for _ in range(3):
            rig.can.arm(False)
            rig.can.arm(True)
            rig.can._look_at(rig.guard)
    finally:
        micropython.heap_unlock()
    await rig.stop()


def test_a_vehicle_on_another_bus_gives_no_rule():
    """The dual board: the frame comes on one controller and the answer goes out on the other."""

    class Bus:
        rule = None

        def on(self, identifier, handler):
            pass

        def guard(self, *rule):
            self.rule = rule

    vehicle, module = Bus(), Bus()
    bms = Bms(vehicle, None, VirtualClock(), None, **{name: Bms.options[name][1] for name in Bms.options})
    bms.guard(module, CONTROL, STOP_FRAME)
    assert vehicle.rule is None and module.rule is None
    bms.guard(vehicle, CONTROL, STOP_FRAME)
    assert vehicle.rule[:4] == (REQUEST, 4, CONTROL, STOP_FRAME)
