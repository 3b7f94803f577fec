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


def refusal(path, board=BOARD, reader=READER, settings=SETTINGS):
    """(the one line that is told, the exit status)."""
    home = path / "home"
    (path / "myboards").mkdir()
    home.mkdir()
    (path / "myboards" / "kiosk.py").write_text(board)
    (path / "reader.py").write_text(reader)
    (home / "settings.json").write_text(json.dumps(settings))
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
    ("pass", "self.port = log.port", "AttributeError: 'Part' object has no attribute 'port'"),
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


TWO = """
from boards import unix_two as two

NAME = "kiosk"
SETTINGS = two.SETTINGS
OUTLET = [entry for entry in two.COMPONENTS if "scope" in entry][0]
SECOND = {"name": "x", "use": "components.feedback:Feedback"}
GATE = {"name": "gate", "use": "components.evse.gate:Gate"}
COMPONENTS = two.COMPONENTS
"""
PORTS = {"1": SETTINGS["can"], "2": SETTINGS["can"]}


@pytest.mark.parametrize("wrong, right, words", [
    ("= two.COMPONENTS", '= ({"scope": "3", "components": ()},)', "scope 3: its components are empty"),
    ("= two.COMPONENTS", '= ({"scope": "3"},)', "scope 3: its components are missing"),
    ("= two.COMPONENTS", "= two.COMPONENTS + (OUTLET,)", "scope 1: it is declared twice"),
    ("= two.COMPONENTS", '= ({"scope": "3", "components": (OUTLET,)},)', "scope 3: '1' is a scope in a scope"),
    ("= two.COMPONENTS", '= two.COMPONENTS + (dict(SECOND, bind={"can": "9/can"}),)',
     "component x: service 'can' (bound to '9/can') is missing: there is no scope '9'"),
    ("= two.COMPONENTS", "= two.COMPONENTS + (SECOND,)",
     "component x: service 'can' is missing: only scopes have it: bind it to 1/can or 2/can"),
    ("= two.SETTINGS", '= dict(two.SETTINGS, x={"2": {"y": "3/can.port"}})',
     "SETTINGS: 'y' in section 'x.2' is for 3/can.port, which is not there"),
    ("= two.SETTINGS", '= dict(two.SETTINGS, can=dict(two.SETTINGS["can"], **{"1": {"port": "3/can_driver.port"}}))',
     "SETTINGS: 'port' in section 'can.1' is for 3/can_driver.port, which is not there"),
    ("= two.COMPONENTS", "= (two.COMPONENTS[1], OUTLET) + two.COMPONENTS[2:]",
     "component station cannot be built: the ids of evse are 1, 2 ... in the order of the board, not [2, 1]"),
    ("= two.COMPONENTS", '= two.COMPONENTS + ({"scope": "3", "components": (GATE,)},)',
     "component station cannot be built: 1 of 3 gates belong to no evse: each outlet has one"),
])  # fmt: skip
def test_a_board_with_wrong_scopes_is_one_line(tmp_path, wrong, right, words):
    assert wrong in TWO
    line, status = refusal(tmp_path, board=TWO.replace(wrong, right), settings=dict(SETTINGS, can=PORTS))
    assert status == 2 and "board kiosk: " in line and words in line, line


@pytest.mark.parametrize("given, words", [
    ({"sahred": "x"}, "'sahred' in section 'can' is unknown; did you mean shared?"),
    ({"11": {"port": "x"}}, "'11' in section 'can' is unknown; did you mean 1?"),
    ({"url": "x"}, "'url' in section 'can' is unknown, which has the sections can.1, can.2"),
])  # fmt: skip
def test_a_misspelled_setting_beside_sections_gets_a_suggestion(tmp_path, given, words):
    own = '= dict(two.SETTINGS, can=dict(two.SETTINGS["can"], shared="1/can_driver.port"))'
    line, status = refusal(tmp_path, board=TWO.replace("= two.SETTINGS", own), settings=dict(SETTINGS, can=given))
    assert status == 2 and "board kiosk: settings: " + words in line, line


def test_the_settings_of_a_board_without_scopes_get_a_hint_of_those_with_scopes(tmp_path):
    line, status = refusal(tmp_path, board=TWO)
    words = "settings: 'port' in section 'can' is unknown, which has the sections can.1, can.2"
    assert status == 2 and "board kiosk: " + words in line, line
