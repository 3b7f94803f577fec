"""make image: what it makes boots as far as can be seen without a chip, and MicroPython reads its file system."""

import hashlib
import json
import subprocess

import pytest
from esp32_bases import old, small, synthetic, with_app, with_partitions

from tools import littlefs_image, partitions
from tools.esp32_image import START, Base
from tools.firmware import ROOT, interpreter
from tools.image import main as make_image
from tools.littlefs_image import NoRoom
from tools.mpy import emitted
from tools.partitions import APP, DATA, FACTORY, FAT, Partition
from tools.payload import module_of, payload
from tools.selection import Selection

BOARD = "esp32_bench"
SETTINGS = {"ocpp": {"url": "ws://depot.example:9000/ocpp", "id": "CP-7"}, "wifi": {"ssid": "depot"}}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An image of the bench board with settings on the whole synthetic base: (path, base, what was said)."""
    folder = tmp_path_factory.mktemp("image")
    (folder / "base.bin").write_bytes(synthetic())
    (folder / "settings.json").write_text(json.dumps(SETTINGS))
    command = ["make", "image", f"BOARD={BOARD}", f"BASE={folder}/base.bin"]
    command += [f"SETTINGS={folder}/settings.json", f"OUT={folder}/image.bin"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return folder / "image.bin", Base.read(folder / "base.bin"), result.stdout


def filesystem(image):
    """(the partition vfs, its bytes)."""
    vfs = next(row for row in image.partitions if row.is_vfs)
    return vfs, image.slice(vfs.offset, vfs.end)


def mounted(image, at, size):
    """What MicroPython's own littlefs says of a file system."""
    command = [interpreter(), "-X", "heapsize=16M", str(ROOT / "tests_unix/tools/lfs_mount.py"), str(image)]
    return subprocess.run([*command, str(at), str(size)], capture_output=True, text=True)


def refusal(capsys, *arguments):
    """The one message with which it refuses to make an image."""
    assert make_image([*map(str, arguments)]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("make image: ") and len(said.err.splitlines()) == 1, said
    return said.err


def test_the_image_holds_the_base_and_the_boards_modules(made):
    path, base, said = made
    image = Base.read(path)  # checks table, bootloader and application with esptool's code
    assert image.partitions == base.partitions and image.banner == base.banner
    assert image.data[: len(base.data)] == base.data, "bootloader, table and application as they were"
    vfs, data = filesystem(image)
    assert len(path.read_bytes()) == vfs.end - START
    files = littlefs_image.read(data)
    assert files["main.py"] == (ROOT / "main.py").read_bytes()
    assert json.loads(files["settings.json"]) == SETTINGS
    selection = Selection(BOARD)
    names = {module_of(name) for name in files if name.startswith("lib/")}
    assert names == set(selection.modules) - {"main"} | {"image"}
    assert "drivers.terminal" in names and "drivers.hostnet" not in names, "what the board does not name is not there"
    assert f"littlefs: {len(files)} files" in said and "MicroPython v1.26.1-synthetic" in said


def test_the_modules_are_for_this_bytecode_and_the_esp32s_machine_code(made):
    files = littlefs_image.read(filesystem(Base.read(made[0]))[1])
    version, sub_version = emitted()[1].split(".")
    xtensawin = 10  # MP_NATIVE_ARCH_XTENSAWIN
    for name, data in files.items():
        if name.endswith(".mpy"):
            assert data[:2] == b"M" + bytes([int(version)]), name
            assert data[2] in (0, xtensawin << 2 | int(sub_version)), name  # 0: no machine code in it
    assert files["lib/drivers/can/slcan_lines.mpy"][2] >> 2 == xtensawin


def test_micropython_mounts_its_file_system_reads_and_writes_it(made):
    vfs, data = filesystem(Base.read(made[0]))
    result = mounted(made[0], vfs.offset - START, vfs.size)
    assert result.returncode == 0, result.stdout[-1500:]
    seen = dict(line.split() for line in result.stdout.splitlines())
    assert seen == {name: hashlib.sha256(text).hexdigest() for name, text in littlefs_image.read(data).items()}


@pytest.mark.parametrize("size", [1, 100, 127, 128, 129, 500, 512, 513, 1024, 4095, 4096, 4097, 9000])
def test_files_of_every_size_are_read_by_micropython(size, tmp_path):
    """Around the sizes at which littlefs begins to keep a file in blocks of its own, and needs more of them."""
    text = bytes(range(256)) * (size // 256 + 1)
    image, _ = littlefs_image.build({"a/file": text[:size]}, 64 * 4096)
    (tmp_path / "fs.img").write_bytes(image)
    result = mounted(tmp_path / "fs.img", 0, len(image))
    assert result.stdout == f"a/file {hashlib.sha256(text[:size]).hexdigest()}\n"


def test_it_says_what_the_modules_cost_in_heap(made):
    lines = made[2].splitlines()
    heap = int(next(line for line in lines if line.startswith("heap:")).split()[2])
    files = payload(Selection(BOARD), "xtensawin")
    loaded = sum(map(len, files.values())) >> 10
    assert loaded < heap < 2 * loaded
    warned = [line for line in lines if line.startswith("warning: an ESP32 without PSRAM")]
    assert len(warned) == (heap > 135)


def test_a_base_for_a_module_with_psram_needs_no_warning(tmp_path, capsys):
    machine = b"Generic ESP32 module with SPIRAM with ESP32".ljust(64, b"\0")
    (tmp_path / "base.bin").write_bytes(with_app(lambda app: app.replace(bytes(64), machine, 1), small()))
    assert make_image([BOARD, "--base", str(tmp_path / "base.bin"), "--out", str(tmp_path / "image.bin")]) == 0
    said = capsys.readouterr().out
    assert "heap: about" in said and "warning" not in said


def test_a_base_without_a_partition_for_files_gets_one(tmp_path):
    rows = [Partition("factory", APP, FACTORY, 0x10000, 0x180000)]
    (tmp_path / "base.bin").write_bytes(with_partitions(rows, small()))
    assert make_image([BOARD, "--base", str(tmp_path / "base.bin"), "--out", str(tmp_path / "out" / "i.bin")]) == 0
    image = Base.read(tmp_path / "out" / "i.bin")
    assert image.partitions == [*rows, Partition("vfs", DATA, FAT, 0x190000, 0x270000)]
    assert "main.py" in littlefs_image.read(filesystem(image)[1])


def test_a_selection_that_does_not_fit(tmp_path, capsys):
    rows = [Partition("factory", APP, FACTORY, 0x10000, 0x180000), Partition("vfs", DATA, FAT, 0x190000, 0x20000)]
    (tmp_path / "base.bin").write_bytes(with_partitions(rows, small()))
    said = refusal(capsys, BOARD, "--base", tmp_path / "base.bin", "--out", tmp_path / "image.bin")
    assert "partition vfs: " in said and "do not fit a file system of 131072" in said
    assert not (tmp_path / "image.bin").exists()
    with pytest.raises(NoRoom):
        littlefs_image.build({"a": bytes(20000)}, 4 * 4096)


@pytest.mark.parametrize(
    "text, message",
    [
        ("{", "is not JSON"),
        ("[]", "is not a JSON object"),
        ('{"ocpp": {"url": "ws://a/b", "colour": "red"}}', "'colour' in section 'ocpp' is unknown"),
        ('{"can": {"port": "socket://127.0.0.1:1"}}', "'port' in section 'can' is unknown"),
        ('{"ocpp": {"url": 7}}', "what is given is not of type str"),
        ('{"ocpp": {"url": "ws://a/b", "id": "%s"}}' % ("x" * 49), "length 49 is not within"),
        ("x" * 9000, "is longer than 8192 bytes"),
    ],
)
def test_settings_that_the_firmware_would_refuse(text, message, tmp_path, capsys):
    (tmp_path / "base.bin").write_bytes(small())
    (tmp_path / "settings.json").write_text(text)
    arguments = ("--base", tmp_path / "base.bin", "--settings", tmp_path / "settings.json")
    assert message in refusal(capsys, BOARD, *arguments, "--out", tmp_path / "image.bin")
    assert not (tmp_path / "image.bin").exists()


def test_settings_may_leave_out_what_the_devices_nvs_holds(tmp_path):
    (tmp_path / "base.bin").write_bytes(small())
    (tmp_path / "settings.json").write_text('{"wifi": {"ssid": "depot"}}')  # url and id: identity of the device
    arguments = ["--base", tmp_path / "base.bin", "--settings", tmp_path / "settings.json", "--out", tmp_path / "i.bin"]
    assert make_image([BOARD, *map(str, arguments)]) == 0


def test_settings_that_are_not_there(tmp_path, capsys):
    (tmp_path / "base.bin").write_bytes(small())
    arguments = ("--base", tmp_path / "base.bin", "--settings", tmp_path / "none.json")
    assert "none.json: No such file" in refusal(capsys, BOARD, *arguments)


def test_boards_that_are_none_or_not_for_an_esp32(tmp_path, capsys):
    (tmp_path / "base.bin").write_bytes(small())
    assert "no board nonsense" in refusal(capsys, "nonsense", "--base", tmp_path / "base.bin")
    assert "board unix is for MicroPython's port unix" in refusal(capsys, "unix", "--base", tmp_path / "base.bin")


def test_a_place_that_cannot_be_written(tmp_path, capsys):
    (tmp_path / "base.bin").write_bytes(small())
    (tmp_path / "file").write_text("")
    assert "file" in refusal(capsys, BOARD, "--base", tmp_path / "base.bin", "--out", tmp_path / "file" / "image.bin")


def test_make_image_without_a_base_prints_its_usage():
    result = subprocess.run(["make", "image", f"BOARD={BOARD}"], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 2 and "usage: make image BOARD=... BASE=firmware.bin" in result.stderr


def test_the_real_old_image_is_refused_for_its_bytecode(tmp_path, capsys):
    (tmp_path / "base.bin").write_bytes(old())
    assert "loads .mpy files of version 5" in refusal(capsys, BOARD, "--base", tmp_path / "base.bin")
    assert partitions.decode(old()[0x7000:])
