"""An ESP32 that does not start: after three starts in a row it waits at a prompt that takes settings."""

import io
import json
import os
import sys
import time

from esp32_standins import Device, Module
from esp32_standins.image import make_image
from esp32_standins.machine import Reset
from esp32_standins.partition import PENDING_VERIFY, VALID

import main

REPL, RESET = "REPL", "reset"
CTRL_C = "\x03"


KEYS = ("url", "current", "password", "old")


class Board:
    """An ESP32 with that component, and one who types at its terminal. Each start is a new one after a reset."""

    COMPONENTS = ({"name": "dial", "use": "dial_component:Dial", "critical": True},)
    SETTINGS = {"ocpp": {key: "dial." + key for key in KEYS}}

    def __init__(self, home, settings=None):
        self.home = home
        self.device = Device()
        self.device.install()
        self.text = ""
        if settings is not None:
            self.write(settings)

    def write(self, settings):
        with open(self.home + "/settings.json", "w") as file:
            file.write(settings if isinstance(settings, str) else json.dumps(settings))

    def read(self, name="settings.json"):
        with open(self.home + "/" + name) as file:
            return file.read()

    def start(self, typed="", pause=None):
        """ "reset" or "REPL": what a start comes to, if somebody types this at the prompt; `text` is what it wrote."""
        for name in ("dial_component", "drivers.wdt"):
            sys.modules.pop(name, None)  # a device forgets its options, once it is built
        name = "boards.setup_board"
        sys.modules[name] = Module(
            __name__=name,
            NAME="setup_board",
            HOME=self.home,
            COMPONENTS=({"name": "watchdog", "use": "drivers.wdt:Wdt"},) + self.COMPONENTS,
            SETTINGS=self.SETTINGS,
        )
        main.image = Module(BOARD=name, VERSION="1", BUILT=1790000000)
        main.load_board = lambda name, board=sys.modules[name]: board
        main._PAUSE_S = 0
        with open(self.home + "/typed", "w") as file:
            file.write(typed)
        out = io.StringIO()
        with open(self.home + "/typed", "rb") as keys:
            kept = sys.modules.get("sys")
            sys.modules["sys"] = Terminal(keys, out)
            try:
                main.run_on_device()
                return REPL
            except Reset:
                return RESET
            finally:
                if kept is None:
                    del sys.modules["sys"]
                else:
                    sys.modules["sys"] = kept
                main.image = None
                self.text = out.getvalue()
                self.dog = self.device.machine.watchdog
                self.device.restart()

    def waits(self, typed=""):
        """Whether the next start waits at the prompt: nothing but that reads what is typed."""
        self.start(typed + "\nhelp\n")
        return "help" in self.text


class Terminal:
    """The module sys, with a terminal."""

    def __init__(self, keys, out):
        self.stdin = keys
        self.stdout = Module(write=lambda text: out.write(text))

    def __getattr__(self, name):
        return getattr(sys, name)


GOOD = {"ocpp": {"url": "ws://central/ocpp"}}


def third_start(board, typed=""):
    """The end of the third of three starts; the two before must reset without a prompt."""
    for _ in range(2):
        assert board.start("help\n") == RESET
        assert board.text == ""
    return board.start(typed)


def test_three_starts_without_a_url_lead_to_a_prompt_that_takes_it_and_the_next_start_is_a_normal_one(tmp):
    board = Board(tmp, {"ocpp": {"current": 10}})
    assert third_start(board, "set ocpp.url wss://central/ocpp\nsave\nhelp\n") == RESET
    assert "saved; restarting" in board.text and board.text.endswith("restarting\n")  # and took nothing more
    assert json.loads(board.read()) == {"ocpp": {"current": 10, "url": "wss://central/ocpp"}}
    assert "settings.json.new" not in os.listdir(tmp)
    assert board.start() == RESET and board.text == ""  # it ran, and asked for this
    board.write({})
    assert third_start(board, CTRL_C) == REPL  # so later ones are counted anew


def test_it_waits_at_once_as_long_as_the_settings_are_wrong_and_takes_what_mends_them_otherwise(tmp):
    board = Board(tmp)
    third_start(board)
    assert board.waits() and board.waits("restart")
    board.write(GOOD)  # from the REPL, by mpremote
    assert board.start("help\n") == RESET and board.text == ""


def test_every_way_in_which_settings_are_wrong_leads_to_the_prompt(tmp):
    for settings in (
        {"ocpp": {"url": "ws://central", "curent": 10}},
        {"ocpp": {"url": "ws://central", "current": "ten"}},
        {"ocpp": {"url": "http://central"}},  # what the constructor refuses
        {"ocpp": ["url"]},
        {"opcc": {}},
        '{"ocpp": {"url": "ws://cent',
    ):
        board = Board(tmp, settings)
        third_start(board, "unset opcc\nunset ocpp\nset ocpp.url ws://central/ocpp\nsave\n")
        assert "saved; restarting" in board.text, board.text
        assert board.start() == RESET and board.text == "", settings


def test_what_is_typed_is_checked_as_the_kernel_checks_it(tmp):
    board = Board(tmp)
    typed = """\
set ocpp.curent 10
set opcp.url x
set ocpp.current ten
set ocpp.current 40
set ocpp.old perhaps
set ocpp.url ""
set ocpp.url http://central
save
chekc
set ocpp.current
set
unset ocpp.password
"""
    third_start(board, typed)
    where = "board setup_board: settings: "
    for words in (
        where + "'curent' in section 'ocpp' is unknown; did you mean current?",
        where + "unknown section 'opcp'; did you mean ocpp?",
        where + "'current' in section 'ocpp' (component dial, option current): 'ten' is not of type int",
        where + "'current' in section 'ocpp' (component dial, option current): 40 is not within 6..32",
        where + "'old' in section 'ocpp' (component dial, option old): 'perhaps' is not of type bool",
        where + "'url' in section 'ocpp' (component dial, option url): length 0 is not within 1..60",
        "not saved: board setup_board: component dial cannot be built: option 'url': 'http://central' is not ws://",
        "'chekc' is no command; did you mean check?",
        "which value? set ocpp.current VALUE",
        "which one? set SECTION.KEY VALUE",
        "ocpp.password is not set",
    ):
        assert words in board.text, (words, board.text)
    assert "settings.json" not in os.listdir(tmp)


def test_show_names_every_setting_its_bounds_and_its_value(tmp):
    board = Board(tmp, {"ocpp": {"current": 10, "old": True, "odd": 1}, "more": {}})
    third_start(board, "show\nunset ocpp.lod\nsave x\n")
    for line in (
        "ocpp.url = --   (text, 1 to 60 characters; required)",
        "ocpp.current = 10   (whole number, 6 to 32; default 16)",
        "ocpp.old = True   (true or false; default false)",
        "ocpp.odd is unknown: unset ocpp.odd",
        "section more is unknown: unset more",
        "ocpp.lod is not set; did you mean ocpp.old?", "save takes nothing behind it: 'x'",
    ):
        assert line in board.text, (line, board.text)


def test_what_is_secret_is_never_written_to_the_terminal(tmp):
    board = Board(tmp, {"ocpp": {"password": "swordfish", "url": 5}})
    url = "ws://u:hush@central/o?k=hush"
    third_start(board, "show\nset ocpp.password\ntiger lily\nshow\ncheck\nset ocpp.url " + url + "\nshow\nsave\n")
    shown = board.text.replace("set ocpp.url " + url, "")  # what was typed in the open
    for secret in ("swordfish", "tiger", "hush"):
        assert secret not in shown, shown
    assert json.loads(board.read())["ocpp"]["password"] == "tiger lily"
    board = Board(tmp, {})
    third_start(board, "set ocpp.password swordfish\n\x1b[A\n")  # Up
    assert board.text.count("swordfish") == 1  # as it was typed


def test_a_file_that_cannot_be_read_is_kept_aside(tmp):
    board = Board(tmp, '{"ocpp": {"url": "ws://central/ocpp"')
    third_start(board, "set ocpp.url ws://other/ocpp\nsave\n")
    assert board.read("settings.bad") == '{"ocpp": {"url": "ws://central/ocpp"'
    assert json.loads(board.read()) == {"ocpp": {"url": "ws://other/ocpp"}}


def test_a_long_url_can_be_typed(tmp):
    board = Board(tmp)
    url = "wss://central.example.com/" + "t" * 400
    third_start(board, "set ocpp.url " + url + "\n")
    assert "(component dial, option url): length 426 is not within 1..60" in board.text, board.text


def test_ctrl_c_leads_to_the_repl(tmp):
    assert third_start(Board(tmp), "set ocpp.ur" + CTRL_C) == REPL


def test_a_component_that_does_not_start_leads_to_the_prompt_too_and_the_watchdog_is_fed_there(tmp):
    board = Board(tmp, GOOD)
    with open(tmp + "/broken", "w"):
        pass
    assert third_start(board, "set ocpp.current 12\ncheck\n") == RESET
    assert "these settings are valid" in board.text, board.text
    assert "restarts 300 s after the last key" in board.text
    board.start("\n" * 100)
    assert board.dog.fed >= 100
    os.remove(tmp + "/broken")
    assert board.start() == RESET and board.text == ""  # it came back


def test_hardware_that_is_not_there_when_a_component_is_built_is_not_waited_for_for_ever(tmp):
    """Nor settings that the flash does not give: no setting mends that, a reset may."""
    for name, settings in (("settings.json", None), ("absent", GOOD)):
        board = Board(tmp, settings)
        os.mkdir(tmp + "/" + name)
        third_start(board)
        assert "restarts 300 s after the last key" in board.text, board.text
        os.rmdir(tmp + "/" + name)


def test_a_fault_that_may_pass_is_not_waited_for_for_ever():
    import socket

    out = io.StringIO()
    kept = sys.modules.pop("components.console.setup", None)
    sys.modules["sys"] = Terminal(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), out)  # never a key
    try:
        from components.console.setup import Setup

        began = time.ticks_ms()
        setup = Setup(Module(SETTINGS={}, COMPONENTS=()), "/nowhere/settings.json", None, lambda: None)
        assert setup.run("", "", 1) is False
        assert 900 < time.ticks_diff(time.ticks_ms(), began) < 20000
    finally:
        del sys.modules["sys"]
        if kept is not None:
            sys.modules["components.console.setup"] = kept


def test_an_image_on_trial_is_reset_however_often_and_the_one_before_counts_anew(tmp):
    board = Board(tmp)
    flash = board.device.flash
    third_start(board)
    flash.slots[1].data[:] = bytes(make_image(b"new")) + bytes(len(flash.slots[1].data) - len(make_image(b"new")))
    flash.write_entry(0, 1, VALID)
    flash.write_entry(1, 2, PENDING_VERIFY)  # an update has come: its first start
    assert board.start("help\n") == RESET and board.text == ""
    assert flash.running is flash.slots[0]  # the bootloader has taken it back
    assert board.waits()  # and that one starts no better


def test_the_settings_that_the_console_requests_are_taken_before_anything_starts_and_once(tmp):
    """Right ones may be wrong all the same: a password of another network."""
    board = Board(tmp, GOOD)
    board.device.machine.RTC.memory(b"ucharge failed starts \xff")
    assert board.start("show\nset ocpp.current 20\nsave\n") == RESET
    assert "its settings can be changed here" in board.text and "ocpp.current = 20" in board.text
    assert "restarts 300 s after the last key" in board.text
    assert board.start("help\n") == RESET and board.text == ""
    assert json.loads(board.read()) == {"ocpp": {"url": "ws://central/ocpp", "current": 20}}


def test_a_power_cut_forgets_the_count(tmp):
    board = Board(tmp)
    third_start(board)
    board.device.restart(power_cut=True)
    third_start(board)
    assert board.waits()


def test_what_else_is_in_the_memory_of_the_rtc_is_no_count(tmp):
    board = Board(tmp)
    board.device.machine.RTC.memory(b"somebody's own bytes: \xff")
    third_start(board)
    assert board.waits()
