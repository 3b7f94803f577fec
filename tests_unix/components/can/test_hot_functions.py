"""The functions that each CAN frame goes through have frames of their own that fit the stack.

MicroPython takes the frame of a function from the heap if it needs more than 11 words (VM_MAX_STATE_ON_STACK in
py/objfun.c), and gives it back when the function returns: forty times slower, and nothing that a heap that is locked,
or what is in use before and after, tells. What a function needs is in the prelude of its bytecode.
"""

import re
import subprocess
import sys

import pytest

from core.plain import without_machine_code
from tools.mpsource import ROOT, micropython_source
from tools.portmake import mpy_cross

WORDS = 11
EXCEPTION = 3  # words for each level of try
HOT = {
    "core/signals.py": "set _notify _notify_all _wake",
    "core/wire.py": "u32be",
    "components/can/__init__.py": "_drain _look_at arm",
    "components/can/dispatch.py": "_dispatch _find _match refuse note _keep _entry _count",
    "components/bms/__init__.py": "_request _renew _keep_request _stop _store _refuse _amp_hours _derive",
    "components/charger/reference.py": "_terminal_power _terminal_status _heartbeat _control_reply _telemetry_reply",
    "components/charger/power_module.py": "terminal set_flags refuse",
    "components/meter/terminal.py": "terminal",
    "drivers/can/slcan_lines.py": "recv came pending other _line",
    "drivers/can/twai.py": "recv",
}


@pytest.fixture(scope="module")
def source():
    return micropython_source()


def frames_of(path, source, out):
    """{name of a function: words that its frame needs}, the largest of those with the same name."""
    text = without_machine_code((ROOT / path).read_text())
    subprocess.run([mpy_cross(source), "-o", out, "-"], input=text, text=True, check=True)
    command = [sys.executable, source / "tools" / "mpy-tool.py", "-d", out]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = {}
    for name, state, levels in re.findall(r"simple_name: (\S+)\n.*?prelude: \((\d+), (\d+),", text, re.DOTALL):
        found[name] = max(found.get(name, 0), int(state) + EXCEPTION * int(levels))
    return found


@pytest.mark.parametrize("path", HOT)
def test_no_function_on_the_way_of_a_frame_takes_its_own_from_the_heap(source, tmp_path, path):
    frames = frames_of(path, source, tmp_path / "out.mpy")
    for name in HOT[path].split():
        assert frames[name] <= WORDS, f"{path}: {name} needs {frames[name]} words"


def test_what_does_not_fit_is_found(source, tmp_path):
    """Locals, arguments and what is being worked on count, and each level of try."""
    file = tmp_path / "wide.py"
    wide = "def wide(a, b, c, d, e, f, g, h, i, j, k, l):\n    return a\n"
    tries = "def tries(a):\n    try:\n        a(1, 2, 3, 4)\n    except ValueError as e:\n        return e\n"
    file.write_text(wide + tries + "def small(a):\n    return a\n")
    frames = frames_of(file, source, tmp_path / "out.mpy")
    assert frames["wide"] > WORDS and frames["tries"] > WORDS and frames["small"] <= 4
