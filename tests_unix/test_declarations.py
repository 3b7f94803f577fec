"""A component or a board that is wrong, in the real firmware: one line that names both, and an exit status."""

import json
import os
import subprocess

import pytest

from tools.firmware import ROOT, interpreter

SETTINGS = {"ocpp": {"url": "ws://127.0.0.1:1/ocpp", "id": "CP-1"}, "can": {"port": "socket://127.0.0.1:1"}}
BOARD = """
from boards import unix

NAME = "kiosk"
SETTINGS = unix.SETTINGS
COMPONENTS = unix.COMPONENTS + ({"name": "reader", "use": "reader:Reader"},)
"""
ENTRY = '{"name": "reader", "use": "reader:Reader"}'
READER = """
class Reader:
    requires = ("log",)

    def __init__(self, log):
        pass
"""


def refusal(path, board=BOARD, reader=READER):
    """(the one line that is told, the exit status)."""
    home = path / "home"
    (path / "myboards").mkdir()
    home.mkdir()
    (path / "myboards" / "kiosk.py").write_text(board)
    (path / "reader.py").write_text(reader)
    (home / "settings.json").write_text(json.dumps(SETTINGS))
    result = subprocess.run(
        [interpreter(), str(ROOT / "main.py"), "myboards.kiosk", "--home", str(home)],
        env={**os.environ, "MICROPYPATH": str(path)}, cwd=path, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30, check=False,
    )  # fmt: skip
    told = [line for line in result.stdout.splitlines() if not line.startswith(("I ", "W "))]  # the log of a start
    assert len(told) == 1 and "Traceback" not in result.stdout, result.stdout
    return told[0], result.returncode


@pytest.mark.parametrize("wrong, right, words", [
    ("SETTINGS = unix.SETTINGS", 'SETTINGS = dict(unix.SETTINGS, x={"y": "reader.nothing"})', "'y' in section 'x'"),
    ("COMPONENTS =", "COMPONENT =", "COMPONENTS is missing"),
    (f"unix.COMPONENTS + ({ENTRY},)", f"({ENTRY})", "COMPONENTS is a dict"),
    (f"({ENTRY},)", f"({ENTRY})", "cannot be loaded: TypeError"),
    (f"({ENTRY},)", f"({ENTRY} {ENTRY})", "cannot be loaded: SyntaxError"),
    (f"({ENTRY},)", '("reader", "reader:Reader")', "'reader' is no dict"),
    ("unix.COMPONENTS +", "unix.COMPONENT +", "cannot be loaded: AttributeError"),
    ("unix.COMPONENTS +", 'tuple([e for e in unix.COMPONENTS if e["name"] != "meter"]) +', "service 'meter' is"),
])  # fmt: skip
def test_a_wrong_board_is_one_line(tmp_path, wrong, right, words):
    assert wrong in BOARD
    line, status = refusal(tmp_path, board=BOARD.replace(wrong, right))
    assert status == 2 and "kiosk" in line and words in line, line


@pytest.mark.parametrize("wrong, right, words", [
    ('requires = ("log",)', 'requires = ("log")', "requires is no tuple of names: 'log'"),
    ("def __init__", 'options = ["x"]\n    def __init__', "options is a list"),
    ("def __init__", 'options = {"x": int}\n    def __init__', "option 'x'"),
    ("def __init__", 'options = {"x": (int, 9, 0, 5)}\n    def __init__', "its own default: 9 is not within 0..5"),
    ("pass", "self.port = log.port", "AttributeError: 'Log' object has no attribute 'port'"),
    ("pass", "raise OSError(5)", "OSError: [Errno 5] EIO"),
    ("pass", "raise ValueError('no reader of this kind')", "no reader of this kind"),
    ("def __init__(self, log):", "def __init__(self):", "TypeError"),
    ("def __init__", "def __init__(", "cannot be loaded: SyntaxError"),
    ("class Reader", "import nothing\nclass Reader", "nothing"),
    ("class Reader", "log\nclass Reader", "cannot be loaded: NameError"),
])  # fmt: skip
def test_a_wrong_component_is_one_line(tmp_path, wrong, right, words):
    assert wrong in READER
    line, status = refusal(tmp_path, reader=READER.replace(wrong, right))
    assert status == 2 and "board kiosk: component reader" in line and words in line, line


def test_a_start_that_raises_is_one_line(tmp_path):
    reader = READER + """
    async def start(self):
        open("/nowhere/at/all")
"""
    line, status = refusal(tmp_path, reader=reader)
    assert status == 1 and "board kiosk: component reader did not start: OSError: [Errno 2] ENOENT" in line, line
    assert "reader.py" in line and "in start" in line


SHARED_BUS = """
from boards import unix

NAME = "kiosk"
SETTINGS = unix.SETTINGS
COMPONENTS = unix.COMPONENTS + (%s)
"""


@pytest.mark.parametrize("second, name", [
    ('{"name": "bms_2", "use": "components.bms:Bms"},', "bms_2"),
    ('{"scope": "left", "components": ({"name": "bms", "use": "components.bms:Bms"},)},', "left/bms"),
])  # fmt: skip
def test_two_vehicles_with_the_same_identifiers_on_one_bus_are_one_line_with_both_names(tmp_path, second, name):
    """Of a second outlet whose bus was forgotten: a stop frame would be that of either."""
    line, status = refusal(tmp_path, board=SHARED_BUS % second)
    words = "two handlers for CAN identifier 0x1806E5F4; the other is of component bms"
    assert status == 2 and f"board kiosk: component {name} cannot be built: {words}" in line, line
