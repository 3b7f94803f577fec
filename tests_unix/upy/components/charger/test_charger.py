"""The power module: measurements, limits, requests, freshness and faults."""

import struct

from bus import (
    CONTROL,
    CONTROL_REPLY,
    HEARTBEAT,
    POWER,
    REQUEST,
    STATUS,
    STOP_FRAME,
    TELEMETRY_REPLY,
    Rig,
    power,
    status,
)

HEAPSIZE = "16M"  # the wire keeps every frame


def heartbeat(volts=76.0, amps=0.0, flags=8):
    return struct.pack(">HHBBH", round(volts * 10), round(amps * 10), flags, 0, 0)


async def test_terminal_power_is_read_to_the_milli(tmp):
    rig = await Rig(tmp).start()
    await rig.receive(POWER, power(76.2, 1.8))
    charger = rig.charger
    assert (charger.terminal_voltage_mv.value, charger.terminal_current_ma.value) == (76200, 1800)
    assert charger.power_mw.value == 137160
    await rig.receive(POWER, power(85.5, 299.999))
    assert charger.power_mw.value == 85500 * 299999 // 1000
    await rig.stop()


async def test_the_frame_of_the_protocol_at_every_scale(tmp):
    """docs/can.md: these bytes are 76.2 V and, in 1/10 A, 18.0 A. At another scale they are 180 A / scale."""
    frame = b"\x42\x98\x66\x66\x43\x34\x00\x00"
    for scale in (10, 1, 2, 4, 5, 8, 20, 25, 40, 50, 100):
        rig = await Rig(tmp, charger={"current_scale": scale}).start()
        await rig.receive(POWER, frame)
        assert rig.charger.terminal_voltage_mv.value == 76200
        assert rig.charger.terminal_current_ma.value == 180000 // scale, scale
        await rig.stop()


async def test_a_module_that_sends_plain_amps(tmp):
    rig = await Rig(tmp, charger={"current_scale": 1}).start()
    await rig.receive(POWER, power(76.2, 1.8, scale=1))
    assert rig.charger.terminal_current_ma.value == 1800
    await rig.stop()


async def test_each_measurement_outside_its_limit_stops_charging_while_its_frame_is_handled(tmp):
    rig = await Rig(tmp, feedback=False).start()
    await rig.charge()
    reply = b"\x01%c\x00\x00"
    cases = (
        (POWER, power(85.6, 50), power(76, 50)),
        (POWER, power(55.9, 50), power(76, 50)),
        (POWER, power(76, 300.1), power(76, 50)),
        (POWER, power(float("inf"), 50), power(76, 50)),
        (POWER, power(1e6, 1e9), power(76, 50)),
        (TELEMETRY_REPLY, reply % 0x84 + struct.pack(">I", 86 * 1024), reply % 0x84 + struct.pack(">I", 80 * 1024)),
        (TELEMETRY_REPLY, reply % 0x82 + struct.pack(">HH", 0, 3001), reply % 0x82 + struct.pack(">HH", 0, 500)),
        (TELEMETRY_REPLY, reply % 0x80 + b"\x00\x00\xff\xff", reply % 0x80 + struct.pack(">HH", 0, 40000)),
        (HEARTBEAT, heartbeat(amps=50, flags=0x01), heartbeat(amps=50)),
        (HEARTBEAT, heartbeat(amps=50, flags=0x02), heartbeat(amps=50)),
        (HEARTBEAT, heartbeat(amps=50, flags=0x04), heartbeat(amps=50)),
        (HEARTBEAT, heartbeat(amps=50, flags=0x10), heartbeat(amps=50)),
        (HEARTBEAT, heartbeat(volts=90, amps=50), heartbeat(amps=50)),
    )
    for identifier, bad, good in cases:
        said = rig.say.pop(identifier, None)
        since = len(rig.wire.frames)
        rig.wire.send(identifier, bad)
        await rig.sent(CONTROL, STOP_FRAME, since)
        assert rig.gate.blocking() == ["in_limits"], (bad, rig.gate.blocking())
        await rig.receive(identifier, good)
        assert not rig.gate.enabled.value  # a value at the edge must not switch with every frame
        if said:
            rig.say[identifier] = said
        await rig.advance(1300)
        assert rig.gate.enabled.value, (bad, rig.gate.conditions())
    await rig.stop()


async def test_silence_does_not_mend_a_fault(tmp):
    rig = await Rig(tmp, feedback=False).start()
    await rig.charge()
    hot = b"\x01\x80\x00\x00\x00\x00" + struct.pack(">H", 65535)
    fine = b"\x01\x80\x00\x00\x00\x00" + struct.pack(">H", 40000)
    for identifier, bad, good in ((TELEMETRY_REPLY, hot, fine), (HEARTBEAT, heartbeat(flags=0x01), heartbeat())):
        await rig.receive(identifier, bad)
        assert rig.gate.blocking() == ["in_limits"]
        rig.module(amps=0)
        await rig.advance(8000)
        assert rig.charger.temperature_mdeg.value is None and rig.charger.flags.value is None
        assert rig.gate.blocking() == ["in_limits"] and rig.charger.error.value
        await rig.receive(identifier, good)
        await rig.advance(1300)
        assert rig.gate.enabled.value and rig.charger.error.value == ""
    await rig.stop()


async def test_a_failure_after_a_long_time_is_recovered_from(tmp):
    rig = await Rig(tmp).start()
    rig.module()
    await rig.advance(1500)
    await rig.grow_old()
    assert rig.gate.in_limits.value is True
    await rig.fail("charger")
    assert rig.part("charger").state == "failed" and rig.gate.in_limits.value is False
    await rig.advance(2500)
    assert rig.part("charger").state == "running" and rig.gate.in_limits.value is True
    await rig.stop()


async def test_faults_have_ocpp_names(tmp):
    rig = await Rig(tmp, feedback=False).start()
    await rig.charge()
    rig.say[HEARTBEAT] = heartbeat()
    cases = (
        (0x01, "a fault of the power module, or on its bus"),  # OCPP has none for it: an OtherError with these words
        (0x02, "HighTemperature"),
        (0x04, "the power module's input voltage is wrong"),
        (0x10, "InternalError"),
    )
    for flags, name in cases:
        rig.say[HEARTBEAT] = heartbeat(flags=flags)
        await rig.advance(300)
        assert rig.charger.error.value == name and rig.charger.flags.value == flags
        rig.say[HEARTBEAT] = heartbeat()
        await rig.advance(300)
        assert rig.charger.error.value == ""
    for volts, amps, name in ((90, 1, "OverVoltage"), (76, 301, "OverCurrentFailure")):
        rig.say[POWER] = power(volts, amps)
        await rig.advance(300)
        assert rig.charger.error.value == name
    await rig.stop()


async def test_under_voltage_is_a_fault_only_while_a_vehicle_stays_plugged_in(tmp):
    rig = await Rig(tmp).start()
    rig.module(volts=50.0)
    await rig.advance(5000)
    assert rig.charger.error.value == ""
    rig.vehicle()
    await rig.advance(4500)
    assert rig.gate.plugged.value and rig.charger.error.value == ""  # just put in, or just pulled out
    await rig.advance(1000)
    assert rig.charger.error.value == "UnderVoltage"
    del rig.say[REQUEST]
    await rig.advance(3500)
    assert rig.charger.error.value == ""  # nothing is plugged in
    await rig.stop()


async def test_online_needs_two_of_three_younger_than_3_s(tmp):
    rig = await Rig(tmp, feedback=False).start()
    frames = {POWER: power(76, 0), STATUS: status(False), HEARTBEAT: heartbeat()}
    for missing in (POWER, STATUS, HEARTBEAT, None):
        rig.say = {identifier: data for identifier, data in frames.items() if identifier != missing}
        await rig.advance(3500)
        assert rig.charger.online.value is True and rig.gate.charger_online.value is True
    for only in (POWER, STATUS, HEARTBEAT):
        rig.say = {only: frames[only]}
        await rig.advance(2800)
        assert rig.charger.online.value is True
        await rig.advance(600)
        assert rig.charger.online.value is False and rig.gate.charger_online.value is False
        rig.say = frames
        await rig.advance(300)
    await rig.stop()


async def test_our_own_feedback_is_never_taken_for_the_chargers_heartbeat(tmp):
    rig = await Rig(tmp).start()
    rig.say = {POWER: power(76, 0), HEARTBEAT: heartbeat(flags=0x01)}
    await rig.advance(1000)
    assert rig.charger.flags.value is None and rig.charger.online.value is False and rig.charger.error.value == ""
    assert rig.can.unknown >= 9
    await rig.stop()


async def test_nothing_stale_is_shown(tmp):
    rig = await Rig(tmp, feedback=False).start()
    charger = rig.charger
    await rig.receive(POWER, power(76, 10))
    await rig.receive(STATUS, status(True))
    await rig.receive(HEARTBEAT, heartbeat(76, 10))
    await rig.receive(TELEMETRY_REPLY, b"\x01\x80\x00\x00\x00\x00\x75\x30")
    await rig.receive(CONTROL_REPLY, b"\x01\x32\x00\x00\x00\x00\x00\x00")
    signals = (charger.terminal_voltage_mv, charger.terminal_current_ma, charger.power_mw, charger.status)
    signals += (charger.flags,)
    replies = (charger.output_voltage_mv, charger.output_current_ma, charger.temperature_mdeg)
    await rig.advance(2900)
    assert None not in [signal.value for signal in signals + replies]
    await rig.advance(300)
    assert [signal.value for signal in signals] == [None] * len(signals)
    await rig.advance(2000)
    assert [signal.value for signal in replies] == [None] * len(replies)
    assert rig.gate.in_limits.value is False
    await rig.stop()


async def test_without_the_billing_measurement_nothing_charges(tmp):
    rig = await Rig(tmp, feedback=False).start()
    rig.say[HEARTBEAT] = heartbeat()
    await rig.charge()
    del rig.say[POWER]
    await rig.advance(3300)
    assert rig.charger.online.value and rig.gate.blocking() == ["in_limits"]
    await rig.stop()


async def test_status_and_replies(tmp):
    rig = await Rig(tmp).start()
    charger = rig.charger
    for data, want in ((status(True), "charging"), (status(False), "not charging"), (bytes(6) + b"\x03\x07", None)):
        await rig.receive(STATUS, data)
        assert charger.status.value == want
    good = (
        (TELEMETRY_REPLY, b"\x01\x84\x00\x00" + struct.pack(">I", 78029), charger.output_voltage_mv, 76200),
        (TELEMETRY_REPLY, b"\x01\x82\x00\x00\x00\x00\x00\x12", charger.output_current_ma, 1800),
        (TELEMETRY_REPLY, b"\x01\x80\x00\x00\x00\x00\x75\x30", charger.temperature_mdeg, 30000),
    )
    for identifier, data, signal, want in good:
        await rig.receive(identifier, data)
        assert signal.value == want, (data, signal.value)
    for identifier, data in (
        (CONTROL_REPLY, b"\x01\x32\x00\x01\x00\x00\x00\x00"),
        (CONTROL_REPLY, b"\x01\x00\x00\x00" + struct.pack(">I", 84 * 1024)),
        (CONTROL_REPLY, b"\x01\x03\x00\x00" + struct.pack(">I", 3050)),
        (TELEMETRY_REPLY, b"\x01\x79\x00\x00\x00\x00\x12\x34"),
        (TELEMETRY_REPLY, b"\x01\x83\x00\x00" + struct.pack(">f", 230.5)),
    ):
        await rig.receive(identifier, data)
    assert charger.refused == 0
    bad = (
        (CONTROL_REPLY, b"\x01\x00\x00\x00\xff\xff\xff\xff"),
        (CONTROL_REPLY, b"\x01\x77\x00\x00\x00\x00\x00\x00"),
        (TELEMETRY_REPLY, b"\x01\x84\x00\x00\x00\x10\x00\x00"),
        (TELEMETRY_REPLY, b"\x01\x83\x00\x00" + struct.pack(">f", float("nan"))),
        (TELEMETRY_REPLY, b"\x01\x99\x00\x00\x00\x00\x00\x00"),
    )
    for identifier, data in bad:
        await rig.receive(identifier, data)
    assert charger.refused == len(bad) and charger.output_voltage_mv.value == 76200
    await rig.stop()


def test_limits_the_wrong_way_round():
    from components.charger import Charger

    try:
        given = {name: spec[1] for name, spec in Charger.options.items()}
        given.update(dict.fromkeys(Charger.requires))
        given["min_voltage_mv"] = 90000
        Charger(**given)
        raise AssertionError("built")
    except ValueError as e:
        assert "min_voltage_mv" in str(e)
