"""Debian packages that a build needs: looked up, and installed with apt where they are absent."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

_COLOURS = re.compile(r"\x1b\[[0-9;]*[mK]")
# Where an error begins: CMake's, our manifest's, a compiler's, a linker's, that of ESP-IDF's checks of sizes.
_ERROR = re.compile(
    r"^CMake Error\b|^freeze error|^error compiling |^[^\s:][^:]*:\d+(?::\d+)?: (?:fatal )?error: "
    r"|^\S*(?:ld|collect2)(?:\.\w+)?: (?!warning)|: undefined reference to |^Error: |^(?:\S+: )?error: |^Traceback ",
    re.MULTILINE,
)
# What follows it and is no part of it any more.
_NEXT = re.compile(r"^\[\d+/\d+\]|^ninja: |^make(?:\[\d+\])?: |^-- |^HINT: |^FAILED: ")
_SHOWN = 12


class BuildError(Exception):
    """A build cannot continue: the message names what is missing and what to do."""


def run(command: list[str], log: Path | None = None, **options) -> None:
    """Run a command; `log` gets its output. Raises BuildError with the first error in it, or else with its end."""
    try:
        result = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, **options
        )
    except FileNotFoundError:
        raise BuildError(f"{command[0]}: there is no such program on this machine") from None
    output = plain(result.stdout)
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(output, encoding="utf-8")
    if result.returncode:
        shown = first_error(output) or "\n".join(output.splitlines()[-25:])
        more = f"\n(all of its output: {log})" if log is not None else ""
        raise BuildError(f"{' '.join(command)}\nended with status {result.returncode}:\n{shown}{more}")


def plain(text: str) -> str:
    """Output of a terminal program without its colours."""
    return _COLOURS.sub("", text)


def first_error(output: str) -> str:
    """The first error of a build and the lines that belong to it; "" if nothing looks like one."""
    found = _ERROR.search(output)
    if found is None:
        return ""
    first, *rest = output[output.rfind("\n", 0, found.start()) + 1 :].splitlines()
    lines = [first]
    for line in rest[: _SHOWN - 1]:
        if _NEXT.match(line):
            break
        lines.append(line)
    return "\n".join(lines).rstrip()


def absent(packages: Iterable[str]) -> list[str]:
    """Of these Debian packages those that are not installed."""
    missing = []
    for package in packages:
        query = ["dpkg-query", "--show", "--showformat=${db:Status-Abbrev}", package]
        if not subprocess.run(query, capture_output=True, text=True).stdout.startswith("ii"):
            missing.append(package)
    return missing


def need(packages: Iterable[str]) -> None:
    """Install what is absent of these Debian packages. Raises BuildError where that cannot be done.

    A machine without apt may have the same under other names: what is needed is printed, and the build continues.
    """
    packages = list(packages)
    if not shutil.which("dpkg-query") or not shutil.which("apt-get"):
        print(f"No apt on this machine: the build needs what Debian calls {' '.join(packages)}", flush=True)
        return
    missing = absent(packages)
    if not missing:
        return
    rights = root_rights()
    if rights is None:
        raise BuildError(f"missing packages, and no right to install them: sudo apt-get install {' '.join(missing)}")
    print("Installing", " ".join(missing), "...", flush=True)
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    wait = ["-o", "DPkg::Lock::Timeout=300"]  # another build may be installing
    install = [*rights, "apt-get", *wait, "install", "--yes", "--no-install-recommends", *missing]
    try:
        run(install, env=environment)
    except BuildError:  # a fresh machine has no lists yet, or old ones
        run([*rights, "apt-get", *wait, "update"], env=environment)
        run(install, env=environment)


def root_rights() -> list[str] | None:
    """What to put before a command that needs root: nothing, sudo, or None if neither will do."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n", "--preserve-env=DEBIAN_FRONTEND"]
    return None
