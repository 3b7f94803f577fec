// Module mps2: the memory that outlives a restart, the time spent idle, and SHA-1, which hashlib has only with a TLS library.

#include <string.h>

#include "py/gc.h"
#include "py/objarray.h"
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

// watch_heap(): from now on look after each collection how much is in use; the end prints the most of it.
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

static const mp_rom_map_elem_t globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_mps2) },
    { MP_ROM_QSTR(MP_QSTR_ticks), MP_ROM_PTR(&ticks_obj) },
    { MP_ROM_QSTR(MP_QSTR_feed), MP_ROM_PTR(&feed_obj) },
    { MP_ROM_QSTR(MP_QSTR_sha1), MP_ROM_PTR(&sha1_obj) },
    { MP_ROM_QSTR(MP_QSTR_watch_heap), MP_ROM_PTR(&watch_heap_obj) },
    { MP_ROM_QSTR(MP_QSTR_load), MP_ROM_PTR(&load_obj) },
    { MP_ROM_QSTR(MP_QSTR_store), MP_ROM_PTR(&store_obj) },
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t mps2_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&globals,
};
MP_REGISTER_MODULE(MP_QSTR_mps2, mps2_module);
