"""What the README shows must work: its settings, and its component on a board of one's own."""

import json
import os
import pty
import re
import runpy
import shlex
from pathlib import Path

import cantools

from tools.firmware import interpreter
from tools.run import options_of_run
from tools.selection import Selection, boards
from tools.station import Station

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def block(language, containing):
    """The one code block of the README that contains a text."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    found = [text for kind, text in blocks if kind == language and containing in text]
    assert len(found) == 1, containing
    return found[0]


def test_the_settings_name_every_key_of_the_board():
    shown = json.loads(block("json", '"ocpp"'))
    board: dict = {}
    exec((ROOT / "boards/unix.py").read_text(), board)
    assert {section: set(keys) for section, keys in shown.items()} == {
        section: set(keys) for section, keys in board["SETTINGS"].items()
    }


def test_the_table_of_settings_has_every_key_of_every_board():
    rows = re.findall(r"^\| (`\w+\.\w+`[^|]*) \|", README, re.MULTILINE)
    told = {key for row in rows for key in re.findall(r"`(\w+\.\w+)`", row)}
    for name in boards():
        settings = Selection(name).declaration["SETTINGS"]
        assert {f"{section}.{key}" for section, keys in settings.items() for key in keys} <= told, name


def test_the_table_of_boards_has_every_board():
    table = README.partition("\n## Boards\n")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == sorted(boards())


def test_the_table_of_make_run_has_every_option_and_its_default():
    rows = dict(re.findall(r"^\| `(--[\w-]+)[^`]*` \| ([^|]+) \|", README, re.MULTILINE))
    actions = [action for action in options_of_run()._actions if action.dest != "help"]
    assert set(rows) == {action.option_strings[0] for action in actions}
    for action in actions:
        default = "off" if action.default is False else str(action.default).removeprefix(f"{ROOT}/")
        assert rows[action.option_strings[0]].strip("` ") == default, action.dest


async def test_the_card_reader_of_the_readme_starts_a_transaction(tmp_path, monkeypatch):
    """Word for word, outside the repository; the card reader is a pseudo terminal."""
    home = tmp_path / "home"
    home.mkdir()
    ours, theirs = pty.openpty()
    (tmp_path / "card_reader.py").write_text(block("python", "class CardReader"))
    (tmp_path / "myboards").mkdir()
    board = block("python", 'NAME = "kiosk"').replace("/dev/ttyUSB0", os.ttyname(theirs))
    (tmp_path / "myboards" / "kiosk.py").write_text(board)
    (path,), command = environment(block("", "MICROPYPATH=$PWD"), UCHARGE=str(ROOT), DIR=str(home))
    assert path == "MICROPYPATH=$PWD"
    monkeypatch.setenv("MICROPYPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    async with Station(home, firmware=False) as station:
        station.firmware.command = [interpreter(), *command[1:]]
        try:
            await station.firmware.start()
            await station.firmware.wait_output("BootNotification: Accepted", timeout=30)
            station.vehicle.plug()
            os.write(ours, b"0102030405060708090A0B0C\n04A2B3C4D5E6F7\n")
            start = await station.central.wait_for("StartTransaction", timeout=30)
            assert start.payload["idTag"] == "04A2B3C4D5E6F7"
            await station.firmware.wait_output("a UID of 24 characters")
        finally:
            os.close(ours)
            os.close(theirs)


def environment(line, **places):
    """(assignments, words) of a shell command, its places filled in."""
    for name, value in places.items():
        line = re.sub(rf"\b{name}\b", value, line)
    words = shlex.split(line)
    assigned = [word for word in words if "=" in word]
    return assigned, words[len(assigned) :]


def test_the_can_document_has_the_frames_of_the_dbc():
    """Direction by direction, and the limits of the reference board."""
    text = (ROOT / "docs/can.md").read_text()
    received, sent = text.split("\n## ")[1:3]
    identifiers = [{int(word, 16) for word in re.findall(r"^\| `(0x\w+)`", part, re.M)} for part in (received, sent)]
    messages = cantools.database.load_file(ROOT / "tools/ucharge.dbc").messages
    both = {message.frame_id for message in messages if message.name == "Feedback"}  # the heartbeat is not apart
    ours = {message.frame_id for message in messages if message.senders == ["Controller"]}
    assert identifiers == [{message.frame_id for message in messages} - ours | both, ours]
    rows = re.findall(r"^\| (`0x.*?) \|", text.partition("\n## Infypower")[2].partition("\n## ")[0], re.M)
    told = {int(word, 16) for row in rows for word in re.findall(r"`(0x\w+)`", row)}
    assert told == {message.frame_id for message in cantools.database.load_file(ROOT / "tools/infypower.dbc").messages}
    limits = runpy.run_path(str(ROOT / "boards/rivot_esp32.py"))["LIMITS"]
    for option, value in limits.items():
        told = re.search(rf"`{option}`.*\| (.*) \|", text)[1]
        assert f"{value / 1000 if value > 100 else value:g}" in told.replace("56.0", "56"), option
