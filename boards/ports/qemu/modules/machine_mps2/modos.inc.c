// Included by extmod/modos.c.

#include "py/mperrno.h"

#include "mps2.h"

// urandom(n): n random bytes. Raises OSError: the host has none.
static mp_obj_t mp_os_urandom(mp_obj_t num) {
    mp_int_t n = mp_obj_get_int(num);
    vstr_t vstr;
    vstr_init_len(&vstr, n);
    if (!mps2_random((uint8_t *)vstr.buf, n)) {
        mp_raise_OSError(MP_ENODEV);
    }
    return mp_obj_new_bytes_from_vstr(&vstr);
}
static MP_DEFINE_CONST_FUN_OBJ_1(mp_os_urandom_obj, mp_os_urandom);
