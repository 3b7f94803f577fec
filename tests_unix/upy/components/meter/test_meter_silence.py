"""Terminal power that is silent: what flows meanwhile is billed, and the third time in a session it is a failure."""

from bus import POWER, REQUEST, STATUS, power, status
from metered_module import AMPS, WATTS, charging, module, read

HEAPSIZE = "16M"  # the wire keeps every frame


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
    assert rig.meter.losses == 3
    rig.module()
    await rig.advance(5000)
    assert rig.charger.error.value == "PowerMeterFailure" and rig.gate.blocking() == ["in_limits"]
    assert rig.logged("lost 3 times")
    rig.gate.transaction.set(False)
    await rig.advance(2000)
    assert rig.charger.error.value == "PowerMeterFailure"  # the vehicle is there
    del rig.say[REQUEST]
    await rig.advance(3500)
    assert not rig.gate.plugged.value and rig.charger.error.value == "" and rig.meter.losses == 0
    await rig.charge(amps=AMPS)
    await rig.stop()


async def test_a_module_that_sends_nothing_for_4_s_again_and_again_is_lost_three_times(tmp):
    """Its status grows old before its measurement does: it is offline, which closes the gate, too."""
    rig, before = await charging(tmp)
    open_ms = 0
    for _ in range(8):
        rig.say.pop(STATUS, None)
        await rig.receive(STATUS, status(True))
        for _ in range(8):
            await rig.advance(50)
            open_ms += 50 if rig.gate.enabled.value else 0
        await rig.receive(POWER, power(76, AMPS if rig.gate.enabled.value else 0))
        for _ in range(72):
            await rig.advance(50)
            open_ms += 50 if rig.gate.enabled.value else 0
    delivered = WATTS * open_ms / 3600
    billed = await read(rig) - before
    assert open_ms > 6000 and abs(billed - delivered) < 0.1 * delivered, (billed, delivered, open_ms)
    assert rig.meter.losses == 3 and rig.charger.error.value == "PowerMeterFailure"
    await rig.stop()


async def test_a_silence_is_never_billed_above_the_setpoint(tmp):
    rig, before = await charging(tmp)
    await module(rig, 1, amps=290)
    billed = await read(rig)
    rig.gate.limit("transaction", 10000)  # of 84 V
    await rig.advance(3500)
    assert not rig.gate.enabled.value and rig.meter.losses == 1
    assert abs((await read(rig)) - billed - 840 * 3.05 / 3.6) < 840 * 0.1 / 3.6 + 1
    await rig.stop()


async def test_a_silence_that_is_ended_by_a_stop_is_billed_up_to_the_stop(tmp):
    rig, before = await charging(tmp)
    await rig.advance(1300)
    rig.gate.transaction.set(False)
    rig.gate.limit("transaction", 0)  # what is permitted afterwards does not tell what flowed before
    await rig.advance(3000)
    assert rig.meter.losses == 0
    assert abs((await read(rig)) - before - WATTS * 1.5 / 3.6) < 2
    await rig.stop()
