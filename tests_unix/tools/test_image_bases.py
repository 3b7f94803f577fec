"""What make image takes for a base and what it refuses: each with one message and status 2."""

import pytest
from esp32_bases import APP, old, small, with_app, with_partitions

from tools import partitions
from tools.esp32_image import START, Base, ImageError
from tools.image import main as make_image
from tools.partitions import APP as APP_TYPE
from tools.partitions import DATA, FACTORY, FAT, NVS, OTA_0, Partition, TableError

NVS_ROW = Partition("nvs", DATA, NVS, 0x9000, 0x6000)
FACTORY_ROW = Partition("factory", APP_TYPE, FACTORY, 0x10000, 0x180000)
VFS_ROW = Partition("vfs", DATA, FAT, 0x200000, 0x200000)


@pytest.fixture(scope="module")
def base():
    return small()


def test_a_real_image_is_read():
    read = Base(old())
    assert read.version == (1, 16, 0) and read.flash_size == 4 << 20 and not read.psram
    assert [(row.label, row.offset) for row in read.partitions] == [
        ("nvs", 0x9000),
        ("phy_init", 0xF000),
        ("factory", 0x10000),
        ("vfs", 0x200000),
    ]
    assert read.app.label == "factory"
    written = partitions.encode(read.partitions)
    assert written == read.slice(0x8000, 0x8000 + len(written)), "ESP-IDF's own table, MD5 and all"


def test_a_copy_of_the_whole_flash_is_read(base):
    assert Base(b"\xff" * START + base).data == base


def broken(data, at, *values):
    """The data with some bytes inverted, or replaced by values."""
    changed = bytearray(data)
    changed[at : at + max(1, len(values))] = values or [changed[at] ^ 0xFF]
    return bytes(changed)


# what is wrong, how the base becomes so, what the message says
REFUSED = (
    ("a text file", lambda data: b"firmware" * 1000, "not an ESP32 image"),
    ("an empty file", lambda data: b"", "not an ESP32 image"),
    ("a few bytes", lambda data: data[:20], "truncated: 20 bytes"),
    ("cut in the bootloader", lambda data: data[:0x3000], "truncated"),
    ("cut before the application", lambda data: data[:0xE000], "truncated"),
    ("cut in the application", lambda data: data[:0xF800], "application in partition factory: End of file"),
    ("cut in the digest", lambda data: data[:-4], "truncated"),
    ("only the application", lambda data: old()[APP - START :], "only an application"),
    ("an ESP32-S3", lambda data: broken(data, 12, 9, 0), "wrong chip: it is for ESP32-S3"),
    ("an unknown chip", lambda data: broken(data, 12, 0x77, 0x66), "wrong chip: it is for chip 26231"),
    ("an ESP32-C3's application", lambda data: broken(data, APP - START + 12, 5, 0), "SHA-256 does not match"),
    ("a bit of the bootloader", lambda data: broken(data, 0x800), "bootloader: checksum"),
    ("a bit of the application", lambda data: broken(data, 0xF800), "application in partition factory: checksum"),
    ("a digest", lambda data: broken(data, len(data) - 20), "SHA-256 does not match"),
    ("a bit of the table", lambda data: broken(data, 0x7004), "partition table: its MD5 does not match"),
    ("a table of nothing", lambda data: with_partitions(b"\xff" * 0xC00, data), "partition table: it is empty"),
    ("no application", lambda data: with_partitions([NVS_ROW, VFS_ROW], data), "it has no application"),
    (
        "an application larger than its partition",
        lambda data: with_partitions([FACTORY_ROW._replace(size=0x1000)], data),
        "too large: the application has 4176 bytes, its partition 4096",
    ),
    (
        "partitions beyond the flash",
        lambda data: with_partitions([FACTORY_ROW, VFS_ROW._replace(size=0x300000)], data),
        "it ends at 0x500000, the flash at 0x400000",
    ),
    (
        "no room for a file system",
        lambda data: with_partitions([FACTORY_ROW._replace(size=0x3F0000)], data),
        "no room for one",
    ),
    ("17 MB", lambda data: data + bytes(17 << 20), "too large"),
    ("no MicroPython", lambda data: with_app(lambda app: app.replace(b"Micro", b"Other"), data), "not of MicroPython"),
    ("bytecode of another version", lambda data: old(), "1.16.0 loads .mpy files of version 5, mpy-cross makes 6.3"),
    ("the right bytecode, but too old", lambda _: banner(b"v1.23.0"), "1.23.0 is too old: the firmware needs 1.25.0"),
    ("a release nobody knows yet", lambda _: banner(b"v1.99.0"), "1.99.0 is newer than mpy-cross"),
)


def banner(release):
    return small(release + b"-synthetic-test-img on 2025-09-11")


@pytest.mark.parametrize("change, message", [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_base_that_cannot_be_used(change, message, base, tmp_path, capsys):
    path, out = tmp_path / "base.bin", tmp_path / "image.bin"
    path.write_bytes(change(base))
    assert make_image(["esp32_bench", "--base", str(path), "--out", str(out)]) == 2
    said = capsys.readouterr()
    assert said.out == "" and len(said.err.splitlines()) == 1, said
    assert said.err.startswith(f"make image: {path}: ") and message in said.err
    assert not out.exists()


def test_a_base_that_is_not_there(tmp_path, capsys):
    assert make_image(["esp32_bench", "--base", str(tmp_path / "none.bin")]) == 2
    assert capsys.readouterr().err == f"make image: {tmp_path}/none.bin: cannot be read: No such file or directory\n"


def test_without_a_factory_partition_the_first_ota_slot_boots(base):
    slots = [FACTORY_ROW._replace(label=f"ota_{n}", subtype=OTA_0 + n, offset=0x10000 + n * 0x180000) for n in (1, 0)]
    assert Base(with_partitions(slots, base)).app.label == "ota_0"


@pytest.mark.parametrize(
    "rows, message",
    [
        ([FACTORY_ROW._replace(offset=0x11000)], "is not aligned"),
        ([NVS_ROW._replace(size=0)], "is not aligned"),
        ([NVS_ROW._replace(offset=0x8000)], "overlaps the table itself"),
        ([FACTORY_ROW, VFS_ROW._replace(offset=0x180000)], "partition vfs at 0x180000 overlaps partition factory"),
        ([NVS_ROW._replace(offset=0x9000 + n * 0x6000, label=f"n{n}") for n in range(96)], "too many rows"),
    ],
)
def test_a_table_that_is_not_sound_is_not_written(rows, message):
    with pytest.raises(TableError, match=message):
        partitions.encode(rows)


def test_a_table_that_is_not_sound_is_not_read(base):
    row = bytes.fromhex("aa500100") + (0x10000).to_bytes(4, "little") * 2 + b"x".ljust(16, b"\0") + bytes(4)
    with pytest.raises(ImageError, match="overlaps partition x"):
        Base(with_partitions((row * 2).ljust(0xC00, b"\xff"), base))
