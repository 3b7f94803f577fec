// CMSDK APB UARTs (Arm DDI 0479, 4.4) with a ring for what comes in. What goes out on the line to the CAN bus waits here a
// line at a time, so that the guard's answer goes between two of them.

#include <string.h>

#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stream.h"

#include "canguard.h"
#include "mps2.h"

#define BASE(number) (0x40004000 + 0x1000 * (number) + ((number) > 3 ? 0x1000 : 0))
#define DATA(number) MPS2_REG(BASE(number))
#define STATE(number) MPS2_REG(BASE(number) + 4)
#define CTRL(number) MPS2_REG(BASE(number) + 8)
#define INT(number) MPS2_REG(BASE(number) + 12)
#define BAUDDIV(number) MPS2_REG(BASE(number) + 16)
enum { TX_FULL = 1, RX_FULL = 2 };
enum { TX_ENABLE = 1, RX_ENABLE = 2, TX_INT = 4, RX_INT = 8 };
enum { INT_TX = 1, INT_RX = 2 };

typedef struct {
    uint8_t data[MPS2_RX_RING];
    size_t size;
    volatile size_t head; // where the next byte goes; the counts run on, modulo 2^32
    volatile size_t tail;
} ring_t;

static ring_t rings[MPS2_UARTS];

static struct {
    uint8_t data[64];
    size_t size;
    size_t sent;
    uint8_t last; // byte that was put in
} out = { .last = '\r' };

static bool begins = true, skips; // the next byte begins a line; the line that comes is not for the ring
static volatile uint32_t lost; // such lines

static uint64_t stop_ticks; // when the frame that the guard answers had come
static volatile uint32_t answer_ticks; // from then until its answer was out

static size_t count(const ring_t *ring) {
    return ring->head - ring->tail;
}

static void put(ring_t *ring, uint8_t byte) {
    ring->data[ring->head % MPS2_RX_RING] = byte;
    ring->head++;
}

// With interrupts masked: send what waits on the line to the CAN bus, then the guard's answer; the rest by interrupt.
static void transmit(void) {
    for (;;) {
        while (out.sent < out.size && !(STATE(MPS2_CAN_UART) & TX_FULL)) {
            DATA(MPS2_CAN_UART) = out.data[out.sent++];
        }
        if (out.sent < out.size) {
            INT(MPS2_CAN_UART) = INT_TX;
            CTRL(MPS2_CAN_UART) |= TX_INT;
            if (STATE(MPS2_CAN_UART) & TX_FULL) {
                return;
            }
        } else if (canguard.due && out.last == '\r') {
            canguard.due = false;
            out.size = canguard_slcan_answer(out.data);
            out.sent = 0;
        } else {
            if (stop_ticks != 0 && !canguard.due) {
                answer_ticks = mps2_ticks() - stop_ticks;
                stop_ticks = 0;
            }
            return;
        }
    }
}

// A byte of the CAN bus; returns whether it is for the ring. A bus does not wait for the loop: while the guard is armed, it
// sees what finds the ring full, too.
static bool guard(uint8_t byte) {
    size_t room = rings[MPS2_CAN_UART].size - count(&rings[MPS2_CAN_UART]);
    bool skipped = skips && !begins;
    skips = skipped || (canguard.armed && room < (begins ? CANGUARD_LINE : 1));
    lost += skips && !skipped;
    begins = byte == '\r';
    bool was_due = canguard.due;
    canguard_slcan_received(byte);
    if (canguard.due && !was_due) {
        stop_ticks = mps2_ticks();
        transmit();
    }
    return !skips;
}

// Take what the UART has; if there is no room, leave it there and mask its interrupt until there is.
static void receive(unsigned int number) {
    ring_t *ring = &rings[number];
    while (STATE(number) & RX_FULL) {
        if (count(ring) >= ring->size && !(number == MPS2_CAN_UART && canguard.armed)) {
            CTRL(number) &= ~RX_INT;
            INT(number) = INT_RX; // else it would interrupt for ever
            return;
        }
        INT(number) = INT_RX;
        uint8_t c = DATA(number);
        #if MICROPY_KBD_EXCEPTION
        if (number == 0 && c == mp_interrupt_char) {
            mp_sched_keyboard_interrupt();
            continue;
        }
        #endif
        if (number != MPS2_CAN_UART || guard(c)) {
            put(ring, c);
        }
    }
}

static void interrupt(unsigned int number) {
    receive(number);
    if (INT(number) & INT_TX) {
        INT(number) = INT_TX;
        CTRL(number) &= ~TX_INT;
        if (number == MPS2_CAN_UART) {
            transmit();
        }
    }
    mps2_wake();
}

static void interrupt0(void) {
    interrupt(0);
}

static void interrupt1(void) {
    interrupt(1);
}

static void interrupt2(void) {
    interrupt(2);
}

static void interrupt3(void) {
    interrupt(3);
}

static void interrupt4(void) {
    interrupt(4);
}

void mps2_uarts_init(void) {
    static void (*const handlers[MPS2_UARTS])(void) = { interrupt0, interrupt1, interrupt2, interrupt3, interrupt4 };
    for (unsigned int number = 0; number < MPS2_UARTS; number++) {
        rings[number].size = MPS2_RX_RING;
        unsigned int rx = number < 3 ? MPS2_IRQ_UART0_RX + 2 * number : MPS2_IRQ_UART3_RX + 2 * (number - 3);
        mps2_set_handler(rx, handlers[number]);
        mps2_set_handler(rx + 1, handlers[number]);
        BAUDDIV(number) = 16;
        CTRL(number) = TX_ENABLE | RX_ENABLE | RX_INT;
    }
}

void mps2_uart_resize(unsigned int number, size_t size) {
    rings[number].size = size;
}

size_t mps2_uart_any(unsigned int number) {
    return count(&rings[number]);
}

int mps2_uart_get(unsigned int number) {
    ring_t *ring = &rings[number];
    if (count(ring) == 0) {
        return -1;
    }
    uint8_t c = ring->data[ring->tail % MPS2_RX_RING];
    ring->tail++;
    if (!(CTRL(number) & RX_INT)) {
        uint32_t state = MICROPY_BEGIN_ATOMIC_SECTION();
        CTRL(number) |= RX_INT;
        receive(number);
        MICROPY_END_ATOMIC_SECTION(state);
    }
    return c;
}

size_t mps2_uart_feed(unsigned int number, const uint8_t *data, size_t size) {
    ring_t *ring = &rings[number];
    size_t done = 0;
    uint32_t state = MICROPY_BEGIN_ATOMIC_SECTION();
    while (done < size && count(ring) < ring->size) {
        if (number != MPS2_CAN_UART || guard(data[done])) {
            put(ring, data[done]);
        }
        done++;
    }
    MICROPY_END_ATOMIC_SECTION(state);
    mps2_wake();
    return done;
}

bool mps2_uart_writable(unsigned int number) {
    bool free = number == MPS2_CAN_UART ? out.sent == out.size : !(STATE(number) & TX_FULL);
    if (free || number == MPS2_CAN_UART) { // whose interrupts go on until all is sent
        return free;
    }
    uint32_t state = MICROPY_BEGIN_ATOMIC_SECTION();
    INT(number) = INT_TX;
    CTRL(number) |= TX_INT;
    MICROPY_END_ATOMIC_SECTION(state);
    return !(STATE(number) & TX_FULL);
}

// Take a line, or as much as there is room for, if nothing waits.
static size_t put_line(const uint8_t *data, size_t size) {
    size_t done = 0;
    uint32_t state = MICROPY_BEGIN_ATOMIC_SECTION();
    if (out.sent == out.size && size > 0) {
        done = MIN(size, sizeof(out.data));
        if (out.last != '\r' || !canguard_slcan_holds(data, done)) {
            memcpy(out.data, data, done);
            out.size = done;
            out.sent = 0;
            out.last = data[done - 1];
            transmit();
        }
    }
    MICROPY_END_ATOMIC_SECTION(state);
    return done;
}

size_t mps2_uart_write(unsigned int number, const uint8_t *data, size_t size) {
    if (number == MPS2_CAN_UART) {
        return put_line(data, size);
    }
    size_t done = 0;
    while (done < size && !(STATE(number) & TX_FULL)) {
        DATA(number) = data[done++];
    }
    return done;
}

uint32_t mps2_can_lost(void) {
    return lost;
}

uint32_t mps2_answer_us(void) {
    return answer_ticks / MPS2_TICKS_PER_US;
}

// The console is UART 0.

uintptr_t __wrap_mp_hal_stdio_poll(uintptr_t flags) {
    uintptr_t ready = 0;
    if ((flags & MP_STREAM_POLL_RD) && mps2_uart_any(0)) {
        ready |= MP_STREAM_POLL_RD;
    }
    if ((flags & MP_STREAM_POLL_WR) && mps2_uart_writable(0)) {
        ready |= MP_STREAM_POLL_WR;
    }
    return ready;
}

int __wrap_mp_hal_stdin_rx_chr(void) {
    int c;
    while ((c = mps2_uart_get(0)) < 0) {
        mp_event_wait_indefinite();
    }
    return c;
}
