"""What the power module is asked: periods, order, limits, and stop frames that are never late or lost."""

import struct

from bus import CONTROL, REQUEST, START_FRAME, STOP_FRAME, TELEMETRY, Rig, check_period, request

HEAPSIZE = "16M"  # the wire keeps every frame


async def test_while_disabled_each_control_slot_is_a_stop(tmp):
    rig = await Rig(tmp).start()
    since = len(rig.wire.frames)
    await rig.advance(30000)
    frames = rig.wire.of(CONTROL, None, since)
    check_period(frames, 300)
    assert len(frames) >= 99 and all(data == STOP_FRAME for _, data in frames)
    await rig.stop()


async def test_round_robin_while_charging(tmp):
    rig = await Rig(tmp).start()
    await rig.charge()
    await rig.advance(1000)
    since = len(rig.wire.frames)
    await rig.advance(30000)
    frames = rig.wire.of(CONTROL, None, since)
    check_period(frames, 300)
    assert len(frames) >= 99
    start = [data[1] for _, data in frames].index(0x32)
    assert bytes([data[1] for _, data in frames[start : start + 6]]) == b"\x32\x00\x03\x32\x00\x03"
    for function, value in ((0x32, 0), (0x00, 84 * 1024), (0x03, 3050)):
        data = rig.wire.of(CONTROL, function, since)[-1][1]
        assert data[0] == 1 and struct.unpack(">HI", data[2:]) == (0, value)
    telemetry = rig.wire.of(TELEMETRY, None, since)
    check_period(telemetry, 200)
    turns = [data[1] for _, data in telemetry]
    assert sorted(turns[:5]) == [0x79, 0x80, 0x82, 0x83, 0x84] and turns[:5] == turns[5:10]
    assert all(data == bytes((1, data[1], 0, 0, 0, 0, 0, 0)) for _, data in telemetry)
    await rig.stop()


async def test_limits_are_sent_before_the_start(tmp):
    rig = await Rig(tmp).start()
    rig.vehicle()
    rig.module()
    await rig.advance(1500)
    rig.gate.limit("transaction", 32000)
    since = len(rig.wire.frames)
    rig.gate.transaction.set(True)
    await rig.until(lambda: len(rig.wire.of(CONTROL, None, since)) >= 3)
    assert [data[1] for _, data in rig.wire.of(CONTROL, None, since)[:3]] == [0x00, 0x03, 0x32]
    assert rig.wire.of(CONTROL, 0x03, since)[0][1][4:] == struct.pack(">I", 976)  # 32 A x 30.5
    assert rig.wire.of(CONTROL, 0x32, since)[0][1][3] == 0
    await rig.stop()


async def test_the_smallest_limit_wins(tmp):
    rig = await Rig(tmp).start()
    await rig.charge()
    for volts, amps, limit_ma, wanted_mv, wanted_ma in (
        (84, 100, 200000, 84000, 100000),
        (84, 100, 16000, 84000, 16000),
        (120, 400, 350000, 85500, 300000),
        (70, 0, 6000, 70000, 0),
        (84, 100, 33, 84000, 33),  # 1/30.5 A is the least that there is on the wire
        (84, 100, 32, 84000, 0),
    ):
        rig.vehicle(volts=volts, amps=amps)
        rig.gate.limit("transaction", limit_ma)
        await rig.advance(400)
        assert (rig.charger.setpoint_mv.value, rig.charger.setpoint_ma.value) == (wanted_mv, wanted_ma)
    await rig.stop()


async def test_another_limit_is_sent_at_once_and_once(tmp):
    """Not in the turn of its function, which comes every 900 ms."""
    rig = await Rig(tmp).start()
    await rig.charge()
    await rig.advance(1000)
    for limit_ma, raw in ((10000, 305), (8000, 244), (0, None), (20000, 610)):
        since = len(rig.wire.frames)
        rig.gate.limit("transaction", limit_ma)
        rig.gate.limit("transaction", limit_ma)
        if raw is None:  # the gate closes: a stop, and no current
            await rig.sent(CONTROL, b"\x01\x32\x00\x01\x00\x00\x00\x00", since)
            assert rig.wire.of(CONTROL, 0x03, since) == [] and rig.charger.setpoint_ma.value == 0
        else:
            await rig.sent(CONTROL, struct.pack(">BBHI", 1, 0x03, 0, raw), since)
            assert len(rig.wire.of(CONTROL, 0x03, since)) == 1
    await rig.stop()


async def test_a_stop_that_was_lost_is_repeated(tmp):
    rig = await Rig(tmp).start()
    await rig.charge()
    rig.wire.hang_up()  # the stop frame that this causes goes nowhere
    await rig.until(lambda: not rig.gate.enabled.value)
    rig.gate.transaction.set(False)
    since = len(rig.wire.frames)
    await rig.advance(200)
    await rig.until(lambda: rig.can.healthy.value)
    await rig.advance(400)
    await rig.sent(CONTROL, STOP_FRAME, since)
    await rig.stop()


async def test_after_a_short_loss_of_the_bus_a_stop_comes_before_the_start(tmp):
    """So short that everything else still holds: the gate opens in the moment in which the bus is back."""
    rig = await Rig(tmp).start()
    await rig.charge()
    since = len(rig.wire.frames)
    rig.wire.hang_up()
    await rig.until(lambda: not rig.gate.enabled.value)
    await rig.advance(200)
    await rig.until(lambda: rig.gate.enabled.value)
    await rig.sent(CONTROL, START_FRAME, since)
    told = [data for _, data in rig.wire.of(CONTROL, None, since)]
    assert told[0] == STOP_FRAME and told[1][1] == 0x00 and told[2][1] == 0x03 and told[3] == START_FRAME
    await rig.stop()


async def test_stop_frame_leaves_in_the_call_that_handles_the_bms_stop(tmp):
    """No task runs between: the stop frame is handed to the driver before the frame's dispatch returns."""
    rig = await Rig(tmp).start()
    await rig.charge()
    sent = []
    send = rig.driver.send

    def spy(identifier, data, flags):
        sent.append((identifier, bytes(data)))
        return send(identifier, data, flags)

    rig.driver.send = spy
    rig.can._dispatch([REQUEST, memoryview(request(switch=1)), rig.driver.FLAG_EXT_ID, 0])
    assert sent == [(CONTROL, STOP_FRAME)]
    await rig.stop()
