"""make deploy and make monitor against the charger behind a serial line."""

import asyncio
import json
import os
import pty
import re

import pytest
import pytest_asyncio
from charging_site import Site, eventually
from serial_board import SerialBoard

from tools import deploy
from tools.firmware import ROOT
from tools.romfs import main as make_romfs

pytestmark = pytest.mark.asyncio(loop_scope="module")
BOARD = """
from boards import unix as reference

NAME = "bench"
PORT = "unix"
HOME = {home!r}
COMPONENTS = reference.COMPONENTS
SETTINGS = reference.SETTINGS
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def depot(tmp_path_factory):
    """(site, board on a serial line): the site's charger is that board."""
    folder = tmp_path_factory.mktemp("depot")
    (folder / "path" / "depot").mkdir(parents=True)
    (folder / "path" / "depot" / "__init__.py").write_text("")
    (folder / "path" / "depot" / "bench.py").write_text(BOARD.format(home=str(folder / "home")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MICROPYPATH", f"{folder}/path:.frozen")
        assert make_romfs(["depot.bench", "--out", str(folder / "romfs.img")]) == 0
        async with Site(folder / "home") as site, SerialBoard(folder / "romfs.img") as board:
            await booted(site, 0)
            yield site, board


async def booted(site, since):
    """Wait for the next start of the charger; return its BootNotification."""
    message = await site.received("BootNotification", since)
    await site.status("Available", since)
    return message.payload


async def make(*arguments):
    """(status, output and errors) of make."""
    process = await asyncio.create_subprocess_exec("make", *arguments, cwd=ROOT, stdout=-1, stderr=-1)
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_settings_reach_the_charger_which_starts_with_them(depot, tmp_path):
    site, board = depot
    settings = site.settings
    settings["ocpp"]["model"] = "deployed"
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    since, starts = site.mark(), board.starts
    status, out, err = await make("deploy", f"PORT={board.port}", f"SETTINGS={tmp_path}/settings.json")
    assert status == 0, out + err + board.text[-1500:]
    assert re.search(rf"depot\.bench \S+ at {board.port}", out)
    assert (await booted(site, since))["chargePointModel"] == "deployed"
    assert json.loads((site.home / "settings.json").read_text()) == settings
    assert board.starts == starts + 1 and board.status is None
    assert "kernel: exit 0" in board.text, "it was stopped in an orderly way"
    assert "reset, watchdog of 600000 ms" in board.text, "the charger's own would have come in between"


async def test_settings_that_the_board_refuses_are_not_written(depot, tmp_path):
    site, board = depot
    (tmp_path / "settings.json").write_text(json.dumps({**site.settings, "ocpp": {"url": 5}}))
    since, before = site.mark(), (site.home / "settings.json").read_text()
    status, _, err = await make("deploy", f"PORT={board.port}", f"SETTINGS={tmp_path}/settings.json")
    assert status == 2 and "what is given is not of type str" in err
    await booted(site, since)
    assert (site.home / "settings.json").read_text() == before


async def test_state_is_saved_and_restored(depot, tmp_path):
    site, board = depot
    await site.configure(ConnectionTimeOut=77)
    since = site.mark()
    status, out, err = await make("deploy", f"PORT={board.port}", f"SAVE={tmp_path}/state")
    assert status == 0, out + err + board.text[-1500:]
    await booted(site, since)
    assert sorted(os.listdir(tmp_path / "state")) and "files of state saved" in out
    await site.configure(ConnectionTimeOut=11)
    since = site.mark()
    status, out, err = await make("deploy", f"PORT={board.port}", f"RESTORE={tmp_path}/state")
    assert status == 0, out + err + board.text[-1500:]
    await booted(site, since)
    assert await site.configured("ConnectionTimeOut") == "77"


async def test_the_monitor_is_the_chargers_console(depot):
    site, board = depot
    ours, theirs = pty.openpty()
    monitor = await asyncio.create_subprocess_exec(
        "make", "monitor", f"PORT={board.port}", cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs
    )
    shown = []
    asyncio.get_running_loop().add_reader(ours, lambda: shown.append(os.read(ours, 4096).decode("utf-8", "replace")))
    try:
        await eventually(lambda: "Miniterm" in "".join(shown), "the monitor is there")
        os.write(ours, b"status\r")
        await eventually(lambda: re.search(r"State: \w+", "".join(shown)), "the charger's status on the monitor")
        os.write(ours, b"\x1d")  # Ctrl-]
        assert await asyncio.wait_for(monitor.wait(), 15) == 0
    finally:
        asyncio.get_running_loop().remove_reader(ours)
        if monitor.returncode is None:
            monitor.kill()
        os.close(ours)
        os.close(theirs)
    assert await site.configured("NumberOfConnectors") == "1", "the charger runs on"


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--port", "/dev/none"], "nothing to do: name SETTINGS, SAVE or RESTORE"),
        (["--port", "/dev/none", "--save", "x"], "failed to access /dev/none"),
        (["--port", "/dev/none", "--restore", "no-such-folder"], "no-such-folder: no such folder"),
    ],
)
async def test_what_cannot_be_done(arguments, message, capsys):
    assert deploy.main(arguments) == 2
    assert message in capsys.readouterr().err


async def test_a_line_on_which_there_is_no_answer(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(deploy, "_STOP_S", 1)
    ours, theirs = pty.openpty()
    try:
        assert deploy.main(["--port", os.ttyname(theirs), "--save", str(tmp_path / "state")]) == 2
        assert "no prompt of MicroPython within 1 s" in capsys.readouterr().err
    finally:
        os.close(ours)
        os.close(theirs)
