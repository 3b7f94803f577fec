"""Elcon/TC chargers: who else is on their bus, and what the board says of it."""

from bus import REQUEST
from elcon_rig import ElconRig

from core.parts import DeclarationError

HEAPSIZE = "16M"  # the wire keeps every frame


async def test_a_module_that_answers_for_another_address_is_refused_and_never_enabled(tmp):
    rig = await ElconRig(tmp, addresses=(0xE5,), on_bus=(0xE6,)).start()
    rig.vehicle()
    await rig.advance(6000)
    rig.gate.limit("transaction", 200000)
    rig.gate.transaction.set(True)
    await rig.advance(6000)
    assert not rig.gate.enabled.value and rig.charger.online.value is False
    assert rig.charger.refused >= 10 and rig.can.refused == rig.charger.refused and rig.can.unknown == 0
    assert rig.logged("a module answers with identifier 0x18FF50E6, whose address the board does not declare")
    assert rig.can.kept()[0][0] == 0x18FF50E6 and rig.can.kept()[0][5] == ("addresses_0x", 0xE6, 0xE6)
    assert [line for line in rig.can.describe() if "0x18FF50E6 0xE6: unknown addresses;" in line]
    page = {name: text % data for name, text, data in rig.charger.page()}
    assert page["foreign"] == "Foreign CAN frame 0x18FF50E6" and "silent" in page["0xE5"], page
    assert rig.told(0xE6) == [], "nobody tells it anything"
    assert not [entry for entry in rig.told(0xE5) if entry[3] == 0], "and its own module is not switched on"
    await rig.stop()


async def test_a_module_too_many_stops_charging_until_it_is_gone(tmp):
    """It may deliver to the same terminals what nobody measures."""
    rig = await ElconRig(tmp).start()
    await rig.charge(amps=20)
    since = len(rig.wire.frames)
    rig.wire.send(0x18FF50E8, bytes.fromhex("02F800A000000000"))
    await rig.sent(0x1806E5F4, bytes.fromhex("0000000001000000"), since)
    assert rig.gate.blocking() == ["in_limits"]
    await rig.advance(4500)
    assert not rig.gate.enabled.value and rig.charger.error.value == "a fault of the power module, or on its bus"
    await rig.advance(3000)
    assert rig.gate.enabled.value and rig.charger.error.value == ""
    await rig.stop()


async def test_requests_of_another_controller_stop_charging(tmp):
    """A vehicle on the modules' bus would switch them on past the gate."""
    rig = await ElconRig(tmp).start()
    await rig.charge(amps=20)
    since = len(rig.wire.frames)
    rig.wire.send(REQUEST, bytes.fromhex("0348012C00000000"))
    await rig.sent(0x1806E5F4, bytes.fromhex("0000000001000000"), since)
    await rig.advance(200)
    assert not rig.gate.enabled.value and rig.logged("another controller sends requests to a module")
    await rig.stop()


async def test_the_vehicle_on_the_modules_bus_is_refused_before_anything_is_built(tmp):
    """Its requests and ours have one identifier."""
    rig = ElconRig(tmp, one_bus=True)
    try:
        await rig.start()
        raise AssertionError("built")
    except DeclarationError as e:
        assert "two handlers for CAN identifier 0x1806E5F4" in str(e) and "bms" in str(e), e
    rig.wire.close()
    rig.vehicle_wire.close()


async def test_modules_of_another_outlet_may_be_on_the_bus_if_so_declared(tmp):
    rig = await ElconRig(tmp, addresses=(0xE5,), on_bus=(0xE5, 0xE6), shared_bus=True).start()
    await rig.charge(amps=20)
    await rig.advance(5000)
    assert rig.gate.enabled.value and rig.last(0xE5) == (84.0, 20.0, True) and rig.told(0xE6) == []
    assert rig.can.unknown >= 5 and rig.can.refused == 0
    await rig.stop()


async def test_addresses_that_are_none_are_refused_with_the_name_of_the_component(tmp):
    for addresses in ((), (0xE5, 0xE5), (0x100,), (-1,), ("E5",), (1, 2, 3, 4, 5)):
        rig = ElconRig(tmp, addresses=addresses, on_bus=(0xE5,))
        try:
            await rig.start()
            raise AssertionError(addresses)
        except DeclarationError as e:
            assert "component charger cannot be built: addresses: " in str(e), e
            assert addresses != (0xE5, 0xE5) or "0xE5 is not an address" in str(e), "as the document writes it"
        rig.wire.close()
        rig.vehicle_wire.close()
