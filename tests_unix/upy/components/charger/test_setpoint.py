"""The setpoint: a lower one reaches the power module in the call that lowered it, and nothing floods the bus."""

import micropython
import struct

from bus import CONTROL, REQUEST, Rig, request

from components.charger.setpoint import NO_LIMIT

HEAPSIZE = "16M"  # the wire keeps every frame


class Spy:
    """Every frame that is handed to the driver, at the moment when it is."""

    def __init__(self, rig):
        self.sent = []
        self.takes = True
        self._send = rig.driver.send
        self._driver = rig.driver
        rig.driver.send = self.send

    def send(self, identifier, data, flags):
        if not self.takes:
            return None
        self.sent.append((identifier, bytes(data)))
        return self._send(identifier, data, flags)

    def limits(self, function):
        """What was told of a limit, in mA or mV, rounded down."""
        raw = [struct.unpack(">I", data[4:])[0] for at, data in self.sent if at == CONTROL and data[1] == function]
        return [value * 1000 // 1024 if function == 0x00 else int(value / 0.0305) for value in raw]


def handle(rig, data):
    """The frame is dispatched; nothing else runs and no time passes."""
    rig.can._dispatch([REQUEST, memoryview(data), rig.driver.FLAG_EXT_ID, 0])


async def test_a_lower_request_is_sent_while_its_frame_is_handled(tmp):
    """It took up to 900 ms, the turn of its function."""
    rig = await Rig(tmp).start()
    await rig.charge()
    spy = Spy(rig)
    handle(rig, request(amps=20))
    assert spy.sent == [(CONTROL, struct.pack(">BBHI", 1, 0x03, 0, 610))]
    handle(rig, request(volts=80, amps=20))
    assert spy.sent[1:] == [(CONTROL, struct.pack(">BBHI", 1, 0x00, 0, 80 * 1024))]
    handle(rig, request(volts=80, amps=20))
    handle(rig, request(volts=84, amps=100))
    assert len(spy.sent) == 2  # nothing new; and a higher one has time
    handle(rig, request(volts=75, amps=0))
    assert spy.limits(0x00)[-1] == 75000 and spy.limits(0x03)[-1] == 0 and len(spy.sent) == 4
    await rig.stop()


async def test_a_higher_one_is_sent_within_a_second(tmp):
    rig = await Rig(tmp).start()
    await rig.charge()
    for volts, amps in ((70, 10), (84, 120)):
        since = len(rig.wire.frames)
        rig.vehicle(volts=volts, amps=amps)
        await rig.advance(1050)  # 900 ms, and 100 until the vehicle says it
        assert rig.wire.of(CONTROL, 0x03, since)[-1][1][4:] == struct.pack(">I", amps * 61 // 2)
        assert rig.wire.of(CONTROL, 0x00, since)[-1][1][4:] == struct.pack(">I", volts * 1024)
    await rig.stop()


async def test_a_vehicle_that_lowers_with_every_frame_does_not_flood_the_bus(tmp):
    """And at no moment is the module told more than was asked for last."""
    rig = await Rig(tmp).start()
    await rig.charge()
    await rig.advance(1000)
    spy = Spy(rig)
    for deciamps in range(900, 100, -1):
        handle(rig, struct.pack(">HHBBH", 840 - (deciamps & 1), deciamps, 0, 0, 0))
        assert spy.limits(0x03)[-1] <= deciamps * 100
    assert len(spy.sent) <= 20, len(spy.sent)
    for deciamps in range(800):  # up and down
        handle(rig, struct.pack(">HHBBH", 840, 200 + (deciamps & 1), 0, 0, 0))
    assert len(spy.sent) <= 20, len(spy.sent)
    rig.vehicle(amps=20)
    await rig.advance(1050)
    assert rig.gate.enabled.value and 19900 <= spy.limits(0x03)[-1] <= 20000
    await rig.stop()


async def test_a_lower_one_that_the_bus_did_not_take_is_sent_again(tmp):
    rig = await Rig(tmp).start()
    await rig.charge()
    await rig.advance(1000)
    spy = Spy(rig)
    spy.takes = False
    rig.vehicle(amps=20)
    handle(rig, request(amps=20))
    assert spy.sent == []
    spy.takes = True
    await rig.advance(100)
    assert 19900 <= spy.limits(0x03)[-1] <= 20000
    await rig.stop()


async def test_nothing_is_sent_while_the_gate_is_closed(tmp):
    rig = await Rig(tmp).start()
    await rig.charge()
    rig.gate.transaction.set(False)
    spy = Spy(rig)
    handle(rig, request(amps=20))
    rig.gate.limit("transaction", 6000)
    assert spy.sent == []
    await rig.stop()


async def test_it_allocates_nothing(tmp):
    rig = await Rig(tmp).start()
    await rig.charge()
    frames = [memoryview(request(volts=volts, amps=amps)) for volts, amps in ((84, 90), (83, 80), (84, 100), (70, 7))]
    told = []

    def send(identifier, data, flags):
        told[0] += 1
        return 0

    told.append(0)
    rig.driver.send = send
    handler = rig.bms._request
    micropython.heap_lock()
    try:
        for frame in frames:
            handler(frame, 8)
    finally:
        micropython.heap_unlock()
    assert told[0] == 5 and rig.charger.setpoint_ma.value == 7000
    await rig.stop()


async def test_what_the_module_can_is_one_of_the_limits(tmp):
    """A lower one is told in the call in which the module says so; NO_LIMIT: it does not say."""
    rig = await Rig(tmp).start()
    await rig.charge(amps=5)
    charger, spy = rig.charger, Spy(rig)
    charger.set_available(80000, 30000)
    assert (charger.setpoint_mv.value, charger.setpoint_ma.value) == (80000, 30000)
    assert spy.limits(0x00) == [80000] and 29900 <= spy.limits(0x03)[0] <= 30000
    charger.set_available(NO_LIMIT, NO_LIMIT)
    assert (charger.setpoint_mv.value, charger.setpoint_ma.value) == (84000, 100000)
    await rig.stop()


async def test_a_vehicle_below_the_voltage_that_the_module_has_at_least_is_not_charged(tmp):
    rig = await Rig(tmp).start()
    await rig.charge(amps=5)
    rig.charger.set_available(NO_LIMIT, NO_LIMIT, min_mv=84100)
    assert rig.gate.blocking() == ["in_limits"]
    await rig.advance(300)
    assert rig.charger.error.value == "the vehicle requests too low a voltage"
    handle(rig, request(volts=84.1))
    rig.vehicle(volts=84.1)
    await rig.advance(1500)
    assert rig.gate.enabled.value and rig.charger.error.value == ""
    await rig.stop()
