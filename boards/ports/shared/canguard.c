// Module canguard: the rule, and whether it is armed. The port's part has the table of the module.

#include <string.h>

#include "py/mphal.h"
#include "py/runtime.h"

#include "canguard.h"

#define IDENTIFIER_MAX 0x1fffffff

canguard_t canguard;

static uint32_t identifier(mp_obj_t obj) {
    mp_int_t value = mp_obj_get_int(obj);
    if (value < 0 || value > IDENTIFIER_MAX) {
        mp_raise_ValueError(MP_ERROR_TEXT("identifier"));
    }
    return value;
}

// rule(identifier, at, answer, data): answer a frame with this extended identifier whose byte `at` is there and not 0 by a
// frame with the extended identifier `answer` and these up to 8 bytes. Disarmed until arm().
static mp_obj_t rule(size_t n_args, const mp_obj_t *args) {
    canguard_t new = { .identifier = identifier(args[0]), .answer = identifier(args[2]) };
    mp_int_t at = mp_obj_get_int(args[1]);
    mp_buffer_info_t data;
    mp_get_buffer_raise(args[3], &data, MP_BUFFER_READ);
    if (at < 0 || at >= CANGUARD_DATA || data.len > CANGUARD_DATA) {
        mp_raise_ValueError(MP_ERROR_TEXT("more than 8 bytes"));
    }
    new.at = at;
    new.size = data.len;
    memcpy(new.data, data.buf, data.len);
    canguard.armed = false; // a byte: the interrupt sees the old rule, or none
    new.count = canguard.count;
    canguard = new;
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(canguard_rule_obj, 4, 4, rule);

// arm(on): answer from now on, or no more. An answer that is under way goes out all the same.
static mp_obj_t arm(mp_obj_t on) {
    canguard.armed = false;
    canguard.fired = false;
    if (mp_obj_is_true(on)) {
        canguard.due = false;
        canguard.armed = true;
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(canguard_arm_obj, arm);

// fired(): how often it fired.
static mp_obj_t fired(void) {
    return MP_OBJ_NEW_SMALL_INT(canguard.count & 0x3fffffff);
}
MP_DEFINE_CONST_FUN_OBJ_0(canguard_fired_obj, fired);
