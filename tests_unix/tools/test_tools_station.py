"""The station's own parts: the firmware as a child, the control port, what a person starts, and the demo's verdict."""

import asyncio
import os
import pty
import re
import signal
import sys

import pytest

from tools import demo
from tools.control import Control
from tools.firmware import ROOT, Firmware, interpreter
from tools.point import Transaction
from tools.station import Station


class Child(Firmware):
    """Any MicroPython program in the place of the firmware, to see how its process is kept."""

    def __init__(self, home, program):
        super().__init__(home)
        path = home / "child.py"
        path.write_text(program)
        self.command = [interpreter(), str(path), str(home)]


async def test_child_is_started_again_on_status_3_only(tmp_path):
    program = (
        "import sys\n"
        "print('hello', '\\u2705')\n"
        "line = sys.stdin.readline().strip()\n"
        "print('got', line)\n"
        "sys.exit(int(line))\n"
    )
    child = await Child(tmp_path, program).start()
    await child.wait_output("^hello ✅$")
    mark = child.mark
    await child.write("3\n")
    await child.wait_output("^hello ✅$", since=mark)
    assert child.starts == 2 and child.returncode is None
    await child.write("2\n")
    assert await child.wait() == 2
    assert child.starts == 2 and child.lines == ["hello ✅", "got 3", "hello ✅", "got 2"]
    with pytest.raises(TimeoutError, match="'never' not seen.*(\n.*)*got 2"):
        await child.wait_output("never", timeout=0.05)


async def test_child_is_interrupted_killed_and_restarted(tmp_path):
    program = (
        "import sys\n"
        "print('up')\n"
        "if sys.stdin.read(1) == '\\x03': print('stopped in order')\n"
    )
    child = await Child(tmp_path, program).start()
    await child.wait_output("up")
    assert await child.interrupt() == 0
    assert "stopped in order" in child.text
    mark = child.mark
    await child.start()
    await child.wait_output("up", since=mark)
    await child.kill()
    assert child.returncode == -signal.SIGKILL
    await child.kill()
    await child.restart()
    assert child.returncode is None and child.starts == 3
    await child.kill()


async def test_output_is_bounded_and_marks_stay_valid(tmp_path, monkeypatch):
    monkeypatch.setattr("tools.firmware._KEPT_OUTPUT", 5000)
    child = await Child(tmp_path, "for i in range(2000): print('line', i)\nprint('end')").start()
    mark = child.mark
    await child.wait_output("^end$", since=mark)
    assert len(child.text) <= 5000 and child.mark > 10000
    await child.kill()


async def test_wrong_settings_end_the_firmware_with_status_2(tmp_path):
    async with Station(tmp_path, settings={"ocpp": {"url": "http://127.0.0.1"}}) as station:
        assert await station.firmware.wait() == 2
        assert "ocpp" in station.firmware.text


async def test_control_obeys_over_its_port(tmp_path):
    async with Station(tmp_path, firmware=False) as station:
        control = Control(station)
        await control.serve(tmp_path)

        async def sim(*words):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tools.sim", "--home", str(tmp_path), *words, cwd=ROOT, stdout=-1, stderr=-1
            )
            out, err = await process.communicate()
            return process.returncode, (out + err).decode()

        assert "remote-start TAG" in (await sim("help"))[1]
        assert await sim("plug") == (0, "plugged in\n") and station.vehicle.plugged
        assert (await sim("status"))[1].startswith("vehicle  plugged in, Classic pack, SoC 35.0%")
        assert await sim("wrong-voltage", "91.5") == (0, "the power module reports 91.5 V\n")
        assert station.module.forced_v == 91.5
        assert (await sim("wrong-voltage", "high"))[0] == 1
        assert (await sim("nonsense")) == (1, "error: no command 'nonsense'; try help\n")
        assert (await sim("remote-start")) == (1, "error: usage: remote-start TAG [OUTLET]\n")
        code, text = await sim("remote-start", "TAG")
        assert code == 1 and "is not connected" in text
        await control.close()
        code, text = await sim("plug")
        assert code == 1 and "no simulation runs" in text


@pytest.mark.parametrize(
    "command, broken",
    [
        ("stop-bms", lambda s: not s.vehicle.permits),
        ("silent-bms", lambda s: s.vehicle.silent),
        ("silent-charger", lambda s: s.module.silent),
        ("over-temperature", lambda s: s.module.faulty),
        ("hardware-failure", lambda s: s.module.faulty),
        ("runs-on", lambda s: s.module.runs_on),
        ("over-current", lambda s: s.module.excess_a == 50),
        ("wrong-voltage", lambda s: s.module.forced_v == 95),
        ("heating", lambda s: s.vehicle.mode == 1),
        ("bus-off", lambda s: s.hub.broken),
        ("jam-lock", lambda s: "jammed" in (s.home / "lock").read_text()),
    ],
)
async def test_every_fault_is_ended_by_clear_faults(tmp_path, command, broken):
    (tmp_path / "lock").write_text("locked\n")
    async with Station(tmp_path, firmware=False) as station:
        control = Control(station)
        assert not broken(station)
        assert not (await control.execute(command)).startswith("error")
        assert broken(station)
        await control.execute("clear-faults")
        assert not broken(station)


@pytest.mark.parametrize(("board", "address"), [("unix_infy", "1"), ("unix_elcon", "0xE6")])
async def test_one_of_several_modules_is_cut_off_until_heal(tmp_path, board, address):
    async with Station(tmp_path, firmware=False, board=board) as station:
        control = Control(station)
        assert (await control.execute("cut-module 7")).startswith("error: no module 7; there are 0x")
        assert await control.execute(f"cut-module {address}") == f"module {address} is disconnected"
        assert [(unit.silent, unit.rx_off) for unit in station.module.units] == [(False, False), (True, True)]
        await control.execute("clear-faults")
        assert not any(unit.silent or unit.rx_off for unit in station.module.units)


async def test_commands_of_the_operator_reach_the_firmware(tmp_path):
    async with Station(tmp_path) as station:
        control = Control(station)
        await station.wait_booted()
        assert await control.execute("config MeterValueSampleInterval 7") == "Accepted"
        assert await control.execute("get MeterValueSampleInterval") == "MeterValueSampleInterval = 7"
        assert await control.execute("get Unheard") == "Unheard: unknown key"
        assert len((await control.execute("get")).splitlines()) > 20
        assert await control.execute('call ChangeConfiguration {"key": "Unheard", "value": "1"}') == (
            '{"status": "NotSupported"}'
        )
        assert '"errorCode": "OccurenceConstraintViolation"' in await control.execute("call Reset")
        assert (await control.execute("call Reset {")).startswith("error: the payload is not JSON")
        assert (await control.execute("remote-stop")).startswith("error: no transaction")
        assert (await control.execute("reset warm")).startswith("error: a reset")
        mark = station.central.messages.total
        assert await control.execute("reset soft") == "Accepted"
        await station.wait_booted(since=mark)
        assert station.firmware.starts == 2


class Terminal:
    """A program on a terminal of its own, as a person would run it."""

    def __init__(self, *command):
        self.text = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.execv(command[0], command)

    def type(self, text):
        os.write(self.fd, text.encode())

    def _read(self):
        try:
            return os.read(self.fd, 4096)
        except OSError:  # the other side is closed
            return b""

    async def expect(self, pattern, timeout=20):
        async def seek():
            while not (found := re.search(pattern, self.text)):
                data = await asyncio.to_thread(self._read)
                assert data, f"ended without {pattern!r}:\n{self.text}"
                self.text += data.decode("utf-8", "replace")
            self.text = self.text[found.end() :]
            return found

        return await asyncio.wait_for(seek(), timeout)

    async def end(self):
        """Wait for the program; returns its status."""
        while data := await asyncio.to_thread(self._read):
            self.text += data.decode("utf-8", "replace")
        _, status = await asyncio.to_thread(os.waitpid, self.pid, 0)
        self.pid = 0
        return os.waitstatus_to_exitcode(status)

    def kill(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)


async def test_make_run_as_a_person_uses_it(tmp_path):
    """Session by hand: commands from another process, keys on the console, Reset, Ctrl-C."""
    terminal = Terminal(sys.executable, "-m", "tools.run", "--home", str(tmp_path), "--configured")
    try:
        await terminal.expect("make sim CMD=")

        async def sim(*words):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tools.sim", "--home", str(tmp_path), *words, cwd=ROOT, stdout=-1
            )
            return (await process.communicate())[0].decode()

        async def sim_until(wanted, *words):
            while wanted not in (answer := await sim(*words)):
                await asyncio.sleep(0.1)
            return answer

        await terminal.expect("BootNotification: Accepted")  # now a card is asked about
        assert "CP-1 connected" in await sim("status")
        assert await sim("plug") == "plugged in\n"
        terminal.type("auth VISITOR\n")
        await asyncio.wait_for(sim_until("transaction 1", "status"), 20)
        await asyncio.wait_for(sim_until("module   on", "status"), 20)
        assert await sim("reset", "soft") == "Accepted\n"
        await terminal.expect("the firmware restarts")
        terminal.type("status\n")
        await terminal.expect(r"\[Status\]")
        terminal.type("\x03")
        assert await asyncio.wait_for(terminal.end(), 20) == 0, terminal.text
        assert '"StopTransaction"' in (tmp_path / "central.log").read_text()
    finally:
        terminal.kill()


async def test_the_demo_ends_with_the_right_bill():
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tools.demo", cwd=ROOT, stdout=-1, stderr=-1)
    out, err = await process.communicate()
    assert process.returncode == 0, (out + err).decode()
    assert "the bill is right" in out.decode()
    assert re.search(r"metered, beside what the module delivered +[+-]0\.\d+% \(allowed 0\.5%\)", out.decode())


def bill(start=100, samples=(100.4, 120.0, 140.0), final=(100.4, 140.4), stop=140):
    """A transaction as the messages told it; energies in Wh."""
    values = [{"sampled_value": [{"value": str(wh)}]} for wh in samples]
    return Transaction(
        1,
        "CP-1",
        {"meter_start": start},
        [{"meter_value": [value]} for value in values],
        {"meter_stop": stop, "transaction_data": [{"sampled_value": [{"value": str(wh)}]} for wh in final]},
    )


@pytest.mark.parametrize(
    "transaction, delivered, complaint",
    [
        (bill(), 40.0, None),
        (bill(), 40.19, None),
        (bill(), 40.3, "transactionData"),
        (bill(), 39.5, "transactionData"),
        (bill(samples=(100.4, 120.0, 139.0)), 40.0, "MeterValues: 38.600"),
        (bill(samples=(100.4, 99.0, 140.4)), 40.0, "falls"),
        (bill(start=99), 40.0, "meterStart 99"),
        (bill(stop=142), 40.0, "meterStop 142"),
        (bill(samples=()), 40.0, "no energy register"),
        (bill(final=()), 40.0, "no energy register"),
    ],
)
def test_the_demo_refuses_a_wrong_bill(transaction, delivered, complaint):
    if complaint == "transactionData":
        transaction.meter_values[-1]["meter_value"][0]["sampled_value"][0]["value"] = "140.4"
    wrong = demo.judge(transaction, delivered)
    if complaint is None:
        transaction.meter_values[-1]["meter_value"][0]["sampled_value"][0]["value"] = "140.4"
        assert demo.judge(transaction, delivered) == []
    else:
        assert any(complaint in text for text in wrong), wrong
