"""Plugged in or not, told from the wire: every way in, every way out, and what must not count as a new vehicle."""

from bus import POWER, REQUEST, STATUS, Rig, power, request, status

HEAPSIZE = "16M"  # the wire keeps every frame


async def test_bms_frames_plug_in_while_they_are_handled(tmp):
    rig = await Rig(tmp).start()
    assert rig.plug.plugged.value is False
    await rig.receive(REQUEST, request())
    assert rig.plug.plugged.value is True and rig.gate.plugged is rig.plug.plugged
    await rig.stop()
    assert rig.plug.plugged.value is False


async def test_terminal_voltage_plugs_in_and_3_s_without_bms_unplug(tmp):
    rig = await Rig(tmp).start()
    for volts in (10.0, 55.9, 85.6):
        rig.module(volts=volts)
        await rig.advance(500)
        assert rig.plug.plugged.value is False, volts
    rig.module(volts=60.0)
    await rig.advance(300)
    assert rig.plug.plugged.value is True
    await rig.advance(2500)
    assert rig.plug.plugged.value is True
    await rig.advance(500)
    assert rig.plug.plugged.value is False and rig.plug.reason == "no BMS frames"
    await rig.stop()


async def test_output_voltage_plugs_in(tmp):
    rig = await Rig(tmp).start()
    await rig.receive(0x0681827E, b"\x01\x84\x00\x00\x00\x00\x30\x00")  # 12 V
    await rig.advance(200)
    await rig.receive(0x0681827E, b"\x01\x84\x00\x00\x00\x01\x30\x00")  # 76 V
    await rig.advance(200)
    assert rig.plug.plugged.value is True
    await rig.stop()


async def test_a_voltage_that_is_there_at_the_start_may_be_the_capacitors_and_plugs_nothing_in(tmp):
    """A restart right after a session: nobody is plugged in for a moment. A vehicle that is there has a BMS."""
    rig = await Rig(tmp).start()
    told = []
    rig.plug.plugged.watch(told.append)
    volts = 76.0
    for _ in range(20):
        volts -= 0.3
        rig.module(volts=volts)
        await rig.advance(500)
    assert told == []
    await rig.receive(REQUEST, request())
    assert told == [True]
    await rig.advance(3500)
    assert told == [True, False]
    rig.module(volts=50.0)
    await rig.advance(500)
    rig.module(volts=70.0)  # the next vehicle, before its BMS
    await rig.advance(300)
    assert told == [True, False, True]
    await rig.stop()


async def test_no_bms_frame_for_3_s_and_voltage_that_capacitors_hold_does_not_plug_in_again(tmp):
    rig = await Rig(tmp).start()
    await rig.charge()
    del rig.say[REQUEST]
    await rig.advance(2900)
    assert rig.plug.plugged.value is True
    await rig.advance(300)
    assert rig.plug.plugged.value is False and rig.plug.reason == "no BMS frames" and not rig.gate.enabled.value
    volts = 76.0
    while volts > 57:  # for a minute
        volts -= 0.3
        rig.say[POWER] = power(volts, 0)
        await rig.advance(1000)
        assert rig.plug.plugged.value is False
    rig.module(volts=50.0)
    await rig.advance(500)
    rig.module(volts=70.0)  # the next vehicle
    await rig.advance(300)
    assert rig.plug.plugged.value is True
    await rig.stop()


async def test_a_charger_that_went_silent_makes_voltage_count_again(tmp):
    rig = await Rig(tmp).start()
    rig.module(volts=76.0)
    await rig.advance(4000)
    assert rig.plug.plugged.value is False
    rig.say.clear()
    await rig.advance(3500)
    rig.module(volts=76.0)
    await rig.advance(300)
    assert rig.plug.plugged.value is True
    await rig.stop()


async def test_no_current_for_5_s_while_charging_although_the_bms_talks_on(tmp):
    rig = await Rig(tmp).start()
    await rig.charge()
    rig.module(amps=0.4, charging=True)
    await rig.advance(4800)
    assert rig.plug.plugged.value is True
    await rig.advance(500)
    assert rig.plug.plugged.value is False and rig.plug.reason == "no current"
    await rig.advance(20000)
    assert rig.plug.plugged.value is False  # neither its voltage nor its BMS is news
    del rig.say[REQUEST]
    await rig.advance(2800)
    rig.vehicle()
    await rig.advance(500)
    assert rig.plug.plugged.value is False  # a pause of less than 3 s is no new arrival
    del rig.say[REQUEST]
    await rig.advance(3300)
    rig.vehicle()
    await rig.advance(200)
    assert rig.plug.plugged.value is True
    await rig.stop()


async def test_a_limit_that_keeps_the_current_down_unplugs_nothing(tmp):
    """A module told 0.5 A may well report 0.49 A."""
    rig = await Rig(tmp).start()
    await rig.charge()
    for limit_ma in (500, 999, 100):
        rig.gate.limit("transaction", limit_ma)
        rig.module(amps=min(limit_ma, 490) / 1000, charging=True)
        await rig.advance(8000)
        assert rig.plug.plugged.value is True and rig.gate.enabled.value
    rig.gate.limit("transaction", 1000)
    await rig.advance(5500)
    assert rig.plug.plugged.value is False and rig.plug.reason == "no current"
    await rig.stop()


async def test_current_that_comes_back_starts_the_5_s_again(tmp):
    rig = await Rig(tmp).start()
    await rig.charge()
    for _ in range(3):
        rig.module(amps=0.0, charging=True)
        await rig.advance(4000)
        rig.module(amps=0.6, charging=True)
        await rig.advance(300)
        assert rig.plug.plugged.value is True
    await rig.stop()


async def test_no_current_is_normal_when_none_is_wanted_or_charging_is_disabled(tmp):
    rig = await Rig(tmp).start()
    await rig.charge()
    rig.vehicle(amps=0.4)  # a full battery
    rig.module(amps=0.0, charging=True)
    await rig.advance(10000)
    assert rig.plug.plugged.value is True and rig.gate.enabled.value
    rig.vehicle()
    rig.gate.limit("transaction", 0)
    await rig.advance(10000)
    assert rig.plug.plugged.value is True
    rig.gate.limit("transaction", 16000)
    await rig.advance(4500)
    assert rig.plug.plugged.value is True  # 5 s from the moment on when it was enabled
    await rig.stop()


async def test_the_end_of_a_false_voltage_is_no_fall(tmp):
    """The module shows 95 V for a while, more than the board permits; the vehicle is there all the time."""
    rig = await Rig(tmp).start()
    rig.vehicle()
    rig.module(volts=76.0)
    await rig.advance(2000)
    rig.module(volts=95.0)
    await rig.advance(3000)
    rig.module(volts=76.0)
    await rig.advance(3000)
    assert rig.plug.plugged.value is True, rig.plug.reason
    await rig.stop()


async def test_voltage_that_falls_faster_than_2_v_per_s(tmp):
    rig = await Rig(tmp).start()
    rig.vehicle()
    rig.module(volts=80.0)
    await rig.advance(1500)
    for tenth in range(60):  # 1.9 V/s is not fast enough
        rig.module(volts=80.0 - 0.19 * tenth)
        await rig.advance(100)
    assert rig.plug.plugged.value is True
    volts = 80.0 - 0.19 * 59
    for _ in range(14):
        volts -= 0.25
        rig.module(volts=volts)
        await rig.advance(100)
    assert rig.plug.plugged.value is False and rig.plug.reason == "voltage falls"
    rig.module(volts=76.0)
    await rig.advance(5000)
    assert rig.plug.plugged.value is False  # never seen outside the limits since, and the BMS never paused
    await rig.stop()


async def test_the_batterys_own_resistance_does_not_unplug(tmp):
    rig = await Rig(tmp).start()
    await rig.charge(amps=150.0)
    rig.module(volts=82.0, amps=150.0, charging=True)
    await rig.advance(2000)
    rig.module(volts=76.0, amps=0.6, charging=True)  # the current goes, and 6 V with it
    await rig.advance(3000)
    assert rig.plug.plugged.value is True
    await rig.stop()


async def test_a_short_gap_in_the_measurements_is_no_fall(tmp):
    rig = await Rig(tmp).start()
    rig.vehicle()
    rig.module(volts=80.0)
    await rig.advance(1500)
    del rig.say[POWER]
    await rig.advance(3500)
    rig.module(volts=60.0)
    await rig.advance(3000)
    assert rig.plug.plugged.value is True
    rig.say[STATUS] = status(False)
    await rig.stop()


async def test_a_battery_that_pulls_charged_capacitors_down_is_no_fall(tmp):
    rig = await Rig(tmp).start()
    rig.module(volts=84.0)
    await rig.advance(4000)
    assert rig.plug.plugged.value is False  # capacitors of the session before, and nobody there
    rig.vehicle()
    await rig.advance(150)
    rig.module(volts=74.0)
    for _ in range(30):
        await rig.advance(100)
        assert rig.plug.plugged.value is True, rig.plug.reason
    for volts in (73.4, 72.8, 72.2, 71.6, 71.0):
        rig.module(volts=volts)
        await rig.advance(200)
    await rig.advance(200)
    assert rig.plug.plugged.value is False and rig.plug.reason == "voltage falls"
    await rig.stop()


async def test_one_wrong_measurement_is_no_fall(tmp):
    rig = await Rig(tmp).start()
    await rig.charge()
    await rig.advance(2000)
    rig.module(volts=84.0, amps=50.0, charging=True)
    await rig.advance(200)
    rig.module(volts=76.0, amps=50.0, charging=True)
    for _ in range(30):
        await rig.advance(100)
        assert rig.plug.plugged.value is True and rig.gate.enabled.value
    await rig.stop()


async def test_a_fall_is_seen_after_a_vehicle_was_plugged_in_longer_than_ticks_can_tell(tmp):
    rig = await Rig(tmp).start()
    rig.vehicle()
    rig.module(volts=80.0)
    await rig.advance(1500)
    await rig.grow_old()
    assert rig.plug.plugged.value is True and rig.plug.reason == ""
    for tenth in range(20):
        rig.module(volts=80.0 - 0.3 * tenth)
        await rig.advance(100)
    assert rig.plug.plugged.value is False and rig.plug.reason == "voltage falls"
    await rig.stop()
