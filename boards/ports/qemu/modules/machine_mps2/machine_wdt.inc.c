// Included by extmod/machine_wdt.c: the CMSDK APB watchdog (Arm DDI 0479, 4.6). It resets when it counts to 0 twice.

#include "mps2.h"

#define LOAD MPS2_REG(0x40008000)
#define CONTROL MPS2_REG(0x40008008)
#define INTCLR MPS2_REG(0x4000800c)
#define LOCK MPS2_REG(0x40008c00)
#define KEY 0x1acce551
#define INTERRUPT_AND_RESET 3
#define LONGEST_MS 340000

typedef struct _machine_wdt_obj_t {
    mp_obj_base_t base;
} machine_wdt_obj_t;

static const machine_wdt_obj_t wdt = {{&machine_wdt_type}};

static machine_wdt_obj_t *mp_machine_wdt_make_new_instance(mp_int_t id, mp_int_t timeout_ms) {
    if (id != 0 || timeout_ms < 1 || timeout_ms > LONGEST_MS) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such watchdog"));
    }
    LOCK = KEY;
    LOAD = timeout_ms * (MPS2_CLOCK_HZ / 2000);
    CONTROL = INTERRUPT_AND_RESET;
    return (machine_wdt_obj_t *)&wdt;
}

static void mp_machine_wdt_feed(machine_wdt_obj_t *self) {
    INTCLR = 1;
}
