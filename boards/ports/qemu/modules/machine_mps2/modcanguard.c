// Module canguard: the CAN guard on UART 1.

#include "py/runtime.h"

#include "canguard.h"
#include "mps2.h"

// lost(): lines for which there was no room.
static mp_obj_t lost(void) {
    return MP_OBJ_NEW_SMALL_INT(mps2_can_lost() & 0x3fffffff);
}
static MP_DEFINE_CONST_FUN_OBJ_0(lost_obj, lost);

// answer_us(): from the end of the last frame that was answered to the end of its answer.
static mp_obj_t answer_us(void) {
    return mp_obj_new_int_from_uint(mps2_answer_us());
}
static MP_DEFINE_CONST_FUN_OBJ_0(answer_us_obj, answer_us);

static const mp_rom_map_elem_t globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_canguard) },
    { MP_ROM_QSTR(MP_QSTR_UART), MP_ROM_INT(MPS2_CAN_UART) },
    { MP_ROM_QSTR(MP_QSTR_rule), MP_ROM_PTR(&canguard_rule_obj) },
    { MP_ROM_QSTR(MP_QSTR_arm), MP_ROM_PTR(&canguard_arm_obj) },
    { MP_ROM_QSTR(MP_QSTR_fired), MP_ROM_PTR(&canguard_fired_obj) },
    { MP_ROM_QSTR(MP_QSTR_lost), MP_ROM_PTR(&lost_obj) },
    { MP_ROM_QSTR(MP_QSTR_answer_us), MP_ROM_PTR(&answer_us_obj) },
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t canguard_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&globals,
};
MP_REGISTER_MODULE(MP_QSTR_canguard, canguard_module);
