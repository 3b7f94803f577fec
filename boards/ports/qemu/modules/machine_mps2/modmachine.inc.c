// Included by extmod/modmachine.c.

#include "mps2.h"

#define RESET_STATUS 3 // requests a restart from the process that started QEMU

// A word of the second RAM, which neither QEMU nor the start-up code writes to: it is 0 after QEMU's start and survives
// the watchdog's reset.
#define WAS_HERE MPS2_REG(0x20000000)
#define MAGIC 0x75636867

enum { PWRON_RESET = 1, WDT_RESET = 3 };

#define MICROPY_PY_MACHINE_EXTRA_GLOBALS \
    { MP_ROM_QSTR(MP_QSTR_RTC), MP_ROM_PTR(&mps2_rtc_type) }, \
    { MP_ROM_QSTR(MP_QSTR_PWRON_RESET), MP_ROM_INT(PWRON_RESET) }, \
    { MP_ROM_QSTR(MP_QSTR_WDT_RESET), MP_ROM_INT(WDT_RESET) },

static void mp_machine_idle(void) {
    mp_event_wait_indefinite();
}

NORETURN static void mp_machine_reset(void) {
    mps2_exit(RESET_STATUS);
}

// 3: the watchdog's, else 1.
static mp_int_t mp_machine_reset_cause(void) {
    static int cause;
    if (!cause) {
        cause = WAS_HERE == MAGIC ? WDT_RESET : PWRON_RESET;
        WAS_HERE = MAGIC;
    }
    return cause;
}
