"""The executable by itself: what it takes from the command line, how it ends, and what is in it."""

import json
import os
import signal
import subprocess
import time

import pytest
from console_firmware import process_state

from boards import unix
from tools.build_firmware import build
from tools.mpsource import ROOT

NOBODY = {
    "ocpp": {"url": "ws://127.0.0.1:1/ocpp", "id": "CP-1", "vendor": "ucharge", "model": "unix"},
    "can": {"port": "socket://127.0.0.1:1"},
}
BOARD = '''
from boards import unix

NAME = "kiosk"
PORT = "unix"
COMPONENTS = tuple(entry for entry in unix.COMPONENTS if entry["name"] not in ("console", "improv", "terminal"))
COMPONENTS += ({"name": "lamp", "use": "kiosk.lamp:Lamp"},)
SETTINGS = unix.SETTINGS
'''
LAMP = '''
class Lamp:
    """A component from elsewhere."""

    requires = ("log",)

    def __init__(self, log):
        self._log = log

    async def start(self):
        from kiosk.colours import GREEN  # only here

        assert GREEN == "red", "assert statements are not frozen"
        self._log.info("the lamp is %s", GREEN)
'''


def end_of(executable, *arguments, **options):
    """Run it to its end."""
    return subprocess.run(
        [executable, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, **options
    )


def start(executable, home, **options):
    """Start it with settings for which nobody is there."""
    (home / "settings.json").write_text(json.dumps(NOBODY))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen([executable, "--home", str(home)], text=True, **pipes, **options)


def interrupted(process, line):
    """Wait for a line, press Ctrl-C; returns the status and all the output."""
    try:
        text = ""
        while line not in text:
            more = process.stdout.readline()
            assert more, text
            text += more
        while process_state(process.pid) != "S":  # else it may hit the garbage collector: no words are left then
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    return process.returncode, text + rest


@pytest.mark.parametrize("arguments", [(), ("unix", "--home", "/tmp"), ("--version",), ("-c", "print(1)")])
def test_wrong_arguments_get_its_own_usage(executable, arguments):
    result = end_of(executable, *arguments)
    assert (result.returncode, result.stdout) == (2, "usage: ucharge --home DIR\n")


def test_wrong_settings_end_it_with_one_message(executable, tmp_path):
    (tmp_path / "settings.json").write_text('{"nonsense": {}}')
    result = end_of(executable, "--home", str(tmp_path))
    assert result.returncode == 2
    assert "nonsense" in result.stdout and len(result.stdout.splitlines()) == 1


def test_a_ctrl_c_is_an_orderly_stop(executable, tmp_path):
    status, text = interrupted(start(executable, tmp_path), "next connection")
    assert status == 0, text
    assert "exit 0: interrupted" in text and "Traceback" not in text


def test_nothing_is_taken_from_the_current_folder_or_the_environment(executable, tmp_path):
    """Modules of the same names lie in the current folder and on MICROPYPATH."""
    home = tmp_path / "home"
    home.mkdir()
    for module in ("image", "main", "core/__init__", "asyncio/__init__", "uwebsockets/__init__"):
        path = tmp_path / f"{module}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text("print('POISON')\nraise SystemExit(9)\n")
    environment = {**os.environ, "MICROPYPATH": str(tmp_path)}
    status, text = interrupted(start(executable, home, cwd=tmp_path, env=environment), "next connection")
    assert status == 0 and "POISON" not in text, text


def test_machine_code_is_used(executable):
    content = executable.read_bytes()
    for module in (b"core/f32.py", b"drivers/can/slcan_lines.py", b"uwebsockets/xor.py"):
        assert module in content
    assert b"/plain.py" not in content


def test_no_docstring_is_frozen(executable):
    content = executable.read_bytes()
    assert b"components/ocpp/v16/boot.py" in content
    assert b"Start the firmware with the command line's arguments" not in content  # the docstring of main.main()


def test_a_station_takes_it_for_an_update(executable):
    """It begins as the board's sink asks, has the board's marker, and is not too long for it."""
    (options,) = [entry["options"] for entry in unix.COMPONENTS if entry["name"] == "sink"]
    content = executable.read_bytes()
    assert content.startswith(bytes.fromhex(options["magic"])) and options["marker"].encode() in content
    assert len(content) < 16777216 // 2


@pytest.fixture(scope="module")
def kiosk(tmp_path_factory):
    """A board and a component in a folder of a third party; the board leaves the console out."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "kiosk").mkdir()
    for name, text in (("board", BOARD), ("lamp", LAMP), ("colours", 'GREEN = "green"\n'), ("unused", "X = 1\n")):
        (folder / "kiosk" / f"{name}.py").write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MICROPYPATH", f".frozen:{folder}")
        return build("kiosk.board")


def test_a_component_left_out_of_a_board_is_absent_from_its_image(executable, kiosk):
    left_out = (b"components/console/pages.py", b"components/console/keyboard.py", b"drivers/terminal.py")
    words = (b"ignored: %s; %sh shows help",)
    assert all(name in executable.read_bytes() for name in left_out + words)
    assert not any(name in kiosk.read_bytes() for name in left_out + words)


def test_a_component_from_elsewhere_runs_in_the_image(kiosk, tmp_path):
    status, text = interrupted(start(kiosk, tmp_path), "next connection")
    assert status == 0 and "lamp: the lamp is green" in text, text
    assert b"kiosk/colours.py" in kiosk.read_bytes()
    assert b"kiosk/unused.py" not in kiosk.read_bytes()


def test_the_image_knows_its_board_and_version(executable):
    content = executable.read_bytes()
    number = (ROOT / "pyproject.toml").read_text().partition('version = "')[2].partition('"')[0]
    assert b"boards.unix\0" in content
    assert number.encode() + b"+" in content
