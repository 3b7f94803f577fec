"""What the power module tells of itself beside its heartbeat: refusals, standing still, silence.

The board has a single bus: 0x18FF50E5 on it is our own feedback, so no heartbeat tells anything here.
"""

import struct

from bus import (
    CONTROL,
    CONTROL_REPLY,
    POWER,
    REQUEST,
    START_FRAME,
    STATUS,
    STOP_FRAME,
    TELEMETRY_REPLY,
    Rig,
    power,
    status,
)

HEAPSIZE = "16M"  # the wire keeps every frame
REFUSED_ON = b"\x21\x32\x00\x01\x00\x00\x00\x00"  # an error in the upper four bits of byte 0


async def test_a_module_that_refuses_to_switch_on_is_a_failure_while_its_reply_is_handled(tmp):
    """`no current` was taken for an unplugging, and the connector became Available."""
    rig = await Rig(tmp).start()
    await rig.charge(amps=0)
    since = len(rig.wire.frames)
    await rig.receive(CONTROL_REPLY, REFUSED_ON)
    assert rig.gate.blocking() == ["in_limits"]
    await rig.sent(CONTROL, STOP_FRAME, since)
    rig.module(charging=False)
    errors = []
    rig.charger.error.watch(errors.append)
    await rig.advance(9500)
    assert errors == ["PowerSwitchFailure"] and rig.plug.plugged.value
    assert rig.charger.faults.refusals == 1 and rig.logged("refuses to switch on")
    for _ in range(7):
        since = len(rig.wire.frames)
        await rig.advance(2000)  # it is tried again
        assert START_FRAME in [data for _, data in rig.wire.of(CONTROL, None, since)]
        await rig.receive(CONTROL_REPLY, REFUSED_ON)
        assert not rig.gate.enabled.value
        await rig.advance(9500)
    await rig.advance(2000)
    rig.module(amps=20, charging=True)
    assert rig.gate.enabled.value and errors == ["PowerSwitchFailure"]
    await rig.advance(300)
    assert errors == ["PowerSwitchFailure", ""]
    await rig.receive(CONTROL_REPLY, REFUSED_ON)
    rig.gate.transaction.set(False)
    rig.module()
    await rig.advance(59000)
    assert rig.charger.error.value == "PowerSwitchFailure"  # nobody tries
    await rig.advance(1500)
    assert rig.charger.error.value == ""
    await rig.stop()


async def test_one_refusal_is_reported_to_the_end_of_its_session_and_one_that_came_again_for_a_minute(tmp):
    """One frame that anybody may have sent kept a connector Faulted that nobody used any more."""
    for again, left_ms in ((False, 0), (True, 35000)):
        rig = await Rig(tmp + "/" + str(again)).start()
        await rig.charge(amps=0)
        await rig.receive(CONTROL_REPLY, REFUSED_ON)
        rig.module(charging=False)
        await rig.advance(12000)
        if again:
            await rig.receive(CONTROL_REPLY, REFUSED_ON)
            await rig.advance(12000)
        assert rig.charger.error.value == "PowerSwitchFailure"
        rig.gate.transaction.set(False)
        rig.say.pop(REQUEST)  # the vehicle goes
        await rig.advance(4000)
        assert not rig.plug.plugged.value
        await rig.advance(left_ms)
        assert rig.charger.error.value == ("PowerSwitchFailure" if again else "")
        await rig.stop()


async def test_other_refusals_are_counted_and_nothing_of_them_is_taken(tmp):
    rig = await Rig(tmp).start()
    await rig.charge()
    replies = rig.charger
    for identifier, head, good in (
        (CONTROL_REPLY, b"\x01\x00\x00\x00", struct.pack(">I", 84 * 1024)),
        (CONTROL_REPLY, b"\x01\x03\x00\x00", struct.pack(">I", 3050)),
        (TELEMETRY_REPLY, b"\x01\x84\x00\x00", struct.pack(">I", 76 * 1024)),
        (TELEMETRY_REPLY, b"\x01\x80\x00\x00", struct.pack(">I", 30000)),
    ):
        await rig.receive(identifier, head + good)
        await rig.receive(identifier, b"\x81" + head[1:] + b"\x00\x00\x00\x07")
    assert (replies.output_voltage_mv.value, replies.temperature_mdeg.value) == (76000, 30000)
    assert rig.charger.faults.refusals == 4 and rig.charger.refused == 0
    rig.gate.transaction.set(False)
    await rig.receive(CONTROL_REPLY, REFUSED_ON)  # to a start that is not wanted any more
    rig.module()
    await rig.advance(300)
    assert rig.charger.faults.refusals == 5 and rig.charger.error.value == ""
    await rig.stop()


async def test_a_module_that_stands_still_though_it_was_switched_on(tmp):
    rig = await Rig(tmp).start()
    await rig.charge(amps=20)
    rig.module(charging=False)
    await rig.advance(9800)
    assert rig.charger.error.value == "" and rig.plug.plugged.value and rig.gate.enabled.value
    await rig.advance(700)
    assert rig.charger.error.value == "PowerSwitchFailure" and not rig.gate.enabled.value
    await rig.advance(60000)
    assert rig.plug.plugged.value and rig.charger.error.value == "PowerSwitchFailure"
    await rig.stop()


async def test_who_requests_no_current_or_gets_it_has_no_broken_module(tmp):
    rig = await Rig(tmp).start()
    await rig.charge(amps=20)
    rig.say[STATUS] = status(False)  # what it says is not what it does
    await rig.advance(15000)
    assert rig.charger.error.value == "" and rig.gate.enabled.value
    rig.say[POWER] = power(76, 0)
    rig.vehicle(amps=0)
    await rig.advance(15000)
    rig.vehicle()
    rig.gate.limit("transaction", 900)
    await rig.advance(15000)
    assert rig.charger.error.value == "" and rig.gate.enabled.value
    await rig.stop()


async def test_a_vehicle_that_goes_from_a_module_that_stands_still_is_noticed(tmp):
    rig = await Rig(tmp).start()
    await rig.charge(amps=20)
    rig.module(charging=False)
    rig.say.pop(0x1806E5F4)
    await rig.advance(3500)
    assert not rig.plug.plugged.value and rig.plug.reason == "no BMS frames"
    await rig.stop()


async def test_a_silent_module_is_a_fault_outside_of_transactions(tmp):
    """After 10 s, whether it was ever heard or not. In words, so the error is OtherError."""
    words = "the power module is silent"
    rig = await Rig(tmp).start()
    await rig.advance(9500)
    assert rig.charger.error.value == ""
    await rig.advance(700)
    assert rig.charger.error.value == words
    rig.vehicle()
    rig.module()
    await rig.advance(300)
    assert rig.charger.error.value == ""
    await rig.charge(amps=20)
    del rig.say[POWER]
    del rig.say[STATUS]
    await rig.advance(20000)
    assert rig.charger.error.value == "" and not rig.gate.enabled.value  # a transaction is suspended
    rig.gate.transaction.set(False)
    await rig.advance(200)
    assert rig.charger.error.value == words
    await rig.grow_old()
    assert rig.charger.error.value == words
    await rig.stop()


async def test_a_site_may_switch_its_module_off(tmp):
    rig = await Rig(tmp, charger={"silent_fault_ms": 0}).start()
    await rig.advance(60000)
    assert rig.charger.error.value == ""
    await rig.stop()
