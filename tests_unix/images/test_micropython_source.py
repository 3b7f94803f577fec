"""What our folders take for granted of MicroPython's source, looked up in the source that is built."""

import os
import re
import subprocess

import pytest

from tools import port_esp32, size
from tools.mpsource import VERSION, micropython_source, version_of
from tools.portmake import Frozen
from tools.selection import Selection


@pytest.fixture(scope="session")
def source():
    return micropython_source()


def test_its_version(source):
    assert version_of(source) >= VERSION


FOLDERS = sorted(path.parent for path in port_esp32.FOLDERS.glob("*/mpconfigboard.cmake"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_an_esp32_board_folder_names_files_and_options_that_are_there(source, folder):
    port = source / "ports/esp32"
    cmake = (folder / "mpconfigboard.cmake").read_text() + (port_esp32.FOLDERS / "ucharge.cmake").read_text()
    fragments = re.findall(r"\bboards/sdkconfig\.\w+", cmake)
    assert {"boards/sdkconfig.base", "boards/sdkconfig.240mhz"} <= set(fragments)  # else ESP-IDF's 160 MHz
    assert [name for name in fragments if not (port / name).is_file()] == []
    known = "\n".join((source / f).read_text() for f in ("py/mpconfig.h", "ports/esp32/mpconfigport.h"))
    known += (port / "uart.h").read_text() + (port / "boards/ESP32_GENERIC/mpconfigboard.h").read_text()
    header = (folder / "mpconfigboard.h").read_text() + (port_esp32.BOARD_FOLDER / "mpconfigboard.h").read_text()
    options = re.findall(r"^#define (\w+)", header, re.MULTILINE)
    assert len(options) >= 4 and [option for option in options if option not in known] == []
    for name in re.findall(r"\bMICROPY_\w+", cmake):
        assert name in known + (port / "CMakeLists.txt").read_text() + (port / "esp32_common.cmake").read_text(), name
    assert 'pyexec_frozen_module("_boot.py"' in (port / "main.c").read_text()
    assert '"romfs"' in (port / "esp32_partition.c").read_text()
    for module in ("flashbdev.py",):
        assert (port / "modules" / module).is_file()


# CMake configures anew when a definition of the command line is another one, and not when the environment is.
IDF_PY = """#!/bin/sh
while test $# -gt 0; do
    case "$1" in -D) echo "defined $2"; shift;; -B) echo "in $2"; shift;; *) echo "to do $1";; esac
    shift
done
"""


@pytest.mark.parametrize("board", ["rivot_esp32", "esp32_bench", "rivot_esp32s3"])
def test_the_ports_makefile_passes_its_board_to_cmake(source, tmp_path, board):
    """Two boards built in one folder have the banner of the first, if only the environment tells which they are."""
    (tmp_path / "idf.py").write_text(IDF_PY)
    (tmp_path / "idf.py").chmod(0o755)
    selection = Selection(board)
    folder = port_esp32.board_folder(selection)
    told = port_esp32.build_environment(Frozen(selection, (port_esp32.START,)), source)
    environment = {**os.environ, **told, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    # "size" is called as "all" is, and wants no image afterwards
    command = ["make", "-C", str(source / "ports/esp32"), f"BOARD_DIR={folder}", "BUILD=b", "USER_C_MODULES=c", "size"]
    lines = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.splitlines()
    wanted = {"UCHARGE_BOARD": board, "UCHARGE_VERSION": told["UCHARGE_VERSION"], "MICROPY_BOARD": folder.name}
    for name, value in {**wanted, "MICROPY_BOARD_DIR": folder}.items():
        assert f"defined {name}={value}" in lines, lines
    assert "in b" in lines and "to do size" in lines
    cmake = (port_esp32.FOLDERS / "ucharge.cmake").read_text()
    assert 'MICROPY_HW_BOARD_NAME="ucharge ${UCHARGE_BOARD}"' in cmake
    assert 'MICROPY_HW_MCU_NAME="${UCHARGE_MCU}"' in cmake and "string(TOUPPER ${IDF_TARGET} UCHARGE_MCU)" in cmake


def test_the_esp32_port_takes_the_idf_that_we_request(source):
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
