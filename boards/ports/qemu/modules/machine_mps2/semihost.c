// Arm semihosting (Arm's "Semihosting for AArch32 and AArch64"): the end with a status, and randomness.

#include <string.h>

#include "mps2.h"

enum { SYS_OPEN = 0x01, SYS_CLOSE = 0x02, SYS_READ = 0x06, SYS_EXIT_EXTENDED = 0x20 };
enum { MODE_RB = 1 };
#define APPLICATION_EXIT 0x20026

static uint32_t call(uint32_t operation, const void *arguments) {
    register uint32_t r0 __asm__ ("r0") = operation;
    register const void *r1 __asm__ ("r1") = arguments;
    __asm volatile ("bkpt 0xab" : "+r" (r0) : "r" (r1) : "memory");
    return r0;
}

// QEMU ends with this status.
void mps2_exit(int status) {
    uint32_t block[2] = { APPLICATION_EXIT, status };
    for (;;) {
        call(SYS_EXIT_EXTENDED, block);
    }
}

// Fill the buffer from the host's generator, for the board has none; false if there is none either.
bool mps2_random(uint8_t *buf, size_t size) {
    static const char path[] = "/dev/urandom";
    uint32_t file[3] = { (uint32_t)path, MODE_RB, sizeof(path) - 1 };
    uint32_t handle = call(SYS_OPEN, file);
    if (handle == (uint32_t)-1) {
        return false;
    }
    uint32_t read[3] = { handle, (uint32_t)buf, size };
    uint32_t missing = call(SYS_READ, read);
    call(SYS_CLOSE, &handle);
    return missing == 0;
}

unsigned int mps2_random_u32(void) {
    uint32_t value = 1;
    mps2_random((uint8_t *)&value, sizeof(value));
    return value;
}
