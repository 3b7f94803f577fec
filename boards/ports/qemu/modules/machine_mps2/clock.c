// Time from two CMSDK APB timers (Arm DDI 0479, 4.3): timer 0 runs for ever, timer 1 ends a sleep.

#include "py/mphal.h"
#include "py/runtime.h"

#include "mps2.h"

#define CTRL(timer) MPS2_REG(0x40000000 + 0x1000 * (timer))
#define VALUE(timer) MPS2_REG(0x40000004 + 0x1000 * (timer))
#define RELOAD(timer) MPS2_REG(0x40000008 + 0x1000 * (timer))
#define INT(timer) MPS2_REG(0x4000000c + 0x1000 * (timer))
#define ENABLE 1
#define INT_ENABLE 8
#define SLEEP_MAX_MS 60000

static volatile uint32_t wraps;
static volatile bool event;
static uint64_t idle;

static void wrapped(void) {
    INT(0) = 1;
    wraps++;
}

static void sleep_over(void) {
    CTRL(1) = 0;
    INT(1) = 1;
    event = true;
}

void mps2_clock_init(void) {
    mps2_set_handler(MPS2_IRQ_TIMER0, wrapped);
    mps2_set_handler(MPS2_IRQ_TIMER1, sleep_over);
    VALUE(0) = RELOAD(0) = 0xffffffff;
    CTRL(0) = ENABLE | INT_ENABLE;
}

static uint64_t ticks_locked(void) {
    uint32_t low = 0xffffffff - VALUE(0);
    uint32_t high = wraps;
    if ((INT(0) & 1) && low < 0x80000000) { // it has wrapped and the interrupt is still to come
        high++;
    }
    return (uint64_t)high << 32 | low;
}

uint64_t mps2_ticks(void) {
    uint32_t state = MICROPY_BEGIN_ATOMIC_SECTION();
    uint64_t now = ticks_locked();
    MICROPY_END_ATOMIC_SECTION(state);
    return now;
}

uint64_t mps2_idle_ticks(void) {
    return idle;
}

void mps2_wake(void) {
    event = true;
}

// Sleep until mps2_wake() was called since the last sleep, or the time is over. With interrupts masked, WFI returns
// all the same when one is pending (Armv7-M ARM, B1.5.19), so none is lost between the test and the sleep.
void mps2_wait(unsigned int timeout_ms) {
    if (timeout_ms == 0) {
        return;
    }
    uint32_t state = MICROPY_BEGIN_ATOMIC_SECTION();
    if (!event) {
        uint64_t began = ticks_locked();
        VALUE(1) = RELOAD(1) = MIN(timeout_ms, SLEEP_MAX_MS) * (MPS2_CLOCK_HZ / 1000);
        CTRL(1) = ENABLE | INT_ENABLE;
        __asm volatile ("dsb\nwfi" ::: "memory");
        CTRL(1) = 0;
        idle += ticks_locked() - began;
    }
    event = false;
    MICROPY_END_ATOMIC_SECTION(state);
}

mp_uint_t mp_hal_ticks_us(void) {
    return mps2_ticks() / MPS2_TICKS_PER_US;
}

mp_uint_t mp_hal_ticks_ms(void) {
    return mps2_ticks() / (1000 * MPS2_TICKS_PER_US);
}

mp_uint_t mp_hal_ticks_cpu(void) {
    return mps2_ticks();
}

// There is no real-time clock: this counts from the start. UTC comes from the central system.
uint64_t mp_hal_time_ns(void) {
    return mps2_ticks() * (1000 / MPS2_TICKS_PER_US);
}

void mp_hal_delay_us(mp_uint_t us) {
    uint64_t end = mps2_ticks() + (uint64_t)us * MPS2_TICKS_PER_US;
    while (mps2_ticks() < end) {
    }
}

void mp_hal_delay_ms(mp_uint_t ms) {
    uint64_t end = mps2_ticks() + (uint64_t)ms * 1000 * MPS2_TICKS_PER_US;
    uint64_t now;
    while ((now = mps2_ticks()) < end) {
        mp_event_wait_ms((end - now) / (1000 * MPS2_TICKS_PER_US) + 1);
    }
}
