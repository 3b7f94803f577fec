// Looks for a frozen module in the place of py/frozenmod.c, which the linker has --wrap of.
//
// An import of package/module checks three times: is there a folder of that name, is there a module, and where is it. There
// are some 200 names, one behind the other, and each check goes through them from the first one on. Here it begins with
// the name that was found last, for modules of one package lie together and import each other, and ends at package/module.py,
// for a module is no package as well; that is remembered for the two other checks.

#include <string.h>

#include "py/emitglue.h"
#include "py/frozenmod.h"

extern const char mp_frozen_names[];
extern const uint32_t mp_frozen_str_sizes[];
extern const mp_frozen_module_t *const mp_frozen_mpy_content[];

#define ONES (~(uintptr_t)0 / 255)

static const char *seen = mp_frozen_names; // the name that was found last
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
    if (strcmp(seen, str) == 0) {
        return found(seen_at, frozen_type, data);
    }
    if (frozen_type != NULL) {
        *frozen_type = MP_FROZEN_NONE;
    }
    size_t len = strlen(str), at = seen_at;
    const char *name = seen;
    do {
        const char *next = behind(name);
        if ((size_t)(next - name) > len && (name[len] == 0 || name[len] == '/' || name[len] == '.')
            && memcmp(name, str, len) == 0) {
            if (name[len] == '/') {
                return MP_IMPORT_STAT_DIR;
            }
            seen = name;
            seen_at = at;
            return name[len] == 0 ? found(at, frozen_type, data) : MP_IMPORT_STAT_NO_EXIST;
        }
        name = next;
        at++;
        if (*name == 0) {
            name = mp_frozen_names;
            at = 0;
        }
    } while (name != seen);
    return MP_IMPORT_STAT_NO_EXIST;
}
