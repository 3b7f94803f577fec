"""A home belongs to one firmware and one simulation at a time; what cannot be run is told in one sentence."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from charging_site import Site

from tools.firmware import ROOT, interpreter
from tools.homelock import held


def start(home):
    """Start a second firmware; returns its status and output."""
    command = [interpreter(), str(ROOT / "main.py"), "unix", "--home", str(home)]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    return result.returncode, result.stdout + result.stderr


def run_tool(module, *arguments, **environment):
    command = [sys.executable, "-m", module, *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip


async def test_a_second_firmware_on_a_home_is_refused_until_the_first_is_gone(tmp_path):
    home, other = tmp_path / "home", tmp_path / "other"
    other.symlink_to(home)
    async with Site(home) as site:
        await site.boot()
        journal = (home / "state").stat().st_mtime_ns
        for path in (home, other, home / ".." / "home"):
            status, output = start(path)
            assert status == 2, output
            assert output == f"ucharge: the home {path} is in use by another process of this firmware: end that first\n"
        assert (home / "state").stat().st_mtime_ns == journal
        await site.firmware.kill()  # a power cut leaves nothing that holds the home
        await site.boot()
        site.check_calm()


async def test_a_second_simulation_on_a_home_is_refused_before_it_writes_anything(tmp_path):
    async with Site(tmp_path) as site:
        await site.boot()
        settings = (tmp_path / "settings.json").read_bytes()
        result = run_tool("tools.run", "--home", tmp_path)
        assert result.returncode == 2, result.stdout + result.stderr
        assert result.stderr.splitlines() == [
            f"the home {tmp_path} is in use by another simulation or firmware: end that first, or take another: "
            'make run ARGS="--home DIR"'
        ]
        assert (tmp_path / "settings.json").read_bytes() == settings


def test_a_simulation_holds_its_home_also_while_its_firmware_is_off(tmp_path):
    command = [sys.executable, "-m", "tools.simulate", "--home", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        for line in first.stdout:
            if line.startswith("Commands"):
                break
        settings = (tmp_path / "settings.json").read_bytes()
        for tool in ("tools.run", "tools.simulate"):
            result = run_tool(tool, "--home", tmp_path)
            assert (result.returncode, len(result.stderr.splitlines())) == (2, 1), result.stderr
            assert f"the home {tmp_path} is in use " in result.stderr
            assert f" (process {first.pid}): " in result.stderr
        assert (tmp_path / "settings.json").read_bytes() == settings
        first.stdin.close()
        assert first.wait(30) == 0


def test_a_simulation_that_is_killed_takes_its_firmware_along(tmp_path):
    """Else that would go on without a bus and a central system, and keep the home from the next one."""
    command = [sys.executable, "-m", "tools.run", "--home", str(tmp_path), "--configured"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        for line in first.stdout:
            if "BootNotification: Accepted" in line:
                break
        firmware = next(Path(f"/proc/{first.pid}/task/{first.pid}/children").open(encoding="ascii")).split()
        first.kill()
        first.wait(30)
        ended = select.select([pidfd := os.pidfd_open(int(firmware[0]))], [], [], 10)[0]
        if not ended:
            os.kill(int(firmware[0]), signal.SIGKILL)
        os.close(pidfd)
        assert len(firmware) == 1 and ended
    with held(tmp_path):
        pass


@pytest.mark.parametrize("path", ["/nope", str(ROOT), str(ROOT / "README.md")])
@pytest.mark.parametrize("tool", ["tools.run", "tools.demo", "bench.run", "pytest"])
def test_a_micropython_that_is_not_there_is_reported_in_one_sentence(tool, path):
    arguments = ["tests_unix/tools/test_one_home.py"] if tool == "pytest" else []
    result = run_tool(tool, *arguments, MICROPYTHON=path)
    told = [line for line in (result.stdout + result.stderr).splitlines() if f"MICROPYTHON={path}: there is no" in line]
    assert result.returncode in (2, 4) and len(told) == 1, result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("board", "words"),
    [
        ("rivot_esp32", "the board rivot_esp32 runs on the port esp32 (its PORT), not on this machine"),
        ("nowhere", "no board nowhere: no module boards.nowhere; boards/ has"),
    ],
)
def test_a_board_that_make_run_cannot_run_is_reported_in_one_sentence(tmp_path, board, words):
    result = run_tool("tools.run", "--home", tmp_path / "home", "--board", board)
    assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (2, "", 1), result.stderr
    assert result.stderr.startswith(words)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    "tool, arguments, words",
    [
        *(("tools.run", ("--soc", bad), f"--soc: {bad!r} is no number 0 to 100") for bad in ("500", "-3", "nan", "x")),
        *(("tools.run", ("--speed", bad), f"--speed: {bad!r} is no number 0.01") for bad in ("0", "-1", "inf", "x")),
        ("tools.simulate", ("--soc", "100.1"), "--soc: '100.1' is no number 0 to 100"),
        ("tools.hub", ("--port", "65536"), "--port: '65536' is no whole number 0 to 65535"),
        ("tools.central", ("--port", "-1"), "--port: '-1' is no whole number 0 to 65535"),
    ],
)
def test_a_wrong_option_is_one_message_before_anything_starts(tmp_path, tool, arguments, words):
    home = ("--home", tmp_path / "home") if tool in ("tools.run", "tools.simulate") else ()
    result = run_tool(tool, *home, *arguments)
    assert result.returncode == 2 and result.stdout == "", result.stdout
    assert f"error: argument {words}" in result.stderr.splitlines()[-1] and "Traceback" not in result.stderr
    assert not (tmp_path / "home").exists()
