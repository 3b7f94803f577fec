// Module canguard as the ESP32 has it, with the model's registers: model(object, address), and isr(), the interrupt.

#include "py/runtime.h"

#include "canguard.h"

#define FAST
#define READ(n) get_register(n)
#define WRITE(n, value) set_register(n, value)
#define LOCK()
#define UNLOCK()
#define LOCK_ISR()
#define UNLOCK_ISR()

#define SPOILS (address == 0x3FF6B000) // the ESP32's erratum

static bool allocated;
static mp_uint_t address;

static mp_obj_t place(unsigned int number) {
    return mp_obj_new_int_from_uint(address + 4 * number);
}

static uint32_t get_register(unsigned int number) {
    return mp_obj_get_int_truncated(mp_obj_subscr(MP_STATE_VM(canguard_model), place(number), MP_OBJ_SENTINEL));
}

static void set_register(unsigned int number, uint32_t value) {
    mp_obj_subscr(MP_STATE_VM(canguard_model), place(number), mp_obj_new_int_from_uint(value));
}

#include "canguard_twai.inc.c"

static mp_obj_t model(mp_obj_t object, mp_obj_t where) {
    MP_STATE_VM(canguard_model) = object;
    address = mp_obj_get_int(where);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(model_obj, model);

static mp_obj_t interrupt(mp_obj_t on) {
    allocated = mp_obj_is_true(on);
    restart(allocated);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(interrupt_obj, interrupt);

// isr(): the handler, if it is there; returns whether it was.
static mp_obj_t interrupted(void) {
    if (allocated) {
        isr(NULL);
    }
    return mp_obj_new_bool(allocated);
}
static MP_DEFINE_CONST_FUN_OBJ_0(interrupted_obj, interrupted);

static const mp_rom_map_elem_t globals_table[] = {
    CANGUARD_TWAI_GLOBALS
    { MP_ROM_QSTR(MP_QSTR_model), MP_ROM_PTR(&model_obj) },
    { MP_ROM_QSTR(MP_QSTR_isr), MP_ROM_PTR(&interrupted_obj) },
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t canguard_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&globals,
};
MP_REGISTER_MODULE(MP_QSTR_canguard, canguard_module);
MP_REGISTER_ROOT_POINTER(mp_obj_t canguard_model);
