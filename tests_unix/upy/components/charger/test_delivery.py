"""What is delivered, held against what was asked for."""

from bus import CONTROL, POWER, STOP_FRAME, Rig, power

HEAPSIZE = "16M"  # the wire keeps every frame


async def test_a_module_that_delivers_250_A_to_a_vehicle_that_requests_5(tmp):
    """20 s went by with the gate open and without an error."""
    rig = await Rig(tmp).start()
    rig.vehicle(amps=5)
    rig.module()
    await rig.advance(1500)
    rig.gate.limit("transaction", 200000)
    rig.gate.transaction.set(True)
    assert rig.gate.enabled.value
    rig.module(amps=250, charging=True)
    await rig.advance(900)
    assert rig.gate.enabled.value
    since = len(rig.wire.frames)
    await rig.advance(400)
    assert rig.gate.blocking() == ["in_limits"] and rig.charger.error.value == "OverCurrentFailure"
    assert STOP_FRAME in [data for _, data in rig.wire.of(CONTROL, None, since)]
    await rig.advance(1500)  # it goes on
    assert rig.gate.blocking() == ["in_limits"] and rig.charger.error.value == "OverCurrentFailure"
    assert len(rig.logged("fault: OverCurrentFailure")) == 1
    rig.module(amps=0)
    await rig.advance(300)
    assert rig.charger.error.value == "" and not rig.gate.enabled.value
    await rig.advance(1000)
    assert rig.gate.enabled.value
    await rig.stop()


async def test_what_is_within_tolerance_is_no_error(tmp):
    """The larger of 5 A and a tenth."""
    rig = await Rig(tmp).start()
    await rig.charge(amps=10)
    for asked, delivered, wrong in ((10, 14.9, False), (10, 15.1, True), (100, 109.9, False), (100, 110.1, True)):
        rig.vehicle(amps=asked)
        rig.module(amps=10)
        await rig.advance(2500)
        assert rig.gate.enabled.value
        rig.module(amps=delivered, charging=True)
        await rig.advance(1300)
        assert rig.gate.enabled.value is not wrong, (asked, delivered)
    await rig.stop()


async def test_tolerances_are_options(tmp):
    rig = await Rig(tmp, charger={"over_current_ma": 20000, "over_current_ms": 3000, "over_voltage_mv": 3000}).start()
    await rig.charge(amps=10)
    rig.vehicle(amps=10, volts=78)
    rig.module(volts=80.9, amps=29.9, charging=True)
    await rig.advance(5000)
    assert rig.gate.enabled.value
    rig.module(volts=80.9, amps=30.1, charging=True)
    await rig.advance(2800)
    assert rig.gate.enabled.value
    await rig.advance(500)
    assert rig.charger.error.value == "OverCurrentFailure"
    await rig.stop()


async def test_a_setpoint_that_was_lowered_leaves_the_module_a_second(tmp):
    rig = await Rig(tmp).start()
    await rig.charge(amps=50)
    rig.vehicle(amps=10)
    rig.gate.limit("transaction", 8000)
    await rig.advance(900)
    assert rig.gate.enabled.value
    rig.module(amps=10, charging=True)
    await rig.advance(3000)
    assert rig.gate.enabled.value and rig.charger.error.value == ""
    rig.gate.limit("transaction", 2000)  # of whoever lowers it
    await rig.advance(1300)
    assert not rig.gate.enabled.value and rig.charger.error.value == "OverCurrentFailure"
    await rig.stop()


async def test_more_voltage_than_the_vehicle_permits(tmp):
    """Inside the board's limits, and above the vehicle's maximum."""
    rig = await Rig(tmp).start()
    rig.vehicle(volts=80)
    rig.module(volts=78)
    await rig.advance(1500)
    rig.gate.limit("transaction", 200000)
    rig.gate.transaction.set(True)
    await rig.advance(1500)
    rig.say[POWER] = power(80.9, 50)
    await rig.advance(2000)
    assert rig.gate.enabled.value
    since = len(rig.wire.frames)
    rig.wire.send(POWER, power(81.1, 50))
    await rig.sent(CONTROL, STOP_FRAME, since)  # the virtual clock did not move
    rig.say[POWER] = power(81.1, 0)
    await rig.advance(3000)
    assert rig.gate.blocking() == ["in_limits"] and rig.charger.error.value == "OverVoltage"
    rig.say[POWER] = power(79.5, 0)
    await rig.advance(1300)
    assert rig.gate.enabled.value and rig.charger.error.value == ""
    await rig.stop()


async def test_a_maximum_voltage_that_was_lowered_leaves_the_module_a_second(tmp):
    rig = await Rig(tmp).start()
    await rig.charge()
    rig.vehicle(volts=70)  # it has 76 V
    await rig.advance(900)
    assert rig.gate.enabled.value
    await rig.advance(400)
    assert not rig.gate.enabled.value and rig.charger.error.value == "OverVoltage"
    await rig.stop()


async def test_a_vehicle_that_lowers_its_maximum_again_and_again_wins_no_time(tmp):
    rig = await Rig(tmp).start()
    await rig.charge()
    for step in range(14):
        rig.vehicle(volts=74 - step / 10)
        await rig.advance(100)
    assert not rig.gate.enabled.value and rig.charger.error.value == "OverVoltage"
    await rig.stop()


async def test_a_module_that_does_it_each_time_is_switched_on_less_and_less_often(tmp):
    """It was switched on every 2.6 s for ever, and each time the vehicle got what it had not asked for."""
    rig = await Rig(tmp).start()
    await rig.charge(amps=50)
    rig.obeys = True
    rig.module(amps=250, charging=True)  # whenever the gate is open
    opened = []
    rig.gate.enabled.watch(lambda enabled: opened.append(rig.clock.uptime_ms()) if enabled else None)
    await rig.advance(400000)
    gaps = [b - a for a, b in zip(opened, opened[1:])]
    assert gaps[0] < 5500 and 30000 < gaps[4] < 40000, gaps
    assert all(1.4 * a < b for a, b in zip(gaps[:4], gaps[1:5])) and all(60000 < gap < 70000 for gap in gaps[5:]), gaps
    rig.module(amps=50, charging=True)
    await rig.advance(70000 + 300000)
    assert rig.gate.enabled.value
    rig.module(amps=250, charging=True)
    before = len(opened)
    await rig.advance(3000)
    assert len(opened) == before + 1  # after 5 minutes the next one is the first again
    await rig.stop()


async def test_more_voltage_each_time_waits_as_long(tmp):
    rig = await Rig(tmp).start()
    await rig.charge(amps=50)
    opened = []
    rig.gate.enabled.watch(lambda enabled: opened.append(rig.clock.uptime_ms()) if enabled else None)
    rig.vehicle(volts=80)
    await rig.advance(2000)
    for wait_ms in (1300, 2300, 4300, 8300):
        assert rig.gate.enabled.value
        rig.say[POWER] = power(82, 50)
        await rig.advance(300)
        assert rig.charger.error.value == "OverVoltage"
        rig.say[POWER] = power(79.5, 0)
        before = len(opened)
        await rig.advance(wait_ms - 1300)
        assert len(opened) == before, wait_ms
        await rig.advance(2500)
    await rig.stop()
