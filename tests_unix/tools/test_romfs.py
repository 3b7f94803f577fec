"""make romfs: the image's form, what is in it, and what it refuses."""

import re
import subprocess

import pytest

from tools.firmware import ROOT, interpreter
from tools.payload import ENTRY, heap_from_files, heap_from_romfs, payload, romfs
from tools.romfs import main as make_romfs
from tools.selection import Selection, boards

SHOW = """
import os, sys, vfs
with open(sys.argv[1], "rb") as file:
    memory = memoryview(file.read())
vfs.mount(vfs.VfsRom(memory), "/rom")

def show(folder):
    for name, kind, *_ in os.ilistdir(folder):
        path = folder + "/" + name
        if kind == 0x4000:
            show(path)
        else:
            with open(path, "rb") as file:
                print(path[len("/rom/"):], len(file.read()))
show("/rom")
"""


def micropython(code, *arguments):
    result = subprocess.run([interpreter(), "-c", code, *map(str, arguments)], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def refusal(capsys, *arguments):
    assert make_romfs([*map(str, arguments)]) == 2
    said = capsys.readouterr()
    assert said.out == "" and len(said.err.splitlines()) == 1, said
    return said.err


@pytest.mark.parametrize("board", boards())
def test_every_board_makes_an_image_that_micropython_reads(board, tmp_path, capsys):
    out = tmp_path / "romfs.img"
    assert make_romfs([board, "--out", str(out)]) == 0
    image = out.read_bytes()
    assert image[:3] == b"\xd2\xcd\x31" and len(image) % 2 == 0
    seen = dict(line.split() for line in micropython(SHOW, out).splitlines())
    modules = {path for path, _ in Selection(board).files if path != ENTRY}
    assert set(seen) == {ENTRY} | {f"lib/{path.removesuffix('.py')}.mpy" for path in modules}
    assert f"{len(image)} bytes, {len(seen)} files, machine code: " in capsys.readouterr().out


def test_what_a_board_does_not_name_is_not_in_its_image():
    desk, one = (set(payload(Selection(board), "xtensawin")) for board in ("esp32_bench", "rivot_esp32"))
    assert "lib/drivers/can/slcan.mpy" in desk - one and "lib/drivers/can/twai.mpy" in one - desk
    assert not any("drivers/host" in name or "mcp2515" in name for name in desk | one)


def test_folders_and_files_of_every_length():
    files = {"a": b"", "b/c": b"x", "b/d/e": bytes(127), "b/d/f": bytes(128), "g/h": bytes(20000), "main.py": b"1"}
    for extra in range(4):  # the size of the whole is even whatever the files are
        assert len(romfs({**files, "z": bytes(extra)})) % 2 == 0


def test_a_folder_in_a_romfs_is_imported_from(tmp_path):
    (tmp_path / "r.img").write_bytes(romfs({"lib/p/__init__.py": b"", "lib/p/q.py": b"X = 7\n"}))
    code = SHOW + "sys.path[:] = ['/rom/lib']\nfrom p.q import X\nprint('X', X)"
    assert "X 7" in micropython(code, tmp_path / "r.img")


def test_from_a_romfs_the_modules_take_less_than_half_the_heap():
    """The bytecode stays where it is: that is what a ROMFS is for."""
    selection = Selection("esp32_bench")
    assert heap_from_romfs(selection) * 2 < heap_from_files(selection)


def test_a_board_that_is_none(capsys):
    assert "make romfs: no board nonsense" in refusal(capsys, "nonsense")


def test_a_module_that_does_not_compile(tmp_path, capsys, monkeypatch):
    (tmp_path / "kiosk.py").write_text("class Kiosk:\n    def run(self):\n        global x\n        nonlocal x\n")
    board = 'NAME = "stall"\nPORT = "unix"\nCOMPONENTS = ({"name": "k", "use": "kiosk:Kiosk"},)\n'
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "__init__.py").write_text("")
    (tmp_path / "own" / "stall.py").write_text(board)
    monkeypatch.setenv("MICROPYPATH", str(tmp_path))
    assert "kiosk.py: " in refusal(capsys, "own.stall", "--out", tmp_path / "r.img")
    assert not (tmp_path / "r.img").exists()


def test_a_place_that_cannot_be_written(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in refusal(capsys, "unix", "--out", tmp_path / "file" / "r.img")


def test_a_heap_that_is_too_small_is_reported(tmp_path, capsys):
    """Of a board with the two fixed areas; with external RAM there is room."""
    for board, warned in (("rivot_esp32", True), ("rivot_esp32_spiram", False), ("rivot_esp32s3", False)):
        assert make_romfs([board, "--out", str(tmp_path / "r.img")]) == 0
        assert ("warning: the GC heap of" in capsys.readouterr().out) is warned, board


def test_the_figures_of_the_readme_are_what_the_tools_say(tmp_path):
    """Of the README and the ESP32's page: of the reference board, which has every profile, within 15 %."""
    selection = Selection("rivot_esp32")
    out = tmp_path / "romfs.img"
    assert make_romfs(["rivot_esp32", "--out", str(out)]) == 0
    pages = [(ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/esp32.md")]
    text = " ".join(" ".join(pages).split())
    for words, measured in (
        ("an application update of some", out.stat().st_size),
        ("modules loaded from files take some", heap_from_files(selection)),
        ("from a ROMFS it is some", heap_from_romfs(selection)),
    ):
        said = re.search(rf"{words} (\d+) KB", text)
        assert said and abs(int(said[1]) * 1024 - measured) < 0.15 * measured, (words, measured)
