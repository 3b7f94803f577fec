// Module gcheap: what Python itself cannot query of the GC heap, and cannot give back to it.

#include <string.h>

#include "py/cstack.h"
#include "py/gc.h"
#include "py/objtype.h"
#include "py/runtime.h"

// largest(): bytes of the longest piece that is free. It reads the collector's table, a few bits for each 16 bytes.
static mp_obj_t largest(void) {
    gc_info_t info;
    gc_info(&info);
    return MP_OBJ_NEW_SMALL_INT(info.max_free * MICROPY_BYTES_PER_GC_BLOCK);
}
static MP_DEFINE_CONST_FUN_OBJ_0(largest_obj, largest);

// What each class and most modules have and no code of ours ever uses.
static bool is_spare(mp_obj_t key) {
    return key == MP_OBJ_NEW_QSTR(MP_QSTR___module__) || key == MP_OBJ_NEW_QSTR(MP_QSTR___qualname__)
           || key == MP_OBJ_NEW_QSTR(MP_QSTR___file__) || key == MP_OBJ_NEW_QSTR(MP_QSTR_const);
}

// Give back the slots that a dictionary has grown beyond what it holds: 0 to 40 %, and it never shrinks otherwise. In place:
// to look for room for another table, some 600 times, takes longer than all the rest.
static void trim_map(mp_map_t *map) {
    size_t alloc = map->alloc, used = 0;
    if (map->is_fixed || map->is_ordered || map->used == 0) {
        return;
    }
    mp_map_elem_t *table = map->table;
    mp_map_elem_t *kept = mp_local_alloc(map->used * sizeof(mp_map_elem_t));
    for (size_t i = 0; i < alloc; i++) {
        if (table[i].key != MP_OBJ_NULL && table[i].key != MP_OBJ_SENTINEL && !is_spare(table[i].key)) {
            kept[used++] = table[i];
        }
    }
    if (used < alloc) {
        map->table = m_renew(mp_map_elem_t, table, alloc, used); // shorter: it stays where it is
        map->alloc = used;
        map->used = 0;
        map->all_keys_are_qstrs = 1;
        memset(map->table, 0, used * sizeof(mp_map_elem_t));
        for (size_t i = 0; i < used; i++) {
            mp_map_lookup(map, kept[i].key, MP_MAP_LOOKUP_ADD_IF_NOT_FOUND)->value = kept[i].value;
        }
    }
    mp_local_free(kept);
}

// Objects that are to be trimmed once: those that are instances of classes written in Python, also in tuples and lists.
static void find(mp_obj_t object, mp_obj_t found) {
    size_t count;
    mp_obj_t *items;
    if (mp_obj_is_type(object, &mp_type_tuple) || mp_obj_is_type(object, &mp_type_list)) {
        mp_cstack_check();
        mp_obj_get_array(object, &count, &items);
        for (size_t i = 0; i < count; i++) {
            find(items[i], found);
        }
    } else if (mp_obj_is_obj(object) && mp_obj_is_instance_type(mp_obj_get_type(object))) {
        mp_obj_list_get(found, &count, &items);
        for (size_t i = 0; i < count; i++) {
            if (items[i] == object) {
                return;
            }
        }
        mp_obj_list_append(found, object);
    }
}

// What the attributes of an object have grown beyond what it has, and of all that can be reached by attributes from it.
static void trim_instances(mp_obj_t object) {
    mp_obj_t found = mp_obj_new_list(0, NULL);
    size_t count;
    mp_obj_t *items;
    find(object, found);
    for (size_t at = 0; mp_obj_list_get(found, &count, &items), at < count; at++) {
        mp_map_t *names = &((mp_obj_instance_t *)MP_OBJ_TO_PTR(items[at]))->members;
        trim_map(names);
        for (size_t i = 0; i < names->alloc; i++) {
            if (mp_map_slot_is_filled(names, i)) {
                find(names->table[i].value, found);
            }
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
    trim_instances(object);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(trim_obj, trim);

static const mp_rom_map_elem_t globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_gcheap) },
    { MP_ROM_QSTR(MP_QSTR_largest), MP_ROM_PTR(&largest_obj) },
    { MP_ROM_QSTR(MP_QSTR_trim), MP_ROM_PTR(&trim_obj) },
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t gcheap_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&globals,
};
MP_REGISTER_MODULE(MP_QSTR_gcheap, gcheap_module);
