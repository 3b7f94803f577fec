"""What our folders take for granted of MicroPython's source, looked up in the source that is built."""

import pytest

from tools import port_esp32, size
from tools.mpsource import VERSION, micropython_source, version_of


@pytest.fixture(scope="session")
def source():
    return micropython_source()


def test_its_version(source):
    assert version_of(source) >= VERSION


def test_the_esp32_board_folder_names_files_and_options_that_are_there(source):
    port = source / "ports/esp32"
    cmake = (port_esp32.BOARD_FOLDER / "mpconfigboard.cmake").read_text()
    for name in ("boards/sdkconfig.base", "boards/sdkconfig.240mhz"):  # without the second ESP-IDF's 160 MHz
        assert name in cmake and (port / name).is_file()
    known = "\n".join((source / f).read_text() for f in ("py/mpconfig.h", "ports/esp32/mpconfigport.h"))
    known += (port / "uart.h").read_text() + (port / "boards/ESP32_GENERIC/mpconfigboard.h").read_text()
    header = (port_esp32.BOARD_FOLDER / "mpconfigboard.h").read_text().splitlines()
    options = [line.split()[1] for line in header if line.startswith("#define")]
    assert len(options) > 4
    assert [option for option in options if option not in known] == []
    assert 'pyexec_frozen_module("_boot.py"' in (port / "main.c").read_text()
    assert '"romfs"' in (port / "esp32_partition.c").read_text()
    for module in ("flashbdev.py",):
        assert (port / "modules" / module).is_file()


def test_the_esp32_port_takes_the_idf_that_we_ask_for(source):
    lines = (source / "ports/esp32/README.md").read_text().splitlines()
    supported = next(line for line in lines if "supports v" in line)
    assert "v5.2" in supported and "v5.4" in supported


@pytest.mark.parametrize("board", ["unix", "esp32_bench"])
def test_the_sizes_add_up_to_what_was_compiled(board):
    table = size.frozen_object(board)
    found = size.sizes(board, table)
    text, data = size.output([f"{table.prefix}size", str(table.path)]).splitlines()[1].split()[:2]
    assert sum(found.values()) == int(text) + int(data)
    assert found["components.ocpp"] > 10000 and found["asyncio"] > 2000
    assert set(size.Selection(board).packages) <= set(found), "a package without bytes"
    assert found[size.NAMES] < sum(found.values()) / 2
