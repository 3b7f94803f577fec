"""Lay out MicroPython's stubs so that mypy takes them for the standard library.

``python tools/device_typings.py DIRECTORY`` copies the stub files of the installed packages: mypy finds no single-file
stubs in site-packages, and wants a typeshed of its own for ``sys``, ``os``, ``asyncio`` and the builtins.
"""

import shutil
import sys
from importlib.metadata import files
from pathlib import Path

PACKAGES = ("micropython-esp32-stubs", "micropython-stdlib-stubs")


def copy_stubs(directory: Path) -> None:
    """Replace ``directory`` by the stubs of PACKAGES."""
    shutil.rmtree(directory, ignore_errors=True)
    for package in PACKAGES:
        for file in files(package) or ():
            if file.suffix == ".pyi" or file.name == "VERSIONS":
                target = directory / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(str(file.locate()), target)


if __name__ == "__main__":
    copy_stubs(Path(sys.argv[1]))
