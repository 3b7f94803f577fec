"""The billing measurement against tricks on the wire: what is delivered is billed, or PowerMeterFailure ends it."""

import gc
import micropython

from bus import POWER, REQUEST, TELEMETRY_REPLY, Rig, power, request
from metered_module import AMPS, WATTS, charging, module, output, read

HEAPSIZE = "16M"  # the wire keeps every frame


async def test_flowing_lasts_until_a_measurement_after_the_closing_shows_no_current(tmp):
    rig, _ = await charging(tmp)
    flowing = rig.meter.flowing
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
    assert rig.meter.flowing.value is False
    await rig.charge(amps=0.0)
    await rig.advance(3000)
    assert rig.meter.flowing.value is True
    await rig.stop()


async def test_one_false_frame_after_the_stop_does_not_end_the_flow(tmp):
    """Somebody sends 0 A before each true frame: as long as a true one shows a current, it flows."""
    rig, _ = await charging(tmp)
    rig.gate.transaction.set(False)
    await module(rig, 3, (3, ((POWER, power(76, 0)),), ()))
    assert rig.meter.flowing.value is True
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
    rig.gate.limit("transaction", 900)  # so little that no current is no sign of an unplugged vehicle
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


async def trick(tmp, false_amps, told):
    rig, before = await charging(tmp, told)
    delivered = await module(rig, 20, (3, ((POWER, power(76, false_amps)),), ()), told=told, until=True)
    assert rig.charger.error.value == "PowerMeterFailure" and not rig.gate.enabled.value
    assert 5 * WATTS / 3.6 * 0.9 < delivered < 7 * WATTS / 3.6, delivered  # for so long it must last, and not longer
    billed = await read(rig) - before
    assert rig.meter.plausibility.early >= 20 and rig.meter.plausibility.contradictions >= 20
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


async def test_who_sends_a_false_output_too_is_distinguished_from_the_contradiction(tmp):
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
        assert rig.meter.plausibility.disagreements >= 5 or not fails
        await rig.stop()


async def test_small_currents_and_ramps_are_no_disagreement(tmp):
    rig, _ = await charging(tmp)
    rig.vehicle(amps=300)
    rig.gate.limit("transaction", 300000)
    await module(rig, 10, amps=1.0, told=4.0)
    assert rig.charger.error.value == ""
    for rise in (20, 60):  # A/s: the output is as old as its reply
        for step in range(290 // rise * 5):
            amps = rise * step / 5
            await rig.clock.advance(200)
            await rig.receive(POWER, power(76, amps))
            if step % 5 == 0:
                for data in output(rig, amps=amps):
                    await rig.receive(TELEMETRY_REPLY, data)
        await module(rig, 3, amps=amps, told=amps)
        await module(rig, 3, amps=0.0, told=0.0)
        assert rig.gate.enabled.value and rig.charger.error.value == "", (rise, rig.gate.blocking())
    await rig.stop()


async def test_an_output_that_is_told_between_a_step_and_the_next_period_is_no_disagreement(tmp):
    """The current steps once a second, as in a row of short sessions, each time just before the output is told."""
    rig, _ = await charging(tmp)
    for after_ms in (10, 50, 90, 130, 170):
        for step in range(8):
            amps = 10.0 if step % 2 else AMPS
            await rig.clock.advance(after_ms)
            for data in output(rig, amps=amps):
                await rig.receive(TELEMETRY_REPLY, data)
            await rig.clock.advance(200 - after_ms)
            await module(rig, 1, amps=amps, told=None)
        assert rig.gate.enabled.value, (after_ms, rig.charger.error.value)
    assert rig.meter.plausibility.disagreements == 0
    await rig.stop()


async def test_what_comes_at_once_after_the_loop_was_blocked_in_a_ramp_is_no_doubt(tmp):
    for blocked_ms in (300, 500, 900, 1500):
        rig, _ = await charging(tmp)
        handle, reply = rig.can._handlers[POWER], rig.can._handlers[TELEMETRY_REPLY]
        seen = rig.meter.plausibility
        before = seen.contradictions
        for turn in range(8):
            rig.clock._now += blocked_ms
            frames = max(2, blocked_ms // 200)
            for step in range(frames):
                amps = AMPS * (step + 1) / frames
                handle(power(76, AMPS + 5 - amps if turn % 2 else amps), 8)
                if step == frames // 2:
                    for data in output(rig, amps=amps):
                        reply(data, 8)
            await module(rig, 1, amps=5.0 if turn % 2 else AMPS, told=None)
        assert rig.gate.enabled.value and rig.charger.error.value == "", (blocked_ms, rig.charger.error.value)
        assert seen.contradictions == before, (blocked_ms, seen.contradictions, seen.disagreements)
        await rig.stop()


async def test_frames_more_often_than_the_period_are_counted_and_billed_right(tmp):
    rig, before = await charging(tmp)
    delivered = await module(rig, 10, period_ms=50)
    assert rig.meter.plausibility.early >= 140 and rig.gate.enabled.value
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
    assert rig.meter.plausibility.contradictions >= 1
    await rig.stop()
