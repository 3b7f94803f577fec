"""MicroPython's source: ``python -m tools.mpsource`` prints the folder that has it.

MICROPYTHON_DIR if it is set; otherwise the release below, from its public repository or, where that cannot be reached,
from Debian's source package. What is fetched goes below build/, once, and is never committed.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.aptsource import fetch
from tools.toolchain import BuildError, need, run

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
VERSION = (1, 25, 0)
TAG = "v" + ".".join(str(number) for number in VERSION)
_REPOSITORY = "https://github.com/micropython/micropython"
_DEBIAN = ("micropython", "trixie")  # the release of Debian that has VERSION
_PROBE_S, _CLONE_S = 10, 600


def micropython_source() -> Path:
    """The folder of MicroPython's source, fetched if it is not there yet. Raises BuildError."""
    named = os.environ.get("MICROPYTHON_DIR")
    if named:
        return check(Path(named).expanduser().resolve(), exact=False)
    folder = BUILD / f"micropython-{TAG[1:]}"
    with lock(BUILD / "micropython.lock"):
        if not folder.exists():
            _get(folder)
    return check(folder)


def version_of(folder: Path) -> tuple[int, ...]:
    """The version of a source folder. Raises BuildError if it is none."""
    header = folder / "py/mpconfig.h"
    if not header.is_file():
        raise BuildError(f"{folder} has no MicroPython source (no py/mpconfig.h)")
    found = re.findall(r"#define MICROPY_VERSION_(?:MAJOR|MINOR|MICRO) (\d+)", header.read_text(encoding="utf-8"))
    return tuple(int(number) for number in found)


def check(folder: Path, exact: bool = True) -> Path:
    """The folder, if its version will do. Raises BuildError."""
    version = version_of(folder)
    if version < VERSION or (exact and version != VERSION):
        got, wanted = ".".join(map(str, version)), TAG[1:] + ("" if exact else " or newer")
        raise BuildError(f"{folder} is MicroPython {got}, wanted is {wanted}")
    return folder


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Let one build at a time do what is inside."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _get(folder: Path) -> None:
    """Fetch the release; the folder appears only when it is whole."""
    work = BUILD / "micropython.fetch"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        cloned = _clone(work / "tree")
        if cloned:
            try:
                _from_debian(work, work / "tree")
            except BuildError as error:
                raise BuildError(
                    f"MicroPython {TAG} could be fetched neither from its repository ({cloned}) nor from Debian:\n"
                    f"{error}\nSet MICROPYTHON_DIR to a folder with its source."
                ) from None
        check(work / "tree").rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _clone(tree: Path) -> str:
    """Clone the tag without history; returns what was in the way."""
    environment = dict(os.environ, GIT_TERMINAL_PROMPT="0")
    steps = (
        (["git", "ls-remote", "--exit-code", "--tags", _REPOSITORY, TAG], _PROBE_S),
        (["git", "clone", "--quiet", "--depth=1", "--branch", TAG, _REPOSITORY, str(tree)], _CLONE_S),
    )
    print("Fetching MicroPython", TAG, "...", flush=True)
    for command, limit_s in steps:
        try:
            result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=limit_s)
        except subprocess.TimeoutExpired:
            return f"no answer within {limit_s} s"
        except FileNotFoundError:
            return "no git on this machine"
        if result.returncode:
            return (result.stderr.strip().splitlines() or ["no such tag"])[-1]
    return ""


def _from_debian(work: Path, tree: Path) -> None:
    package, suite = _DEBIAN
    print(f"... its repository cannot be reached: taking Debian's source package ({suite})", flush=True)
    need(["dpkg-dev", "xz-utils"])
    description = fetch(package, suite, work)
    shutil.rmtree(tree, ignore_errors=True)
    run(["dpkg-source", "--no-check", "--extract", str(description), str(tree)], cwd=work)


if __name__ == "__main__":
    try:
        print(micropython_source())
    except BuildError as problem:
        sys.exit(f"ucharge: {problem}")
