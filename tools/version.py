"""Which firmware the tree makes: its version, and when it was made.

MicroPython's own build runs this under whatever python3 there is: no import from outside the standard library.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent


def version() -> str:
    """The firmware's version, "0.1.0+1a2b3c4": that of pyproject.toml and, where git has it, the commit."""
    found = re.search(r'^version = "(.+)"', (_ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    number = found.group(1) if found else "0"
    commit = _git("describe", "--always", "--dirty", "--exclude=*")
    return f"{number}+{commit}" if commit else number


def built() -> int:
    """When what is built was made, Unix time: that of the commit, so that the same commit makes the same image."""
    return int(_git("log", "-1", "--format=%ct") or 0)


def _git(*words: str) -> str:
    """git's description of the tree; "" of a copy without its history."""
    command = ["git", "-C", str(_ROOT), *words]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
