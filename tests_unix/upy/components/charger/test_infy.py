"""Infypower modules: what they say becomes of Signals, and what they are told.

Frames are literal, of the protocol as it is published; test_tools_infy.py (host) holds the same against a DBC file.
"""

import gc
import micropython

from bus import REQUEST, request
from infy_rig import OFF, ON, SWITCH, InfyRig, Module, reply_id, started

from components.charger.infy_rounds import Rounds
from components.charger.infy_units import EXTERNAL, OUTPUT, Units

HEAPSIZE = "16M"  # the wire keeps every frame


async def test_the_published_frames(tmp):
    module = Module()
    module.silent = True
    rig = await InfyRig(tmp, {0: module}, group=1).start()
    handle, charger = rig.handle, rig.charger
    assert not handle(0x028CF000, bytes.fromhex("0FA001F400000000"))
    assert charger.terminal_voltage_mv.value is None  # half a measurement
    assert not handle(0x0283F000, bytes.fromhex("43FA000040600000"))
    assert (charger.terminal_voltage_mv.value, charger.terminal_current_ma.value) == (400000, 3500)
    for frame in ((0x028CF000, bytes.fromhex("0FA001F400000000")), (0x0283F000, bytes.fromhex("43FA000040600000"))):
        handle(*frame)
    assert (charger.output_voltage_mv.value, charger.output_current_ma.value) == (500000, 3500)  # of the round before
    assert charger.power_mw.value == 1400000
    assert not handle(0x0284F000, bytes.fromhex("000000021B004000"))
    assert charger.temperature_mdeg.value == 27000 and charger.status.value == "charging" and charger.flags.value == 0
    assert charger.available_ma == 0
    assert not handle(0x028AF000, bytes.fromhex("01F400C803E803E8"))
    assert (charger.available_mv, charger.available_min_mv, charger.available_ma) == (500000, 200000, 100000)
    assert not handle(0x0282F000, bytes.fromhex("0000010000000000"))
    assert charger.in_group == 1 and charger.refused == 0
    await rig.stop()


async def test_questions_one_at_a_time(tmp):
    """03, 0C and, in every fourth round, 04 of each module in 100 ms; one is asked when the one before is answered."""
    rig = await started(tmp, {0: Module(), 7: Module()}, group=2)
    since = len(rig.wire.frames)
    await rig.advance(4000)
    asked = [
        identifier for identifier, _ in rig.sent(since) if identifier >> 24 == 2 and identifier >> 16 & 63 < SWITCH
    ]
    for identifier, times in (
        (0x028300F0, 40), (0x028C00F0, 40), (0x028400F0, 10), (0x028307F0, 40), (0x028C07F0, 40), (0x028407F0, 10),
        (0x028A00F0, 6), (0x028A07F0, 6), (0x02C202F0, 6),
    ):  # fmt: skip
        assert abs(asked.count(identifier) - times) <= 1, (hex(identifier), asked.count(identifier))
    assert len(asked) <= 201 and rig.charger.in_group == 2
    rig.modules[7].silent = True
    since = len(rig.wire.frames)
    await rig.advance(1200)
    asked = [identifier for identifier, _ in rig.sent(since)]
    assert asked.count(0x028307F0) == 4 and 0x028C07F0 not in asked  # it is passed over: a round takes 300 ms
    assert asked.count(0x028300F0) == asked.count(0x028C00F0) == 4
    await rig.stop()


async def test_a_start_has_its_limits_first_and_a_stop_goes_to_all(tmp):
    rig = await started(tmp, {0: Module(), 1: Module()}, group=1)
    since = len(rig.wire.frames)
    await rig.charge(450.0, 60.0)
    starts = [frame for frame in rig.orders(since) if frame[1] != OFF]
    limits = bytes.fromhex("0006DDD000007530")  # 450.000 V, 30.000 A: half of it each
    assert starts[:4] == [(0x029C00F0, limits), (0x029C01F0, limits), (0x029A00F0, ON), (0x029A01F0, ON)], starts
    assert rig.charger.terminal_current_ma.value == 60000 and rig.charger.status.value == "charging"
    assert (rig.charger.sent_mv, rig.charger.sent_ma) == (450000, 60000)
    since = len(rig.wire.frames)
    assert not rig.handle(REQUEST, request(450.0, 60.0, 1))
    rig.say[REQUEST] = request(450.0, 60.0, 1)
    await rig.until(lambda: len(rig.orders(since)) >= 3)
    assert rig.orders(since)[:3] == [(0x02DA01F0, OFF), (0x029A00F0, OFF), (0x029A01F0, OFF)]
    since = len(rig.wire.frames)
    await rig.advance(1000)
    again = rig.orders(since)
    assert {frame[1] for frame in again} == {OFF} and again.count((0x029A01F0, OFF)) >= 3
    assert rig.charger.terminal_current_ma.value == 0
    await rig.stop()


async def test_what_is_measured_behind_the_diodes_is_billed_and_not_what_was_sent(tmp):
    """Told are 450 V and 60 A; the outputs have 405 V, the terminals 400 V, and 7 A and 8 A flow."""
    rig = await started(tmp, {0: Module(), 1: Module()})
    await rig.charge(450.0, 60.0)
    for address, amps in ((0, 7.0), (1, 8.0)):
        module = rig.modules[address]
        module.obeys, module.amps, module.output = False, amps, 405.0
    await rig.advance(1000)
    before = rig.meter.read()
    await rig.advance(20000)
    assert rig.gate.enabled.value and rig.charger.setpoint_ma.value == 60000
    expected = 400 * 15 * 20 / 3.6  # mWh
    assert abs(rig.meter.read() - before - expected) < expected / 100, (rig.meter.read() - before, expected)
    await rig.stop()


async def test_what_is_lowered_is_sent_at_once_and_what_is_raised_within_a_second(tmp):
    rig = await started(tmp, {0: Module(), 1: Module()})
    await rig.charge(450.0, 60.0)
    since = len(rig.wire.frames)
    rig.handle(REQUEST, request(440.0, 40.0))
    limits = bytes.fromhex("0006B6C000004E20")  # 440 V, 20 A
    await rig.until(lambda: len(rig.orders(since)) >= 4)  # the voltage was lowered before the current
    assert rig.orders(since)[2:4] == [(0x029C00F0, limits), (0x029C01F0, limits)]
    rig.gate.limit("transaction", 30001)
    await rig.advance(0)
    assert rig.charger.sent_ma == 30000, "of what cannot be parted nobody gets more"
    rig.say[REQUEST] = request(450.0, 60.0)
    rig.gate.limit("transaction", 200000)
    assert rig.charger.sent_ma == 30000
    await rig.advance(1000)
    assert rig.charger.sent_ma == 60000 and rig.modules[1].told == (450000, 30000)
    await rig.stop()


async def test_less_than_each_takes_is_a_stop_and_never_0_a(tmp):
    """A module refuses 0 A: what it was told before would hold."""
    rig = await started(tmp, {0: Module(), 1: Module()})
    await rig.charge()
    since = len(rig.wire.frames)
    rig.say[REQUEST] = request(450.0, 1.9)
    rig.handle(REQUEST, request(450.0, 1.9))
    await rig.advance(1000)
    assert rig.gate.enabled.value and rig.charger.setpoint_ma.value == 0
    assert {frame[1] for frame in rig.orders(since)} == {OFF}
    rig.say[REQUEST] = request(450.0, 2.0)
    await rig.advance(1500)
    assert rig.modules[0].told == (450000, 1000) and not rig.modules[0].status
    await rig.stop()


async def test_no_more_than_a_module_can(tmp):
    small = Module()
    small.ability = bytes.fromhex("01F40032012C0384")  # 500 V, 50 V, 30.0 A, 9 kW
    rig = await started(tmp, {0: Module(), 1: small})
    await rig.charge(450.0, 150.0)
    assert rig.charger.available_ma == 130000 and rig.charger.setpoint_ma.value == 130000
    assert rig.modules[0].told == (450000, 65000) and small.told == (450000, 30000)
    since = len(rig.wire.frames)
    rig.handle(reply_id(0x0A, 0), bytes.fromhex("01900032019003E8"))  # 400 V, 50 V, 40.0 A now
    await rig.until(lambda: rig.modules[0].told == (400000, 35000) and len(rig.orders(since)) >= 2)
    assert small.told == (400000, 30000)
    rig.say[REQUEST] = request(49.0, 60.0)
    rig.handle(REQUEST, request(49.0, 60.0))
    assert rig.charger.setpoint_mv.value == 49000
    await rig.advance(300)
    assert not rig.gate.enabled.value and "low" in rig.charger.error.value
    await rig.stop()


async def test_the_noise_of_an_idle_sensor_is_0_a(tmp):
    rig = await started(tmp)
    rig.modules[0].silent = True
    await rig.advance(300)
    for text, ma in (
        ("BCA3D70A", 0),
        ("BEFFFFFF", 0),
        ("3CA3D70A", 20),
        ("80000000", 0),
    ):  # -0.02, -0.49999997, 0.02, -0
        assert not rig.handle(0x028CF000, bytes.fromhex("0FA0000000000000"))
        assert not rig.handle(0x0283F000, bytes.fromhex("00000000" + text))
        assert rig.charger.terminal_current_ma.value == ma, text
    assert rig.handle(0x0283F000, bytes.fromhex("00000000BF000000"))  # -0.5 A is a current
    await rig.stop()


async def test_after_bus_off_the_first_order_is_a_stop(tmp):
    rig = await started(tmp, {0: Module(), 1: Module()}, group=1)
    await rig.charge()
    since = len(rig.wire.frames)
    rig.wire.hang_up()
    await rig.until(lambda: not rig.can.healthy.value)
    assert not rig.gate.enabled.value
    await rig.advance(1500)
    await rig.until(lambda: rig.can.healthy.value)
    await rig.until(lambda: len(rig.orders(since)) >= 3)
    assert rig.orders(since)[:3] == [(0x02DA01F0, OFF), (0x029A00F0, OFF), (0x029A01F0, OFF)], rig.orders(since)[:6]
    await rig.stop()


async def test_nothing_is_allocated_for_a_frame_an_order_or_a_question(tmp):
    rig = await started(tmp, {0: Module(), 1: Module()}, group=1)
    await rig.charge()
    charger = rig.charger
    flag = rig.driver.FLAG_EXT_ID
    frames = [
        [identifier, memoryview(bytes.fromhex(text)), flag, 0]
        for identifier, text in (
            (0x0283F000, "43C8000041F00000"), (0x028CF000, "0FA001F400000000"), (0x0284F000, "000000001B000000"),
            (0x0283F001, "43C8000041F00000"), (0x028CF001, "0FA001F400000000"), (0x0284F001, "000000001B000000"),
            (0x028AF001, "01F4003203E80BB8"), (0x02C2F000, "0000020000000000"), (0x029AF000, "0000000000000000"),
            (0x029CF001, "0006DDD000007530"), (0x0283F000, "7FC0000041F00000"),
        )
    ]  # fmt: skip
    calls = (
        charger.telemetry,
        lambda: charger.control(450000, 60000),
        lambda: charger.control(450000, 60000),
        lambda: charger.lower(440000, 50000),
        lambda: charger.lower(440000, 500),
        lambda: charger.switch(True, 450000, 60000),
        lambda: charger.switch(False, 0, 0),
    )
    for round in range(2):  # the first has what grows once
        used = []
        gc.collect()
        gc.disable()
        if round:
            micropython.heap_lock()
        try:
            for frame in frames:
                rig.dispatch(frame)
            for call in calls:
                call()
        finally:
            if round:
                micropython.heap_unlock()
        before = gc.mem_alloc()
        for frame in frames:
            rig.dispatch(frame)
        used.append(gc.mem_alloc() - before)
        for call in calls:
            before = gc.mem_alloc()
            call()
            used.append(gc.mem_alloc() - before)
        gc.enable()
    assert not any(used), used
    assert rig.charger.terminal_voltage_mv.value == 400000
    await rig.stop()


async def test_one_message_for_a_wrong_declaration(tmp):
    for options, text in (
        ({"addresses": ()}, "addresses: 0 modules are not within 1..6"),
        ({"addresses": (0, 1, 2, 3, 4, 5, 6)}, "addresses: 7 modules are not within 1..6"),
        ({"addresses": (0, 63)}, "addresses: 63 is not within 0..62"),
        ({"addresses": (0, "1")}, "addresses: '1' is not within 0..62"),
        ({"addresses": (3, 3)}, "addresses: one of (3, 3) is there twice"),
        ({"dropped_ms": 10000}, "dropped_ms"),
        ({"controller": 0x10}, "controller"),
    ):
        try:
            await InfyRig(tmp, **options).start()
        except Exception as e:
            assert text in str(e) and "charger" in str(e), (options, e)
        else:
            raise AssertionError(options)


def test_six_modules_that_take_20_ms_for_an_answer_are_measured_in_every_round():
    """The controllers of an ESP32 are read every 10 ms: a round takes longer than a tick, and nobody is passed over."""
    units = Units((0, 1, 2, 3, 4, 5))
    under_way = []
    rounds = Rounds(units, lambda command, unit: under_way.append([20, command, unit]), None)
    complete = 0
    for ms in range(0, 6000, 5):
        if ms % 100 == 0:
            rounds.tick()
        for question in list(under_way):
            question[0] -= 5
            if not question[0]:
                under_way.remove(question)
                command, unit = question[1:]
                unit.received |= {0x03: OUTPUT, 0x0C: EXTERNAL}.get(command, 0)
                complete += unit.received == OUTPUT | EXTERNAL and units.complete()
                rounds.answered(unit, command)
                assert len(under_way) <= 1
    assert 17 <= complete <= 19, complete  # 18 answers, then 12 three times: rounds of 400 and 300 ms
