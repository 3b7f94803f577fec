"""make romfs: a board's modules as a ROMFS image, which a MicroPython with VfsRom runs in place, as frozen code.

    python -m tools.romfs BOARD [--out romfs.img]

The image holds main.py and lib/; the builder is mpremote's. Bytecode and names stay in the flash; what
the modules still take of the heap is printed. On a device the image goes into a partition ``romfs``, mounted as /rom.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.mpy import MpyError
from tools.payload import GC_HEAP, ScriptError, heap_from_romfs, host_arch, payload, romfs
from tools.selection import ROOT, Selection, SelectionError

ARCHES = {"esp32": "xtensawin", "qemu": "armv7m"}  # machine code of a port; the unix port runs on this machine
_WRONG = 2


def main(arguments: list[str] | None = None) -> int:
    """Make the image; returns the exit status."""
    parser = argparse.ArgumentParser("make romfs", "make romfs BOARD=... [OUT=romfs.img]")
    parser.add_argument("board", metavar="BOARD")
    parser.add_argument("--out", type=Path, help="default: build/BOARD/romfs.img")
    options = parser.parse_args(arguments)
    out = options.out or ROOT / "build" / options.board / "romfs.img"
    try:
        selection = Selection(options.board)
        arch = ARCHES.get(selection.port) or host_arch()
        files = payload(selection if arch else Selection(options.board, native=False), arch)
        image = romfs(files)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(image)
        heap = heap_from_romfs(selection)
    except (SelectionError, MpyError, ScriptError) as error:
        print(f"make romfs: {error}", file=sys.stderr)
        return _WRONG
    except OSError as error:
        print(f"make romfs: {out}: {error.strerror}", file=sys.stderr)
        return _WRONG
    print(f"{out}: {len(image)} bytes, {len(files)} files, machine code: {arch or 'none'}")
    print(f"heap: about {heap >> 10} KB once the modules are imported, estimated by doing so here")
    if selection.port == "esp32" and "PORT_BOARD" not in selection.declaration and heap > GC_HEAP:
        print(
            f"warning: the GC heap of {options.board} has {GC_HEAP:,} bytes: this ROMFS is for a module with external "
            "RAM, or for a board with fewer profiles"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
