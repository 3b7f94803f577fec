"""That one simulation alone has a home."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

from tools.sim import registered


class HomeInUse(Exception):
    """The home cannot be had: somebody has it, or it cannot be made. The message names it."""


def _name(kind: str, home: Path) -> str:
    """Of an abstract socket of Linux (unix(7)), which is gone with its process: see also core/hold.py."""
    status = home.stat()
    return f"\0ucharge {kind} {status.st_dev} {status.st_ino}"


def _holder(home: Path) -> str:
    """The process of the simulation that has registered itself for the home; "" if none has."""
    for pid, other in registered():
        if other == home.resolve() and Path(f"/proc/{pid}").exists():
            return pid
    return ""


@contextlib.contextmanager
def held(home: Path) -> Iterator[None]:
    """Hold the home for a simulation. Raises HomeInUse while another one, or a firmware, has it."""
    with socket.socket(socket.AF_UNIX) as simulation:
        try:
            simulation.bind(_name("simulation", home))
            with socket.socket(socket.AF_UNIX) as firmware:  # whose settings would be written under it
                firmware.bind(_name("home", home))
        except OSError:
            who = f" (process {found})" if (found := _holder(home)) else ""
            words = f"the home {home} is in use by another simulation or firmware{who}: end that first, or take another"
            raise HomeInUse(words + ': make run ARGS="--home DIR"') from None
        yield
