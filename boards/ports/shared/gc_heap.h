// The GC heap: two areas of a fixed size, made at the start. It never grows, so whatever Python does, the rest of the RAM
// stays ESP-IDF's. qemu_arm has the same two, so that tests see what the chip has. A board folder may define its own sizes.
//
// An ESP32 without external RAM, with Wi-Fi connected (measured in an emulator, MicroPython 1.25, ESP-IDF 5.3.1), bytes:
//    255,820  shared by both heaps: 141,132 free at the REPL, and 112 KB that were the GC heap then
//   - 48,620  ESP-IDF's own: Wi-Fi 46,204, a socket 1,056, a UART 1,360
//   - 61,440  to stay free: 45 KB for a TLS handshake, 15 KB in reserve
//   = 145,760 the GC heap at most
// The first area is the largest that can be had in one block at the start; with the second they are 139,264, which leaves
// 67,936 free. That margin is for what a running charger takes beside: its sockets' buffers, SLCAN's UART ring.
// The collector's tables are inside: 112,000 and 23,936 bytes are for objects.

#ifndef UCHARGE_GC_HEAP_H
#define UCHARGE_GC_HEAP_H

#ifndef UCHARGE_GC_FIRST_AREA
#define UCHARGE_GC_FIRST_AREA (112 * 1024)
#endif
#ifndef UCHARGE_GC_SECOND_AREA
#define UCHARGE_GC_SECOND_AREA (24 * 1024)
#endif

#undef MICROPY_GC_INITIAL_HEAP_SIZE
#undef MICROPY_GC_SPLIT_HEAP
#undef MICROPY_GC_SPLIT_HEAP_AUTO
#define MICROPY_GC_INITIAL_HEAP_SIZE UCHARGE_GC_FIRST_AREA
#define MICROPY_GC_SPLIT_HEAP (1)
#define MICROPY_GC_SPLIT_HEAP_AUTO (0)

// Names that a new module has room for: a table that grows from 1 is made anew up to seven times. What a module does not need
// of it is given back with the rest (gcheap.c).
#define MICROPY_MODULE_DICT_SIZE (8)

// mp_init() calls it, also after a soft reset.
#define MICROPY_PORT_INIT_FUNC ucharge_add_gc_area()
void ucharge_add_gc_area(void);

#endif
