"""make flash against a bootloader that speaks the ESP32's serial protocol over a pseudo terminal."""

import subprocess
import sys

import pytest
from esp32_bases import APP, small, with_partitions
from esptool import cmds

from tools import flash
from tools.esp32_image import START, Base
from tools.firmware import ROOT
from tools.flash import main as make_flash
from tools.image import main as make_image
from tools.partitions import DATA, FAT, NVS, ROMFS, Partition
from tools.payload import payload, romfs
from tools.selection import Selection

BOARD = "esp32_bench"
NVS_ROW = Partition("nvs", DATA, NVS, 0x9000, 0x6000)
ROMFS_ROW = Partition("romfs", DATA, ROMFS, 0x1E0000, 0x20000)


class Chip:
    """A mock bootloader on a serial port of its own."""

    def __init__(self, name="esp32"):
        command = [sys.executable, str(ROOT / "tests_unix/tools/mock_bootloader.py"), name]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.port = self._process.stdout.readline().strip()

    def end(self):
        self._process.kill()
        self._process.communicate()

    def read(self, address, size):
        """What its flash holds."""
        with flash.connect(self.port) as esp:
            return cmds.read_flash(esp, address, size, no_progress=True)

    def md5(self, address, size):
        """The MD5 that the chip makes of its flash."""
        with flash.connect(self.port) as esp:
            return esp.flash_md5sum(address, size)

    def write(self, address, data):
        with flash.connect(self.port) as esp:
            cmds.write_flash(esp, [(address, data)])


@pytest.fixture
def chip():
    mock = Chip()
    yield mock
    mock.end()


def refusal(capsys, *arguments):
    """The one message with which it ends with status 2."""
    capsys.readouterr()
    assert make_flash([*map(str, arguments)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("make flash: "), lines
    return lines[0]


def test_what_the_chip_received_is_what_was_built(chip, tmp_path):
    rows = [NVS_ROW, Partition("factory", 0, 0, APP, 0x10000), Partition("vfs", DATA, FAT, 0x20000, 0x200000)]
    (tmp_path / "base.bin").write_bytes(with_partitions(rows, small()))
    image = tmp_path / "image.bin"
    assert make_image([BOARD, "--base", str(tmp_path / "base.bin"), "--out", str(image)]) == 0
    command = ["make", "flash", f"BOARD={BOARD}", f"PORT={chip.port}", f"FILE={image}"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{image}: written to {chip.port} and verified" in result.stdout
    assert chip.read(START, image.stat().st_size) == image.read_bytes()


def test_the_nvs_is_kept_until_all_is_erased(chip, tmp_path):
    image = tmp_path / "firmware.bin"
    image.write_bytes(small())
    identity = bytes(range(256)) * (NVS_ROW.size // 256)
    chip.write(NVS_ROW.offset, identity)
    chip.write(0x300000, b"a file of before")
    assert make_flash([BOARD, "--port", chip.port, "--file", str(image)]) == 0
    data = image.read_bytes()
    assert chip.read(NVS_ROW.offset, NVS_ROW.size) == identity
    assert chip.read(START, 0x8000) == data[:0x8000]
    assert chip.read(APP, 4096) == data[APP - START :][:4096]
    assert chip.read(0x300000, 16) == b"a file of before"
    assert make_flash([BOARD, "--port", chip.port, "--file", str(image), "--erase"]) == 0
    assert chip.read(START, len(data)) == data
    assert chip.read(0x300000, 16) == b"\xff" * 16


def test_a_file_that_brings_an_nvs_has_it_written():
    base = Base(small())
    assert [address for address, _ in flash.pieces(base, keep_nvs=True)] == [START, NVS_ROW.end]
    data = bytearray(base.data)
    data[NVS_ROW.offset - START] = 0xFE
    filled = Base(bytes(data))
    for keep_nvs in (True, False):
        assert flash.pieces(filled, keep_nvs) == [(START, bytes(data))]


def test_a_romfs_goes_where_the_devices_own_table_has_it(chip, tmp_path):
    base = small()
    rows = [*(row for row in Base(base).partitions if row.label != "vfs"), ROMFS_ROW]
    chip.write(START, with_partitions(rows, base))
    image = tmp_path / "romfs.img"
    image.write_bytes(romfs({"main.py": b"print(1)\n", "lib/a.mpy": bytes(1000)}))
    assert make_flash([BOARD, "--port", chip.port, "--romfs", "--file", str(image)]) == 0
    assert chip.read(ROMFS_ROW.offset, image.stat().st_size) == image.read_bytes()
    assert chip.read(START, 0x8000)[0x7000:0x7C00] == with_partitions(rows, base)[0x7000:0x7C00]


def test_a_romfs_that_does_not_fit(chip, tmp_path, capsys):
    chip.write(START, with_partitions([*Base(small()).partitions[:3], ROMFS_ROW], small()))
    image = tmp_path / "romfs.img"
    image.write_bytes(romfs(payload(Selection(BOARD), "xtensawin")))
    before = chip.md5(ROMFS_ROW.offset, 0x20000)
    said = refusal(capsys, BOARD, "--port", chip.port, "--romfs", "--file", image)
    assert f"{image.stat().st_size} bytes, the device's partition romfs has 131072" in said
    assert chip.md5(ROMFS_ROW.offset, 0x20000) == before


def test_a_romfs_for_a_device_without_a_place_for_it(chip, tmp_path, capsys):
    image = tmp_path / "romfs.img"
    image.write_bytes(romfs({"main.py": b""}))
    assert "partition table: it is empty" in refusal(capsys, BOARD, "--port", chip.port, "--romfs", "--file", image)
    chip.write(START, small())
    assert "has no partition romfs" in refusal(capsys, BOARD, "--port", chip.port, "--romfs", "--file", image)


def test_another_chip_is_not_written(tmp_path, capsys):
    (tmp_path / "image.bin").write_bytes(small())
    other = Chip("esp32c3")
    try:
        said = refusal(capsys, BOARD, "--port", other.port, "--file", tmp_path / "image.bin")
        assert "there is an ESP32-C3, not an ESP32" in said
    finally:
        other.end()


def test_files_that_are_not_written(tmp_path, capsys):
    broken = bytearray(small())
    broken[0x800] ^= 1
    (tmp_path / "broken.bin").write_bytes(broken)
    (tmp_path / "text").write_text("hello")
    port = tmp_path / "no-port"
    assert "bootloader: checksum" in refusal(capsys, BOARD, "--port", port, "--file", tmp_path / "broken.bin")
    assert "not an ESP32 image" in refusal(capsys, BOARD, "--port", port, "--file", tmp_path / "text")
    assert "cannot be read" in refusal(capsys, BOARD, "--port", port, "--file", tmp_path / "none")
    assert "not a ROMFS" in refusal(capsys, BOARD, "--port", port, "--romfs", "--file", tmp_path / "text")
    assert "nothing is built for nonsense" in refusal(capsys, "nonsense", "--port", port)


def test_a_port_that_is_not_there(tmp_path, capsys):
    (tmp_path / "image.bin").write_bytes(small())
    port = tmp_path / "no-port"
    assert str(port) in refusal(capsys, BOARD, "--port", port, "--file", tmp_path / "image.bin")


def test_an_image_with_the_files_elsewhere_is_not_written_until_they_may_be_lost(chip, tmp_path, capsys):
    """Else the next start finds garbage where the table has the files, and makes them anew: the journal is gone."""
    rows = [row for row in Base(small()).partitions if row.label != "vfs"]
    old, new = Partition("vfs", DATA, FAT, 0x360000, 0xA0000), Partition("vfs", DATA, FAT, 0x3C0000, 0x40000)
    identity = bytes(range(256)) * (NVS_ROW.size // 256)
    chip.write(START, with_partitions([*rows, old], small()))
    chip.write(NVS_ROW.offset, identity)
    chip.write(new.offset, b"a part of a file")
    image = tmp_path / "firmware.bin"
    image.write_bytes(with_partitions([*rows, new], small()))
    before = chip.md5(START, old.end - START)
    said = refusal(capsys, BOARD, "--port", chip.port, "--file", image)
    assert "files are at 0x360000 (640 KB), with this image they would be at 0x3c0000 (256 KB), and lost" in said
    assert "make deploy SAVE=folder" in said and "NEW_FILES=1" in said
    assert chip.md5(START, old.end - START) == before
    assert make_flash([BOARD, "--port", chip.port, "--file", str(image), "--new-files"]) == 0
    assert chip.read(new.offset, new.size) == b"\xff" * new.size
    assert chip.read(NVS_ROW.offset, NVS_ROW.size) == identity
    chip.write(new.offset, b"a file")
    assert make_flash([BOARD, "--port", chip.port, "--file", str(image)]) == 0  # now they are where they were
    assert chip.read(new.offset, 6) == b"a file"
