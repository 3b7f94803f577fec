"""Vehicle and power module on the bus, held against an independent decoder: cantools with tools/ucharge.dbc."""

import asyncio
import math
import socket
import struct
import time

import cantools
import pytest

from tools.battery import Battery
from tools.firmware import ROOT
from tools.hub import Hub
from tools.powermodule import PowerModule
from tools.vehicle import Vehicle

DBC = cantools.database.load_file(ROOT / "tools" / "ucharge.dbc")
REQUEST, POWER, STATUS, FEEDBACK = 0x1806E5F4, 0x00433F01, 0x00473F01, 0x18FF50E5
CONTROL_REPLY, TELEMETRY_REPLY = 0x0681817E, 0x0681827E


def coded(name, **signals):
    """A frame as cantools encodes it."""
    return DBC.encode_message(name, signals, strict=False)


def decoded(frame):
    """A frame as cantools decodes it."""
    return DBC.decode_message(frame.can_id, frame.data)


class Site:
    """Bus, vehicle and module; the test itself is the controller."""

    def __init__(self, pack="Max", soc=0.5, speed=1.0, **module):
        self.hub, self.battery, self.module_options = Hub(), Battery(pack, soc, speed), module

    async def __aenter__(self):
        await self.hub.start()
        self.module = PowerModule(self.hub.url, **{"power_period_s": 0.05, "ramp_a_s": 2000, **self.module_options})
        self.reported = []  # when the module reported, frame by frame
        self.module.on_report = lambda volts, amps: self.reported.append(time.monotonic())
        self.vehicle = Vehicle(self.hub.url, self.battery, self.module, period_s=0.1)
        await asyncio.gather(self.module.start(), self.vehicle.start())
        self.driver = None
        return self

    async def __aexit__(self, *_):
        if self.driver is not None:
            self.driver.cancel()
        await asyncio.gather(self.module.stop(), self.vehicle.stop())
        await self.hub.close()

    def control(self, off, volts=84.0, amps=100.0):
        """What the controller repeats while it wants to charge or not."""
        send = self.hub.send
        send(0x068181FE, coded("ControlRequest", Lead=1, Function=0x32, Off=int(off)))
        send(0x068181FE, coded("ControlRequest", Lead=1, Function=0x00, VoltageLimit=volts))
        send(0x068181FE, coded("ControlRequest", Lead=1, Function=0x03, CurrentLimit=amps))

    def drive(self, **limits):
        async def repeat():
            while True:
                self.control(False, **limits)
                await asyncio.sleep(0.2)

        self.driver = asyncio.create_task(repeat())

    async def ask(self, message, reply, function, **signals):
        mark = self.hub.frames
        data = coded(message, Lead=1, Function=function, **signals)
        self.hub.send(DBC.get_message_by_name(message).frame_id, data)
        frame = await self.hub.wait_frame(lambda f: f.can_id == reply and f.data[1] == function, since=mark)
        return decoded(frame)

    async def power(self, fits, timeout=5):
        """The next terminal power frame that fits (volts, amps)."""

        def matches(frame):
            if frame.can_id != POWER or frame.source == 0:
                return False
            signals = decoded(frame)
            return fits(signals["TerminalVoltage"], signals["TerminalCurrent"])

        return await self.hub.wait_frame(matches, timeout)


async def test_charge_request_is_what_cantools_encodes():
    async with Site("Classic") as site:
        site.vehicle.plug()
        frame = await site.hub.wait_frame(REQUEST, since=0)
        assert frame.data == coded("ChargeRequest", MaxVoltage=84.0, MaxCurrent=30.0, Switch=0, Mode=0)
        site.vehicle.stop_charging()
        frame = await site.hub.wait_frame(lambda f: f.can_id == REQUEST and f.data[4] != 0)
        assert frame.data == coded("ChargeRequest", MaxVoltage=84.0, MaxCurrent=30.0, Switch="Stop", Mode="Charging")
        site.vehicle.permit()
        site.vehicle.heat()
        frame = await site.hub.wait_frame(lambda f: f.can_id == REQUEST and f.data[5] != 0)
        assert frame.data == coded("ChargeRequest", MaxVoltage=84.0, MaxCurrent=30.0, Switch=0, Mode="Heating")


async def test_lifetime_ah_answer_follows_the_charge():
    async with Site("Pro", soc=0.25) as site:
        site.hub.send(0x160B0180, coded("AskChargedAh"))
        with pytest.raises(TimeoutError):  # nobody is plugged in
            await site.hub.wait_frame(0x160B8001, 0.3, since=0)
        site.vehicle.plug()
        site.hub.send(0x160B0180, coded("AskChargedAh"))
        site.hub.send(0x160D0180, coded("AskDischargedAh"))
        charged = decoded(await site.hub.wait_frame(0x160B8001, since=0))["Charged"]
        discharged = decoded(await site.hub.wait_frame(0x160D8001, since=0))["Discharged"]
        assert (charged - discharged) / 60 == pytest.approx(0.25, abs=1e-4)


async def test_module_obeys_control_frames_and_answers_them():
    async with Site() as site:
        site.vehicle.plug()
        reply = await site.ask("ControlRequest", CONTROL_REPLY, 0x00, VoltageLimit=83.5)
        assert reply["VoltageLimit"] == 83.5
        reply = await site.ask("ControlRequest", CONTROL_REPLY, 0x03, CurrentLimit=122.0)
        assert reply["CurrentLimit"] == pytest.approx(122.0)
        assert (await site.ask("ControlRequest", CONTROL_REPLY, 0x32, Off=0))["Off"] == "On"
        frame = await site.power(lambda volts, amps: amps > 121.95)
        volts, wire_amps = struct.unpack(">ff", frame.data)
        assert wire_amps == pytest.approx(1220, abs=1), "in 1/10 A"
        assert volts == pytest.approx(site.battery.ocv + 122 * 0.006, abs=0.1)
        assert decoded(await site.hub.wait_frame(STATUS))["State"] == "Charging"
        assert (await site.ask("ControlRequest", CONTROL_REPLY, 0x32, Off=1))["Off"] == "Off"
        await site.power(lambda volts, amps: amps < 0.1)
        assert (
            decoded(await site.hub.wait_frame(lambda f: f.can_id == STATUS and f.data[7] == 1))["State"]
            == "NotCharging"
        )


async def test_terminal_power_is_the_frame_of_the_protocol():
    """76.2 V and 18.0 A at scale 10 are these bytes on the wire, for the module and for the independent decoder."""
    async with Site() as site:
        site.module.voltage_v, site.module.current_a = 76.2, 18.0
        site.module._report()
        bytes_of_it = bytes.fromhex("42 98 66 66 43 34 00 00")
        frame = await site.hub.wait_frame(lambda f: f.can_id == POWER and f.data == bytes_of_it, since=0)
        signals = decoded(frame)
        assert signals["TerminalVoltage"] == pytest.approx(76.2) and signals["TerminalCurrent"] == pytest.approx(18.0)


async def test_telemetry_replies():
    async with Site() as site:
        site.vehicle.plug()
        site.drive(amps=200)
        await site.power(lambda volts, amps: amps > 199.95)

        async def read(function, signal):
            return (await site.ask("TelemetryRequest", TELEMETRY_REPLY, function))[signal]

        assert await read(0x84, "OutputVoltage") == pytest.approx(site.module.voltage_v, abs=0.05)
        assert await read(0x82, "OutputCurrent") == pytest.approx(200, abs=0.1)
        assert await read(0x80, "Temperature") == pytest.approx(site.module.temperature_c, abs=0.2)
        assert await read(0x79, "Word79") & 0b1000, "battery detected"
        assert await read(0x83, "Float83") == 230.0


async def test_module_stops_when_it_gets_no_requests():
    async with Site() as site:
        site.vehicle.plug()
        site.control(False)
        await site.power(lambda volts, amps: amps > 99)
        await site.power(lambda volts, amps: amps < 0.1)
        assert not site.module.charging and site.module.flags & 0b10000, "communication time-out"


async def test_current_tapers_and_the_bms_ends_the_charge():
    async with Site(soc=0.8, speed=200) as site:
        currents = []
        site.module.on_report = lambda volts, amps: currents.append(amps)
        site.vehicle.plug()
        site.drive(amps=290)
        frame = await site.hub.wait_frame(lambda f: f.can_id == REQUEST and decoded(f)["Switch"] == "Stop", 20)
        assert frame.source != 0
        assert site.battery.soc > 0.98
        peak = currents.index(max(currents))
        assert max(currents) == pytest.approx(290, abs=0.1)
        assert min(currents[peak:]) < 290 * 0.06, "constant voltage brings the current down"
        await site.power(lambda volts, amps: amps > 0 and volts <= 84.001)  # for the step after a late one it is higher


async def test_capacitors_hold_the_voltage_after_unplugging():
    async with Site() as site:
        site.vehicle.plug()
        site.drive(amps=100)
        await site.power(lambda volts, amps: amps > 99)
        site.driver.cancel()
        site.control(True)
        site.vehicle.unplug()
        before = site.module.voltage_v
        frames = [await site.power(lambda volts, amps: amps == 0) for _ in range(10)]
        volts = [decoded(frame)["TerminalVoltage"] for frame in frames]
        assert volts == sorted(volts, reverse=True) and volts[-1] > before - 2
        mark = frames[0].seq  # what was on its way when the gun was pulled has come by now
        rate = -math.log(volts[-1] / volts[0]) / (frames[-1].time - frames[0].time)
        assert 56 / 80 - 0.15 < math.exp(-60 * rate) < 56 / 80 + 0.15, "below 56 V after about a minute"
        assert all(f.can_id != REQUEST for f in site.hub.log.after(mark)), "an unplugged BMS is off the bus"


async def test_meter_of_reference_is_the_sum_of_what_the_wire_said():
    async with Site(power_period_s=0.1) as site:
        site.vehicle.plug()
        site.drive(amps=250)
        await site.power(lambda volts, amps: amps > 249)
        while site.module.delivered_wh < 5:
            await asyncio.sleep(0.05)
        site.driver.cancel()
        site.control(True)
        await site.power(lambda volts, amps: amps < 0.01)
        frames = [f for f in site.hub.log if f.can_id == POWER]
        joules = 0.0
        for frame, before, now in zip(frames[1:], site.reported, site.reported[1:]):
            signals = decoded(frame)
            joules += signals["TerminalVoltage"] * signals["TerminalCurrent"] * (now - before)
        assert joules / 3600 == pytest.approx(site.module.delivered_wh, rel=0.005)
        assert site.module.output_wh == pytest.approx(site.module.delivered_wh, rel=0.1)


async def test_heartbeat_only_where_configured():
    async with Site(heartbeat=False) as quiet:
        quiet.vehicle.plug()
        await quiet.hub.wait_frame(STATUS)
        await quiet.hub.wait_frame(STATUS)
        assert all(f.can_id != FEEDBACK for f in quiet.hub.log)
    async with Site(heartbeat=True) as site:
        site.vehicle.plug()
        site.module.overheat()
        frame = await site.hub.wait_frame(lambda f: f.can_id == FEEDBACK and decoded(f)["OverTemperature"] == 1)
        expected = {"HardwareFailure": 0, "OverTemperature": 1, "InputWrong": 0, "Battery": 1, "Timeout": 1}
        assert frame.data == coded("Feedback", Voltage=site.module.voltage_v, Current=0, **expected)


async def test_vehicle_reads_the_controllers_feedback():
    async with Site() as site:
        site.vehicle.plug()
        flags = {"HardwareFailure": 0, "OverTemperature": 1, "InputWrong": 0, "Battery": 0, "Timeout": 1}
        site.hub.send(FEEDBACK, coded("Feedback", Voltage=81.2, Current=29.7, **flags))
        while site.vehicle.feedback is None:
            await asyncio.sleep(0.01)
        assert site.vehicle.feedback == (81.2, 29.7, 0b10010)


async def test_faults_show_on_the_wire_and_heal():
    async with Site() as site:
        site.vehicle.plug()
        site.drive(amps=100)
        await site.power(lambda volts, amps: amps > 99)
        site.module.forced_v = 95.0
        await site.power(lambda volts, amps: volts == 95.0)
        site.module.overheat()
        await site.power(lambda volts, amps: amps < 0.1)
        assert (await site.ask("TelemetryRequest", TELEMETRY_REPLY, 0x80))["Temperature"] == 65.535, (
            "all that 16 bits hold"
        )
        assert (await site.ask("ControlRequest", CONTROL_REPLY, 0x32, Off=0))["Off"] == "Off"
        site.module.silent = True
        await site.hub.wait_frame(REQUEST)  # what was on its way has come by now
        mark, delivered = site.hub.frames, site.module.delivered_wh
        await site.hub.wait_frame(REQUEST)
        await site.hub.wait_frame(REQUEST)
        assert {f.can_id for f in site.hub.log.after(mark) if f.source} == {REQUEST}
        assert site.module.delivered_wh == delivered
        site.module.clear_faults()
        await site.power(lambda volts, amps: volts < 84 and amps > 99)


async def test_nodes_survive_garbage_and_bus_off():
    async with Site() as site:
        site.vehicle.plug()
        site.hub.garbage()
        site.hub.bus_off()
        dropped = site.hub.dropped
        while site.vehicle.restarts == 0 or site.module.restarts == 0 or site.hub.dropped < dropped + 3:
            await asyncio.sleep(0.02)
        assert site.vehicle.rx_errors > 0
        site.hub.bus_ok()
        mark = site.hub.frames
        await site.hub.wait_frame(REQUEST, since=mark)
        await site.hub.wait_frame(POWER, since=mark)
        assert (await site.ask("TelemetryRequest", TELEMETRY_REPLY, 0x83))["Float83"] == 230.0


async def test_a_node_without_a_bus_is_reported():
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        with pytest.raises(Exception, match="Could not open port"):
            await Vehicle(f"socket://127.0.0.1:{deaf.getsockname()[1]}", Battery()).start()
