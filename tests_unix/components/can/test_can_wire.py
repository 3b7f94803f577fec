"""What the firmware says on the bus, seen by python-can and decoded by cantools; and how fast it stops."""

import asyncio
import os
import re
import statistics
import time
from contextlib import asynccontextmanager
from pathlib import Path

import cantools
import pytest
from upy_collect import interpreter

from tools.battery import Battery
from tools.hub import Hub
from tools.powermodule import PowerModule
from tools.vehicle import Vehicle

ROOT = Path(__file__).parents[3]
DBC = cantools.database.load_file(ROOT / "tools" / "ucharge.dbc")
CONTROL, TELEMETRY, FEEDBACK, REQUEST = 0x068181FE, 0x068182FE, 0x18FF50E5, 0x1806E5F4
ASK_CHARGED, ASK_DISCHARGED = 0x160B0180, 0x160D0180
PERIODS_S = {CONTROL: 0.3, TELEMETRY: 0.2, FEEDBACK: 0.1, ASK_CHARGED: 2.0, ASK_DISCHARGED: 2.0}


class Firmware:
    """The process of can_firmware.py."""

    async def start(self, port, home):
        self.process = await asyncio.create_subprocess_exec(
            interpreter(), ROOT / "tests_unix/components/can/can_firmware.py", port, home,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        return self

    async def end(self):
        """End of input; return all that it printed."""
        output, _ = await asyncio.wait_for(self.process.communicate(b""), 20)
        assert self.process.returncode == 0, output.decode()
        return output.decode()

    async def kill(self):
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


@asynccontextmanager
async def bench(home, port=None, **vehicle):
    """Hub, vehicle, power module and firmware; ends them all."""
    hub = await Hub().start()
    module = PowerModule(hub.url)
    car = Vehicle(hub.url, Battery(soc=0.5), module, **vehicle)
    firmware = Firmware()
    try:
        await module.start()
        await car.start()
        await firmware.start(port or hub.url, str(home))
        yield hub, car, module, firmware
    finally:
        await firmware.kill()
        await car.stop()
        await module.stop()
        await hub.close()


def decoded(frame):
    return DBC.decode_message(frame.can_id, frame.data, decode_choices=False)


def of(hub, can_id, since=0):
    return [frame for frame in hub.log if frame.can_id == can_id and frame.seq > since]


def is_switch(off):
    """Predicate for the frame that switches the power module on or off."""
    return lambda frame: frame.can_id == CONTROL and frame.data[1] == 0x32 and frame.data[3] == off


async def eventually(condition, what, timeout):
    """Wait until ``condition()`` holds."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        await asyncio.sleep(0.02)


async def until_charging(hub, car, module):
    await hub.wait_frame(CONTROL, 20)
    since = hub.frames
    car.plug()
    await hub.wait_frame(is_switch(0), 20, since)
    await eventually(lambda: module.current_a > 20, "current flows", 20)


async def test_periods_and_contents(tmp_path):
    async with bench(tmp_path) as (hub, car, module, firmware):
        await until_charging(hub, car, module)
        await asyncio.sleep(0.7)
        since = hub.frames
        await asyncio.sleep(6.5)
        for can_id, period in PERIODS_S.items():
            times = [frame.time for frame in of(hub, can_id, since)]
            gaps = [after - before for before, after in zip(times, times[1:])]  # some beats are missed, or late
            assert statistics.median(gaps) == pytest.approx(period, rel=0.1), hex(can_id)
        gaps = []
        for asked in of(hub, ASK_CHARGED, since)[:3]:
            gaps.append(next(f.time for f in of(hub, ASK_DISCHARGED, since) if f.seq > asked.seq) - asked.time)
        # a test that sleeps reads both at once, a firmware that sleeps asks later: not each of the three times
        assert min(gaps) <= 0.2 and max(gaps) >= 0.005, gaps
        check_contents(hub, since, car, module)
        output = await firmware.end()
    assert "0 refused" in output and " 0 unknown" in output


def check_contents(hub, since, car, module):
    control = [decoded(frame) for frame in of(hub, CONTROL, since)]
    assert all(message["Lead"] == 1 for message in control)
    assert {message["Off"] for message in control if "Off" in message} == {0}
    wanted_a = min(100.0, car.battery.pack.max_a)
    for message in control:
        if "VoltageLimit" in message:
            assert message["VoltageLimit"] == pytest.approx(min(85.5, car.battery.pack.max_v), abs=0.01)
        if "CurrentLimit" in message:
            assert message["CurrentLimit"] == pytest.approx(wanted_a, abs=0.05)
    functions = [frame.data[1] for frame in of(hub, CONTROL, since)]
    assert set(zip(functions, functions[1:])) == {(0x32, 0x00), (0x00, 0x03), (0x03, 0x32)}
    functions = [frame.data[1] for frame in of(hub, TELEMETRY, since)]
    assert set(functions) == {0x84, 0x82, 0x79, 0x80, 0x83} and len(set(zip(functions, functions[1:]))) == 5
    for frame in of(hub, ASK_CHARGED, since) + of(hub, ASK_DISCHARGED, since):
        assert frame.data == bytes(8) and frame.extended
    last = decoded(of(hub, FEEDBACK, since)[-1])
    assert last["Voltage"] == pytest.approx(module.voltage_v, abs=1.0)
    assert last["Current"] == pytest.approx(module.current_a, abs=3.0)
    assert not (last["OverTemperature"] or last["Battery"] or last["Timeout"])


async def test_the_meter_agrees_with_the_power_module(tmp_path):
    async with bench(tmp_path) as (hub, car, module, firmware):
        await until_charging(hub, car, module)
        await asyncio.sleep(8)
        since = hub.frames
        car.stop_charging()
        await hub.wait_frame(is_switch(1), 5, since)
        await asyncio.sleep(0.5)
        delivered_mwh = module.delivered_wh * 1000
        register = int(re.search(r"^meter (\d+) mWh", await firmware.end(), re.MULTILINE).group(1))
    # all that differs is by how much the last measurement came late, 5 % are 0.4 s: on a busy machine seen 63 ms
    assert register == pytest.approx(delivered_mwh, rel=0.05) and register > 1000


def is_current_limit(raw):
    return lambda frame: frame.can_id == CONTROL and frame.data[1] == 0x03 and int.from_bytes(frame.data[4:]) == raw


async def test_stop_frame_follows_the_bms_stop_at_once(tmp_path):
    async with bench(tmp_path) as (hub, car, module, _):
        await until_charging(hub, car, module)
        latencies = []
        for _ in range(25):
            since = hub.frames
            car.stop_charging()
            stop = await hub.wait_frame(is_switch(1), 5, since)
            cause = next(frame for frame in hub.log if frame.seq > since and frame.can_id == REQUEST and frame.data[4])
            assert stop.seq > cause.seq
            latencies.append(stop.time - cause.time)
            since = hub.frames
            car.permit()
            await hub.wait_frame(is_switch(0), 5, since)
    # The bench measures; this fails when a task that comes every 100 ms waits in between. A busy machine: seen 15 ms.
    assert statistics.median(latencies) < 0.03, latencies


async def test_a_lower_request_of_the_vehicle_reaches_the_module_at_once(tmp_path):
    """Not in the turn of its function, which takes up to 900 ms."""
    async with bench(tmp_path) as (hub, car, module, _):
        await until_charging(hub, car, module)
        latencies = []
        for amps in range(25, 5, -1):
            since = hub.frames
            car.max_a = amps
            car.request()
            raw = int(amps * 30.5)
            told = await hub.wait_frame(is_current_limit(raw), 5, since)
            await asyncio.sleep(0.1)  # as fast as a BMS may be
            cause = next(frame for frame in hub.log if frame.seq > since and frame.can_id == REQUEST)
            latencies.append(told.time - cause.time)
        await eventually(lambda: module.current_a < 7, "what was asked for last", 10)
    assert statistics.median(latencies) < 0.03, latencies


async def test_bus_off_blocks_and_recovery_sends_stop_before_start(tmp_path):
    async with bench(tmp_path) as (hub, car, module, _):
        await until_charging(hub, car, module)
        hub.bus_off()
        await eventually(lambda: not module.charging, "a module that hears nothing stops by itself", 20)
        since = hub.frames
        hub.bus_ok()
        await hub.wait_frame(is_switch(1), 20, since)
        await hub.wait_frame(is_switch(0), 20, since)
        frames = [frame for frame in of(hub, CONTROL, since) if frame.data[1] == 0x32]
        assert frames[0].data[3] == 1


async def test_garbage_on_the_bus_changes_nothing(tmp_path):
    async with bench(tmp_path) as (hub, car, module, firmware):
        await until_charging(hub, car, module)
        since = hub.frames
        for _ in range(20):
            hub.garbage()
            await asyncio.sleep(0.1)
        assert not [frame for frame in of(hub, CONTROL, since) if is_switch(1)(frame)]
        output = await firmware.end()
    assert "Traceback" not in output and "pieces of garbage" in output and "refused frames" in output


async def test_a_serial_adapter(tmp_path):
    """A pseudo terminal stands for the USB adapter; behind it is the hub."""
    hub = await Hub().start()
    leader, follower = os.openpty()
    loop = asyncio.get_running_loop()
    reader, writer = await asyncio.open_connection("127.0.0.1", hub.port)
    loop.add_reader(leader, lambda: writer.write(os.read(leader, 4096)))

    async def back():
        while data := await reader.read(4096):
            os.write(leader, data)

    task = asyncio.create_task(back())
    firmware = await Firmware().start(os.ttyname(follower), str(tmp_path))
    try:
        await hub.wait_frame(FEEDBACK, 20)
        since = hub.frames
        hub.send(0x00433F01, bytes.fromhex("42986666 43340000"))  # docs/can.md: 76.2 V, 18.0 A
        shows = DBC.get_message_by_frame_id(FEEDBACK)

        def fits(frame):
            if frame.can_id != FEEDBACK:
                return False
            values = shows.decode(frame.data, decode_choices=False)
            return (values["Voltage"], values["Current"]) == (pytest.approx(76.2), pytest.approx(18.0))

        await hub.wait_frame(fits, 10, since)
        assert "1 frames received, 0 unknown" in await firmware.end()
    finally:
        await firmware.kill()
        loop.remove_reader(leader)
        task.cancel()
        writer.close()
        os.close(leader)
        os.close(follower)
        await hub.close()
