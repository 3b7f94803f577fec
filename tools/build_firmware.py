"""``make firmware BOARD=NAME``: build the image of a board, with the port that the board's PORT names."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from pathlib import Path

from tools.mpsource import BUILD, ROOT, lock
from tools.selection import Selection, SelectionError
from tools.toolchain import BuildError

# For each port a module with ``build(board) -> Path``: it returns the finished image, or raises BuildError.
PORTS = {"unix": "tools.port_unix", "qemu": "tools.port_qemu", "esp32": "tools.port_esp32"}


def build(board: str) -> Path:
    """Build the image of a board below build/BOARD. Raises BuildError, SelectionError."""
    port = Selection(board).port
    if port not in PORTS:
        raise BuildError(f"board {board}: no port {port!r}; there are {', '.join(PORTS)}")
    for folder in (str(ROOT), os.environ.get("MICROPYTHON_DIR", "")):
        if len(folder.split()) > 1:
            raise BuildError(f"{folder!r}: MicroPython's makefiles take no folder with a blank in its name: move it")
    with lock(BUILD / f"{board}.lock"):
        return importlib.import_module(PORTS[port]).build(board)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(usage="make firmware BOARD=NAME", description=__doc__)
    parser.add_argument("board", metavar="BOARD")
    board = parser.parse_args().board
    try:
        image = build(board)
    except (BuildError, SelectionError) as problem:
        sys.exit(f"ucharge: {problem}")
    shown = image.relative_to(ROOT) if image.is_relative_to(ROOT) else image
    print(f"{shown}: {image.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
