// The CAN guard: one frame is answered by another in the interrupt that receives it, whatever the loop is doing. The frame
// is the vehicle's stop, the answer the power module's. One rule in static memory; the glue of each port calls this.

#ifndef UCHARGE_CANGUARD_H
#define UCHARGE_CANGUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "py/obj.h"

#define CANGUARD_DATA 8
#define CANGUARD_LINE 27 // of SLCAN: an extended frame of 8 bytes with its CR

typedef struct {
    uint32_t identifier; // of the frame, 29 bits
    uint32_t answer; // identifier of the answer, 29 bits
    uint8_t at; // the byte that is not 0 in a frame that is to be answered
    uint8_t size; // of the answer's data
    uint8_t data[CANGUARD_DATA];
    volatile bool armed;
    volatile bool fired; // since it was armed: under the answer's identifier nothing else goes out
    volatile bool due; // the answer is to be sent
    volatile uint32_t count; // how often it fired, at most once for each time that it was armed
} canguard_t;

extern canguard_t canguard;

// Inline, so that they are where the interrupt's handler is: on an ESP32 in RAM, while the flash cannot be read.

// A good data frame with a 29-bit identifier has come.
__attribute__((always_inline)) static inline void canguard_frame(uint32_t identifier, const volatile uint8_t *data, unsigned int size) {
    if (canguard.armed && identifier == canguard.identifier && size > canguard.at && data[canguard.at] != 0) {
        canguard.due = true;
        if (!canguard.fired) {
            canguard.fired = true;
            canguard.count++;
        }
    }
}

// Whether a data frame with a 29-bit identifier must not be sent now: a start, or a limit, behind the stop.
__attribute__((always_inline)) static inline bool canguard_holds(uint32_t identifier, const volatile uint8_t *data, unsigned int size) {
    if (!canguard.fired || identifier != canguard.answer) {
        return false;
    }
    bool same = size == canguard.size;
    for (unsigned int i = 0; same && i < size; i++) {
        same = data[i] == canguard.data[i];
    }
    return !same;
}

// canguard_slcan.c: the frame as a line of text.

// The next byte that was received. canguard.due is set if its line was the frame.
void canguard_slcan_received(uint8_t byte);

// The line of the answer; returns its length, up to CANGUARD_LINE.
size_t canguard_slcan_answer(uint8_t *line);

// Whether a line that is to be sent must not be.
bool canguard_slcan_holds(const uint8_t *line, size_t size);

// canguard.c: what each port's module `canguard` has.
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(canguard_rule_obj);
MP_DECLARE_CONST_FUN_OBJ_1(canguard_arm_obj);
MP_DECLARE_CONST_FUN_OBJ_0(canguard_fired_obj);

#endif
