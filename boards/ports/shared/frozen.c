// Looks for a frozen module in the place of py/frozenmod.c, which the linker has --wrap of.
//
// An import of package/module checks three times: is there a folder of that name, is there a module, and where is it. There
// are some 200 names, one behind the other, and each question goes through them from the first one on. Here the name that
// came by at the first question, package/module.py, is remembered for the two others.

#include <string.h>

#include "py/emitglue.h"
#include "py/frozenmod.h"

extern const char mp_frozen_names[];
extern const uint32_t mp_frozen_str_sizes[];
extern const mp_frozen_module_t *const mp_frozen_mpy_content[];

#define ONES (~(uintptr_t)0 / 255)

static const char *seen; // a name that is the requested one, and .py
static size_t seen_at; // its number

// The first character of the next name, word by word.
static const char *behind(const char *name) {
    for (; (uintptr_t)name % sizeof(uintptr_t); name++) {
        if (*name == 0) {
            return name + 1;
        }
    }
    for (;; name += sizeof(uintptr_t)) {
        uintptr_t word = *(const uintptr_t *)name;
        if ((word - ONES) & ~word & (ONES << 7)) {
            return name + strlen(name) + 1;
        }
    }
}

static mp_import_stat_t found(size_t at, int *frozen_type, void **data) {
    if (frozen_type != NULL) {
        *frozen_type = MP_FROZEN_MPY;
        *data = (void *)mp_frozen_mpy_content[at];
    }
    return MP_IMPORT_STAT_FILE;
}

mp_import_stat_t __real_mp_find_frozen_module(const char *str, int *frozen_type, void **data);
mp_import_stat_t __wrap_mp_find_frozen_module(const char *str, int *frozen_type, void **data);

mp_import_stat_t __wrap_mp_find_frozen_module(const char *str, int *frozen_type, void **data) {
    if (mp_frozen_str_sizes[0] != 0) { // there are sources as well
        return __real_mp_find_frozen_module(str, frozen_type, data);
    }
    if (seen != NULL && strcmp(seen, str) == 0) {
        return found(seen_at, frozen_type, data);
    }
    if (frozen_type != NULL) {
        *frozen_type = MP_FROZEN_NONE;
    }
    size_t len = strlen(str), at = 0;
    for (const char *name = mp_frozen_names, *next; *name != 0; name = next, at++) {
        next = behind(name);
        if ((size_t)(next - name) <= len || (name[len] != 0 && name[len] != '/' && name[len] != '.')
            || memcmp(name, str, len) != 0) {
            continue;
        }
        if (name[len] == 0) {
            return found(at, frozen_type, data);
        }
        if (name[len] == '/') {
            return MP_IMPORT_STAT_DIR;
        }
        seen = name; // package/module.py
        seen_at = at;
    }
    return MP_IMPORT_STAT_NO_EXIST;
}
