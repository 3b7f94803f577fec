"""What the README shows must work: its settings, and its component on a board of one's own."""

import json
import os
import re
from pathlib import Path

from tools.station import Station

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BOARD = """
from boards import unix

NAME = "kiosk"
SETTINGS = unix.SETTINGS
COMPONENTS = unix.COMPONENTS + (
    {entry}
)
"""


def block(language, containing):
    """The one code block of the README that contains a text."""
    found = [text for text in re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL) if containing in text]
    assert len(found) == 1, containing
    return found[0]


def test_the_settings_name_every_key_of_the_board():
    shown = json.loads(block("json", '"ocpp"'))
    board: dict = {}
    exec((ROOT / "boards/unix.py").read_text(), board)
    assert {section: set(keys) for section, keys in shown.items()} == {
        section: set(keys) for section, keys in board["SETTINGS"].items()
    }


async def test_the_card_reader_of_the_readme_starts_a_transaction(tmp_path, monkeypatch):
    path, home, port = tmp_path / "path", tmp_path / "home", tmp_path / "reader"
    (path / "kiosk").mkdir(parents=True)
    home.mkdir()
    os.mkfifo(port)
    (path / "card_reader.py").write_text(block("python", "class CardReader"))
    entry = block("python", '"card_reader:CardReader"').replace("/dev/ttyUSB0", str(port))
    (path / "kiosk" / "board.py").write_text(BOARD.format(entry=entry))
    monkeypatch.setenv("MICROPYPATH", f"{path}:.frozen")
    async with Station(home, firmware=False) as station:
        station.firmware.command[station.firmware.command.index("unix")] = "kiosk.board"
        writer = os.open(port, os.O_RDWR)  # a reader that is always plugged in
        try:
            await station.firmware.start()
            await station.firmware.wait_output("BootNotification: Accepted", timeout=30)
            station.vehicle.plug()
            os.write(writer, b"0102030405060708090A0B0C\n04A2B3C4D5E6F7\n")
            start = await station.central.wait_for("StartTransaction", timeout=30)
            assert start.payload["idTag"] == "04A2B3C4D5E6F7"
            await station.firmware.wait_output("a UID of 24 characters")
        finally:
            os.close(writer)
