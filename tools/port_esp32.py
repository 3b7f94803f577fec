"""The ESP32 port: needs ESP-IDF, at IDF_PATH or in Espressif's container."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from tools import idf_environment
from tools.mpsource import BUILD, ROOT, TAG, micropython_source
from tools.portmake import Frozen, environment_for
from tools.selection import Selection
from tools.toolchain import BuildError, run
from tools.version import version

FOLDERS = ROOT / "boards/ports/esp32"
BOARD_FOLDER = FOLDERS / "UCHARGE"
START = FOLDERS / "frozen"
# ports/esp32/README.md of MicroPython 1.25: "supports v5.2, v5.2.2, v5.3 and v5.4".
_IDF_OLDEST, _IDF_NEWEST = (5, 2), (5, 4)
_CONTAINER = "espressif/idf:v5.4"
# Submodules of MicroPython that the port compiles; Debian's source package leaves them out.
_SUBMODULES = ("lib/berkeley-db-1.xx", "lib/micropython-lib")


class Idf(NamedTuple):
    """Where ESP-IDF is: a folder of this machine, or None for the container run by `program`."""

    path: Path | None
    program: str = ""


def build(board: str) -> Path:
    """Build ``build/BOARD/firmware.bin``, to be flashed at 0x1000. Raises BuildError, SelectionError."""
    selection = Selection(board)  # what is wrong with the board comes before what is missing on the machine
    idf = find_idf(board)
    source = micropython_source()
    if not (source / ".git").exists() and not all(any((source / name).glob("*")) for name in _SUBMODULES):
        raise BuildError(
            f"the ESP32 port needs MicroPython's submodules ({', '.join(_SUBMODULES)}), which {source} has "
            f"not: clone {TAG} with git and set MICROPYTHON_DIR. {without(board)}"
        )
    modules = source / "ports/esp32/modules"
    frozen = Frozen(selection, (START, modules / "flashbdev.py"))
    folder = board_folder(selection)
    environment = build_environment(frozen, source)
    port = selection.folder / "port"
    check_environment(idf, board, folder)
    frozen.refresh(port)
    (port / "sdkconfig").unlink(missing_ok=True)  # ESP-IDF keeps it, and with it the version stamp of the first build
    print(f"Building with ESP-IDF ({idf.path or _CONTAINER}) ...", flush=True)
    log = selection.folder / "build.log"
    run(command(idf, source, port, environment, folder), log, env=environment_for(environment))
    for setting in not_taken(folder, port / "sdkconfig"):
        print(f"warning: ESP-IDF has not taken {setting}", flush=True)
    return Path(shutil.copy2(port / "firmware.bin", selection.folder / "firmware.bin"))


def board_folder(selection: Selection) -> Path:
    """The folder that the board's PORT_BOARD names, below boards/ports/esp32. Raises BuildError."""
    folder = FOLDERS / str(selection.declaration.get("PORT_BOARD", BOARD_FOLDER.name))
    if not (folder / "mpconfigboard.cmake").is_file():
        there = ", ".join(sorted(path.parent.name for path in FOLDERS.glob("*/mpconfigboard.cmake")))
        raise BuildError(f"board {selection.name}: no board folder {folder.name!r}; there are {there}")
    return folder


def not_taken(folder: Path, built: Path) -> list[str]:
    """Settings of ours that ESP-IDF does not know, or has another value for: Kconfig drops them without an error."""
    setting = re.compile(r"^(?:# )?(CONFIG_\w+)(?:=(.*)| is not set)$", re.MULTILINE)
    have = dict(setting.findall(built.read_text(encoding="utf-8")))
    cmake = (folder / "mpconfigboard.cmake").read_text(encoding="utf-8")
    names = [*re.findall(r"\bsdkconfig\.\w+", cmake), "sdkconfig.ucharge"]
    files = [*(FOLDERS / name for name in names if (FOLDERS / name).is_file()), folder / "sdkconfig.board"]
    wanted = dict(setting.findall("\n".join(path.read_text(encoding="utf-8") for path in files)))
    return [f"{name}={value}" for name, value in wanted.items() if (have.get(name) or "n") != value or name not in have]


def check_environment(idf: Idf, board: str, folder: Path) -> None:
    """Raises BuildError: what ESP-IDF itself lacks for a build."""
    text = (folder / "mpconfigboard.cmake").read_text(encoding="utf-8")
    target = "".join(re.findall(r"^set\(IDF_TARGET (\w+)\)", text, re.MULTILINE))
    look = ["bash", "-c", idf_environment.script(idf.path, target)]
    if idf.path is not None:
        remedy = f"Run once: {idf.path / 'install.sh'} {target}. {without(board)}"
        idf_environment.check(look, f"ESP-IDF at {idf.path}", remedy, env={"IDF_PATH": str(idf.path)})
    else:
        remedy = f"Try: {idf.program} pull {_CONTAINER}. {without(board)}"
        idf_environment.check([idf.program, "run", "--rm", _CONTAINER, *look], f"the container {_CONTAINER}", remedy)


def build_environment(frozen: Frozen, source: Path) -> dict[str, str]:
    """What manifest.py and the board folder are given; mpy-cross is built by the build itself, with the IDF's tools.

    The port's makefile adds IDFPY_FLAGS to its own: CMake keeps definitions, and configures anew when one changes.
    """
    compiler = BUILD / "mpy-cross" / f"{source.name}-idf" / "mpy-cross"
    settings = {"UCHARGE_BOARD": frozen.selection.name, "UCHARGE_VERSION": version()[:31]}
    flags = " ".join(f"-D {name}={value}" for name, value in settings.items())
    return {**frozen.environment, **settings, "IDFPY_FLAGS": flags, "MICROPY_MPYCROSS": str(compiler)}


def command(idf: Idf, source: Path, port: Path, environment: dict[str, str], folder: Path) -> list[str]:
    """The command line of the build: mpy-cross, the port's submodules where git knows them, the image."""
    esp32 = f"make -C {shlex.quote(str(source / 'ports/esp32'))} BOARD_DIR={folder} BUILD={port}"
    compiler = Path(environment["MICROPY_MPYCROSS"]).parent
    steps = [f"make -C {shlex.quote(str(source / 'mpy-cross'))} BUILD={compiler}"]
    if (source / ".git").exists():
        steps.append(f"{esp32} submodules")
    steps.append(f"{esp32} FROZEN_MANIFEST={ROOT / 'manifest.py'}")
    if idf.path is not None:
        return ["bash", "-c", " && ".join([f". {shlex.quote(str(idf.path / 'export.sh'))}", *steps])]
    folders = {str(folder) for folder in (ROOT, source) if folder == ROOT or not source.is_relative_to(ROOT)}
    volumes = [word for folder in sorted(folders) for word in ("-v", f"{folder}:{folder}")]
    variables = [word for name, value in environment.items() for word in ("-e", f"{name}={value}")]
    user = ["-u", f"{os.getuid()}:{os.getgid()}", "-e", "HOME=/tmp"]
    if idf.program == "podman" and os.getuid():
        user.append("--userns=keep-id")  # without root a container's user is another one outside: it could not write
    return [idf.program, "run", "--rm", *user, *volumes, *variables, _CONTAINER, "bash", "-c", " && ".join(steps)]


def find_idf(board: str) -> Idf:
    """ESP-IDF of IDF_PATH, or a program that runs containers. Raises BuildError: what is missing, what works."""
    named = os.environ.get("IDF_PATH")
    if named:
        return Idf(check_idf(Path(named), board))
    for program in ("docker", "podman"):
        if shutil.which(program) and subprocess.run([program, "info"], capture_output=True).returncode == 0:
            return Idf(None, program)
    raise BuildError(
        f"{board} is built with ESP-IDF {_names()}, and this machine has none: IDF_PATH is not set, and neither docker "
        f"nor podman runs here for the container {_CONTAINER}. Install one of them. {without(board)}"
    )


def check_idf(path: Path, board: str) -> Path:
    """The folder, if it has an ESP-IDF that this MicroPython takes. Raises BuildError."""
    header = path / "tools/cmake/version.cmake"
    for file in (header, path / "export.sh"):
        if not file.is_file():
            lacking = f"which has no ESP-IDF: there is no {file.relative_to(path)}"
            raise BuildError(f"IDF_PATH is {path}, {lacking}; wanted is {_names()}. {without(board)}")
    found = re.findall(r"IDF_VERSION_(?:MAJOR|MINOR) (\d+)", header.read_text(encoding="utf-8"))
    got = tuple(int(number) for number in found[:2])
    if not _IDF_OLDEST <= got <= _IDF_NEWEST:
        shown = ".".join(map(str, got))
        raise BuildError(f"IDF_PATH is {path} with ESP-IDF {shown}; wanted is {_names()}. {without(board)}")
    return path.resolve()


def without(board: str) -> str:
    """What works without ESP-IDF."""
    return (
        f"Without it: `make image BOARD={board} BASE=firmware.bin` puts the modules onto the MicroPython of a module "
        f"with external RAM (they take some 480 KB of heap), and `make romfs BOARD={board}` makes the application "
        f"for a firmware that has VfsRom (some 190 KB of heap)."
    )


def _names() -> str:
    return f"v{'.'.join(map(str, _IDF_OLDEST))} to v{'.'.join(map(str, _IDF_NEWEST))} (MicroPython {TAG})"
