"""The billing measurement against tricks on the wire: what is delivered is billed, or PowerMeterFailure ends it."""

import gc
import micropython
import struct

from bus import POWER, REQUEST, TELEMETRY_REPLY, Rig, power, request

HEAPSIZE = "16M"  # the wire keeps every frame

AMPS = 50.0
WATTS = 76 * AMPS


def output(rig, volts=76.0, amps=AMPS):
    """The module's replies about its output, once a second as they are asked for."""
    data = b"\x01\x84\x00\x00" + struct.pack(">I", round(volts * 1024))
    return data, b"\x01\x82\x00\x00\x00\x00" + struct.pack(">H", round(amps * 10))


async def module(rig, seconds, around=None, period_ms=200, amps=AMPS, told=AMPS, until=None):
    """The module reports terminal power every `period_ms` (and its output every second if `told`) for so long.

    `around` (milliseconds before, frames before, frames after): what somebody else sends beside each true frame.
    Returns what was delivered in mWh since the frame before; with `until`, up to the moment at which the gate closes.
    """
    beside_ms, before, after = around or (0, (), ())
    watt_ms = 0
    for step in range(seconds * 1000 // period_ms):
        if until and not rig.gate.enabled.value:
            amps = told = 0.0
        await rig.clock.advance(period_ms - 2 * beside_ms)
        for identifier, data in before:
            await rig.receive(identifier, data)
        await rig.clock.advance(beside_ms)
        await rig.receive(POWER, power(76, amps))
        watt_ms += 76 * amps * (rig.clock.ticks_ms() - rig.frame_ms)
        rig.frame_ms = rig.clock.ticks_ms()
        if told is not None and step * period_ms % 1000 < period_ms:
            for data in output(rig, amps=told):
                await rig.receive(TELEMETRY_REPLY, data)
        await rig.clock.advance(beside_ms)
        for identifier, data in after:
            await rig.receive(identifier, data)
    return watt_ms / 3600


async def read(rig):
    """The register when the last frame's period is over."""
    await rig.advance(200)
    return rig.charger.read_register()


async def charging(tmp, told=AMPS):
    """A charger whose gate is open, its module silent from now on."""
    rig = await Rig(tmp).start()
    await rig.charge(amps=AMPS)
    del rig.say[POWER]
    rig.frame_ms = rig.clock.ticks_ms()
    await module(rig, 4, told=told)  # the step of the current at the beginning is forgotten
    return rig, await read(rig)


async def test_flowing_lasts_until_a_measurement_after_the_closing_shows_no_current(tmp):
    rig, _ = await charging(tmp)
    flowing = rig.charger.flowing
    assert flowing.value is True
    await rig.receive(POWER, power(76, 0))  # before the closing: it says nothing of what comes after it
    await rig.clock.advance(50)
    rig.gate.transaction.set(False)
    assert not rig.gate.enabled.value and flowing.value is True
    await rig.clock.advance(5000)
    assert rig.charger.power_mw.value is None and flowing.value is True  # not known
    for amps, flows in ((0.6, True), (0.4, False), (0.4, False), (5, True)):  # the last by itself, the gate closed
        await rig.receive(POWER, power(76, amps))
        await rig.clock.advance(200)
        assert flowing.value is flows, amps
    await rig.stop()


async def test_flowing_is_true_while_the_gate_is_open(tmp):
    rig = await Rig(tmp).start()
    assert rig.charger.flowing.value is False
    await rig.charge(amps=0.0)
    await rig.advance(3000)
    assert rig.charger.flowing.value is True
    await rig.stop()


async def test_one_false_frame_after_the_stop_does_not_end_the_flow(tmp):
    """Somebody sends 0 A before each true frame: as long as a true one shows a current, it flows."""
    rig, _ = await charging(tmp)
    rig.gate.transaction.set(False)
    await module(rig, 3, (3, ((POWER, power(76, 0)),), ()))
    assert rig.charger.flowing.value is True
    await rig.stop()


async def test_what_is_delivered_is_billed_though_the_gate_is_closed_at_each_frame(tmp):
    """The BMS says stop 4 ms before each terminal power and permits 4 ms after it: nothing of that is free."""
    rig, before = await charging(tmp)
    del rig.say[REQUEST]
    stop, permit = ((REQUEST, request(switch=1)),), ((REQUEST, request()),)
    delivered = await module(rig, 20, (4, stop, permit))
    assert abs((await read(rig)) - before - delivered) < 0.01 * delivered
    await rig.stop()


async def test_the_tail_after_the_stop_is_billed_and_the_noise_of_an_idle_sensor_is_not(tmp):
    rig, before = await charging(tmp)
    rig.gate.transaction.set(False)
    delivered = await module(rig, 2)  # the module goes on for 2 s
    delivered += await module(rig, 1, amps=0.0, told=0.0)
    tail = await read(rig) - before
    assert abs(tail - delivered) <= WATTS / 3.6 * 0.1 + 1, (tail, delivered)
    await module(rig, 20, amps=0.45, told=0.0)
    assert (await read(rig)) - before - tail <= 2
    await module(rig, 10, amps=0.55, told=0.0)
    assert (await read(rig)) - before - tail > 76 * 0.55 / 3.6 * 9
    await rig.stop()


async def test_small_currents_count_while_the_gate_is_open(tmp):
    rig, before = await charging(tmp)
    rig.gate.limit_ma.set(900)  # so little that no current is no sign of an unplugged vehicle
    await module(rig, 36, amps=0.3, told=0.3)
    assert rig.gate.enabled.value
    assert abs((await read(rig)) - before - 76 * 0.3 * 10) <= WATTS / 3.6 * 0.2 + 2  # the step down
    await rig.stop()


async def test_what_is_above_the_boards_limits_is_billed_up_to_them(tmp):
    rig, before = await charging(tmp)
    rig.gate.transaction.set(False)
    await module(rig, 10, amps=310, told=None)
    billed = await read(rig) - before
    assert abs(billed - 76 * 300 * 10 / 3.6) < 0.02 * billed, billed
    await rig.stop()


async def test_a_frame_every_4_s_is_billed_for_all_of_the_time_that_the_gate_is_open(tmp):
    """The third loss in a session is PowerMeterFailure, until the vehicle is gone and no transaction runs."""
    rig, before = await charging(tmp)
    open_ms = 0
    for _ in range(10):
        for _ in range(80):
            await rig.advance(50)
            open_ms += 50 if rig.gate.enabled.value else 0
        await rig.receive(POWER, power(76, AMPS if rig.gate.enabled.value else 0))
    delivered = WATTS * open_ms / 3600
    billed = await read(rig) - before
    assert open_ms > 6000 and abs(billed - delivered) < 0.05 * delivered, (billed, delivered, open_ms)
    assert rig.charger.meter.losses == 3
    rig.module()
    await rig.advance(5000)
    assert rig.charger.error.value == "PowerMeterFailure" and rig.gate.forbidding() == ["in_limits"]
    assert rig.logged("lost 3 times")
    rig.gate.transaction.set(False)
    await rig.advance(2000)
    assert rig.charger.error.value == "PowerMeterFailure"  # the vehicle is there
    del rig.say[REQUEST]
    await rig.advance(3500)
    assert not rig.gate.plugged.value and rig.charger.error.value == "" and rig.charger.meter.losses == 0
    await rig.charge(amps=AMPS)
    await rig.stop()


async def test_a_silence_is_never_billed_above_the_setpoint(tmp):
    rig, before = await charging(tmp)
    await module(rig, 1, amps=290)
    billed = await read(rig)
    rig.gate.limit_ma.set(10000)  # of 84 V
    await rig.advance(3500)
    assert not rig.gate.enabled.value and rig.charger.meter.losses == 1
    assert abs((await read(rig)) - billed - 840 * 3.05 / 3.6) < 840 * 0.1 / 3.6 + 1
    await rig.stop()


async def test_a_silence_that_is_ended_by_a_stop_is_billed_up_to_the_stop(tmp):
    rig, before = await charging(tmp)
    await rig.advance(1300)
    rig.gate.transaction.set(False)
    await rig.advance(3000)
    assert rig.charger.meter.losses == 0
    assert abs((await read(rig)) - before - WATTS * 1.5 / 3.6) < 2
    await rig.stop()


async def trick(tmp, false_amps, told):
    rig, before = await charging(tmp, told)
    delivered = await module(rig, 20, (3, ((POWER, power(76, false_amps)),), ()), told=told, until=True)
    assert rig.charger.error.value == "PowerMeterFailure" and not rig.gate.enabled.value
    assert 5 * WATTS / 3.6 * 0.9 < delivered < 7 * WATTS / 3.6, delivered  # for so long it must last, and not longer
    billed = await read(rig) - before
    assert rig.charger.plausibility.early >= 20 and rig.charger.plausibility.contradictions >= 20
    await rig.stop()
    return billed, delivered


async def test_no_current_before_each_true_frame_is_seen_through_by_the_output(tmp):
    billed, delivered = await trick(tmp, 0.0, AMPS)
    assert abs(billed - delivered) < 0.06 * delivered, (billed, delivered)


async def test_299_a_before_each_true_frame_are_seen_through_by_the_output(tmp):
    billed, delivered = await trick(tmp, 299.0, AMPS)
    assert abs(billed - delivered) < 0.06 * delivered + 700, (billed, delivered)  # the first one came alone


async def test_without_the_output_each_frame_of_a_period_weighs_the_same(tmp):
    billed, delivered = await trick(tmp, 0.0, None)
    assert abs(billed - delivered / 2) < 0.06 * delivered, (billed, delivered)


async def test_who_sends_a_false_output_too_is_told_from_the_contradiction(tmp):
    """Terminal power and output both say 0 A right after each true one: the true ones are still there."""
    rig, _ = await charging(tmp)
    false = (POWER, power(76, 0)), (TELEMETRY_REPLY, output(rig, amps=0)[1])
    delivered = await module(rig, 20, (3, (), false), until=True)
    assert rig.charger.error.value == "PowerMeterFailure" and delivered < 7 * WATTS / 3.6
    await rig.stop()


async def test_an_output_that_differs_by_more_than_20_percent_for_5_s_ends_charging(tmp):
    for told, fails in ((AMPS * 1.3, True), (AMPS * 0.75, True), (AMPS * 1.18, False), (AMPS * 0.85, False)):
        rig, _ = await charging(tmp)
        await module(rig, 4, told=told)
        assert rig.gate.enabled.value
        await module(rig, 4, told=told)
        assert rig.gate.enabled.value is not fails, told
        assert (rig.charger.error.value == "PowerMeterFailure") is fails
        assert rig.charger.plausibility.disagreements >= 5 or not fails
        await rig.stop()


async def test_small_currents_and_ramps_are_no_disagreement(tmp):
    rig, _ = await charging(tmp)
    rig.vehicle(amps=300)
    rig.gate.limit_ma.set(300000)
    await module(rig, 10, amps=1.0, told=4.0)
    assert rig.charger.error.value == ""
    for rise in (5, 20, 60, 150):  # A/s: the output is as old as its reply
        for step in range(min(15, 290 // rise) * 5):
            amps = rise * step / 5
            await rig.clock.advance(200)
            await rig.receive(POWER, power(76, amps))
            if step % 5 == 0:
                for data in output(rig, amps=amps):
                    await rig.receive(TELEMETRY_REPLY, data)
        await module(rig, 3, amps=amps, told=amps)
        await module(rig, 3, amps=0.0, told=0.0)
        assert rig.gate.enabled.value and rig.charger.error.value == "", (rise, rig.gate.forbidding())
    await rig.stop()


async def test_frames_more_often_than_the_period_are_counted_and_billed_right(tmp):
    rig, before = await charging(tmp)
    delivered = await module(rig, 10, period_ms=50)
    assert rig.charger.plausibility.early >= 140 and rig.gate.enabled.value
    assert abs((await read(rig)) - before - delivered) < 0.02 * delivered
    await rig.stop()


async def test_a_measurement_allocates_nothing(tmp):
    """Of a period or within one, plausible or not."""
    rig, _ = await charging(tmp)
    handle = rig.can._handlers[POWER]
    frames = [power(76, AMPS), power(76, 0), power(76, 299)]
    handle(frames[1], 8)
    gc.collect()
    gc.disable()  # a function with a large frame would take it from the heap, and from the stack if that is locked
    before = gc.mem_alloc()
    for frame in frames:
        rig.clock._now += 10
        handle(frame, 8)
        rig.clock._now += 190
        handle(frame, 8)
    used = gc.mem_alloc() - before
    gc.enable()
    assert used == 0, used
    micropython.heap_lock()
    try:
        for frame in frames:
            rig.clock._now += 10
            handle(frame, 8)
            rig.clock._now += 190
            handle(frame, 8)
    finally:
        micropython.heap_unlock()
    assert rig.charger.plausibility.contradictions >= 1
    await rig.stop()
