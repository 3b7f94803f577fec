"""The GC heap of the ESP32 boards and of qemu_arm: two areas of a fixed size, as the real ports' configurations say."""

import re
import subprocess

import pytest

from tools import port_esp32
from tools.mpsource import ROOT, micropython_source
from tools.portmake import HOST_PACKAGES
from tools.toolchain import need

SHARED = ROOT / "boards/ports/shared"
ALL_BUT_IDF = 255820 - 48620  # bytes that the two heaps share, less what ESP-IDF needs with Wi-Fi, a socket and a UART
KEPT_FREE = 60 * 1024  # 45 KB for a TLS handshake, 15 KB in reserve
ALLOC = "MP_PLAT_ALLOC_HEAP(MICROPY_GC_INITIAL_HEAP_SIZE)"
PROBE = """
#include "py/mpconfig.h"
== MICROPY_GC_SPLIT_HEAP; MICROPY_GC_SPLIT_HEAP_AUTO; MICROPY_GC_INITIAL_HEAP_SIZE; UCHARGE_GC_SECOND_AREA
== MP_PLAT_ALLOC_HEAP(size); MP_PLAT_FREE_HEAP(ptr); MICROPY_PORT_INIT_FUNC
"""
# mp_init() of a start and of two soft resets; memory is refused `refused` times. Prints what the collector is given.
HARNESS = """
#include <stdio.h>
#include <stdlib.h>
#include "py/mpconfig.h"
#include "py/gc.h"
static int refused, taken;
void *alloc(size_t size) { return refused-- > 0 ? NULL : (taken++, malloc(size)); }
void gc_add(void *start, void *end) { printf("%d ", (int)((char *)end - (char *)start)); }
int main(int argc, char **argv) {
    refused = atoi(argv[1]);
    for (int i = 0; i < 3; i++) { MICROPY_PORT_INIT_FUNC; printf("; "); }
    printf("taken %d", taken);
}
"""
CONFIGURATION = """
#include <stdint.h>
#include <stddef.h>
typedef intptr_t mp_int_t;
typedef uintptr_t mp_uint_t;
typedef long mp_off_t;
void *alloc(size_t size);
#define MP_PLAT_ALLOC_HEAP(size) alloc(size)
#include "gc_heap.h"
"""


@pytest.fixture(scope="module")
def source():
    need(HOST_PACKAGES)
    return micropython_source()


def expand(source, folder, *options):
    """What the macros of PROBE expand to in the ESP32 port with our board folder; ESP-IDF's headers are empty ones."""
    port = source / "ports/esp32"
    for name in re.findall(r'#include ["<](.*)[">]', (port / "mpconfigport.h").read_text()):
        if name not in ("mpconfigboard.h", "stdint.h", "alloca.h", "sys/types.h"):
            path = folder / "idf" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    config = re.search(
        r'MP_CONFIGFILE="\$\{MICROPY_BOARD_DIR\}/(.*)"',
        (board := port_esp32.BOARD_FOLDER / "mpconfigboard.cmake").read_text(),
    )
    assert config is not None, f"{board} leaves the port's configuration as it is"
    where = [f"-I{path}" for path in (source, port, port_esp32.BOARD_FOLDER, folder / "idf")]
    command = ["gcc", "-E", "-P", "-DCONFIG_IDF_TARGET_ESP32=1", "-DCONFIG_IDF_TARGET_ARCH_XTENSA=1", *options, *where]
    command += [f'-DMP_CONFIGFILE="{port_esp32.BOARD_FOLDER / config[1]}"', "-x", "c", "-"]
    result = subprocess.run(command, input=PROBE, capture_output=True, text=True, check=True)
    words = " ".join(result.stdout.splitlines()).split("==")[1:]
    return [word.strip() for line in words for word in line.split(";") if word.strip()]


def test_the_heap_of_the_esp32_is_two_areas_and_never_grows(source, tmp_path):
    """On the port's own configuration it doubles, the last time with all that is left of ESP-IDF's."""
    split, auto, first, second, alloc, free, hook = expand(source, tmp_path)
    assert (split, auto) == ("(1)", "(0)")
    assert (alloc, free, hook) == ("malloc(size)", "free(ptr)", "ucharge_add_gc_area()")
    both = eval(first) + eval(second)
    assert 128 * 1024 <= both <= min(144 * 1024, ALL_BUT_IDF - KEPT_FREE)


def test_the_port_takes_the_first_area_and_mp_init_adds_the_second(source):
    """What gc_heap.h takes for granted: at the start, and after gc_init() at each soft reset."""
    main = (source / "ports/esp32/main.c").read_text()
    taken, reset, init = (main.index(text) for text in (ALLOC, "\nsoft_reset:", "gc_init(mp_task_heap, "))
    assert taken < reset < init < main.index("mp_init();", init)
    runtime = (source / "py/runtime.c").read_text()
    begun = runtime.index("void mp_init(void) {")
    assert begun < runtime.index("MICROPY_PORT_INIT_FUNC;", begun) < runtime.index("void mp_deinit(void) {")


def test_a_board_folder_may_have_other_sizes(source, tmp_path):
    sizes = ("-DUCHARGE_GC_FIRST_AREA=4096", "-DUCHARGE_GC_SECOND_AREA=2048")
    assert expand(source, tmp_path, *sizes)[2:4] == ["4096", "2048"]


@pytest.mark.parametrize(
    "refused, given", [(0, "24576 ; 24576 ; 24576 ; taken 1"), (1, "; 24576 ; 24576 ; taken 1"), (3, "; ; ; taken 0")]
)
def test_the_second_area_is_taken_once_and_a_start_without_it_goes_on(source, tmp_path, refused, given):
    (tmp_path / "config.h").write_text(CONFIGURATION)
    (tmp_path / "main.c").write_text(HARNESS)
    program = tmp_path / "program"
    options = [
        f'-DMP_CONFIGFILE="{tmp_path / "config.h"}"',
        f"-I{source}",
        f"-I{SHARED}",
        "-DNO_QSTR",
        "-Wall",
        "-Werror",
    ]
    subprocess.run(["gcc", *options, "-o", program, tmp_path / "main.c", SHARED / "gc_heap.c"], check=True)
    assert subprocess.run([program, str(refused)], capture_output=True, text=True, check=True).stdout == given
