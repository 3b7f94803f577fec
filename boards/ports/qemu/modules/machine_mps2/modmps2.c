// Module mps2: the memory that outlives a restart, the time spent idle, and SHA-1, which hashlib has only with a TLS library.

#include <string.h>

#include "py/gc.h"
#include "py/objarray.h"
#include "py/objtype.h"
#include "py/runtime.h"

#include "mps2.h"

#define PSRAM 0x21000000

static mp_buffer_info_t buffer(mp_obj_t obj, unsigned int flags) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(obj, &info, flags);
    return info;
}

// ticks(): cycles of the 25 MHz clock since the start, and how many of them the processor slept, as a tuple.
static mp_obj_t ticks(void) {
    mp_obj_t both[2] = { mp_obj_new_int_from_ull(mps2_ticks()), mp_obj_new_int_from_ull(mps2_idle_ticks()) };
    return mp_obj_new_tuple(2, both);
}
static MP_DEFINE_CONST_FUN_OBJ_0(ticks_obj, ticks);

static uint32_t rotated(uint32_t value, unsigned int bits) {
    return value << bits | value >> (32 - bits);
}

// FIPS 180-4, 6.1.2.
static void sha1_block(uint32_t *hash, const uint8_t *block) {
    uint32_t w[80], a = hash[0], b = hash[1], c = hash[2], d = hash[3], e = hash[4];
    for (int t = 0; t < 16; t++) {
        w[t] = (uint32_t)block[4 * t] << 24 | block[4 * t + 1] << 16 | block[4 * t + 2] << 8 | block[4 * t + 3];
    }
    for (int t = 16; t < 80; t++) {
        w[t] = rotated(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    }
    for (int t = 0; t < 80; t++) {
        uint32_t f = t < 20 ? ((b & c) ^ (~b & d)) + 0x5a827999
            : t < 40 ? (b ^ c ^ d) + 0x6ed9eba1
            : t < 60 ? ((b & c) ^ (b & d) ^ (c & d)) + 0x8f1bbcdc
            : (b ^ c ^ d) + 0xca62c1d6;
        uint32_t next = rotated(a, 5) + f + e + w[t];
        e = d;
        d = c;
        c = rotated(b, 30);
        b = a;
        a = next;
    }
    hash[0] += a;
    hash[1] += b;
    hash[2] += c;
    hash[3] += d;
    hash[4] += e;
}

// sha1(data): the 20 bytes of its digest.
static mp_obj_t sha1(mp_obj_t data) {
    mp_buffer_info_t info = buffer(data, MP_BUFFER_READ);
    uint32_t hash[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
    const uint8_t *at = info.buf;
    size_t left = info.len;
    for (; left >= 64; left -= 64, at += 64) {
        sha1_block(hash, at);
    }
    uint8_t tail[128] = { 0 };
    memcpy(tail, at, left);
    tail[left] = 0x80;
    size_t end = left < 56 ? 64 : 128;
    uint64_t bits = (uint64_t)info.len * 8;
    for (int i = 0; i < 8; i++) {
        tail[end - 1 - i] = bits >> (8 * i);
    }
    for (size_t i = 0; i < end; i += 64) {
        sha1_block(hash, tail + i);
    }
    vstr_t vstr;
    vstr_init_len(&vstr, 20);
    for (int i = 0; i < 20; i++) {
        vstr.buf[i] = hash[i / 4] >> (24 - 8 * (i % 4));
    }
    return mp_obj_new_bytes_from_vstr(&vstr);
}
static MP_DEFINE_CONST_FUN_OBJ_1(sha1_obj, sha1);

// load(offset, buf): fill the buffer from the memory.
static mp_obj_t load(mp_obj_t offset, mp_obj_t buf) {
    mp_buffer_info_t info = buffer(buf, MP_BUFFER_WRITE);
    memcpy(info.buf, (const void *)(PSRAM + mp_obj_get_int(offset)), info.len);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(load_obj, load);

// store(offset, buf): the other way.
static mp_obj_t store(mp_obj_t offset, mp_obj_t buf) {
    mp_buffer_info_t info = buffer(buf, MP_BUFFER_READ);
    memcpy((void *)(PSRAM + mp_obj_get_int(offset)), info.buf, info.len);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(store_obj, store);

// feed(uart, data): as if the bytes had come in there: for measurements, with a peer inside. Returns how many had room.
static mp_obj_t feed(mp_obj_t uart, mp_obj_t data) {
    mp_int_t number = mp_obj_get_int(uart);
    if (number < 0 || number >= MPS2_UARTS) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such UART"));
    }
    mp_buffer_info_t info = buffer(data, MP_BUFFER_READ);
    return MP_OBJ_NEW_SMALL_INT(mps2_uart_feed(number, info.buf, info.len));
}
static MP_DEFINE_CONST_FUN_OBJ_2(feed_obj, feed);

// What each class and most modules have and no code of ours ever asks for.
static bool is_spare(mp_obj_t key) {
    return key == MP_OBJ_NEW_QSTR(MP_QSTR___module__) || key == MP_OBJ_NEW_QSTR(MP_QSTR___qualname__)
           || key == MP_OBJ_NEW_QSTR(MP_QSTR_const);
}

static bool watching;
static size_t peak;

void __real_gc_collect(void);

void __wrap_gc_collect(void) {
    __real_gc_collect();
    if (watching) {
        gc_info_t info;
        gc_info(&info);
        peak = MAX(peak, info.used);
    }
}

// watch_heap(): from now on look after each collection how much is in use; the end tells the most of it.
static mp_obj_t watch_heap(void) {
    watching = true;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(watch_heap_obj, watch_heap);

void mps2_tell_heap(void) {
    if (watching) {
        gc_info_t info;
        gc_info(&info);
        mp_printf(&mp_plat_print, "heap: at least %u of %u bytes were free\n", info.total - peak, info.total);
    }
}

// Give back the slots that a dictionary has grown beyond what it holds: 0 to 40 %, and it never shrinks by itself.
static void trim_map(mp_map_t *map) {
    if (map->is_fixed || map->is_ordered || map->used == 0) {
        return;
    }
    mp_map_elem_t *old = map->table;
    size_t alloc = map->alloc, used = 0;
    for (size_t i = 0; i < alloc; i++) {
        used += mp_map_slot_is_filled(map, i) && !is_spare(old[i].key);
    }
    map->table = m_new0(mp_map_elem_t, used);
    map->alloc = used;
    map->used = 0;
    map->all_keys_are_qstrs = 1;
    for (size_t i = 0; i < alloc; i++) {
        if (old[i].key != MP_OBJ_NULL && old[i].key != MP_OBJ_SENTINEL && !is_spare(old[i].key)) {
            mp_map_lookup(map, old[i].key, MP_MAP_LOOKUP_ADD_IF_NOT_FOUND)->value = old[i].value;
        }
    }
    m_del(mp_map_elem_t, old, alloc);
}

// What the attributes of an object have grown beyond what it has, and of all that can be reached by attributes from it.
static void trim_instance(mp_obj_t object, mp_obj_t seen) {
    if (mp_obj_is_type(object, &mp_type_tuple) || mp_obj_is_type(object, &mp_type_list)) {
        size_t count;
        mp_obj_t *items;
        mp_obj_get_array(object, &count, &items);
        for (size_t i = 0; i < count; i++) {
            trim_instance(items[i], seen);
        }
        return;
    }
    if (!mp_obj_is_obj(object) || !mp_obj_is_instance_type(mp_obj_get_type(object))) {
        return;
    }
    size_t count;
    mp_obj_t *items;
    mp_obj_list_get(seen, &count, &items);
    for (size_t i = 0; i < count; i++) {
        if (items[i] == object) {
            return;
        }
    }
    mp_obj_list_append(seen, object);
    mp_map_t *names = &((mp_obj_instance_t *)MP_OBJ_TO_PTR(object))->members;
    trim_map(names);
    for (size_t i = 0; i < names->alloc; i++) {
        if (mp_map_slot_is_filled(names, i)) {
            trim_instance(names->table[i].value, seen);
        }
    }
}

// trim(object): do so for every module that is loaded, every class in it, and what can be reached from an object. Who
// does that is to have loaded and built all he needs.
static mp_obj_t trim(mp_obj_t object) {
    mp_map_t *modules = &MP_STATE_VM(mp_loaded_modules_dict).map;
    for (size_t i = 0; i < modules->alloc; i++) {
        if (!mp_map_slot_is_filled(modules, i) || !mp_obj_is_type(modules->table[i].value, &mp_type_module)) {
            continue;
        }
        mp_obj_module_t *module = MP_OBJ_TO_PTR(modules->table[i].value);
        mp_map_t *names = &module->globals->map;
        for (size_t k = 0; k < names->alloc; k++) {
            if (mp_map_slot_is_filled(names, k) && mp_obj_is_type(names->table[k].value, &mp_type_type)) {
                const mp_obj_type_t *class = MP_OBJ_TO_PTR(names->table[k].value);
                if (MP_OBJ_TYPE_HAS_SLOT(class, locals_dict)) {
                    trim_map(&MP_OBJ_TYPE_GET_SLOT(class, locals_dict)->map);
                }
            }
        }
        trim_map(names);
    }
    trim_map(modules);
    trim_instance(object, mp_obj_new_list(0, NULL));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(trim_obj, trim);

static const mp_rom_map_elem_t globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_mps2) },
    { MP_ROM_QSTR(MP_QSTR_ticks), MP_ROM_PTR(&ticks_obj) },
    { MP_ROM_QSTR(MP_QSTR_feed), MP_ROM_PTR(&feed_obj) },
    { MP_ROM_QSTR(MP_QSTR_sha1), MP_ROM_PTR(&sha1_obj) },
    { MP_ROM_QSTR(MP_QSTR_watch_heap), MP_ROM_PTR(&watch_heap_obj) },
    { MP_ROM_QSTR(MP_QSTR_trim), MP_ROM_PTR(&trim_obj) },
    { MP_ROM_QSTR(MP_QSTR_load), MP_ROM_PTR(&load_obj) },
    { MP_ROM_QSTR(MP_QSTR_store), MP_ROM_PTR(&store_obj) },
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t mps2_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&globals,
};
MP_REGISTER_MODULE(MP_QSTR_mps2, mps2_module);
