"""Debian packages that a build needs: looked up, and installed with apt where they are absent."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable


class BuildError(Exception):
    """A build cannot go on: the message says what is missing and what to do."""


def run(command: list[str], **options) -> None:
    """Run a command; its output is shown only when it fails. Raises BuildError with the end of it."""
    try:
        result = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, **options
        )
    except FileNotFoundError:
        raise BuildError(f"{command[0]}: there is no such program on this machine") from None
    if result.returncode:
        tail = "\n".join(result.stdout.splitlines()[-25:])
        raise BuildError(f"{' '.join(command)}\nended with status {result.returncode}:\n{tail}")


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

    A machine without apt may have the same under other names: it is told what is wanted, and the build goes on.
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
