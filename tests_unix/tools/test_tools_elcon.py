"""The simulated Elcon/TC modules, frame by frame, against the protocol's document and cantools with tools/elcon.dbc."""

import asyncio
from contextlib import asynccontextmanager

import cantools
import pytest

from tools.battery import Battery
from tools.elcon import ADDRESSES, TIMEOUT_S, ElconModules, request_id, status_id
from tools.firmware import ROOT
from tools.hub import Hub

DBC = cantools.database.load_file(ROOT / "tools" / "elcon.dbc")
ALL_WELL = {"HardwareFailure": 0, "OverTemperature": 0, "InputWrong": 0, "NoBattery": 0, "Timeout": 0}


def decoded(frame):
    return DBC.decode_message(frame.can_id, frame.data, decode_choices=False)


@asynccontextmanager
async def rack(**options):
    """Modules with a half full battery on a bus where the test is the controller."""
    hub = await Hub().start()
    modules = ElconModules(hub.url, **{"status_period_s": 0.05, "ramp_a_s": 2000, **options})
    await modules.start()
    modules.attach(Battery("Max", 0.5))
    try:
        yield hub, modules
    finally:
        await modules.stop()
        await hub.close()


def test_identifiers_of_the_protocol():
    """Each address has its pair."""
    pairs = [(request_id(address), status_id(address)) for address in ADDRESSES]
    assert pairs == [
        (0x1806E5F4, 0x18FF50E5),
        (0x1806E6F4, 0x18FF50E6),
        (0x1806E7F4, 0x18FF50E7),
        (0x1806E8F4, 0x18FF50E8),
    ]
    ids = {message.frame_id for message in DBC.messages}
    assert {identifier for pair in pairs for identifier in pair} <= ids


async def test_the_makers_own_example_is_98_V_and_16_A():
    """03D4 00A0 0000 0000, of the maker's page about the commands: 98.0 V, 16.0 A, on."""
    data = bytes.fromhex("03D400A000000000")
    assert data == DBC.encode_message("RequestE5", {"MaxVoltage": 98, "MaxCurrent": 16, "Control": "On", "Mode": 0})
    async with rack() as (hub, modules):
        hub.send(0x1806E5F4, data)
        await hub.wait_frame(lambda f: f.can_id == 0x18FF50E5 and decoded(f)["OutputCurrent"] == 16.0, since=0)
        assert (modules.units[0].limit_v, modules.units[0].limit_a, modules.enabled) == (98.0, 16.0, True)
        hub.send(0x1806E5F4, bytes.fromhex("03D400A001000000"))  # b4: off
        await hub.wait_frame(lambda f: f.can_id == 0x18FF50E5 and decoded(f)["OutputCurrent"] == 0.0)
        assert not modules.enabled


async def test_the_status_is_the_frame_of_the_protocol():
    """76.2 V, 18.0 A, no flag."""
    async with rack(status_period_s=60) as (hub, modules):
        unit = modules.units[0]
        hub.send(0x1806E5F4, bytes.fromhex("0348000001000000"))
        while not unit.requests:
            await asyncio.sleep(0.005)
        modules.voltage_v, unit.current_a = 76.2, 18.0
        modules._report()
        frame = await hub.wait_frame(lambda f: f.data == bytes.fromhex("02FA00B400000000"), since=0)
        assert decoded(frame) == {"OutputVoltage": 76.2, "OutputCurrent": 18.0, **ALL_WELL}


async def test_five_seconds_without_a_request_switch_it_off():
    """Time-out of the protocol: the flag is bit 4, and it is there before the first request, too."""
    async with rack() as (hub, modules):
        unit = modules.units[0]
        assert decoded(await hub.wait_frame(0x18FF50E5))["Timeout"] == 1
        hub.send(0x1806E5F4, bytes.fromhex("034800C800000000"))  # 84.0 V, 20.0 A
        await hub.wait_frame(lambda f: f.can_id == 0x18FF50E5 and decoded(f)["OutputCurrent"] == 20.0)
        assert TIMEOUT_S == 5.0
        unit.received_at -= 4.0
        frame = await hub.wait_frame(0x18FF50E5)
        assert decoded(frame)["Timeout"] == 0 and decoded(frame)["OutputCurrent"] == 20.0
        unit.received_at -= 1.1
        frame = await hub.wait_frame(lambda f: f.can_id == 0x18FF50E5 and f.data[4] == 0x10 and f.data[3] == 0)
        assert frame.data[2] == 0
        hub.send(0x1806E5F4, bytes.fromhex("034800C800000000"))
        await hub.wait_frame(lambda f: f.can_id == 0x18FF50E5 and decoded(f)["OutputCurrent"] == 20.0)


async def test_each_module_delivers_what_its_own_request_says():
    async with rack(addresses=ADDRESSES[:2]) as (hub, modules):
        hub.send(0x1806E5F4, bytes.fromhex("0348012C00000000"))  # 30.0 A
        hub.send(0x1806E6F4, bytes.fromhex("0348006400000000"))  # 10.0 A
        hub.send(0x1806E7F4, bytes.fromhex("034803E800000000"))  # nobody's
        await hub.wait_frame(lambda f: f.can_id == 0x18FF50E5 and decoded(f)["OutputCurrent"] == 30.0)
        await hub.wait_frame(lambda f: f.can_id == 0x18FF50E6 and decoded(f)["OutputCurrent"] == 10.0)
        assert modules.current_a == pytest.approx(40)
        modules.unit(0xE6).over_temperature = True
        frame = await hub.wait_frame(lambda f: f.can_id == 0x18FF50E6 and f.data[4])
        assert frame.data[4] == 0x02
        await hub.wait_frame(lambda f: f.can_id == 0x18FF50E5 and decoded(f)["OutputCurrent"] == 30.0)
        await hub.wait_frame(lambda f: f.can_id == 0x18FF50E6 and decoded(f)["OutputCurrent"] == 0.0)
        assert modules.current_a == pytest.approx(30)


async def test_every_flag_is_the_bit_that_the_protocol_gives_it():
    """Hardware 1, temperature 2, input 4, no battery found 8, receive time-out 0x10."""
    async with rack(status_period_s=60) as (_, modules):
        unit = modules.units[0]
        unit.receive(bytes.fromhex("0348000001000000"))
        for name, bit in (("hardware_failure", 1), ("over_temperature", 2), ("input_wrong", 4)):
            for owner in (unit, modules):
                setattr(owner, name, True)
                assert modules.flags(unit) == bit, name
                setattr(owner, name, False)
        modules.detach()
        modules.voltage_v = 0.0
        assert modules.flags(unit) == 8
        unit.received_at -= 6
        assert modules.flags(unit) == 0x18


async def test_what_no_report_shows_is_not_metered():
    """The meter of reference is the sum of what the statuses of all modules said, at their resolution."""
    async with rack(addresses=ADDRESSES[:2], status_period_s=0.1) as (hub, modules):
        for identifier in (0x1806E5F4, 0x1806E6F4):
            hub.send(identifier, bytes.fromhex("034803E800000000"))  # 100 A each
        while modules.delivered_wh < 5:
            await asyncio.sleep(0.02)
        assert modules.output_wh == pytest.approx(modules.delivered_wh, rel=0.15)
        modules.unit(0xE6).silent = True
        await hub.wait_frame(0x18FF50E5)
        before, output_wh = modules.delivered_wh, modules.output_wh
        while modules.output_wh < output_wh + 2:
            await asyncio.sleep(0.02)
        assert modules.delivered_wh - before == pytest.approx(1, abs=0.5), "half of it is told by nobody"
