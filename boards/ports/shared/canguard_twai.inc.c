// The guard at the own CAN controller of an ESP32 or ESP32-S3: its receive interrupt moves each message to the ring, as drain() of
// drivers/can/twai_frames.py does by a timer, and answers the one frame of the rule. Python sees the ring, the bus's events and the
// status by the functions of that module, which are here, too; so only one of them touches the registers at a time.
//
// The port's module includes this, and defines before: READ(n) and WRITE(n, value) of a register by its number, LOCK() and
// UNLOCK() against the interrupt, LOCK_ISR() and UNLOCK_ISR() in it, SPOILS, whether the chip has erratum TWAI-3.13.5, and
// FAST, where the interrupt's functions are placed. While the flash cannot be read nothing may be used but RAM: no tables of
// constants, no functions from elsewhere.

#include "py/objarray.h"
#include "py/runtime.h"

#include "canguard.h"

enum { MODE = 0, COMMAND = 1, STATUS = 2, EVENTS = 3, ENABLE = 4, ECC = 12, WINDOW = 16, MESSAGES = 29 };
enum { RESET = 1, LISTEN_ONLY = 2 }; // mode
enum { SEND = 1, ABORT = 2, RELEASE = 4, CLEAR_OVERRUN = 8 }; // commands
enum { RECEIVED = 1, OVERRUN = 2, FREE = 4, OFF = 0x80 }; // status
enum { RECEIVE = 1, TRANSMIT = 2, LOST = 0x40, BUS_ERROR = 0x80 }; // events and their enable bits
enum { EXTENDED = 0x80, REMOTE = 0x40 }; // of a message's first byte
enum { SLOTS = 64, SLOT = 16, AT_ONCE = 32, FIFO_BROKEN = 62, SPOILED = 1 << 24 };

static uint8_t ring[SLOTS * SLOT];
static uint32_t cursor[3]; // the next slot to fill, the next to take, messages lost
static uint32_t events; // that drain() has not reported
static uint32_t taken; // messages that it has not reported
static bool runs; // the interrupt does
static bool masked; // the receive interrupt was switched off here, and not by a reset of the controller
static bool spoiled; // since the last reset of the controller: nothing that is received is right for certain
static bool skips; // the next message is wrong (erratum TWAI-3.13.5)

static FAST uint32_t size_of(uint32_t info) {
    return info & 8 ? 8 : info & 7;
}

static FAST uint32_t identifier_at(const uint8_t *message) {
    return (uint32_t)message[1] << 21 | message[2] << 13 | message[3] << 5 | message[4] >> 3;
}

// The message in the receive buffer: for the guard, and for the ring where that is right and has room.
static FAST void receive(void) {
    uint32_t head = cursor[0], next = (head + 1) % SLOTS;
    uint8_t *slot = ring + head * SLOT; // one is always free: when the ring is full, it is the guard's alone
    uint32_t info = READ(WINDOW) & 0xff;
    uint32_t length = (info & EXTENDED ? 5 : 3) + size_of(info);
    for (uint32_t i = 0; i < length; i++) {
        slot[i] = READ(WINDOW + i);
    }
    if (!skips && (info & (EXTENDED | REMOTE)) == EXTENDED) {
        canguard_frame(identifier_at(slot), slot + 5, size_of(info));
    }
    skips = false;
    if (spoiled || next == cursor[1]) {
        cursor[2]++;
    } else {
        cursor[0] = next;
        taken++;
    }
}

// A bus error was captured: does it spoil the next message? ESP-IDF's condition, see drivers/can/twai_esp32.py.
static FAST void judge(void) {
    uint32_t error = READ(ECC);
    uint32_t segment = error & 31;
    if (SPOILS && (error & 32) && (segment == 10 || segment == 8 || (segment == 27 && (error >> 6 & 3) == 3))) {
        spoiled = true;
        skips = true;
    }
}

// The answer goes out as soon as the transmit buffer is free; what is in there and not yet on the bus is given up for it.
static FAST void answer(void) {
    for (int turn = 0; turn < 2 && canguard.due; turn++) {
        if (READ(MODE) & (RESET | LISTEN_ONLY)) {
            return;
        }
        if (READ(STATUS) & FREE) {
            canguard.due = false;
            WRITE(WINDOW, EXTENDED | canguard.size);
            for (uint32_t i = 0; i < 4; i++) {
                WRITE(WINDOW + 1 + i, canguard.answer << 3 >> (24 - 8 * i) & 0xff);
            }
            for (uint32_t i = 0; i < canguard.size; i++) {
                WRITE(WINDOW + 5 + i, canguard.data[i]);
            }
            WRITE(COMMAND, SEND);
        } else if (turn == 0) {
            WRITE(ENABLE, READ(ENABLE) | TRANSMIT); // its event may get lost (ESP-IDF's TWAI_ERRATA_FIX_TX_INTR_LOST): the
            WRITE(COMMAND, ABORT); // status shows it, and every later interrupt and drain() look at that
        }
    }
    if (!canguard.due && (READ(ENABLE) & TRANSMIT)) {
        WRITE(ENABLE, READ(ENABLE) & ~TRANSMIT);
    }
}

// With the lock. `all`: leave nothing in the receive buffer, else the interrupt would come again at once. Returns the status.
static FAST uint32_t look(bool all) {
    uint32_t new = READ(EVENTS);
    events |= new & (LOST | BUS_ERROR);
    uint32_t status = READ(STATUS) & 0xff;
    if (new & BUS_ERROR) {
        judge();
    }
    uint32_t waiting = status & OVERRUN ? READ(MESSAGES) & 127 : 0;
    if (waiting >= FIFO_BROKEN) { // only a reset helps (erratum TWAI-3.13.11), which is drain()'s caller's
        masked = all;
        if (all) {
            WRITE(ENABLE, READ(ENABLE) & ~RECEIVE);
        }
    } else if (status & OVERRUN) { // none of them can be trusted
        for (cursor[2] += waiting; waiting > 0; waiting--) {
            WRITE(COMMAND, RELEASE);
        }
        WRITE(COMMAND, CLEAR_OVERRUN);
        status = READ(STATUS) & 0xff;
    }
    for (int left = AT_ONCE; left > 0 && (all || !spoiled) && (status & (RECEIVED | OVERRUN)) == RECEIVED; left--) {
        receive();
        WRITE(COMMAND, RELEASE);
        status = READ(STATUS) & 0xff;
    }
    if (canguard.due && !(status & OFF)) {
        answer();
        status = READ(STATUS) & 0xff;
    }
    return status;
}

static FAST void isr(void *argument) {
    (void)argument;
    LOCK_ISR();
    look(true);
    UNLOCK_ISR();
}

// Forget what was received; `on`: from the next drain() on the controller interrupts for each message.
static void restart(bool on) {
    LOCK();
    runs = on;
    masked = spoiled = skips = false;
    events = taken = 0;
    cursor[1] = cursor[0];
    UNLOCK();
}

// A reset of the controller has cleared the enable bit of the receive interrupt, and ended what spoiled the messages.
static void enable(void) {
    uint32_t enabled = READ(ENABLE);
    if (runs && !(enabled & RECEIVE)) {
        spoiled = spoiled && masked;
        skips = skips && masked;
        masked = false;
        WRITE(ENABLE, enabled | RECEIVE);
    }
}

// buffers(): ring and cursor, empty, for a new driver.
static mp_obj_t buffers(void) {
    LOCK();
    cursor[0] = cursor[1] = cursor[2] = 0;
    UNLOCK();
    mp_obj_t both[2] = {
        mp_obj_new_bytearray_by_ref(sizeof(ring), ring),
        mp_obj_new_memoryview('I' | MP_OBJ_ARRAY_TYPECODE_FLAG_RW, MP_ARRAY_SIZE(cursor), cursor),
    };
    return mp_obj_new_tuple(2, both);
}
static MP_DEFINE_CONST_FUN_OBJ_0(buffers_obj, buffers);

// drain(registers, ring, cursor): status | messages << 8 | events << 16 since the last call; bit 24: reset the controller, what
// is received is not to be trusted. All the arguments are known here.
static mp_obj_t drain(mp_obj_t registers_in, mp_obj_t ring_in, mp_obj_t cursor_in) {
    LOCK();
    enable();
    uint32_t status = look(false);
    uint32_t new = events, count = MIN(taken, 255u);
    if (spoiled) {
        new |= BUS_ERROR;
        status |= SPOILED;
    }
    events = taken = 0;
    UNLOCK();
    return MP_OBJ_NEW_SMALL_INT(status | count << 8 | new << 16);
}
static MP_DEFINE_CONST_FUN_OBJ_3(drain_obj, drain);

// take(ring, cursor, out): the identifier of the next message, or -1; see drivers/can/twai_frames.py.
static mp_obj_t take(mp_obj_t ring_in, mp_obj_t cursor_in, mp_obj_t out_in) {
    mp_buffer_info_t out;
    mp_get_buffer_raise(out_in, &out, MP_BUFFER_WRITE);
    uint32_t tail = *(volatile uint32_t *)&cursor[1];
    if (tail == *(volatile uint32_t *)&cursor[0] || out.len < 10) {
        return MP_OBJ_NEW_SMALL_INT(-1);
    }
    const uint8_t *message = ring + tail * SLOT;
    uint8_t *to = out.buf;
    uint32_t info = message[0], size = size_of(info);
    uint32_t identifier = info & EXTENDED ? identifier_at(message) : (uint32_t)message[1] << 3 | message[2] >> 5;
    const uint8_t *data = message + (info & EXTENDED ? 5 : 3);
    for (uint32_t i = 0; i < size; i++) {
        to[i] = data[i];
    }
    to[8] = size;
    to[9] = info;
    LOCK(); // all of it is read before the slot is free
    cursor[1] = (tail + 1) % SLOTS;
    UNLOCK();
    return MP_OBJ_NEW_SMALL_INT(identifier);
}
static MP_DEFINE_CONST_FUN_OBJ_3(take_obj, take);

// put(registers, queue, at): copy the message at `at` of the queue into the transmit buffer, and have it sent. It is not
// if the guard has that buffer, or holds up what goes to its answer's receiver.
static mp_obj_t put(mp_obj_t registers_in, mp_obj_t queue_in, mp_obj_t at_in) {
    mp_buffer_info_t queue;
    mp_get_buffer_raise(queue_in, &queue, MP_BUFFER_READ);
    mp_int_t at = mp_obj_get_int(at_in);
    if (at < 0 || (size_t)at + SLOT > queue.len) {
        mp_raise_ValueError(NULL);
    }
    const uint8_t *message = (const uint8_t *)queue.buf + at;
    bool extended = message[0] & EXTENDED;
    uint32_t size = message[0] & 15;
    uint32_t length = (extended ? 5 : 3) + size;
    LOCK();
    bool held = canguard.due || (extended && canguard_holds(identifier_at(message), message + 5, size));
    if (!held && (READ(STATUS) & FREE)) {
        for (uint32_t i = 0; i < length; i++) {
            WRITE(WINDOW + i, message[i]);
        }
        WRITE(COMMAND, SEND);
    }
    UNLOCK();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(put_obj, put);

// What a module canguard with this controller has beside what is the port's own.
#define CANGUARD_TWAI_GLOBALS \
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_canguard) }, \
    { MP_ROM_QSTR(MP_QSTR_rule), MP_ROM_PTR(&canguard_rule_obj) }, \
    { MP_ROM_QSTR(MP_QSTR_arm), MP_ROM_PTR(&canguard_arm_obj) }, \
    { MP_ROM_QSTR(MP_QSTR_fired), MP_ROM_PTR(&canguard_fired_obj) }, \
    { MP_ROM_QSTR(MP_QSTR_interrupt), MP_ROM_PTR(&interrupt_obj) }, \
    { MP_ROM_QSTR(MP_QSTR_buffers), MP_ROM_PTR(&buffers_obj) }, \
    { MP_ROM_QSTR(MP_QSTR_drain), MP_ROM_PTR(&drain_obj) }, \
    { MP_ROM_QSTR(MP_QSTR_take), MP_ROM_PTR(&take_obj) }, \
    { MP_ROM_QSTR(MP_QSTR_put), MP_ROM_PTR(&put_obj) },
