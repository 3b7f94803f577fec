// machine.RTC with the memory that outlives a reset, as the ESP32 port has it: here behind the file system in the PSRAM.

#include <string.h>

#include "py/runtime.h"

#include "mps2.h"

#define MEMORY 0x21100000
#define MAGIC 0x52544331
#define MOST 2048

typedef struct {
    uint32_t magic;
    uint32_t size;
    uint8_t data[MOST];
} memory_t;

static const mp_obj_base_t rtc = { &mps2_rtc_type };

static mp_obj_t make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)type;
    mp_arg_check_num(n_args, n_kw, 0, 0, false);
    memory_t *memory = (memory_t *)MEMORY;
    if (memory->magic != MAGIC || memory->size > MOST) {
        memory->magic = MAGIC;
        memory->size = 0;
    }
    return MP_OBJ_FROM_PTR(&rtc);
}

// memory(): the bytes that are kept; memory(data): keep these.
static mp_obj_t rtc_memory(size_t n_args, const mp_obj_t *args) {
    memory_t *memory = (memory_t *)MEMORY;
    if (n_args == 1) {
        return mp_obj_new_bytes(memory->data, memory->size);
    }
    mp_buffer_info_t info;
    mp_get_buffer_raise(args[1], &info, MP_BUFFER_READ);
    if (info.len > MOST) {
        mp_raise_ValueError(MP_ERROR_TEXT("buffer too long"));
    }
    memcpy(memory->data, info.buf, info.len);
    memory->size = info.len;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(rtc_memory_obj, 1, 2, rtc_memory);

static const mp_rom_map_elem_t rtc_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_memory), MP_ROM_PTR(&rtc_memory_obj) },
};
static MP_DEFINE_CONST_DICT(rtc_locals, rtc_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(mps2_rtc_type, MP_QSTR_RTC, MP_TYPE_FLAG_NONE, make_new, make_new, locals_dict, &rtc_locals);
