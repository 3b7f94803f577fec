"""What the builds of all ports share: the cross compiler, the environment of manifest.py, one call of make."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tools.mpsource import BUILD, ROOT, lock
from tools.selection import Selection
from tools.toolchain import need, run

HOST_PACKAGES = ("gcc", "libc6-dev", "make")


def make(*arguments: str | Path, env: dict[str, str] | None = None) -> None:
    """GNU make on all cores; its output is shown when it fails. Raises BuildError."""
    outer = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")  # `make firmware` is not this make's parent
    environment = {key: value for key, value in {**os.environ, **(env or {})}.items() if key not in outer}
    run(["make", f"-j{os.cpu_count() or 1}", *map(str, arguments)], env=environment)


def mpy_cross(source: Path) -> Path:
    """The cross compiler of this source, built below build/ if it is not there yet."""
    folder = BUILD / "mpy-cross" / source.name
    program = folder / "mpy-cross"
    with lock(BUILD / "mpy-cross.lock"):
        if not program.exists():
            print("Building mpy-cross ...", flush=True)
            need([*HOST_PACKAGES, *source_packages(source)])
            make("-C", source / "mpy-cross", f"BUILD={folder}", f"PYTHON={sys.executable}")
    return program


def source_packages(source: Path) -> tuple[str, ...]:
    """Debian's source asks dpkg for its version."""
    return ("dpkg-dev",) if (source / "debian").is_dir() else ()


class Frozen:
    """What manifest.py is told for one board, and whether an earlier build froze another set of modules.

    boot: start-up modules of the port, or folders of such. native: the target runs machine code.
    """

    def __init__(self, board: str, source: Path, native: bool, boot: tuple[Path, ...] = ()):
        self.selection = Selection(board, native)
        self.folder = self.selection.folder
        self.boot = boot
        self.environment = {
            "UCHARGE_BOARD": board,
            "UCHARGE_NATIVE": "1" if native else "0",
            "UCHARGE_BOOT": ":".join(str(place) for place in boot),
            "MICROPY_MPYCROSS": str(mpy_cross(source)),
        }

    def refresh(self, port: Path) -> None:
        """Have the port's build folder freeze anew if the list changed: make sees changed files, not missing ones."""
        boot = [str(path) for place in self.boot for path in (sorted(place.iterdir()) if place.is_dir() else [place])]
        now = "\n".join([path for path, _ in self.selection.files] + boot)
        record = self.folder / "frozen.txt"
        if not record.exists() or record.read_text(encoding="utf-8") != now:
            (port / "frozen_content.c").unlink(missing_ok=True)
            record.write_text(now, encoding="utf-8")

    @property
    def variables(self) -> list[str]:
        """The variables that every port's Makefile takes."""
        return [f"FROZEN_MANIFEST={ROOT / 'manifest.py'}", f"PYTHON={sys.executable}"]
