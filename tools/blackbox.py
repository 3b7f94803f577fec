"""Files of black boxes (docs/blackbox.md) on the developer's machine: found in a file, played into the firmware."""

from __future__ import annotations

import base64
import binascii
import re
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from tools.firmware import ROOT, interpreter

MAGIC = b"UCBOX"
CANNOT = 2  # the exit status if it cannot be played
_PLAYER = ROOT / "tools" / "device" / "replay_box.py"
_LOG = re.compile(rb"^\[black box (\S+): (\d+) bytes in base64\]\n((?:[A-Za-z0-9+/=]+\n)*)", re.MULTILINE)


class Found(NamedTuple):
    """A black box: its name, and its bytes."""

    name: str
    data: bytes


def find(path: Path) -> list[Found]:
    """The boxes in a file: itself, or those in diagnostics that GetLog has sent, the newest first; [] for another file.

    Raises OSError, and ValueError for diagnostics with one that is not whole.
    """
    content = path.read_bytes()
    if content.startswith(MAGIC):
        return [Found(path.name, content)]
    found = []
    for name, size, lines in _LOG.findall(content):
        try:
            data = b"".join(base64.b64decode(line, validate=True) for line in lines.splitlines())
        except binascii.Error as error:
            raise ValueError(f"{path}: {name.decode()}: {error}") from None
        if len(data) != int(size):
            raise ValueError(f"{path}: {name.decode()}: {len(data)} of {int(size)} bytes")
        found.append(Found(name.decode(), data))
    return found


def play(box: Found, board: str = "") -> int:
    """Play one into the firmware; what happens is printed. Returns 0: the same as recorded, 1: another, CANNOT.

    board: another module than the one that is named in it; MICROPYPATH has those from elsewhere.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / box.name).write_bytes(box.data)
        command = [interpreter(), "-X", "heapsize=64M", str(_PLAYER), str(ROOT), box.name, "home"]
        (home / "home").mkdir()
        return subprocess.run(command + ([board] if board else []), cwd=home, check=False, umask=0o077).returncode
