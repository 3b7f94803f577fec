"""What a board needs is found from its declaration: all of it, nothing else, and what is missing is named."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools import mpy
from tools.romfs import ARCHES
from tools.selection import ROOT, Selection, SelectionError, boards, search_path

BOARD = 'NAME = "desk"\nCOMPONENTS = ({"name": "gate", "use": "components.evse.gate:Gate"}, %s)\n'
LAMP = '{"name": "lamp", "use": "desk.lamp:Lamp"}'


@pytest.fixture
def select(tmp_path):
    """Return a function that writes a third party's package ``desk`` and selects its board."""

    def make(entries=LAMP, native=True, **modules):
        files = {"bench": BOARD % entries, **modules}
        for name, text in files.items():
            path = tmp_path / "elsewhere" / "desk" / (name.replace("__", "/") + ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        paths = [*search_path()[:2], tmp_path / "elsewhere"]
        return Selection("desk.bench", native=native, build=tmp_path / "build", paths=paths)

    return make


def paths_of(selection):
    return [path for path, _ in selection.files]


def test_the_components_of_the_board_and_what_they_need(tmp_path):
    selection = Selection("unix", build=tmp_path)
    named = {entry["use"].partition(":")[0] for entry in selection.declaration["COMPONENTS"]}
    owners = set(selection.packages)
    assert named < owners
    libraries = {"udns", "uhttp", "uhttpd", "ujson_schema", "uwebsockets", "ux509"}
    assert owners - named == {"boards", "core", "main"} | libraries
    assert "drivers.can.twai_esp32" not in owners and "drivers.nvs" not in owners


def test_every_file_is_there_and_has_its_place_in_the_image(tmp_path):
    files = dict(Selection("unix", build=tmp_path).files)
    assert files["main.py"] == ROOT / "main.py"
    assert files["uwebsockets/__init__.py"] == ROOT / "lib/uwebsockets/__init__.py"
    assert all(source.is_file() for source in files.values())
    assert list(files) == sorted(files)


def test_core_is_there_in_whole_but_for_what_only_sources_need(select):
    core = {f"core/{path.name}" for path in (ROOT / "core").glob("*.py")}
    selection = select(lamp="class Lamp: pass")
    assert core - set(paths_of(selection)) == {"core/plain.py"}
    assert core - set(paths_of(select(native=False, lamp="class Lamp: pass"))) == {"core/plain.py"}


def test_a_target_without_machine_code_gets_the_same_modules_in_plain_python(tmp_path):
    fast, plain = (dict(Selection("unix", native, tmp_path).files) for native in (True, False))
    assert list(fast) == list(plain)
    generated = {path for path in fast if plain[path] != fast[path]}
    ours = {"components/blackbox/notes.py", "components/ocpp/json_bytes.py", "core/f32.py"}
    assert generated == {*ours, "drivers/can/slcan_lines.py", "uwebsockets/xor.py"}
    assert all(plain[path] == tmp_path / "unix/plain" / path for path in generated)
    mpy.compile_all(plain.items(), "")  # without an architecture machine code is refused
    with pytest.raises(mpy.MpyError):
        mpy.compile_all(fast.items(), "")


def test_core_and_drivers_take_the_same_for_plain_python():
    """Neither may import the other."""
    assert (ROOT / "core/plain.py").read_text() == (ROOT / "drivers/plain.py").read_text()


def test_a_board_from_elsewhere_and_its_helpers_in_functions_too(select):
    lamp = "from .colours import RED\nclass Lamp:\n    def run(self):\n        import desk.late.shades\n"
    selection = select(lamp=lamp, colours="RED = 1", late__shades="import json", unused="X = 1")
    ours = [path for path in paths_of(selection) if path.startswith("desk/")]
    assert ours == ["desk/bench.py", "desk/colours.py", "desk/lamp.py", "desk/late/shades.py"]
    assert selection.packages["desk"] == ours
    assert "components/console/__init__.py" not in paths_of(selection)


def test_modules_that_import_each_other(select):
    assert "desk/two.py" in paths_of(select(lamp="import desk.two", two="import desk.lamp"))


@pytest.mark.parametrize("statement", ["import requests", "from desk import nowhere", "from . import nowhere"])
def test_a_missing_module_is_named_with_its_importer(select, statement):
    with pytest.raises(SelectionError, match=r"desk\.bench: desk\.lamp imports (requests|desk\.nowhere)"):
        select(lamp=statement)


def test_a_missing_name_of_a_package_is_a_missing_module(select):
    with pytest.raises(SelectionError, match=r"desk\.lamp imports core\.nothing"):
        select(lamp="from core import nothing")


def test_an_import_that_may_fail_may_be_missing(select):
    lamp = "try:\n    import requests\nexcept ImportError:\n    from desk import instead\n"
    assert "desk/instead.py" in paths_of(select(lamp=lamp, instead="X = 1"))


def test_a_feature_of_the_station_brings_what_the_dialect_answers_for_it(tmp_path):
    """The dispatcher of OCPP imports it by its name: no statement shows that."""
    entry = '{"name": "%s", "use": "components.%s:Class"},'
    sources = {
        "components/station/__init__.py": "",
        "components/station/parking.py": "class Class: pass",
        "components/station/towing.py": "class Class: pass",
        "components/station/washing.py": "class Class: pass",
        "components/ocpp/__init__.py": "from . import v16\nclass Class: pass",
        "components/ocpp/v16/__init__.py": "",
        "components/ocpp/v16/parking.py": "from . import parking_schemas as schemas",
        "components/ocpp/v16/parking_schemas.py": "",
        "components/ocpp/v16/washing.py": "",
        "components/ocpp/v201/__init__.py": "",
        "components/ocpp/v201/parking.py": "",
    }
    for name, text in sources.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    taken = {}
    for features in ((), ("station.parking", "station.towing"), ("ocpp", "station.parking", "station.towing")):
        board = tmp_path / f"desk/bench{len(features)}.py"
        board.parent.mkdir(exist_ok=True)
        entries = "".join(entry % (name.rpartition(".")[2], name) for name in ("station", *features))
        board.write_text(f'NAME = "bench"\nCOMPONENTS = ({entries})\n')
        paths = [tmp_path, *search_path()[:2]]
        selection = Selection(f"desk.bench{len(features)}", build=tmp_path / "build", paths=paths)
        taken[len(features)] = [path for path in paths_of(selection) if path.startswith("components/ocpp/")]
    assert taken[0] == taken[2] == []
    assert taken[3] == [name for name in sources if "ocpp" in name and "washing" not in name and "v201" not in name]


ON_DEMAND = """
def __getattr__(name):
    if name == "Lamp":
        from desk.protocols.reference import Lamp
        return Lamp
    try:
        return __import__("desk.protocols." + name, None, None, (name,))
    except ImportError as e:
        raise AttributeError(str(e))
"""


@pytest.mark.parametrize(
    "use, lamp, taken",
    [
        ("desk.protocols:Lamp", "", True),
        ("desk.protocols.other:Lamp", "", False),
        ("desk.lamp:Lamp", "from desk.protocols import Lamp", True),
        ("desk.lamp:Lamp", "from desk.protocols import other", False),
    ],
)
def test_what_a_package_imports_for_a_name_is_frozen_only_with_that_name(select, tmp_path, use, lamp, taken):
    package = tmp_path / "elsewhere/desk/protocols/__init__.py"
    package.parent.mkdir(parents=True)
    package.write_text(ON_DEMAND)
    files = {"lamp": lamp, "protocols__reference": "class Lamp: pass", "protocols__other": "X = 1"}
    found = paths_of(select(LAMP.replace("desk.lamp:Lamp", use), **files))
    assert ("desk/protocols/reference.py" in found) is taken, found
    assert ("desk/protocols/other.py" in found) is ("other" in use + lamp)


def test_a_board_with_another_power_module_has_not_the_reference_protocol(tmp_path):
    for board in boards():
        selection = Selection(board, build=tmp_path)
        named = {entry["use"] for _, entry in selection.entries}
        has = "components/charger/reference.py" in paths_of(selection)
        assert has is ("components.charger:Charger" in named), board


@pytest.mark.parametrize("name", ["improv", "provisioning", "sntp", "station/auto_authorize"])
def test_a_board_that_leaves_something_out_has_nothing_of_it(tmp_path, name):
    """The image of the others is the same, file by file."""
    use = f"components.{name.replace('/', '.')}:"
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk/less.py").write_text(
        "from boards import unix\n\nNAME = 'less'\n"
        f"COMPONENTS = tuple(entry for entry in unix.COMPONENTS if not entry['use'].startswith('{use}'))\n"
        "COMPONENTS = tuple(dict(entry, bind={}) if entry['name'] == 'console' else entry for entry in COMPONENTS)\n"
    )
    less = Selection("desk.less", build=tmp_path / "build", paths=[*search_path()[:2], tmp_path])
    more = set(paths_of(Selection("unix", build=tmp_path / "build"))) - set(paths_of(less))
    assert more and all(path.startswith(f"components/{name}") for path in more), more


def test_a_driver_brings_the_tables_of_its_own_chip_only(tmp_path):
    """twai_esp32, twai_s3 and mcp2515 have tables of pads, addresses or instructions."""
    chips = {"twai_esp32", "twai_s3", "mcp2515", "mcp2515_fit", "twai_fit", "slcan"}
    for board, wanted in (
        ("rivot_esp32", {"twai_esp32", "twai_fit"}),
        ("rivot_esp32s3", {"twai_s3", "twai_fit"}),
        ("rivot_esp32_dual", {"twai_esp32", "twai_fit", "mcp2515", "mcp2515_fit"}),
        ("unix", {"slcan"}),
    ):
        drivers = [path for path in paths_of(Selection(board, build=tmp_path)) if path.startswith("drivers/can/")]
        assert {Path(path).stem for path in drivers} & chips == wanted, board
    packages = Selection("rivot_esp32_dual", build=tmp_path).packages
    assert "drivers/can/mcp2515_spi.py" in packages["drivers.can.mcp2515"], "a driver is weighed by itself"
    assert "drivers/can/twai_poll.py" in packages["drivers.can.twai_esp32"]


@pytest.mark.parametrize("board", boards())
def test_the_web_page_is_frozen_exactly_where_the_web_is_declared(board, tmp_path):
    selection = Selection(board, build=tmp_path)
    declared = any(entry["use"].startswith("components.web:") for _, entry in selection.entries)
    paths = {path for path, _ in selection.files}
    assert ("components/web/page/packed.py" in paths) == declared
    assert declared or not [path for path in paths if path.startswith(("components/web/", "uhttpd/"))]


def test_the_machine_code_of_others_cannot_be_left_out(select):
    """Nothing says that it does the same without its decorators."""
    fast = "import micropython\n@micropython.viper\ndef f(): pass\n"
    assert "desk/fast.py" in paths_of(select(lamp="from desk import fast", fast=fast))
    with pytest.raises(SelectionError, match=r"desk\.lamp imports desk\.fast: its machine code"):
        select(native=False, lamp="from desk import fast", fast=fast)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ('{"name": "x", "use": "components.nothing:X"}', "component x: no module components.nothing"),
        ('{"name": "x"}', "COMPONENTS cannot be read"),
        ("1", "COMPONENTS cannot be read"),
        ("nonsense", "cannot be read"),
    ],
)
def test_a_wrong_declaration_is_reported(select, entries, message):
    with pytest.raises(SelectionError, match=message):
        select(entries=entries)


def test_a_board_that_is_not_there():
    with pytest.raises(SelectionError, match="no board nowhere: no module boards.nowhere; boards/ has .*unix"):
        Selection("nowhere")
    with pytest.raises(SelectionError, match="no module mine.one; MICROPYPATH must name the folder that has mine/;"):
        Selection("mine.one")


def test_image_py_says_what_it_was_made_for_and_is_written_once(tmp_path):
    selection = Selection("unix", build=tmp_path)
    image = dict(selection.files)["image.py"]
    assert image == tmp_path / "unix/image.py"
    values = {}
    exec(image.read_text(), values)
    assert values["BOARD"] == "boards.unix"
    assert values["VERSION"].startswith("0.") and "\n" not in values["VERSION"]
    assert values["BUILT"] > 1_700_000_000 or not (ROOT / ".git").exists()
    assert values["CTRL_C"] == -1, "its byte is one of Improv's frames"
    assert "CTRL_C" not in Selection("qemu_arm", build=tmp_path).image_source
    before = image.stat().st_mtime_ns
    assert Selection("unix", build=tmp_path).files == selection.files
    assert image.stat().st_mtime_ns == before, "a build would freeze again for nothing"


def test_plain_python_runs_it(tmp_path):
    """MicroPython's build runs manifest.py with a python3 that has none of our packages."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); from tools.selection import Selection; Selection('unix')"
    command = [sys.executable, "-I", "-S", "-c", code, ROOT]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("board", boards())
def test_every_board_of_the_tree_compiles(board, tmp_path):
    selection = Selection(board, build=tmp_path)
    compiled = mpy.compile_all(selection.files, ARCHES.get(selection.port, "x64"))
    assert len(compiled) == len(selection.files)
    assert all(data[:1] == b"M" for data in compiled.values())
    assert Path(selection.board.replace(".", "/") + ".mpy").as_posix() in compiled


SCOPES = f'{{"scope": "1", "components": ({LAMP},)}}, {{"scope": "2", "components": ({LAMP},)}}'


def test_what_is_in_scopes_is_taken_as_well_and_named_in_full(select):
    with pytest.raises(SelectionError, match="component 1/lamp: no module desk.lamp for 'desk.lamp:Lamp'"):
        select(SCOPES)
    selection = select(SCOPES, lamp="class Lamp: pass")
    assert "desk/lamp.py" in paths_of(selection)
    assert [name for name, _ in selection.entries] == ["gate", "1/lamp", "2/lamp"]
    for components in ("", '"components": (5,)', '"components": ({"name": "x"},)'):
        entry = '{"scope": "1", ' + components + "}"
        with pytest.raises(SelectionError, match="COMPONENTS cannot be read"):
            select(entry)
