"""What the builds of all ports share: the cross compiler, the environment of manifest.py, one call of make."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from tools.mpsource import BUILD, ROOT, lock
from tools.selection import Selection
from tools.toolchain import need, run

HOST_PACKAGES = ("gcc", "libc6-dev", "make")
MANIFEST = f"FROZEN_MANIFEST={ROOT / 'manifest.py'}"
PYTHON = f"PYTHON={sys.executable}"
_OUTER = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "BOARD")


def environment_for(more: dict[str, str]) -> dict[str, str]:
    """This process's environment and more, without what `make firmware BOARD=...` hands on: it is not that make's."""
    return {name: value for name, value in {**os.environ, **more}.items() if name not in _OUTER}


def make(*arguments: str | Path, env: dict[str, str] | None = None) -> None:
    """GNU make on all cores; its output is shown when it fails. Raises BuildError."""
    run(["make", f"-j{os.cpu_count() or 1}", *map(str, arguments)], env=environment_for(env or {}))


def mpy_cross(source: Path) -> Path:
    """The cross compiler of this source, built below build/ if it is not there yet."""
    folder = BUILD / "mpy-cross" / source.name
    program = folder / "mpy-cross"
    with lock(BUILD / "mpy-cross.lock"):
        if not program.exists():
            print("Building mpy-cross ...", flush=True)
            need([*HOST_PACKAGES, *source_packages(source)])
            make("-C", source / "mpy-cross", f"BUILD={folder}", PYTHON)
    return program


def source_packages(source: Path) -> tuple[str, ...]:
    """What a source needs itself: Debian's queries dpkg for its version."""
    return ("dpkg-dev",) if (source / "debian").is_dir() else ()


class Frozen:
    """What manifest.py is given of one board. boot: start-up modules of the port, or folders of such.

    Beside them goes a module of names, see `module_names`.
    """

    def __init__(self, selection: Selection, boot: tuple[Path, ...] = ()):
        self.selection = selection
        self.boot = (*boot, module_names(selection))
        self.environment = {
            "UCHARGE_BOARD": selection.name,
            "UCHARGE_NATIVE": "1" if selection.native else "0",
            "UCHARGE_BOOT": ":".join(str(place) for place in self.boot),
        }

    def refresh(self, port: Path, makefile: Path | None = None) -> None:
        """Have a port's build folder freeze anew if the list changed: make sees changed files, not missing ones.

        Nor does it see what a makefile of ours sets: if that changed, the folder is built from the beginning.
        """
        if makefile is not None:
            settings, kept = makefile.read_text(encoding="utf-8"), port / "settings.txt"
            if not kept.exists() or kept.read_text(encoding="utf-8") != settings:
                shutil.rmtree(port, ignore_errors=True)
                port.mkdir(parents=True)
                kept.write_text(settings, encoding="utf-8")
        boot = [str(path) for place in self.boot for path in (sorted(place.iterdir()) if place.is_dir() else [place])]
        now = "\n".join([path for path, _ in self.selection.files] + boot)
        record = self.selection.folder / "frozen.txt"
        if not record.exists() or record.read_text(encoding="utf-8") != now:
            (port / "frozen_content.c").unlink(missing_ok=True)
            record.write_text(now, encoding="utf-8")


def module_names(selection: Selection) -> Path:
    """A frozen module without importers: by it the names of all modules are strings of the image, not of the heap."""
    imported = [*selection.modules, *(f"asyncio.{part}" for part in ("core", "event", "funcs", "lock", "stream"))]
    lines = ['"""Generated: the names of modules, for MicroPython\'s table of strings."""', ""]
    for name in sorted(imported):
        package, _, last = name.rpartition(".")
        lines += [f"import {name}"] + ([f"from {package} import {last}"] if package else [])
    path = selection.folder / "module_names.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
