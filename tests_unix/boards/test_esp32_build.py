"""The build of an ESP32 image, with stand-ins for ESP-IDF and docker: its commands, and what is told when it fails."""

import os
import re
import subprocess
import sys

import pytest

from tools import build_firmware, port_esp32
from tools.portmake import Frozen
from tools.selection import ROOT, Selection, boards
from tools.toolchain import BuildError

ESP32_BOARDS = [board for board in boards() if Selection(board).port == "esp32"]


def program(path, text="exit 0\n"):
    path.write_text(f"#!/bin/sh\n{text}")
    path.chmod(0o755)


@pytest.fixture
def idf(tmp_path):
    """A folder that looks like ESP-IDF 5.4; its export.sh puts a ``make`` on the path that tells how it was called."""
    (tmp_path / "tools/cmake").mkdir(parents=True)
    text = "set(IDF_VERSION_MAJOR 5)\nset(IDF_VERSION_MINOR 4)\nset(IDF_VERSION_PATCH 1)\n"
    (tmp_path / "tools/cmake/version.cmake").write_text(text)
    program(tmp_path / "make", 'echo "$UCHARGE_BOARD|$*"\n')
    for name in ("idf.py", "cmake", "xtensa-esp32-elf-gcc", "xtensa-esp32s3-elf-gcc"):
        program(tmp_path / name)
    (tmp_path / "export.sh").write_text(f'PATH="{tmp_path}:$PATH"\n')
    return tmp_path


def test_the_command_with_an_idf_of_this_machine(idf, tmp_path):
    board = ESP32_BOARDS[0]
    source = tmp_path / "micro python"
    environment = port_esp32.build_environment(Frozen(Selection(board), (port_esp32.START,)), source)
    command = port_esp32.command(
        port_esp32.Idf(idf), source, tmp_path / "port", environment, port_esp32.BOARD_FOLDER
    )
    result = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=True)
    compiler, image = result.stdout.splitlines()
    assert compiler.startswith(f"{board}|-C {source}/mpy-cross BUILD=")
    assert f"-C {source}/ports/esp32 BOARD_DIR={port_esp32.BOARD_FOLDER} BUILD={tmp_path}/port" in image
    assert image.endswith(f"FROZEN_MANIFEST={ROOT}/manifest.py")
    assert environment["UCHARGE_VERSION"] and len(environment["UCHARGE_VERSION"]) < 32


MAKE = """#!/bin/sh
for word; do case "$word" in BUILD=*) build="${word#BUILD=}";; esac; done
case "$*" in *FROZEN_MANIFEST*) ;; *) exit 0;; esac
test -z "$MAKEFLAGS$BOARD" || { echo "MAKEFLAGS is $MAKEFLAGS, BOARD is $BOARD"; exit 1; }
test -e "$build/sdkconfig" || echo "$UCHARGE_VERSION" > "$build/sdkconfig"
cp "$build/sdkconfig" "$build/firmware.bin"
"""


@pytest.fixture
def building(idf, tmp_path, monkeypatch):
    """`port_esp32.build` with that ESP-IDF and a source that has what is looked up before its makefiles run."""
    source = tmp_path / "micropython"
    (source / "ports/esp32/modules").mkdir(parents=True)
    (source / ".git").mkdir()
    (source / "py").mkdir()
    numbers = zip(("MAJOR", "MINOR", "MICRO"), (1, 25, 0))
    text = "".join(f"#define MICROPY_VERSION_{name} {number}\n" for name, number in numbers)
    (source / "py/mpconfig.h").write_text(text)
    for name, value in {"IDF_PATH": idf, "MICROPYTHON_DIR": source, "MAKEFLAGS": "w -- BOARD=x", "BOARD": "x"}.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setattr(port_esp32, "Selection", lambda board: Selection(board, build=tmp_path / "build"))
    (tmp_path / "build" / ESP32_BOARDS[0] / "port").mkdir(parents=True)
    return idf


def test_every_build_has_the_version_of_its_own_commit(building, monkeypatch):
    """The ``make`` here keeps an sdkconfig that is there, as ESP-IDF does."""
    (building / "make").write_text(MAKE)
    for number in ("0.1.0+first", "0.1.0+second"):
        monkeypatch.setattr(port_esp32, "version", lambda number=number: number)
        assert port_esp32.build(ESP32_BOARDS[0]).read_text().strip() == number


def test_a_setting_that_esp_idf_does_not_take_is_reported(building, capsys):
    """Kconfig drops a name that it does not know, and a value that depends on another, with a line nobody sees."""
    ours = (port_esp32.FOLDERS / "sdkconfig.ucharge").read_text() + "CONFIG_ESPTOOLPY_FLASHSIZE_4MB=y\n"
    kept = re.sub(r"^(CONFIG_\w+)=n$", r"# \1 is not set", ours, flags=re.MULTILINE)
    for built, told in (
        (kept, []),
        (kept.replace("CONFIG_LWIP_PPP_SUPPORT is not set", "CONFIG_OTHER is not set"), ["CONFIG_LWIP_PPP_SUPPORT=n"]),
        (kept.replace("# CONFIG_MBEDTLS_HAVE_TIME_DATE is not set", "CONFIG_MBEDTLS_HAVE_TIME_DATE=y"),
         ["CONFIG_MBEDTLS_HAVE_TIME_DATE=n"]),
        (kept.replace("CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y", "# CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE is not set"),
         ["CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y"]),
    ):  # fmt: skip
        (building / "built").write_text(built)
        text = MAKE.replace('echo "$UCHARGE_VERSION" > "$build/sdkconfig"', f'cp {building}/built "$build/sdkconfig"')
        (building / "make").write_text(text)
        capsys.readouterr()
        port_esp32.build(ESP32_BOARDS[0])
        warnings = [line for line in capsys.readouterr().out.splitlines() if line.startswith("warning: ")]
        assert warnings == [f"warning: ESP-IDF has not taken {setting}" for setting in told]


# What ESP-IDF 5.3.1 says (tools/idf_tools.py, check_python_dependencies.py, detect_python.sh), and what is told of it.
NO_TOOLS = """echo 'Checking "python3" ...'
echo "ERROR: tool xtensa-esp-elf-gdb has no installed versions. Please run 'X install' to install it." >&2
echo "ERROR: tool xtensa-esp-elf has no installed versions. Please run 'X install' to install it." >&2
return 1
"""
NO_VENV = """cat <<END >&2
ERROR: /x/idf5.3_py3.11_env/bin/python doesn't exist! Please run the install script or "idf_tools.py install-python-env"
END
return 1
"""
NO_PACKAGES = """cat <<END
The following Python requirements are not satisfied:
Requirement 'esptool~=4.8' was not met. Installed version: 4.7.0
Error while checking requirement 'click'. Package was not found and is required by the application: No package metadata
To install the missing packages, please run "install.sh"
END
return 1
"""
NO_PYTHON = 'echo "Python 3.8+ is not installed! Please see the documentation for how to install it."\nexit 1\n'


@pytest.mark.parametrize(
    "export, removed, told",
    [
        (NO_TOOLS, (), "not installed: xtensa-esp-elf-gdb, xtensa-esp-elf"),
        (NO_VENV, (), "/x/idf5.3_py3.11_env/bin/python doesn't exist"),
        (NO_PACKAGES, (), "its Python environment lacks esptool~=4.8, click"),
        (NO_PYTHON, (), "Python 3.8+ is not installed!"),
        ("", ("idf.py", "xtensa-esp32-elf-gcc"), "no program idf.py, xtensa-esp32-elf-gcc"),
        ("echo nonsense; return 7\n", (), "nonsense"),
    ],
)
def test_what_an_idf_lacks_is_one_message_before_the_build(building, export, removed, told):
    """The port's makefile would end with "idf.py: not found", or export.sh's last line of thirty."""
    for name in removed:
        (building / name).unlink()
    program(building / "make", "echo built >> $0.calls\n")
    with (building / "export.sh").open("a") as file:
        file.write(export)
    with pytest.raises(BuildError) as raised:
        port_esp32.build(ESP32_BOARDS[0])
    message = str(raised.value)
    assert message.startswith(f"ESP-IDF at {building} is not ready: {told}. Run once: {building}/install.sh esp32. ")
    assert len(message.splitlines()) == 1 and not (building / "make.calls").exists()


def test_the_compiler_is_that_of_the_boards_chip(building):
    (building / "xtensa-esp32s3-elf-gcc").unlink()
    with pytest.raises(BuildError, match="no program xtensa-esp32s3-elf-gcc. Run once: .*install.sh esp32s3"):
        port_esp32.build("rivot_esp32s3")


# As ninja, CMake, the port's makefile and ESP-IDF print them (colours too), with what comes after an error shortened.
GCC = """[1021/1083] Building C object esp-idf/main/CMakeFiles/__idf_main.dir/__/gccollect.c.obj
FAILED: esp-idf/main/CMakeFiles/__idf_main.dir/x/canguard.c.obj
/opt/esp/tools/bin/xtensa-esp32-elf-gcc -DESP_PLATFORM -Werror=all -o canguard.c.obj -c /x/canguard.c
\x1b[01m\x1b[K/x/canguard.c:\x1b[m\x1b[K In function '\x1b[01m\x1b[Krule\x1b[m\x1b[K':
\x1b[01m\x1b[K/x/canguard.c:7:21:\x1b[m\x1b[K \x1b[01;31m\x1b[Kerror: \x1b[m\x1b[Kimplicit declaration of function 'f'
    7 | int rule(void){ return f(1); }
      |                        ^
/x/canguard.c:9:1: error: a second one
[1022/1083] Building C object esp-idf/main/CMakeFiles/__idf_main.dir/__/main.c.obj
ninja: build stopped: subcommand failed.
ninja failed with exit code 1, output of the command is in the /b/log/idf_py_stderr_output_1
make: *** [Makefile:76: all] Error 1
"""
CMAKE = """-- Configuring done
CMake Error at /x/esp32/ucharge.cmake:12 (include):
  include could not find requested file:

    nothing.cmake


-- Configuring incomplete, errors occurred!
make: *** [Makefile:76: all] Error 1
"""
LINKER = """[9/10] Linking CXX executable micropython.elf
FAILED: micropython.elf
/opt/esp/bin/../lib/gcc/xtensa-esp-elf/13.2.0/ld: esp-idf/main/libmain.a(gc_heap.c.obj): in function `area':
/x/gc_heap.c:10:(.text.area+0x4): undefined reference to `gc_add'
collect2: error: ld returned 1 exit status
ninja: build stopped: subcommand failed.
"""
SIZES = """micropython.bin binary size 0x1b4d40 bytes. Smallest app partition is 0x1b0000 bytes.
Error: app partition is too small for binary micropython.bin size 0x1b4d40:
  - Part 'ota_0' 0/16 @ 0x10000 size 0x1b0000 (overflow 0x4d40)
ninja: build stopped: subcommand failed.
"""
FREEZE = """[3/9] Generating ../../frozen_content.c
FAILED: frozen_content.c
freeze error executing "/x/manifest.py": Error in manifest file: /x/manifest.py: 'UCHARGE_BOARD'
ninja: build stopped: subcommand failed.
"""


@pytest.mark.parametrize(
    "output, first, last, absent",
    [
        (GCC, "/x/canguard.c:7:21: error: implicit declaration of function 'f'", "a second one", "main.c.obj"),
        (CMAKE, "CMake Error at /x/esp32/ucharge.cmake:12 (include):", "    nothing.cmake", "incomplete"),
        (LINKER, "gc_heap.c.obj): in function `area':", "collect2: error: ld returned 1 exit status", "ninja:"),
        (SIZES, "Error: app partition is too small", "(overflow 0x4d40)", "ninja:"),
        (FREEZE, "freeze error executing", "'UCHARGE_BOARD'", "ninja:"),
        ("one\nsomething went wrong\n", "one", "something went wrong", "\x1b"),
    ],
    ids=["gcc", "cmake", "linker", "sizes", "freeze", "unknown"],
)
def test_a_build_that_fails_shows_the_first_error_and_names_its_log(building, output, first, last, absent):
    """Its end is ninja's and make's, many lines after what was wrong when other files are built beside."""
    (building / "output").write_text(output + "[1/2] and so on\n" * 100 * (output.count("\n") > 2))
    program(building / "make", f"cat {building}/output\nexit 2\n")
    with pytest.raises(BuildError) as raised:
        port_esp32.build(ESP32_BOARDS[0])
    shown = str(raised.value).partition("ended with status 2:\n")[2]
    log = building / "build" / ESP32_BOARDS[0] / "build.log"
    assert first in shown.splitlines()[0] and shown.splitlines()[-2].endswith(last)
    assert absent not in shown and shown.endswith(f"\n(all of its output: {log})")
    kept = log.read_text()
    assert kept.count("\n") == (building / "output").read_text().count("\n") and "\x1b" not in kept


def test_the_command_in_the_container_sees_the_same_paths(tmp_path):
    source = tmp_path / "micropython"
    (source / ".git").mkdir(parents=True)
    environment = port_esp32.build_environment(Frozen(Selection(ESP32_BOARDS[0]), (port_esp32.START,)), source)
    folder = port_esp32.BOARD_FOLDER
    command = port_esp32.command(port_esp32.Idf(None, "docker"), source, ROOT / "build/x/port", environment, folder)
    assert command[:3] == ["docker", "run", "--rm"] and "espressif/idf:v5.4" in command
    assert f"{ROOT}:{ROOT}" in command and f"{source}:{source}" in command
    assert f"UCHARGE_BOARD={ESP32_BOARDS[0]}" in command
    assert "submodules" in command[-1] and command[-1].endswith("manifest.py")


def test_the_container_is_looked_into_before_it_builds(tmp_path, monkeypatch):
    """Its entry point runs export.sh; a ``docker`` that does so much of it runs the look-up in this machine's shell."""
    program(tmp_path / "docker", 'test "$1 $2" = "run --rm" || exit 125\nshift 3\nexec "$@"\n')
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for name in ("idf.py", "cmake"):
        program(tmp_path / name)
    idf = port_esp32.Idf(None, "docker")
    with pytest.raises(BuildError, match="espressif/idf:v5.4 is not ready: no program xtensa-esp32-elf-gcc. Try"):
        port_esp32.check_environment(idf, ESP32_BOARDS[0], port_esp32.BOARD_FOLDER)
    program(tmp_path / "xtensa-esp32-elf-gcc")
    port_esp32.check_environment(idf, ESP32_BOARDS[0], port_esp32.BOARD_FOLDER)
    program(tmp_path / "docker", "echo 'docker: Error response from daemon: pull access denied.' >&2\nexit 125\n")
    with pytest.raises(BuildError, match="is not ready: docker: Error response from daemon: pull access denied"):
        port_esp32.check_environment(idf, ESP32_BOARDS[0], port_esp32.BOARD_FOLDER)


def test_who_runs_podman_without_root_owns_what_it_builds(tmp_path, monkeypatch):
    environment = port_esp32.build_environment(Frozen(Selection(ESP32_BOARDS[0]), (port_esp32.START,)), tmp_path)
    folder = port_esp32.BOARD_FOLDER
    for user, program, kept in ((1000, "podman", True), (0, "podman", False), (1000, "docker", False)):
        monkeypatch.setattr(os, "getuid", lambda user=user: user)
        idf = port_esp32.Idf(None, program)
        command = port_esp32.command(idf, tmp_path, ROOT / "build/x/port", environment, folder)
        assert ("--userns=keep-id" in command) is kept, (user, program)


def test_a_folder_with_a_blank_is_refused_before_anything_is_built(monkeypatch):
    monkeypatch.setenv("MICROPYTHON_DIR", "/opt/micro python")
    with pytest.raises(BuildError, match="blank in its name"):
        build_firmware.build(ESP32_BOARDS[0])


def test_without_an_idf_one_message_says_what_is_missing_and_what_works(tmp_path, monkeypatch):
    monkeypatch.delenv("IDF_PATH", raising=False)
    environment = {**os.environ, "PATH": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-m", "tools.build_firmware", ESP32_BOARDS[0]],
        cwd=ROOT, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 1 and len(result.stderr.splitlines()) == 1
    named = ("v5.2 to v5.4", "IDF_PATH is not set", "espressif/idf:v5.4", "make image", "external RAM", "make romfs")
    for word in named:
        assert word in result.stderr


def test_an_idf_of_the_wrong_version_is_named(idf, monkeypatch):
    monkeypatch.setenv("IDF_PATH", str(idf))
    assert port_esp32.find_idf("x") == port_esp32.Idf(idf)
    version = idf / "tools/cmake/version.cmake"
    version.write_text(version.read_text().replace("MINOR 4", "MINOR 5"))
    with pytest.raises(BuildError, match=r"with ESP-IDF 5\.5; wanted is v5\.2 to v5\.4"):
        port_esp32.find_idf("x")
    version.unlink()
    with pytest.raises(BuildError, match=r"which has no ESP-IDF: there is no tools/cmake/version\.cmake"):
        port_esp32.find_idf("x")
