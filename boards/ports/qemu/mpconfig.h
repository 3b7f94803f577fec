// What the image has beyond the qemu port's own configuration.

#include <mpconfigport.h>
#include "gc_heap.h"

// Instead of a heap of the system: blocks of one array, one after the other, and never back.
#define MP_PLAT_ALLOC_HEAP(size)             mps2_alloc(size)

#undef MICROPY_PY_TIME
#undef MICROPY_PY_SELECT
#undef MICROPY_PY_ASYNCIO
#undef MICROPY_PY_SYS_STDIO_BUFFER
#undef MICROPY_PY_MACHINE_INCLUDEFILE
#define MICROPY_PY_TIME                      (1)
#define MICROPY_PY_SELECT                    (1)
#define MICROPY_PY_SELECT_SELECT             (0)
#define MICROPY_PY_ASYNCIO                   (1)
#define MICROPY_PY_SYS_STDIO_BUFFER          (1)
#define MICROPY_PY_OS_INCLUDEFILE            "modos.inc.c"
#define MICROPY_PY_OS_URANDOM                (1)
#define MICROPY_PY_OS_UNAME                  (1)
#define MICROPY_PY_RANDOM_SEED_INIT_FUNC     (mps2_random_u32())
#define MICROPY_PY_MACHINE_INCLUDEFILE       "modmachine.inc.c"
#define MICROPY_PY_MACHINE_UART              (1)
#define MICROPY_PY_MACHINE_UART_INCLUDEFILE  "machine_uart.inc.c"
#define MICROPY_PY_MACHINE_WDT               (1)
#define MICROPY_PY_MACHINE_WDT_INCLUDEFILE   "machine_wdt.inc.c"
#define MICROPY_PY___FILE__                  (0)
#define MICROPY_EPOCH_IS_1970                (1)

// Nothing to do: sleep until an interrupt, so that QEMU does as well.
#define MICROPY_INTERNAL_WFE(timeout_ms)     mps2_wait(timeout_ms)

// The status that a script ends with: SystemExit's value, which pyexec forgets.
#define MICROPY_BOARD_AFTER_PYTHON_EXEC(kind, flags, value, ret) mps2_after_exec(value, *(ret))

// Interrupts wait meanwhile (PRIMASK).
#define MICROPY_BEGIN_ATOMIC_SECTION()       mps2_mask()
#define MICROPY_END_ATOMIC_SECTION(state)    mps2_unmask(state)

static inline unsigned int mps2_mask(void) {
    unsigned int state;
    __asm volatile ("mrs %0, primask\ncpsid i" : "=r" (state) : : "memory");
    return state;
}

static inline void mps2_unmask(unsigned int state) {
    __asm volatile ("msr primask, %0" : : "r" (state) : "memory");
}

void *mps2_alloc(unsigned int size);
void mps2_wait(unsigned int timeout_ms);
void mps2_after_exec(void *exception, int ret);
unsigned int mps2_random_u32(void);
