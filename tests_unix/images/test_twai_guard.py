"""The C of the ESP32's CAN interrupt, in an interpreter whose registers of the controller are a model in Python.

The driver's own tests hold for it, and those of tests_unix/upy/drivers/canguard_twai.py. What ESP-IDF does (it
allocates the interrupt, and places code in RAM) is not in it; that the handler asks for nothing outside of RAM is seen
in its object.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.mpsource import BUILD, ROOT, lock, micropython_source
from tools.portmake import HOST_PACKAGES, PYTHON, make, mpy_cross, source_packages
from tools.toolchain import need

PORT = BUILD / "canguard/port"
VARIANT = ROOT / "tests_unix/images/canguard_unix"
DRIVER = ("twai", "twai_errors", "twai_faults", "twai_send", "twai_s3")
PLAIN = (
    "drivers/test_slcan.py", "drivers/test_slcan_take.py", "core/test_wire.py",
    "components/ocpp/test_ocpp_json_text.py", "components/charger/test_charger.py",
)  # fmt: skip
# Replaces the model by a dictionary below Python's part of the driver only.
NOT_ITS = "test_the_timer_allocates_nothing_as_long_as_there_is_no_acknowledge"
# What modcanguard.c takes of ESP-IDF 5.3.1 (esp_attr.h, intr_alloc.c, portmacro.h), as declarations only.
IDF = {
    "esp_attr.h": '#define IRAM_ATTR __attribute__((section(".iram1")))',
    "esp_intr_alloc.h": """
        typedef int esp_err_t;
        typedef struct intr_handle_data_t *intr_handle_t;
        typedef void (*intr_handler_t)(void *arg);
        enum { ESP_INTR_FLAG_LEVEL1 = 1 << 1, ESP_INTR_FLAG_IRAM = 1 << 10 };
        esp_err_t esp_intr_alloc(int source, int flags, intr_handler_t handler, void *arg, intr_handle_t *ret_handle);
        esp_err_t esp_intr_free(intr_handle_t handle);
    """,
    "freertos/FreeRTOS.h": """
        typedef struct { int owner, count; } portMUX_TYPE;
        #define portMUX_INITIALIZER_UNLOCKED { 0, 0 }
        void vPortEnterCritical(portMUX_TYPE *mux);
        void vPortExitCritical(portMUX_TYPE *mux);
        #define portENTER_CRITICAL(mux) vPortEnterCritical(mux)
        #define portEXIT_CRITICAL(mux) vPortExitCritical(mux)
        #define portENTER_CRITICAL_ISR(mux) vPortEnterCritical(mux)
        #define portEXIT_CRITICAL_ISR(mux) vPortExitCritical(mux)
    """,
    "sdkconfig.h": "",
    "mphalport.h": "void check_esp_err(int code);",
    "soc/interrupts.h": "enum { ETS_TWAI_INTR_SOURCE = 45 };",
}
IN_RAM = r"canguard|vPort(Enter|Exit)Critical|\.iram1|(\.bss|\.data)(\..+)?"


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory):
    source = micropython_source()
    need([*HOST_PACKAGES, *source_packages(source), "pkg-config"])
    env = {"MICROPY_MPYCROSS": str(mpy_cross(source))}
    with lock(BUILD / "canguard.lock"):
        for name in ("canguard.o", "modcanguard.o"):  # make does not see what they include
            for old in PORT.rglob(name):
                old.unlink()
        make("-C", source / "ports/unix", f"VARIANT_DIR={VARIANT}", f"BUILD={PORT}", PYTHON, env=env)
        return Path(shutil.copy2(PORT / "canguard", tmp_path_factory.mktemp("canguard")))  # others may build it anew


def run(interpreter, *arguments):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    env = {**os.environ, "MICROPYTHON": str(interpreter)}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


def test_the_guard_answers_what_it_is_to_and_nothing_else(interpreter):
    assert " passed" in run(interpreter, "tests_unix/upy/drivers/canguard_twai.py")


def test_the_boards_stop_while_their_loop_is_blocked(interpreter):
    """rivot_esp32 as declared, with the real kernel and components; the dual board has no guard."""
    assert " passed" in run(interpreter, "tests_unix/upy/boards/canguard_boards.py")


def test_without_machine_code_its_plain_python_is_taken(interpreter):
    """This interpreter has no native emitter, as that of an ARM computer of 64 bits has none."""
    said = run(interpreter, *[f"tests_unix/upy/{name}" for name in PLAIN])
    assert " passed" in said
    viper = [interpreter, "-c", "import micropython\n@micropython.viper\ndef f(): pass\n"]
    assert "SyntaxError" in subprocess.run(viper, capture_output=True, text=True).stderr


def test_the_driver_works_with_it_as_with_its_own_code(interpreter):
    folder = "tests_unix/upy/drivers"
    files = [f"{folder}/test_{name}.py" for name in DRIVER]
    assert "1 deselected" in run(interpreter, *files, "--deselect", f"{folder}/test_twai_send.py::{NOT_ITS}")


def test_the_interrupt_uses_nothing_that_is_in_flash(interpreter, tmp_path):
    """The ESP32's module, compiled for this machine: what its code in RAM refers to by name is in RAM, too."""
    for name, text in IDF.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    source, made = micropython_source(), tmp_path / "modcanguard.o"
    folders = [tmp_path, source, source / "ports/unix", PORT, VARIANT]
    options = ["-Os", "-std=gnu99", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-Wno-sign-compare"]
    options.append("-Wno-int-to-pointer-cast")  # an address of 32 bits
    module = ROOT / "boards/ports/esp32/canguard/modcanguard.c"
    include = [f"-I{folder}" for folder in folders]
    subprocess.run(
        ["gcc", *options, "-ffunction-sections", "-fdata-sections", *include, "-c", module, "-o", made], check=True
    )
    listing = subprocess.run(["objdump", "-r", "-j", ".iram1", made], capture_output=True, text=True, check=True).stdout
    named = set(re.findall(r"R_\w+\s+(\S+?)(?:[+-]0x\w+)?$", listing, re.MULTILINE))
    assert {"canguard", ".bss.ring"} <= named, listing
    assert not {name for name in named if not re.fullmatch(IN_RAM, name)}, named
