"""Frames of the Infypower protocol as they are published, each with its value; then the simulated modules.

The bytes are not of our making: they are the protocol's examples, and what was seen on buses. cantools decodes them
with tools/infypower.dbc.
"""

import asyncio
import time

import cantools
import pytest

from tools.battery import Battery, Pack
from tools.firmware import ROOT
from tools.hub import Hub
from tools.infy import INVALID_COMMAND, INVALID_DATA, Identifier, InfyModules, Rating, Unit

DBC = cantools.database.load_file(ROOT / "tools" / "infypower.dbc")
PACK = Pack("HV", 60.0, 60.0, 0.1, cells=108, max_v=453.6)
RATING = Rating(max_v=500.0, min_v=200.0, max_a=100.0, power_w=10000.0)

PUBLISHED = (
    (0x0283F000, "43FA000040600000", {"Voltage": 500.0, "Current": 3.5}),
    (0x028CF000, "0FA001F400000000", {"Voltage": 400.0, "AvailableCurrent": 50.0}),
    (0x028AF000, "01F400C803E803E8", {"MaxVoltage": 500, "MinVoltage": 200, "MaxCurrent": 100.0, "RatedPower": 10000}),
    (0x0282F000, "0000010000000000", {"Modules": 1}),
    (0x029AF000, "0100000000000000", {"Off": "Off"}),
    (0x029CF000, "00030D4000001388", {"Voltage": 200.0, "Current": 5.0}),
)


@pytest.mark.parametrize(("can_id", "data", "values"), PUBLISHED)
def test_a_published_frame_has_its_published_value(can_id, data, values):
    assert DBC.decode_message(can_id, bytes.fromhex(data)) == values


def test_the_published_status_is_of_a_warm_module_that_starts_softly():
    """0x1B are 27 degC; bit 6 of byte 6 is the soft start ("walk-in"); nothing is wrong."""
    status = DBC.decode_message(0x0284F000, bytes.fromhex("000000021B004000"))
    assert {name: value for name, value in status.items() if value} == {"Temperature": 27, "WalkIn": 1}


@pytest.mark.parametrize(
    ("can_id", "fields"),
    [
        (0x0283F000, (0, 0x0A, 0x03, 0xF0, 0x00)),  # module 0 answers the controller
        (0x028300F0, (0, 0x0A, 0x03, 0x00, 0xF0)),  # and was asked
        (0x029A3FF0, (0, 0x0A, 0x1A, 0x3F, 0xF0)),  # everybody is switched
        (0x02C201F0, (0, 0x0B, 0x02, 0x01, 0xF0)),  # group 1 is asked for its number of modules
        (0x0A9AF005, (2, 0x0A, 0x1A, 0xF0, 0x05)),  # module 5: the command is invalid
    ],
)
def test_the_identifier_has_five_fields(can_id, fields):
    assert Identifier.of(can_id) == fields and Identifier(*fields).can_id == can_id


class Modules(InfyModules):
    """Modules without a bus: what they send is in ``said``."""

    def __init__(self, **options):
        super().__init__("socket://127.0.0.1:1", **options)
        self.said = []
        self.begin()

    def send(self, can_id, data):
        self.said.append((can_id, data))

    def ask(self, can_id, data="0000000000000000"):
        """The replies to one frame."""
        self.said.clear()
        self.on_frame(can_id, bytes.fromhex(data))
        return list(self.said)


def test_its_answers_are_the_published_frames():
    modules = Modules(rating=RATING)
    unit = modules.units[0]
    modules.voltage_v, modules.temperature_c, unit.on, unit.current_a = 499.4, 27.0, True, 3.5
    unit.conditions = {"walk_in"}
    for can_id, data in (
        (0x0283F000, "43FA000040600000"),
        (0x0284F000, "000000001B004000"),
        (0x028AF000, "01F400C803E803E8"),
        (0x0282F000, "0000010000000000"),
    ):
        asked = Identifier.of(can_id)
        assert modules.ask(asked._replace(destination=0, source=0xF0).can_id) == [(can_id, bytes.fromhex(data))]
    modules.voltage_v = 400.0
    assert modules.ask(0x028C00F0) == [(0x028CF000, bytes.fromhex("0FA000FA00000000"))]  # 25.0 A: of 10 kW at 400 V


def test_it_executes_and_reports_what_it_has_received():
    modules = Modules()
    unit = modules.units[0]
    assert modules.ask(0x029C00F0, "00030D4000001388") == [(0x029CF000, bytes.fromhex("00030D4000001388"))]
    assert (unit.set_v, unit.set_a) == (200.0, 5.0)
    assert modules.ask(0x029A00F0) == [(0x029AF000, bytes(8))] and unit.on
    assert modules.ask(0x029A00F0, "0100000000000000") == [(0x029AF000, bytes.fromhex("0100000000000000"))]
    assert not unit.on


def test_what_it_does_not_do_has_an_error_in_the_identifier():
    modules = Modules(addresses=(5,))
    unit = modules.units[0]
    for can_id, data, error in (
        (0x029C05F0, "0007A1A800001388", INVALID_DATA),  # 500.136 V
        (0x029C05F0, "00030D40000186A1", INVALID_DATA),  # 100.001 A
        (0x029C05F0, "00030D4000000000", INVALID_DATA),  # 0 A: that is what the switch is for
        (0x029A05F0, "0200000000000000", INVALID_DATA),
        (0x028505F0, "0000000000000000", INVALID_COMMAND),
    ):
        ((reply, _),) = modules.ask(can_id, data)
        assert Identifier.of(reply)[:1] + Identifier.of(reply)[3:] == (error, 0xF0, 5), hex(can_id)
    assert (unit.set_v, unit.set_a, unit.on) == (0.0, 0.0, False)
    unit.refusal = 3
    assert Identifier.of(modules.ask(0x029A05F0)[0][0]).error == 3 and not unit.on


def test_each_answers_for_itself_and_the_first_for_the_group():
    modules = Modules(addresses=(0, 1, 7), group=2)
    assert modules.ask(0x028307F0)[0][0] == 0x0283F007
    assert modules.ask(0x02C202F0) == [(0x02C2F000, bytes.fromhex("0000030000000000"))]
    assert modules.ask(0x028302F0) == [] and modules.ask(0x02C203F0) == []  # no module 2, no group 3
    assert modules.ask(0x028300F1) == []  # another controller
    modules.ask(0x02DA02F0)
    assert [unit.on for unit in modules.units] == [True] * 3
    modules.unit(1).answers_as = 9
    assert modules.ask(0x028301F0)[0][0] == 0x0283F009


def test_a_module_that_receives_nothing_for_10_s_is_off():
    unit = Unit(0, RATING)
    unit.receive(0x1C, bytes.fromhex("00030D4000001388"), 100.0)
    unit.receive(0x1A, bytes(8), 100.0)
    unit.watch(109.9)
    assert unit.on
    unit.receive(0x03, bytes(8), 109.9)  # any message will do
    unit.watch(119.8)
    assert unit.on and not unit.status
    unit.watch(120.0)
    assert not unit.on and unit.status == 1 << 15 | 1 << 8  # the alarm "not heard", and off
    unit.receive(0x03, bytes(8), 121.0)
    unit.watch(121.0)
    assert not unit.on and unit.status == 1 << 8  # it comes back off


def test_every_condition_of_the_status_is_where_the_dbc_has_it():
    names = {
        "power_limited": "PowerLimited", "address_repeated": "AddressRepeated", "load_sharing": "LoadSharingAlarm",
        "phase_lost": "PhaseLost", "input_unbalanced": "InputUnbalanced", "input_low": "InputLow",
        "input_high": "InputHigh", "pfc_off": "PfcOff", "fault": "Fault", "protection": "Protection",
        "fan": "FanFault", "over_temperature": "OverTemperature", "output_high": "OutputHigh", "walk_in": "WalkIn",
        "output_short": "OutputShort", "sleeping": "Sleeping", "discharge_abnormal": "DischargeAbnormal",
    }  # fmt: skip
    modules = Modules()
    unit = modules.units[0]
    unit.on = True
    for condition, name in names.items():
        unit.conditions = {condition}
        ((can_id, data),) = modules.ask(0x028400F0)
        status = DBC.decode_message(can_id, data)
        del status["Temperature"]
        assert [key for key, value in status.items() if value] == [name]


async def test_modules_share_what_a_battery_takes_and_meter_it_at_the_terminals():
    """Over the bus, at 450 V: two modules told 20 A each deliver 40 A; the energy is that behind their diodes."""
    hub = await Hub().start()
    modules = InfyModules(hub.url, addresses=(0, 1), group=1, ramp_a_s=2000)
    await modules.start()
    try:
        modules.attach(Battery(PACK, 0.5))
        for address in (0, 1):
            hub.send(0x029C00F0 | address << 8, bytes.fromhex("0006DDD000004E20"))  # 450 V, 20 A
        began, mark = time.monotonic(), hub.frames
        hub.send(0x02DA01F0, bytes(8))
        while modules.current_a < 39.99:
            assert time.monotonic() < began + 5
            await asyncio.sleep(0.02)
        for address in (0, 1):
            hub.send(0x028300F0 | address << 8, bytes(8))
            hub.send(0x028C00F0 | address << 8, bytes(8))
        output = DBC.decode_message(0x0283F000, (await hub.wait_frame(0x0283F001, since=mark)).data)
        external = DBC.decode_message(0x028CF000, (await hub.wait_frame(0x028CF001, since=mark)).data)
        assert output["Current"] == pytest.approx(20.0, abs=0.1)
        assert external["Voltage"] == pytest.approx(modules.battery.ocv + 4.0, abs=0.2)  # 40 A through 0.1 Ohm
        assert output["Voltage"] - external["Voltage"] == pytest.approx(0.6, abs=0.06)
        assert 0 < modules.delivered_wh < modules.battery.voltage(40.5) * 40.5 * (time.monotonic() - began) / 3600
        modules.unit(1).rx_off = True
        modules.unit(1).received_at -= 10
        while modules.current_a > 20.01:
            assert time.monotonic() < began + 10
            await asyncio.sleep(0.02)
        assert [unit.on for unit in modules.units] == [True, False]
    finally:
        await modules.stop()
        await hub.close()
