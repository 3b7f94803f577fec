// The guard on a stream of SLCAN: lines are read as drivers/can/slcan_lines.py reads them, of which only extended data frames
// matter here: T, 8 digits, length, data, CR.

#include <string.h>

#include "canguard.h"

#define HEAD 10 // T, identifier, length
#define BEL 7

static uint8_t line[CANGUARD_LINE];
static size_t length; // beyond the line's own: too long, garbage

// The value of a hexadecimal digit, or 16.
static unsigned int digit(uint8_t c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

static void whole_line(void) {
    unsigned int size = line[HEAD - 1] - '0';
    if (length < HEAD || line[0] != 'T' || line[1] > '1' || size > CANGUARD_DATA || length != HEAD + 2 * size) {
        return;
    }
    uint32_t identifier = 0;
    unsigned int bad = 0;
    for (size_t i = 1; i < HEAD - 1; i++) {
        bad |= digit(line[i]);
        identifier = identifier << 4 | (digit(line[i]) & 15);
    }
    uint8_t data[CANGUARD_DATA];
    for (size_t i = 0; i < size; i++) {
        unsigned int high = digit(line[HEAD + 2 * i]), low = digit(line[HEAD + 2 * i + 1]);
        bad |= high | low;
        data[i] = high << 4 | (low & 15);
    }
    if (bad < 16) {
        canguard_frame(identifier, data, size);
    }
}

void canguard_slcan_received(uint8_t byte) {
    if (byte == '\r' || byte == BEL) {
        if (byte == '\r' && length < CANGUARD_LINE && canguard.armed) {
            whole_line();
        }
        length = 0;
    } else if (length < CANGUARD_LINE) {
        line[length++] = byte;
    }
}

static uint8_t *put(uint8_t *at, unsigned int value) {
    *at++ = "0123456789ABCDEF"[value];
    return at;
}

size_t canguard_slcan_answer(uint8_t *out) {
    uint8_t *at = out;
    *at++ = 'T';
    for (int shift = 28; shift >= 0; shift -= 4) {
        at = put(at, canguard.answer >> shift & 15);
    }
    at = put(at, canguard.size);
    for (size_t i = 0; i < canguard.size; i++) {
        at = put(put(at, canguard.data[i] >> 4), canguard.data[i] & 15);
    }
    *at++ = '\r';
    return at - out;
}

bool canguard_slcan_holds(const uint8_t *sent, size_t size) {
    uint8_t own[CANGUARD_LINE];
    if (!canguard.fired || size < HEAD) {
        return false;
    }
    size_t own_size = canguard_slcan_answer(own);
    return memcmp(sent, own, HEAD - 1) == 0 && (size != own_size || memcmp(sent, own, size) != 0);
}
