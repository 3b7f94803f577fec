"""Each of the repository's own rules reports its violations, and nothing else."""

import subprocess

import pytest

from tools import check_rules


@pytest.fixture
def findings(tmp_path):
    """Return a function that writes files and returns what is found in them, as "path:line: text" lines."""

    def check(**sources):
        paths = []
        for name, source in sources.items():
            path = tmp_path / (name.replace("__", "/") + ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)
            paths.append(path)
        (tmp_path / "lib/uwebsockets").mkdir(parents=True, exist_ok=True)
        (tmp_path / "lib/uwebsockets/__init__.py").touch()
        found = check_rules.check(tmp_path, paths)
        return [f"{path.relative_to(tmp_path)}:{line}: {text}" for path, line, text in found]

    return check


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("core__a", "import asyncio\nfrom core.log import Log"),
        ("core__a", "from .log import Log"),
        ("drivers__a", "import machine\nfrom drivers.stream import Stream"),
        ("components__ocpp__a", "import uwebsockets\nfrom core.log import Log\nfrom . import b\nfrom .b import c"),
        ("components__ocpp__v16__a", "from ..rpc import Call\nfrom .boot import Boot\nfrom . import schemas"),
        ("components__ocpp__v16__triggers__calls", "from ..boot import ACCEPTED\nfrom ...rpc import Call"),
        ("components__ocpp__assembly", "from . import v16 as dialect\nfrom .v16.assembly import messages"),
        ("components__console", "import termios\nfrom core import log"),
        ("components__station__a", "from core.log import Log\nfrom .b import c"),
        ("lib__uwebsockets__frames", "from .errors import ProtocolError\nimport uwebsockets.errors"),
        ("main", "from core.kernel import Kernel\nimport boards.unix"),
        ("tools__a", "import subprocess\nfrom core.log import Log"),
    ],
)
def test_allowed_imports(findings, name, source):
    assert findings(**{name: source}) == []


@pytest.mark.parametrize(
    ("name", "source", "imported"),
    [
        ("core__a", "from components.bms import Bms", "components.bms.Bms"),
        ("core__a", "from ..drivers.can import slcan", "drivers.can.slcan"),
        ("core__a", "import uwebsockets", "uwebsockets"),
        ("core__a", "import threading", "threading"),
        ("drivers__a", "from core import log", "core.log"),
        ("components__a", "def f():\n    from components.b import B", "components.b.B"),
        ("components__a", "from . import b", "components.b"),
        ("components__ocpp__a", "from components import bms", "components.bms"),
        ("components__a", "import drivers.can.slcan", "drivers.can.slcan"),
        ("components__ocpp__a", "from components.station.journal import Journal", "components.station.journal.Journal"),
        ("components__station__a", "from components.ocpp.rpc import Call", "components.ocpp.rpc.Call"),
        ("components__station__a", "import uwebsockets", "uwebsockets"),
        ("components__station__a", "from components.ocpp.v16 import boot", "components.ocpp.v16.boot"),
        ("components__ocpp__v16__a", "from components.station import outlet", "components.station.outlet"),
        ("components__ocpp__a", "from . import v16", "components.ocpp.v16"),
        ("components__ocpp__a", "def f():\n    from .v16.boot import Boot", "components.ocpp.v16.boot.Boot"),
        ("components__ocpp__firmware__assembly", "from .. import v16", "components.ocpp.v16"),
        ("components__ocpp__v16__a", "from ..v201.boot import Boot", "components.ocpp.v201.boot.Boot"),
        ("components__ocpp__v201__a", "from components.ocpp import v16", "components.ocpp.v16"),
        ("components__console__v16__a", "import components.ocpp.v16", "components.ocpp.v16"),
        ("lib__uwebsockets__a", "from core.log import Log", "core.log.Log"),
        ("boards__a", "import machine", "machine"),
        ("main", "from tools import hub", "tools.hub"),
    ],
)
def test_forbidden_imports(findings, name, source, imported):
    (found,) = findings(**{name: source})
    assert found.endswith(f"must not import {imported}")
    assert f":{source.count(chr(10)) + 1}:" in found


def test_lengths(findings):
    function = "def f():\n" + "    x = 1\n" * 39
    assert findings(core__a=function, tools__b="x = 1\n" * 300) == []
    assert findings(core__a=function + "    x = 2\n") == ["core/a.py:1: f() has 41 lines, allowed are 40"]
    assert findings(bench__a=function * 2, tests_unix__a=function + "    x = 2\n") == []
    assert findings(tests_unix__a="x = 1\n" * 301) == ["tests_unix/a.py:1: file has 301 lines, allowed are 300"]


def test_device_code_has_to_compile(findings):
    viper = "import micropython\n@micropython.viper\ndef f(x: ptr8) -> int:\n    return %s\n"
    assert findings(drivers__a=viper % "x[0]") == []
    (found,) = findings(drivers__a=viper % "~x")
    assert found == "drivers/a.py:3: mpy-cross: ViperTypeError: return expected 'int' but got 'ptr8'"
    (found,) = findings(tools__a="def f(:\n")
    assert found.startswith("tools/a.py:1: syntax error")


@pytest.mark.parametrize("source", ["_A, _B = const(1), const(2)", "def f():\n    return const(1)", "_A = -const(1)"])
def test_const_is_folded_only_alone(findings, source):
    """MicroPython keeps each name of a tuple in the module's dictionary, on the heap, and looks it up at run time."""
    (found,) = set(findings(core__a="from micropython import const\n" + source))
    line = source.count(chr(10)) + 2
    assert found == f"core/a.py:{line}: const() is folded only as NAME = const(...), one name a line"
    assert findings(tools__a="from micropython import const\n" + source) == []
    assert findings(core__a="from micropython import const\n_A = const(1)\n_B = const(2 << _A)\n") == []


@pytest.mark.parametrize(
    "parts", [("/wo", "rk/x"), ("/ro", "ot/x"), ("py", "pi.org"), ("TO", "DO"), ("pytest.", "skip('x')")]
)
def test_forbidden_texts(findings, parts):
    text = "".join(parts)
    (found,) = findings(tools__a=f"x = 1\n# see {text}\n")
    assert found.startswith("tools/a.py:2: ")
    assert findings(tools__a="# a/work/x todo, network/root/x, skip it\n") == []


@pytest.mark.parametrize("mark", ["<" * 7 + " HEAD", ">" * 7 + " fe5d704 (a commit)"])
def test_marks_of_a_merge(findings, mark):
    (found,) = findings(tools__a=f'"""\n{mark}\n"""\n')
    assert found.startswith("tools/a.py:2: mark of a merge")
    assert findings(tools__a=f'"""\n {mark}\n<<<<<<<<\n"""\n') == []


def test_untracked_files_are_checked_and_ignored_ones_are_not(monkeypatch, capsys, tmp_path):
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / "core").mkdir()
    for name in ("core/a.py", "core/ignored.py"):
        (tmp_path / name).write_text("import threading\n")
    (tmp_path / ".gitignore").write_text("ignored.py\n")
    monkeypatch.setattr(check_rules, "ROOT", tmp_path)
    assert check_rules.main() == 1
    assert capsys.readouterr().out == "core/a.py:1: core must not import threading\n"


HOOKS = """
class Lock:
    def __init__(self, ocpp, trust):
        self.ocpp = ocpp
        %s

    def move(self):
        pass
"""


@pytest.mark.parametrize(
    "statement",
    ["ocpp.lock = self", "ocpp.core.lock = trust.lock = self", "ocpp.move = self.move", "ocpp.ended += (self.move,)",
     "self.ocpp.lock = self", "before, trust.move = trust.move, self.move"],
)  # fmt: skip
def test_who_hangs_himself_on_another_object_is_found(findings, statement):
    (found,) = findings(components__lock=HOOKS % statement)
    assert found.startswith("components/lock.py:5: ") and "assigned from outside" in found


def test_what_an_object_assigns_of_its_own_or_of_plain_data_is_fine(findings):
    for statement in ("self.lock = self.move", "ocpp.add_lock(self)", "trust.left = self.ocpp", "ocpp.held = True"):
        assert findings(components__lock=HOOKS % statement) == [], statement
