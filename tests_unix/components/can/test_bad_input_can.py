"""The bus and what is on it go wrong while a car charges: the module is off in time, and the session goes on after."""

import re
import struct
import time

import pytest
import pytest_asyncio
from charging_site import TIMEOUT_S, Site, eventually

from tools.powermodule import CONTROL, CONTROL_REPLY, TELEMETRY, TELEMETRY_REPLY, TERMINAL_POWER
from tools.vehicle import CHARGE_REQUEST, FEEDBACK

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory):
    """One car and one transaction, through all faults of this file."""
    async with Site(tmp_path_factory.mktemp("home")) as site:
        await site.boot()
        await site.configure(StopTransactionOnEVSideDisconnect=False, MeterValueSampleInterval=1)
        await site.start_session("BUS-CARD")
        yield site
        ended = await site.stop_session("BUS-CARD")
        assert len(site.central.calls("StartTransaction")) == 1
        assert ended.payload["transactionId"] == site.central.books.last.id
        register = site.central.books.last.register_wh()
        assert register == sorted(register)
        assert 0 <= ended.payload["meterStop"] + 1 - register[-1] < 15, "2 s at 24 kW; a sample comes each second"
        assert site.wrong_messages() == []
        site.check_calm()


@pytest_asyncio.fixture(loop_scope="module")
async def site(shared):
    """The charging car, before and after each fault."""
    await shared.current_flows()
    await eventually(lambda: shared.statuses(1)[-1] == "Charging", "Charging is told")
    yield shared
    shared.clear_faults()
    await shared.current_flows()


def is_stop(frame):
    return frame.can_id == CONTROL and frame.data[1] == 0x32 and frame.data[3] == 0x01


def is_start(frame):
    return frame.can_id == CONTROL and frame.data[1] == 0x32 and frame.data[3] == 0x00


def is_saturated(frame):
    """The power module's temperature is what the wire cannot express."""
    return frame.can_id == TELEMETRY_REPLY and frame.data[1] == 0x80 and frame.data[6:] == b"\xff\xff"


def is_refusal(frame):
    """The power module refuses to be switched on: it does as soon as it is too hot."""
    return frame.can_id == CONTROL_REPLY and frame.data[:1] >= b"\x10"


async def calm_bus(site):
    """The number of frames so far, when none that the firmware sent before is still to be read."""
    return (await site.hub.wait_frame(FEEDBACK, TIMEOUT_S)).seq


def beats(site, first, last):
    """How many tenths of a second the firmware counted between two frames: a busy machine takes the time from both."""
    return len([f for f in site.hub.log if first < f.seq < last and f.can_id == FEEDBACK])


async def stopped_within(site, since, seconds, is_cause=None):
    """The stop frame came within so many seconds of the firmware's time after a frame that is the cause (without one:
    after ``since``), and is repeated, with no start frame in between."""
    first = await site.hub.wait_frame(is_stop, timeout=TIMEOUT_S, since=since)
    causes = [f.seq for f in site.hub.log if since < f.seq < first.seq and is_cause and is_cause(f)]
    assert causes or not is_cause, "it stopped before there was a reason"
    passed = beats(site, causes[0] if causes else since, first.seq)
    assert passed <= 10 * seconds, f"{passed / 10} s"
    await site.hub.wait_frame(is_stop, timeout=TIMEOUT_S, since=first.seq)
    assert not [f for f in site.hub.log if f.seq > first.seq and is_start(f)]
    await eventually(lambda: site.module.current_a < 0.5, "no current")
    return first


@pytest.mark.parametrize("switch", [0x01, 0x02, 0x80, 0xFF])
async def test_anything_but_zero_in_the_charging_switch_is_a_stop(site, switch):
    site.vehicle.silent = True
    since = await calm_bus(site)
    request = struct.pack(">HHBBH", 840, 2900, switch, 0, 0)
    site.hub.send(CHARGE_REQUEST, request)
    await stopped_within(site, since, 0.2, lambda f: f.can_id == CHARGE_REQUEST and f.data == request)


async def test_a_silent_vehicle(site):
    """No frame for 3 s is an unplugged vehicle."""
    since = await calm_bus(site)
    site.vehicle.silent = True
    await stopped_within(site, since, 3.6)
    await site.answer("1", r"(?i)not heard|--|silent")


async def test_a_vehicle_that_requests_less_voltage_than_the_board_has(site):
    """Nothing that may be delivered is what it permits: off while its request is handled, told, and on again after."""
    told, since = site.mark(), await calm_bus(site)
    site.vehicle.max_v = 55.9
    low = struct.pack(">H", 559)
    await stopped_within(site, since, 0.2, lambda f: f.can_id == CHARGE_REQUEST and f.data[:2] == low)
    await site.condition("in_limits", "BLOCKS")
    await site.answer("why", r"error: the vehicle requests too low a voltage")
    fault = await site.received("StatusNotification", told, connectorId=1, errorCode="OtherError")
    assert fault.payload["info"] == "the vehicle requests too low a voltage"


async def test_a_silent_charger(site):
    since = await calm_bus(site)
    site.module.silent = True
    await stopped_within(site, since, 3.6)
    await site.condition("charger_online", "BLOCKS")
    await site.answer("log", r"W .*charger.*silent")


async def test_an_overheated_module(site):
    """Its temperature is asked for once a second; what the wire cannot express (65.5 degC and above) is too hot."""
    told, since = site.mark(), await calm_bus(site)
    site.module.overheat()
    await stopped_within(site, since, 0.2, lambda f: is_saturated(f) or is_refusal(f))
    await site.hub.wait_frame(is_saturated, TIMEOUT_S, since)
    asked = [f.seq for f in site.hub.log if f.seq > since and f.can_id == TELEMETRY and f.data[1] == 0x80]
    assert beats(site, since, asked[0]) <= 15
    await site.condition("in_limits", "BLOCKS")
    await site.received("StatusNotification", told, connectorId=1, errorCode="HighTemperature")


@pytest.mark.parametrize("volts", [55.0, 86.5])
async def test_a_terminal_voltage_outside_the_limits(site, volts):
    """Off at once. Falling there or back faster than 2 V/s means a car that is gone: it has to be plugged in again."""
    since = await calm_bus(site)
    site.module.forced_v = volts
    shown, output = struct.pack(">f", volts), struct.pack(">I", round(volts * 1024))

    def is_cause(frame):  # at the output a voltage may be too low
        if frame.can_id == TELEMETRY_REPLY and frame.data[1] == 0x84:
            return volts > 84 and frame.data[4:] == output
        return frame.can_id == TERMINAL_POWER and frame.data[:4] == shown

    await stopped_within(site, since, 0.2, is_cause)
    await site.condition("in_limits", "BLOCKS")
    site.clear_faults()
    site.pull_out()
    await eventually_answers(site, "1", r"BMS: (?!heard)")
    site.vehicle.plug()


@pytest.mark.parametrize("volts, amps", [
    (float("nan"), 1.0), (76.0, float("nan")), (float("inf"), 1.0), (76.0, float("-inf")), (-76.0, 1.0), (76.0, -5.0),
    (76.0, 3100.0), (3.4e38, 3.4e38),
], ids=str)  # fmt: skip
async def test_a_measurement_that_cannot_be_is_never_billed(site, volts, amps):
    """3100 on the wire is 310 A, above the board's 300 A: refused or a reason to stop, never energy.

    What the firmware shows lags behind the power module by a report, and by the 100 ms in which it adds up: 5 Wh are
    0.7 s at full power.
    """
    before = site.module.delivered_wh, (await energy(site))
    for _ in range(5):
        site.hub.send(0x00433F01, struct.pack(">ff", volts, amps))
    after = await energy(site)
    assert after - before[1] < site.module.delivered_wh - before[0] + 5


async def eventually_answers(site, line, pattern):
    """Type a line again and again, until the answer is as wanted."""
    deadline = time.monotonic() + 10
    while not re.search(pattern, (await site.answer(line, r"BMS: .*"))[0]):
        assert time.monotonic() < deadline, pattern


async def energy(site):
    return float((await site.answer("2", r"register: (\d+\.\d+) Wh"))[1])


async def test_garbage_on_the_line(site):
    """Counted, logged, and the car goes on charging: nothing of it was a reason to stop."""
    since = site.firmware.mark
    for _ in range(20):
        site.hub.garbage()
    await site.printed(r"W .*can.*garbage", since, 15)
    await site.answer("status", r"(?s)CAN: .*?[1-9]\d* garbage")
    assert site.firmware.starts == 1


async def test_bus_off_stops_charging_first_and_recovers(site):
    """Nothing reaches the module any more: it stops by itself, and the first it hears afterwards is no start."""
    since = site.firmware.mark
    told = site.mark()
    site.hub.bus_off()
    await site.printed(r"(?s)gate: charging disabled: the CAN bus is down.*can: bus-off", since)
    await eventually(lambda: not site.module.enabled, "the module gave up by itself")
    await site.status("SuspendedEVSE", told)
    frames = site.hub.frames
    site.hub.bus_ok()
    await site.current_flows()
    first = await site.hub.wait_frame(lambda f: f.can_id == CONTROL, TIMEOUT_S, frames)
    assert not is_start(first), "the first word to the module after bus-off is not a start"
    await site.answer("status", r"(?s)CAN: .*?[1-9]\d* times bus-off")


async def test_a_broken_module_is_a_fault_and_is_not_switched_on_again_at_once(tmp_path):
    """This board does not hear the module's flags, but that it refuses to be switched on; no car is gone."""
    async with Site(tmp_path) as site:
        await site.boot()
        await site.start_session()
        since, frames = site.mark(), await calm_bus(site)
        site.module.hardware_failure = True
        await site.received("StatusNotification", since, status="Faulted", errorCode="PowerSwitchFailure")
        refused = await site.hub.wait_frame(is_refusal, since=frames)
        off = await site.hub.wait_frame(is_stop, since=refused.seq)
        assert off.time - refused.time < 0.2
        await site.condition("in_limits", "BLOCKS")
        frames = site.hub.frames
        site.clear_faults()
        for _ in range(3):
            off = await site.hub.wait_frame(lambda f: f.can_id == CONTROL and f.data[1] == 0x32, since=frames)
            assert is_stop(off)
            frames = off.seq
        assert not site.module.enabled
        site.check_calm()
