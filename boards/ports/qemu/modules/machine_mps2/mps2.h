// The hardware of an MPS2 board with image AN385 as QEMU has it (Arm DAI 0385, and hw/arm/mps2.c).

#ifndef UCHARGE_MPS2_H
#define UCHARGE_MPS2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MPS2_CLOCK_HZ 25000000
#define MPS2_TICKS_PER_US 25

#define MPS2_REG(address) (*(volatile uint32_t *)(address))

// Interrupt numbers.
enum { MPS2_IRQ_UART0_RX = 0, MPS2_IRQ_TIMER0 = 8, MPS2_IRQ_TIMER1 = 9, MPS2_IRQ_UART3_RX = 18, MPS2_IRQS = 32 };

// start.c
void mps2_set_handler(unsigned int irq, void (*handler)(void));

// clock.c: counts from 0 at the start, with MPS2_CLOCK_HZ, and never wraps.
void mps2_clock_init(void);
uint64_t mps2_ticks(void);
uint64_t mps2_idle_ticks(void); // those spent in mps2_wait()
void mps2_wake(void); // from an interrupt: there is something to do
void mps2_wait(unsigned int timeout_ms);

// uart.c: UARTs 0 to 4. A byte that finds its ring full waits in the UART and holds up the sender.
#define MPS2_UARTS 5
#define MPS2_CAN_UART 1 // SLCAN, with the CAN guard
#define MPS2_RX_RING 4096
void mps2_uarts_init(void);
void mps2_uart_resize(unsigned int number, size_t size);
size_t mps2_uart_any(unsigned int number);
int mps2_uart_get(unsigned int number); // -1: nothing there
bool mps2_uart_writable(unsigned int number); // if not, an interrupt follows once it is
size_t mps2_uart_feed(unsigned int number, const uint8_t *data, size_t size); // as if they had come in; how many did
size_t mps2_uart_write(unsigned int number, const uint8_t *data, size_t size); // as many as it takes at once
uint32_t mps2_can_lost(void); // lines for which there was no room while the guard was armed
uint32_t mps2_answer_us(void); // from the last frame that the guard answered until its answer was out

// semihost.c: the board's requests to the machine that runs QEMU.
void mps2_exit(int status) __attribute__((noreturn));
bool mps2_random(uint8_t *buf, size_t size);

// machine_rtc.c
extern const struct _mp_obj_type_t mps2_rtc_type;

// modmps2.c
void mps2_tell_heap(void);

#endif
