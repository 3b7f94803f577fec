// CMSDK APB UARTs (Arm DDI 0479, 4.4) with a ring for what comes in.

#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stream.h"

#include "mps2.h"

#define BASE(number) (0x40004000 + 0x1000 * (number))
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

static size_t count(const ring_t *ring) {
    return ring->head - ring->tail;
}

// Take what the UART has; if there is no room, leave it there and hear no more of it until there is.
static void receive(unsigned int number) {
    ring_t *ring = &rings[number];
    while (STATE(number) & RX_FULL) {
        if (count(ring) >= ring->size) {
            CTRL(number) &= ~RX_INT;
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
        ring->data[ring->head % MPS2_RX_RING] = c;
        ring->head++;
    }
}

static void interrupt(unsigned int number) {
    receive(number);
    if (INT(number) & INT_TX) {
        INT(number) = INT_TX;
        CTRL(number) &= ~TX_INT;
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

void mps2_uarts_init(void) {
    static void (*const handlers[MPS2_UARTS])(void) = { interrupt0, interrupt1, interrupt2 };
    for (unsigned int number = 0; number < MPS2_UARTS; number++) {
        rings[number].size = MPS2_RX_RING;
        mps2_set_handler(MPS2_IRQ_UART0_RX + 2 * number, handlers[number]);
        mps2_set_handler(MPS2_IRQ_UART0_RX + 2 * number + 1, handlers[number]);
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
        ring->data[ring->head % MPS2_RX_RING] = data[done++];
        ring->head++;
    }
    MICROPY_END_ATOMIC_SECTION(state);
    mps2_wake();
    return done;
}

bool mps2_uart_writable(unsigned int number) {
    if (!(STATE(number) & TX_FULL)) {
        return true;
    }
    uint32_t state = MICROPY_BEGIN_ATOMIC_SECTION();
    INT(number) = INT_TX;
    CTRL(number) |= TX_INT;
    MICROPY_END_ATOMIC_SECTION(state);
    return !(STATE(number) & TX_FULL);
}

size_t mps2_uart_write(unsigned int number, const uint8_t *data, size_t size) {
    size_t done = 0;
    while (done < size && !(STATE(number) & TX_FULL)) {
        DATA(number) = data[done++];
    }
    return done;
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
