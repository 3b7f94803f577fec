// In place of the port's main(): vectors, clock and UARTs, then _boot.py, boot.py and main.py as on other ports, and the
// end of main.py as the end of QEMU. Without a main.py there is the REPL.

#include <string.h>

#include "py/builtin.h"
#include "py/frozenmod.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/objlist.h"
#include "py/runtime.h"
#include "py/stackctrl.h"
#include "shared/runtime/pyexec.h"

#include "mps2.h"

#define EXCEPTIONS 16
#define STACK_SIZE 16384 // as the main task of the ESP32 port has
#define VTOR MPS2_REG(0xe000ed08)
#define ISER MPS2_REG(0xe000e100)
#define NMI 2

extern const uint32_t isr_vector[];

static uint32_t vectors[EXCEPTIONS + MPS2_IRQS] __attribute__((aligned(256)));
static char memory[UCHARGE_GC_FIRST_AREA + UCHARGE_GC_SECOND_AREA] __attribute__((aligned(MICROPY_BYTES_PER_GC_BLOCK)));
static size_t taken;
static int status;

// First stage of the watchdog: no second chance is requested; its second stage resets the machine.
static void watchdog_bites(void) {
}

static void stray(void) {
    mp_printf(&mp_plat_print, "interrupt without a handler\n");
    mps2_exit(1);
}

// The port's table has no room for interrupts.
static void init_vectors(void) {
    memcpy(vectors, isr_vector, EXCEPTIONS * sizeof(uint32_t));
    vectors[NMI] = (uint32_t)watchdog_bites;
    for (size_t i = 0; i < MPS2_IRQS; i++) {
        vectors[EXCEPTIONS + i] = (uint32_t)stray;
    }
    VTOR = (uint32_t)vectors;
}

void mps2_set_handler(unsigned int irq, void (*handler)(void)) {
    vectors[EXCEPTIONS + irq] = (uint32_t)handler;
    ISER = 1u << irq;
}

// sys.exit(n) ends with n; any other end of main.py but its last line is a failure.
void mps2_after_exec(void *exception, int ret) {
    if (exception == NULL) {
        status = 0;
    } else if (ret & PYEXEC_FORCED_EXIT) {
        mp_obj_t value = mp_obj_exception_get_value(MP_OBJ_FROM_PTR(exception));
        mp_int_t number = 1;
        status = value == mp_const_none ? 0 : mp_obj_get_int_maybe(value, &number) ? number : 1;
    } else {
        status = 1;
    }
}

void *mps2_alloc(unsigned int size) {
    if (size > sizeof(memory) - taken) {
        return NULL;
    }
    taken += size;
    return memory + taken - size;
}

static bool exists(const char *name) {
    return mp_find_frozen_module(name, NULL, NULL) == MP_IMPORT_STAT_FILE || mp_import_stat(name) == MP_IMPORT_STAT_FILE;
}

static void repl(void) {
    for (;;) {
        int ret = pyexec_mode_kind == PYEXEC_MODE_RAW_REPL ? pyexec_raw_repl() : pyexec_friendly_repl();
        if (ret != 0) {
            return;
        }
    }
}

int __wrap_main(int argc, char **argv) {
    init_vectors();
    mps2_clock_init();
    mps2_uarts_init();
    mp_stack_ctrl_init();
    mp_stack_set_limit(STACK_SIZE);
    char *heap = MP_PLAT_ALLOC_HEAP(MICROPY_GC_INITIAL_HEAP_SIZE);
    gc_init(heap, heap + MICROPY_GC_INITIAL_HEAP_SIZE);
    mp_init();
    if (exists("_boot.py")) {
        pyexec_frozen_module("_boot.py", false);
    }
    int ret = pyexec_file_if_exists("boot.py");
    if (!(ret & PYEXEC_FORCED_EXIT)) {
        if (exists("main.py")) {
            pyexec_file_if_exists("main.py");
        } else {
            repl();
        }
    }
    mps2_tell_heap();
    mps2_exit(status);
}
