"""The qemu port: the charger on bare metal, an ELF file for ``qemu-system-arm``."""

from __future__ import annotations

from pathlib import Path

from tools.mpsource import ROOT, micropython_source
from tools.portmake import HOST_PACKAGES, MANIFEST, PYTHON, Frozen, make, mpy_cross, source_packages
from tools.selection import Selection
from tools.toolchain import need

_PORT = ROOT / "boards/ports/qemu"
_TOOLCHAIN = ("gcc-arm-none-eabi", "libnewlib-arm-none-eabi")


def build(board: str) -> Path:
    """Build the image ``build/BOARD/firmware.elf``. Raises BuildError, SelectionError."""
    folder = Selection(board).folder
    _make(board, folder / "port")
    image = folder / "firmware.elf"
    new = folder / "firmware.new"
    new.write_bytes((folder / "port/firmware.elf").read_bytes())
    new.rename(image)  # one that QEMU runs keeps its own file
    return image


def frozen_object(board: str) -> Path:
    """Compile the modules of any board as this port freezes them, and nothing else: for their size."""
    port = Selection(board).folder / "size"
    _make(board, port, str(port / "frozen_content.o"))
    return port / "frozen_content.o"


def _make(board: str, port: Path, *targets: str) -> None:
    """Call the port's make with its build folder."""
    source = micropython_source()
    need([*HOST_PACKAGES, *source_packages(source), *_TOOLCHAIN])
    selection = Selection(board)
    frozen = Frozen(selection, boot=(_PORT / "frozen",))
    environment = {**frozen.environment, "MICROPY_MPYCROSS": str(mpy_cross(source))}
    library = selection.folder / "micropython-lib"  # nothing of it is used, but the build requires its README
    library.mkdir(parents=True, exist_ok=True)
    (library / "README.md").touch()
    frozen.refresh(port, _PORT / "QEMU_ARM/mpconfigboard.mk")
    make(
        "-C",
        source / "ports/qemu",
        "BOARD=QEMU_ARM",
        f"BOARD_DIR={_PORT / 'QEMU_ARM'}",
        f"BUILD={port}",
        f"MPY_LIB_DIR={library}",
        *heap_options(selection),
        MANIFEST,
        PYTHON,
        *targets,
        env=environment,
    )


def heap_options(selection: Selection) -> list[str]:
    """What make is given for the heap: nothing, or how much a board for measuring has more, its MORE_HEAP_KB."""
    more_kb = selection.declaration.get("MORE_HEAP_KB")
    return [] if more_kb is None else [f"CFLAGS_EXTRA=-DUCHARGE_GC_SECOND_AREA={int(more_kb) * 1024}"]
