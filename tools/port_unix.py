"""The unix port: the charger as one executable of this machine."""

from __future__ import annotations

import platform
import shutil
from pathlib import Path

from tools.mpsource import ROOT, micropython_source
from tools.portmake import HOST_PACKAGES, MANIFEST, PYTHON, Frozen, make, mpy_cross, source_packages
from tools.selection import Selection
from tools.toolchain import need

_VARIANT = ROOT / "boards/ports/unix"
# Machine code that MicroPython can freeze for this machine; elsewhere it is plain Python.
_ARCHITECTURES = {"x86_64": "x64", "i686": "x86", "armv7l": "armv7m"}


def build(board: str) -> Path:
    """Build the executable ``build/BOARD/ucharge``. Raises BuildError, SelectionError."""
    source = micropython_source()
    bundled = (source / "lib/mbedtls/include").is_dir() or (source / ".git").exists()
    need([*HOST_PACKAGES, *source_packages(source), "pkg-config", *(() if bundled else ("libmbedtls-dev",))])
    architecture = _ARCHITECTURES.get(platform.machine())
    selection = Selection(board, native=architecture is not None)
    frozen = Frozen(selection)
    environment = {**frozen.environment, "MICROPY_MPYCROSS": str(mpy_cross(source))}
    port = selection.folder / "port"
    call = ["-C", str(source / "ports/unix"), f"VARIANT_DIR={_VARIANT}", f"BUILD={port}", MANIFEST, PYTHON]
    if architecture:
        call.append(f"MPY_CROSS_FLAGS=-march={architecture}")
    if (source / ".git").exists():
        make(*call, "submodules", env=environment)
    frozen.refresh(port, _VARIANT / "mpconfigvariant.mk")
    make(*call, env=environment)
    executable = selection.folder / "ucharge"
    new = selection.folder / "ucharge.new"
    shutil.copy2(port / "ucharge", new)
    new.rename(executable)  # one that runs keeps its own file
    return executable
