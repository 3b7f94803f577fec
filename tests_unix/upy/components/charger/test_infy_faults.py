"""Infypower modules that fail, drop out, refuse, or are not ours."""

from bus import REQUEST, request
from infy_rig import DC_OFF, OFF, InfyRig, Module, started

HEAPSIZE = "16M"  # the wire keeps every frame
FAULT = "a fault of the power module, or on its bus"
INPUT = "the power module's input voltage is wrong"


async def test_each_condition_of_the_status_closes_the_gate_while_its_frame_is_handled(tmp):
    rig = await started(tmp, {0: Module(), 1: Module()})
    await rig.charge()
    cases = (
        ("0000000000 000200", 1, FAULT),  # fault
        ("0000000000 000400", 1, FAULT),  # protection
        ("0000000000 002000", 1, FAULT),  # output voltage too high
        ("0000000000 000001", 1, FAULT),  # output shorted
        ("0000000000 020000", 1, FAULT),  # another module has the same address
        ("0000000000 001000", 2, "HighTemperature"),
        ("0000000000 080000", 4, INPUT),  # phase lost
        ("0000000000 100000", 4, INPUT),  # input unbalanced
        ("0000000000 200000", 4, INPUT),  # input voltage too low
        ("0000000000 400000", 4, INPUT),  # too high
        ("0000000000 008000", 16, "InternalError"),  # it has received nothing
        ("000000004D 000000", 0, "HighTemperature"),  # 77 degC
    )
    for text, flags, error in cases:
        data = bytes.fromhex(text.replace(" ", ""))
        since = len(rig.wire.frames)
        assert not rig.handle(0x0284F001, data)
        assert not rig.handle(0x0284F000, bytes.fromhex("000000001B000000"))  # the other one is well
        assert rig.gate.blocking() == ["in_limits"], text
        assert rig.charger.flags.value == flags and rig.charger.temperature_mdeg.value == max(27, data[4]) * 1000
        await rig.until(lambda since=since: (0x029A01F0, OFF) in rig.orders(since))
        rig.charger._limits.check()
        assert rig.charger.error.value == error, (text, rig.charger.error.value)
        await rig.advance(3500)  # its next status is well again
        assert rig.gate.enabled.value, (text, rig.gate.blocking(), rig.charger.error.value, list(rig.tail.lines)[-6:])
    await rig.stop()


async def test_an_output_above_the_limit_closes_the_gate_while_its_frame_is_handled(tmp):
    rig = await started(tmp)
    await rig.charge()
    rig.handle(0x0283F000, bytes.fromhex("43FA800042700000"))  # 501 V, 60 A
    assert rig.gate.blocking() == ["in_limits"]
    await rig.stop()


async def test_warnings_and_states_close_nothing(tmp):
    """Soft start, limited power, a fan, load sharing, discharge, the PFC stage, sleep."""
    rig = await started(tmp)
    await rig.charge()
    for text in ("004000", "010000", "000800", "040000", "000020", "800000", "000010"):
        assert not rig.handle(0x0284F000, bytes(5) + bytes.fromhex(text))
        assert rig.gate.enabled.value and rig.charger.flags.value == 0
    await rig.stop()


async def test_a_module_that_drops_out(tmp):
    """The gate closes after 3 s. It is off 10 s after the last message that it heard: nobody takes its part before."""
    rig = await started(tmp, {0: Module(), 1: Module()}, group=1)
    await rig.charge(450.0, 60.0)
    rig.modules[1].silent = True
    await rig.advance(2500)
    assert rig.gate.enabled.value
    await rig.advance(800)
    assert not rig.gate.enabled.value and rig.charger.online.value is False
    assert rig.modules[1].status & DC_OFF, "it hears us, and was told to stop"
    await rig.advance(8200)  # 11.5 s
    assert not rig.gate.enabled.value and rig.charger.online.value is False
    since = len(rig.wire.frames)
    await rig.advance(2500)
    assert rig.gate.enabled.value and rig.logged("module 1 is silent")
    assert rig.charger.available_ma == 100000 and rig.modules[0].told == (450000, 60000)
    pieces = {name: text % data for name, text, data in rig.charger.page()}
    assert pieces["module/1"] == "Module 1: silent, counts as off" and pieces["group"] == "Group 1: 2 modules"
    assert pieces["module/0"] == (
        "Module 0: 400000 mV, 60000 mA, output 400600 mV, 27000 mdegC, status 000000, sent 450000 mV, 60000 mA"
    ), pieces["module/0"]
    since = len(rig.wire.frames)
    rig.say[REQUEST] = request(450.0, 1.5)
    await rig.advance(1000)
    assert rig.modules[0].told == (450000, 1500), "one takes 1 A"
    to_it = [frame for frame in rig.orders(since) if frame[0] in (0x029A01F0, 0x029C01F0)]
    assert to_it and set(to_it) == {(0x029A01F0, OFF)}
    rig.say[REQUEST] = request(450.0, 60.0)
    rig.handle(0x0283F001, bytes.fromhex("43C800003F800000"))  # 1 A: it is not off
    assert rig.gate.blocking() == ["in_limits"]
    rig.handle(0x0283F001, bytes.fromhex("0000000000000000"))
    await rig.advance(2000)
    assert rig.gate.enabled.value
    rig.modules[1].silent = False
    await rig.advance(3000)
    assert rig.gate.enabled.value and rig.logged("module 1 answers again")
    assert [module.told for module in rig.modules.values()] == [(450000, 30000)] * 2
    assert rig.charger.terminal_current_ma.value == 60000 and rig.charger.available_ma == 200000
    await rig.stop()


async def test_a_faulty_module_that_is_switched_off_at_its_mains_lets_the_others_continue(tmp):
    rig = await started(tmp, {0: Module(), 1: Module()})
    await rig.charge(450.0, 60.0)
    rig.modules[1].obeys, rig.modules[1].amps, rig.modules[1].status = False, 0.0, 0x200 | DC_OFF
    await rig.advance(20000)
    assert not rig.gate.enabled.value and rig.charger.error.value == FAULT
    assert "status 000300" in [text % data for name, text, data in rig.charger.page() if name == "module/1"][0]
    rig.modules[1].silent = True
    await rig.advance(15000)
    assert rig.gate.enabled.value and rig.charger.error.value == "" and rig.modules[0].told == (450000, 60000)
    await rig.stop()


async def test_a_module_that_comes_later_reports_its_rating_before_it_is_sent_a_setpoint(tmp):
    rig = await InfyRig(tmp, {0: Module(), 1: Module()}).start()
    rig.modules[1].silent = True
    await rig.advance(14000)
    await rig.charge(450.0, 60.0)
    rig.modules[1].silent = False
    await rig.advance(3000)
    assert [module.told for module in rig.modules.values()] == [(450000, 30000)] * 2
    assert all(data[4:] != bytes(4) for identifier, data in rig.orders() if identifier >> 16 == 0x029C)
    await rig.stop()


async def test_it_comes_back_after_all_were_silent(tmp):
    rig = await started(tmp, {0: Module(), 1: Module()})
    for module in rig.modules.values():
        module.silent = True
    await rig.advance(15000)
    assert rig.charger.online.value is False and rig.charger.available_ma == 0
    assert "silent" in rig.charger.error.value
    for module in rig.modules.values():
        module.silent = False
    await rig.advance(2500)
    assert rig.charger.online.value and rig.charger.available_ma == 200000
    await rig.charge()
    await rig.stop()


async def test_a_module_that_answers_under_another_address_is_refused_and_shown(tmp):
    rig = await InfyRig(tmp, {0: Module()}, addresses=(0,)).start()
    rig.modules[0].answers_as = 5
    rig.say[REQUEST] = request(450.0, 60.0)
    await rig.advance(4000)
    rig.gate.limit("transaction", 200000)
    rig.gate.transaction.set(True)
    charger = rig.charger
    assert charger.online.value is False and not rig.gate.enabled.value
    assert charger.undeclared == 5 and charger.refused > 3 and rig.can.refused == charger.refused
    assert rig.logged("answers under address 5")
    assert ("addresses", 5, 5) in [entry[5] for entry in rig.can.kept()]
    assert [line for line in rig.can.describe() if "0x0283F005 5: unknown addresses" in line]
    pieces = {name: text % data for name, text, data in charger.page()}
    assert pieces["undeclared"] == "Undeclared module 5 answers"
    await rig.stop()


async def test_a_stranger_beside_our_own_modules_closes_the_gate(tmp):
    rig = await started(tmp)
    await rig.charge()
    assert rig.handle(0x0283F005, bytes.fromhex("43FA000040600000"))
    assert rig.gate.blocking() == ["in_limits"] and rig.charger.flags.value == 1
    await rig.advance(9000)
    assert not rig.gate.enabled.value
    await rig.advance(4000)
    assert rig.gate.enabled.value and rig.charger.flags.value == 0
    assert not rig.handle(0x0283F105, bytes(8)), "to another controller: nobody's here"
    assert rig.gate.enabled.value
    await rig.stop()


async def test_more_modules_in_the_group_than_are_declared(tmp):
    rig = await started(tmp, {0: Module(), 1: Module()}, group=1)
    await rig.charge()
    rig.bank.in_group = 3
    await rig.advance(1500)
    assert rig.gate.blocking() == ["in_limits"] and rig.charger.in_group == 3
    rig.bank.in_group = 1  # fewer: one is silent, which is seen by itself
    await rig.advance(3500)
    assert rig.gate.enabled.value
    await rig.stop()


async def test_modules_at_two_outlets(tmp):
    """Their external voltages are two batteries'."""
    rig = await started(tmp, {0: Module(), 1: Module()})
    await rig.charge()
    assert rig.charger.terminal_voltage_mv.value == 400000
    rig.modules[1].external = 421.0
    await rig.advance(800)
    assert rig.gate.enabled.value, "they are not asked at the same moment"
    await rig.advance(600)
    assert rig.gate.blocking() == ["in_limits"] and rig.charger.flags.value == 1
    rig.modules[1].external = 420.0
    await rig.advance(3500)
    assert rig.gate.enabled.value and rig.charger.terminal_voltage_mv.value == 410000
    await rig.stop()


async def test_what_is_refused(tmp):
    """An error in the identifier: orders, limits included, count as a refused start; questions are counted."""
    rig = await started(tmp)
    await rig.charge()
    assert not rig.handle(0x0A8CF000, bytes(8)) and rig.charger.faults.refusals == 1 and rig.gate.enabled.value
    for identifier in (0x0E9AF000, 0x0E9CF000):
        refusals = rig.charger.faults.refusals
        assert not rig.handle(identifier, bytes(8))
        assert rig.gate.blocking() == ["in_limits"] and rig.charger.faults.refusals == refusals + 1
        assert (identifier, ("error", 3, 0)) in [(entry[0], entry[5]) for entry in rig.can.kept()]
        rig.charger._limits.check()
        assert rig.charger.error.value == "PowerSwitchFailure"
        await rig.advance(12500)
        assert rig.gate.enabled.value, (hex(identifier), rig.gate.blocking())
    await rig.stop()


async def test_a_module_that_refuses_because_of_a_fault_is_asked_for_it_before_the_refusal_is_told(tmp):
    """Its status comes round every 400 ms: so long PowerSwitchFailure was told of it."""
    rig = await started(tmp)
    rig.modules[0].error, rig.modules[0].obeys = 3, True
    rig.say[REQUEST] = request(450.0, 60.0)
    errors = []
    rig.charger.error.watch(errors.append)
    for _ in range(3):
        rig.modules[0].status = DC_OFF
        await rig.advance(2500)
        rig.gate.limit("transaction", 200000)
        while rig.charger._rounds._turn:  # just behind the question
            await rig.advance(100)
        rig.modules[0].status = DC_OFF | 0x200
        rig.gate.transaction.set(True)
        await rig.advance(1000)
        assert not rig.gate.enabled.value
        rig.gate.transaction.set(False)
        rig.modules[0].status = DC_OFF
        await rig.advance(12000)
    assert errors and errors[0] == FAULT, errors
    assert errors.count(FAULT) == 3, errors
    await rig.stop()


async def test_a_module_that_refuses_its_limits_does_not_stay_on(tmp):
    rig = await started(tmp)
    rig.modules[0].error = 3
    rig.modules[0].obeys = True
    rig.say[REQUEST] = request(450.0, 60.0)
    await rig.advance(2000)
    rig.gate.limit("transaction", 200000)
    rig.gate.transaction.set(True)
    await rig.advance(500)
    assert not rig.gate.enabled.value and rig.charger.error.value == "PowerSwitchFailure"
    assert rig.orders()[-1] == (0x029A00F0, OFF)
    await rig.stop()


async def test_what_cannot_be_is_refused(tmp):
    rig = await started(tmp)
    rig.modules[0].silent = True
    charger = rig.charger
    before = charger.terminal_voltage_mv.value, charger.available_ma
    frames = (
        (0x0283F000, "43C8000040600"),  # 7 bytes
        (0x0283F000, ""),
        (0x0283F000, "7FC0000040600000"),  # not a number
        (0x0283F000, "43C800007FC00000"),
        (0x0283F000, "C3C8000040600000"),  # -400 V
        (0x0283F000, "43C80000C0600000"),  # -3.5 A
        (0x028AF000, "00C801F403E803E8"),  # at least 500 V, at most 200 V
        (0x028AF000, "01F400C8000003E8"),  # 0 A
        (0x0285F000, "0000000000000000"),  # a command that nobody asked for
        (0x0282F000, "0000"),
        (0x02C2F000, "0000030000000000"),  # they are no group
    )
    for count, (identifier, text) in enumerate(frames):
        assert rig.handle(identifier, bytes.fromhex(text[: len(text) // 2 * 2])), text
        assert charger.refused == count + 1
    assert (charger.terminal_voltage_mv.value, charger.available_ma) == before
    await rig.stop()


async def test_too_much_to_be_true_is_no_proof_of_being_inside_the_limits(tmp):
    rig = await started(tmp)
    await rig.charge()
    frames = (0x0283F000, "43C800007F800000"), (0x0283F000, "43C8000049742400"), (0x028CF000, "FFFF000000000000")
    for identifier, text in frames:
        assert rig.gate.enabled.value
        rig.handle(0x0283F000, bytes.fromhex("43C8000042700000"))  # 400 V, 60 A
        rig.handle(0x028CF000, bytes.fromhex("0FA0000000000000"))
        rig.handle(identifier, bytes.fromhex(text))
        rig.handle(
            0x0283F000 ^ 0x028CF000 ^ identifier,
            bytes.fromhex("0FA0000000000000" if identifier == 0x0283F000 else "43C8000042700000"),
        )
        assert rig.gate.blocking() == ["in_limits"], text
        await rig.advance(3500)
    await rig.stop()
