// Module nameservers: the DNS servers that lwIP has; network.WLAN returns the first only.

#include <string.h>

#include "py/runtime.h"

#include "lwip/dns.h"
#include "lwip/ip_addr.h"

// addresses(): the IPv4 addresses of all of them, as text, in lwIP's order.
static mp_obj_t addresses(void) {
    mp_obj_t found[DNS_MAX_SERVERS];
    size_t count = 0;
    for (int i = 0; i < DNS_MAX_SERVERS; i++) {
        const ip_addr_t *server = dns_getserver(i);
        char text[16];
        if (IP_IS_V4(server) && !ip_addr_isany(server) && ip4addr_ntoa_r(ip_2_ip4(server), text, sizeof(text)) != NULL) {
            found[count++] = mp_obj_new_str(text, strlen(text));
        }
    }
    return mp_obj_new_tuple(count, found);
}
static MP_DEFINE_CONST_FUN_OBJ_0(addresses_obj, addresses);

static const mp_rom_map_elem_t globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_nameservers) },
    { MP_ROM_QSTR(MP_QSTR_addresses), MP_ROM_PTR(&addresses_obj) },
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t nameservers_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&globals,
};
MP_REGISTER_MODULE(MP_QSTR_nameservers, nameservers_module);
