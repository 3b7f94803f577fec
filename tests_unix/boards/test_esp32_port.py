"""The ESP32 image as far as it can be checked without ESP-IDF: its flash and its start."""

import csv
import functools
import re
import subprocess

import pytest

from tools import partitions, port_esp32
from tools.firmware import interpreter
from tools.mpy import compile_all
from tools.payload import payload, romfs
from tools.selection import ROOT, Selection, boards
from tools.toolchain import BuildError

UNKNOWN = -2
TYPES = {"app": partitions.APP, "data": partitions.DATA}
SUBTYPES = {"nvs": 2, "ota": 0, "phy": 1, "ota_0": 0x10, "ota_1": 0x11, "0x8f": partitions.ROMFS, "fat": partitions.FAT}
ESP32_BOARDS = [board for board in boards() if "\nPORT = " not in (ROOT / "boards" / f"{board}.py").read_text()]
FOLDERS = sorted(path.parent for path in port_esp32.FOLDERS.glob("*/mpconfigboard.cmake"))


def table(folder=port_esp32.BOARD_FOLDER):
    """{label: Partition} of a board folder."""
    name = re.search(r"^set\(UCHARGE_PARTITIONS (.*)\)$", (folder / "mpconfigboard.cmake").read_text(), re.MULTILINE)
    lines = (port_esp32.FOLDERS / name[1]).read_text().splitlines()
    rows = csv.reader(line for line in lines if not line.startswith("#"))
    found = {}
    for label, kind, subtype, offset, size, *_ in ([field.strip() for field in row] for row in rows):
        found[label] = partitions.Partition(label, TYPES[kind], SUBTYPES[subtype], int(offset, 16), int(size, 16))
    return found


def flash_size(folder):
    """Of the last setting that is not taken back."""
    text = (folder / "sdkconfig.board").read_text()
    return int(re.findall(r"^CONFIG_ESPTOOLPY_FLASHSIZE_(\d+)MB=y$", text, re.MULTILINE)[-1]) << 20


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_partitions_are_sound_and_fill_the_flash(folder):
    rows = list(table(folder).values())
    partitions.check(rows)
    assert partitions.decode(partitions.encode(rows)) == rows
    assert rows[0].offset == partitions.TABLE_OFFSET + partitions.SECTOR
    assert [row.end for row in rows[:-1]] == [row.offset for row in rows[1:]], "a gap"
    assert rows[-1].end == flash_size(folder)
    assert all(row.offset % partitions.APP_ALIGN == 0 for row in rows if row.is_app)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_what_the_firmware_relies_on_is_there(folder):
    found = table(folder)
    assert found["ota_0"].size == found["ota_1"].size, "an image must fit into either"
    assert found["otadata"].size == 2 * partitions.SECTOR
    assert found["nvs"].size >= 3 * partitions.SECTOR
    assert found["vfs"].is_vfs
    settings = (port_esp32.FOLDERS / "sdkconfig.ucharge").read_text()
    assert "set(IDF_TARGET esp32" in (folder / "mpconfigboard.cmake").read_text()
    assert "CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y" in settings
    assert "CONFIG_MBEDTLS_HAVE_TIME_DATE=n" in settings, "else wss:// needs a clock that nobody has set yet"
    assert "#define MICROPY_VFS_ROM (1)" in (port_esp32.BOARD_FOLDER / "mpconfigboard.h").read_text()


@functools.cache
def application(board, without=()):
    """Bytes of a board's ROMFS, or of one without some packages."""
    files = payload(Selection(board), "xtensawin")
    return len(romfs({name: data for name, data in files.items() if not name.startswith(without)}))


WEB = ("lib/components/web/", "lib/uhttpd/")


@pytest.mark.parametrize("board", ESP32_BOARDS)
def test_the_application_fits_into_the_romfs_partition(board):
    """In 4 MB without the web server: a ROMFS takes more heap than frozen code, see docs/esp32.md."""
    selection = Selection(board)
    folder = port_esp32.board_folder(selection)
    without = () if flash_size(folder) > 4 << 20 else WEB
    assert selection.port == "esp32" and application(board, without) <= table(folder)["romfs"].size


@pytest.mark.parametrize("board", ESP32_BOARDS)
def test_an_image_fits_its_slot_with_room_to_grow(board):
    slot = table(port_esp32.board_folder(Selection(board)))["ota_0"].size
    assert slot >= NOT_FROZEN * 21 // 20 + FROZEN * application(board)


# rivot_esp32 as ESP-IDF linked it last, less what was frozen in it (make size: 361,725 with 36 KB that came after).
NOT_FROZEN = 1432544 - (361725 - 36 * 1024)
FROZEN = 1.0612  # bytes frozen for a byte of ROMFS, at most: make size of each board


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_an_image_with_all_that_a_romfs_has_room_for_fits_a_slot(folder):
    """And what is not frozen, MicroPython and ESP-IDF, may grow by a twentieth."""
    found = table(folder)
    assert found["ota_0"].size >= NOT_FROZEN * 21 // 20 + FROZEN * found["romfs"].size
    assert found["vfs"].size >= 224 << 10, "test_persistence_room.py: what the journal needs"


def test_the_figures_of_the_flash_are_those_of_the_largest_application():
    """In the table's comments and docs/esp32.md: within 3 %, and it is that board."""
    said = (port_esp32.FOLDERS / "partitions-4MB.csv").read_text()
    board, size = re.search(r"the largest application \((\w+)\) has \d+ KB \(([\d,]+) bytes\)", said).groups()
    size = int(size.replace(",", ""))
    assert abs(application(board) - size) < 0.03 * size
    assert max(map(application, ESP32_BOARDS)) < 1.03 * size
    image, kilobytes = NOT_FROZEN + FROZEN * size, 1024
    (told,) = re.findall(r"the largest image \(\w+\) is some ([\d,]+) KB", said)
    assert abs(int(told.replace(",", "")) * kilobytes - image) < 0.03 * image
    docs = (ROOT / "docs/esp32.md").read_text()
    for label, words in (("ota_0", "`ota_0`, `ota_1`"), ("romfs", "`romfs`"), ("vfs", "`vfs`")):
        rows = [table(port_esp32.FOLDERS / folder)[label].size // kilobytes for folder in ("UCHARGE", "UCHARGE_S3")]
        told = re.search(rf"^\| {words} \| ([\d,]+) KB(?: each)? \| ([\d,]+) KB", docs, re.MULTILINE).groups()
        assert [int(figure.replace(",", "")) for figure in told] == rows, label


def test_each_board_has_its_folder():
    """A module with other memory needs other settings of ESP-IDF; without PORT_BOARD it is the plain ESP32's."""
    found = {board: port_esp32.board_folder(Selection(board)).name for board in ESP32_BOARDS}
    other = {"rivot_esp32_spiram": "UCHARGE_SPIRAM", "rivot_esp32s3": "UCHARGE_S3"}
    assert found == {**dict.fromkeys(ESP32_BOARDS, "UCHARGE"), **other}
    selection = Selection(ESP32_BOARDS[0])
    selection.declaration["PORT_BOARD"] = "UCHARGE_C3"
    with pytest.raises(BuildError, match="no board folder 'UCHARGE_C3'; there are UCHARGE, UCHARGE_S3, UCHARGE_SPIRAM"):
        port_esp32.board_folder(selection)


def write_image(path, built):
    path.mkdir(exist_ok=True)
    (path / "image.py").write_text("VERSION = 1\n" if built == UNKNOWN else f"BUILT = {built}\n")


@pytest.mark.parametrize(
    "in_rom, frozen, rom_first",
    [(None, 5, False), (5, 5, True), (6, 5, True), (4, 5, False), (UNKNOWN, 5, False)],
)
def test_the_newer_application_is_taken(tmp_path, in_rom, frozen, rom_first):
    """The start-up module in MicroPython; folders of this machine are the flash's files and the frozen modules."""
    ours = tmp_path / "frozen"
    write_image(ours, frozen)
    (ours / "flashbdev.py").write_text("bdev = None\n")
    files = {"other.mpy": b"\0"}
    if in_rom is not None:
        write_image(tmp_path, in_rom)
        files = compile_all([("image.py", tmp_path / "image.py")], "")
    (tmp_path / "rom.img").write_bytes(romfs({f"lib/{name}": data for name, data in files.items()}))
    code = (
        "import sys, vfs\n"
        f"vfs.mount(vfs.VfsRom(memoryview(open({str(tmp_path / 'rom.img')!r}, 'rb').read())), '/rom')\n"
        f"sys.path[:] = ['', '.frozen', '/rom', '/rom/lib', {str(ours)!r}]\n"
        f"exec(open({str(port_esp32.START / '_boot.py')!r}).read().replace('.frozen', {str(ours)!r}))\n"
        "print(sys.path)\n"
    )
    result = subprocess.run([interpreter(), "-c", code], capture_output=True, text=True, timeout=30)
    paths = [str(ours), "/lib"]
    assert result.stdout.strip() == repr(["/rom", "/rom/lib", *paths] if rom_first else paths), result.stderr


GARBAGE = "flash.data[:] = bytes(range(256)) * (len(flash.data) // 256)"
LAYOUT = "vfs.VfsLfs2.mkfs(flash); vfs.mount(flash, '/'); open('/settings.json', 'w').close(); vfs.umount('/')"
WORN = "flash.readblocks = broken"
MADE, LOST = "files: the flash is blank, they are made", "files: made anew, what was in them is lost"
ERASED = "; flash.data[{0}:{0} + 4096] = b'\\xff' * 4096"  # a block, as a power cut in its erase leaves it


@pytest.mark.parametrize(
    "before, pauses, said, files",
    [
        ("", 0, MADE, ["new"]),
        (GARBAGE, 3, LOST, ["new"]),
        (GARBAGE + ERASED.format(0), 3, LOST, ["new"]),
        (LAYOUT, 0, "", ["new", "settings.json"]),
        (LAYOUT + ERASED.format(0), 0, "", ["new", "settings.json"]),
        (LAYOUT + ERASED.format(4096), 0, "", ["new"]),  # the last commit was in that one
        (WORN, 3, LOST, None),
    ],
    ids=["blank", "garbage", "half garbage", "files", "first block erased", "second block erased", "unreadable"],
)
def test_files_are_made_at_once_on_a_blank_flash_and_a_damaged_one_has_three_attempts(before, pauses, said, files):
    """The start-up module in MicroPython, with littlefs on a flash in memory that takes the place of this machine's."""
    code = f"""
import os, sys, vfs
sys.path.append({str(ROOT / "tests_unix/upy")!r})
from flash import Flash
source = open({str(port_esp32.START / "_boot.py")!r}).read()
class flashbdev:
    bdev = Flash()
class time:
    sleep = lambda seconds: print("paused")
sys.modules["flashbdev"], sys.modules["time"] = flashbdev, time
flash = flashbdev.bdev
def broken(*arguments):
    raise OSError(5)
vfs.umount("/")
{before}
exec(source)
if {files is not None}:
    open("/new", "w").close()
    print(os.listdir("/"))
"""
    result = subprocess.run([interpreter(), "-c", code], capture_output=True, text=True, timeout=30)
    lines = result.stdout.splitlines()
    assert lines.count("paused") == pauses, (result.stdout, result.stderr)
    assert [line for line in lines if line in (MADE, LOST)] == ([said] if said else [])
    assert sum(line.startswith("files: OSError") for line in lines) == pauses + (files is None)
    if files is not None:
        assert lines[-1] == repr(files), result.stderr
