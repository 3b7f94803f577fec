"""Two outlets of one firmware: each has its own session, bill and faults, and they share what the station may draw."""

import asyncio
import re
import statistics

import pytest
from charging_site import eventually
from two_outlet_site import TwoOutlets, is_start, is_stop

from tools.central import Central
from tools.control import Control
from tools.strict_central import StrictCentral

REQUEST = 0x1806E5F4

FAULTS = (
    "stop-bms", "silent-charger", "over-temperature", "hardware-failure", "wrong-voltage", "silent-bms", "bus-off",
)  # fmt: skip
TAKEN_FOR_UNPLUGGED = ("silent-bms", "bus-off")

# A board from elsewhere: in the scope of outlet 1 there is a critical component that hangs, or fails, on command.
SICK_BOARD = """
from boards import unix_two

NAME = "sick.two"
PORT = unix_two.PORT
SETTINGS = unix_two.SETTINGS
COMPONENTS = tuple([
    {"scope": "1", "components": entry["components"] + ({"name": "sick", "use": "sick.sick:Sick", "critical": True},)}
    if entry.get("scope") == "1" else entry
    for entry in unix_two.COMPONENTS
])
"""
SICK = """
import os


class Sick:
    requires = ("clock", "pulse", "home")

    def __init__(self, clock, pulse, home):
        self._clock, self._pulse, self._file = clock, pulse, home + "/sick"

    async def run(self):
        while True:
            self._pulse()
            await self._clock.sleep_ms(100)
            try:
                with open(self._file) as file:
                    how = file.read()
            except OSError:
                continue
            if how == "fails":
                os.remove(self._file)
                raise ValueError("sick")
            while True:
                try:
                    os.stat(self._file)
                except OSError:
                    break
                await self._clock.sleep_ms(100)
"""


@pytest.mark.parametrize("central", [Central, StrictCentral])
async def test_a_session_on_each_at_once_bills_right_over_a_power_cut(tmp_path, central):
    """Against both central systems."""
    site = TwoOutlets(tmp_path)
    site.central = central()
    async with site:
        site.vehicle.max_a, site.outlets[1].vehicle.max_a = 60, 20
        await site.boot()
        await site.configure(MeterValueSampleInterval=1)
        first = await site.charge(1)
        second = await site.charge(2)
        assert first.payload["idTag"] == "TAG-1" and second.payload["idTag"] == "TAG-2"
        await asyncio.sleep(3)
        since, cut = site.mark(), site.delivered_wh()
        await site.firmware.restart()
        for number in (1, 2):
            await site.status("Charging", since, connector=number, timeout=30)
            await site.flows(number)
        unheard = [after - before for before, after in zip(cut, site.delivered_wh())]
        await asyncio.sleep(3)
        ended = [await site.end(number) for number in (2, 1)]
        assert [stop.payload["reason"] for stop in ended] == ["Remote", "Remote"]
        assert [len(site.sessions(number)) for number in (1, 2)] == [1, 1]
        site.check_bills(unheard)
        assert site.wrong_messages() == [] and getattr(site.central, "faults", []) == []
        site.check_calm()


async def test_faults_of_one_outlet_leave_the_other_charging(tmp_path):
    async with TwoOutlets(tmp_path) as site:
        await site.boot()
        await site.configure(MinimumStatusDuration=0)
        await site.charge(1)
        await site.charge(2)
        control, module = Control(site), site.module
        for command in FAULTS:
            if site.running(1) is None:
                await site.charge(1)
            since, mark = site.outlets[1].hub.frames, site.mark()
            assert not (await control.execute(command)).startswith("error")
            await eventually(lambda: not module.charging or module.current_a < 1, f"no current after {command}", 30)
            await asyncio.sleep(1)
            if command in TAKEN_FOR_UNPLUGGED:
                await eventually(lambda: site.running(1) is None, f"the end of the transaction after {command}", 30)
                site.vehicle.unplug()
                site.clear_faults()
                await site.status("Available", mark, timeout=30)
            else:
                site.clear_faults()
                await eventually(lambda: module.current_a > 1, f"current again after {command}", 60)
            site.undisturbed(2, since, mark)
        assert site.running(2) is not None


@pytest.mark.parametrize("how", ["hangs", "fails"])
async def test_a_component_of_one_outlet_that_hangs_or_fails_leaves_the_other_charging(tmp_path, monkeypatch, how):
    package = tmp_path / "path" / "sick"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "two.py").write_text(SICK_BOARD)
    (package / "sick.py").write_text(SICK)
    monkeypatch.setenv("MICROPYPATH", f"{package.parent}:.frozen")
    home = tmp_path / "home"
    async with TwoOutlets(home, board="sick.two") as site:
        await site.boot()
        await site.charge(1)
        await site.charge(2)
        since, mark, stopped = site.outlets[1].hub.frames, site.mark(), site.hub.frames
        (home / "sick").write_text(how)
        await site.hub.wait_frame(is_stop, 60, stopped)
        await eventually(lambda: site.module.current_a < 1, "the end of the current")
        await asyncio.sleep(1)
        site.undisturbed(2, since, mark)
        (home / "sick").unlink(missing_ok=True)
        await eventually(lambda: site.module.current_a > 1, "current again", 60)
        site.undisturbed(2, since, mark)
        assert "1/sick" in site.firmware.text


async def test_outlet_1_stops_at_once_while_outlet_2_charges(tmp_path):
    async with TwoOutlets(tmp_path) as site:
        await site.boot()
        await site.charge(1)
        await site.charge(2)
        latencies, hub, untouched, mark = [], site.hub, site.outlets[1].hub.frames, site.mark()
        for _ in range(4):  # a fifth within a minute is a fault
            since = hub.frames
            site.vehicle.stop_charging()
            stop = await hub.wait_frame(is_stop, 5, since)
            cause = next(frame for frame in hub.log if frame.seq > since and frame.can_id == REQUEST and frame.data[4])
            latencies.append(stop.time - cause.time)
            site.vehicle.permit()
            await site.flows(1)
            await hub.wait_frame(is_start, 10)
        # a busy machine: 15 ms were seen, where a task that comes every 100 ms takes 50 on an average
        assert min(latencies) < 0.01 and statistics.median(latencies) < 0.03, latencies
        site.undisturbed(2, untouched, mark)


async def test_both_share_the_limit_of_the_station(tmp_path):
    """It is never exceeded, by what the modules are told and by what flows."""
    async with TwoOutlets(tmp_path, limit_ma=60000) as site:
        one, two = (outlet.module for outlet in site.outlets)
        await site.boot()
        seen = []
        watching = asyncio.create_task(watch(seen, one, two))
        await site.charge(1)
        await eventually(lambda: one.current_a > 58, "all of it at outlet 1")
        await site.charge(2)
        await eventually(lambda: 28 < two.current_a < 30.5 and one.current_a < 30.5, "a half for each")
        await site.end(1)
        await eventually(lambda: two.current_a > 58, "all of it at outlet 2")
        watching.cancel()
        assert max(a + b for a, b in seen) <= 60.5, max(seen, key=sum)


async def watch(seen, one, two):
    while True:
        seen.append((one.current_a, two.current_a))
        await asyncio.sleep(0.01)


async def test_the_budget_is_no_reason_where_the_vehicle_suspends(tmp_path):
    """A share that is given when it can be used makes no status of its own."""
    async with TwoOutlets(tmp_path) as site:
        await site.boot()
        await site.charge(1)
        site.vehicle.stop_charging()
        await site.status("SuspendedEV")
        since = site.mark()
        site.vehicle.permit()
        await site.status("Charging", since)
        await site.end(1)
        await site.status("Finishing")
        assert site.statuses(1) == ["Available", "Preparing", "Charging", "SuspendedEV", "Charging", "Finishing"]


async def test_one_waits_for_its_turn_where_the_minimum_does_not_fit_and_the_reason_is_shown(tmp_path):
    async with TwoOutlets(tmp_path, limit_ma=8000) as site:
        await site.boot()
        await site.charge(1)
        site.outlets[1].vehicle.plug()
        since = site.mark()
        answer = await site.order("RemoteStartTransaction", idTag="TAG-2", connectorId=2)
        assert answer.status == "Accepted"
        await site.status("SuspendedEVSE", since, connector=2, timeout=30)
        assert not site.outlets[1].module.charging
        await site.answer("why", "(?m)2: BLOCKS  +the budget permits no current")
        await asyncio.sleep(1.5)  # until its measurements have been within the limits for a second
        await site.answer("status", "(?m)Budget of the station: 8000 mA\\s+evse 1: .*\\s+evse 2: waits for its turn")
        await site.end(1)
        await site.flows(2)


async def test_a_budget_smaller_than_one_minimum_is_refused(tmp_path):
    async with TwoOutlets(tmp_path, limit_ma=5000) as site:
        await site.firmware.start()
        assert await site.firmware.wait() == 2
        told = [line for line in site.firmware.text.splitlines() if "minimum" in line]
        assert told == [
            "ucharge: board unix_two: component budget cannot be built: limit_ma 5000 is smaller than one minimum, "
            "min_ma 6000"
        ]


async def test_commands_of_the_simulation_are_for_the_outlet_that_they_name(tmp_path):
    async with TwoOutlets(tmp_path) as site:
        control = Control(site)
        assert await control.execute("plug 2") == "plugged in"
        assert [outlet.vehicle.plugged for outlet in site.outlets] == [False, True]
        await control.execute("bus-off 2")
        assert [outlet.hub.broken for outlet in site.outlets] == [False, True]
        await control.execute("wrong-voltage 91 2")
        assert [outlet.module.forced_v for outlet in site.outlets] == [None, 91]
        status = await control.execute("status")
        assert re.search(r"(?m)^vehicle 1  unplugged", status) and re.search(r"(?m)^vehicle 2  plugged in", status)
        assert await control.execute("plug 3") == "error: there is no outlet '3': this board has 2"
        assert await control.execute("plug") == "plugged in" and site.vehicle.plugged
