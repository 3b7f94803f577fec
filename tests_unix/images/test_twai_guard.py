"""The C of the ESP32's CAN interrupt, in an interpreter whose registers of the controller are a model in Python.

The driver's own tests hold for it, and those of tests_unix/upy/on_canguard.py. What ESP-IDF does (it allocates the
interrupt, and places code in RAM) is not in it.
"""

import os
import subprocess
import sys

import pytest

from tools.mpsource import BUILD, ROOT, micropython_source
from tools.portmake import HOST_PACKAGES, PYTHON, make, mpy_cross, source_packages
from tools.toolchain import need

VARIANT = ROOT / "tests_unix/canguard_unix"
DRIVER = ("twai", "twai_errors", "twai_faults", "twai_send")
# Replaces the model by a dictionary below Python's part of the driver only.
NOT_ITS = "test_the_timer_allocates_nothing_as_long_as_nobody_acknowledges"


@pytest.fixture(scope="module")
def interpreter():
    source = micropython_source()
    need([*HOST_PACKAGES, *source_packages(source), "pkg-config"])
    port = BUILD / "canguard/port"
    for name in ("canguard.o", "modcanguard.o"):  # make does not see what they include
        for old in port.rglob(name):
            old.unlink()
    env = {"MICROPY_MPYCROSS": str(mpy_cross(source))}
    make("-C", source / "ports/unix", f"VARIANT_DIR={VARIANT}", f"BUILD={port}", PYTHON, env=env)
    return port / "canguard"


def run(interpreter, *arguments):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    env = {**os.environ, "MICROPYTHON": str(interpreter)}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


def test_the_guard_answers_what_it_is_to_and_nothing_else(interpreter):
    assert " passed" in run(interpreter, "tests_unix/upy/on_canguard.py")


def test_the_driver_works_with_it_as_with_its_own_code(interpreter):
    files = [f"tests_unix/upy/test_{name}.py" for name in DRIVER]
    assert "1 deselected" in run(interpreter, *files, "--deselect", f"tests_unix/upy/test_twai_send.py::{NOT_ITS}")
