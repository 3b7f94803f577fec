"""The registers and modes of the MCP2515, from the data sheet DS20001801J; part of ``mcp2515_model``.

Whatever the data sheet does not allow raises an AssertionError with the section that says so. Nothing on the way of a
byte from SPI to a register allocates, so that drivers can be tested under ``micropython.heap_lock()``.
"""

import micropython
import time

CANSTAT, CANCTRL, TEC, REC = 0x0E, 0x0F, 0x1C, 0x1D
BFPCTRL, TXRTSCTRL, RXM0, RXM1, CNF3, CNF2, CNF1 = 0x0C, 0x0D, 0x20, 0x24, 0x28, 0x29, 0x2A
CANINTE, CANINTF, EFLG = 0x2B, 0x2C, 0x2D
NORMAL, SLEEP, LOOPBACK, LISTEN_ONLY, CONFIGURATION = range(5)
TXREQ, TXERR, MLOA, ABTF = 0x08, 0x10, 0x20, 0x40
RX0IF, RX1IF, TX0IF, ERRIF, WAKIF, MERRF = 0x01, 0x02, 0x04, 0x20, 0x40, 0x80
RX0OVR, RX1OVR = 0x40, 0x80
JUNK = 0xA5  # what nobody defined

_SOURCES = (ERRIF, WAKIF, 0x04, 0x08, 0x10, RX0IF, RX1IF)  # in the order of CANSTAT.ICOD, section 7.1
_OST_CYCLES = 128  # of OSC1 after a reset, section 8.1
_READ_ONLY = (0x0E, 0x1C, 0x1D, 0x1E, 0x2E)
_IN_ANY_MODE = (BFPCTRL, CANINTE, CANINTF, EFLG)


def rule(right, text):
    if not right:
        raise AssertionError(text)


class Registers:
    """What the SPI side sees. `mode_delay`: SPI operations until a requested mode is there; a huge one: never."""

    def __init__(self, crystal_hz, now_us=time.ticks_us):
        self.crystal_hz = crystal_hz
        self.now_us = now_us
        self.mode_delay = 3
        self.resets = 0
        self.on_interrupt = None  # (handler, its argument)
        self.int_low = False
        self.r = bytearray(128)
        self.loaded = [0, 0, 0]  # bit n: register n of the transmit buffer was written since the reset
        self.reset()

    def reset(self):
        r = self.r
        for at in range(128):
            r[at] = JUNK if at > 0x30 and 0 < at & 15 < 14 else 0
        for buffer in range(3):
            self.loaded[buffer] = 0
        self.mode, self.wait = CONFIGURATION, 0
        r[CANCTRL] = 0x87  # register 10-1
        self.bits_until_active = 0  # recessive bits that a chip in bus-off has still to see
        self.rolled_over = False
        self.ready_us = time.ticks_add(self.now_us(), _OST_CYCLES * 1000000 // self.crystal_hz)
        self.starting = True
        self.update_int()

    def accessed(self):
        """An SPI operation begins."""
        if self.starting:
            rule(time.ticks_diff(self.now_us(), self.ready_us) >= 0, "8.1: no SPI until 128 OSC1 cycles after a reset")
            self.starting = False

    # -- registers (section 11)

    def read(self, at):
        low = at & 15
        if low == 14:
            return self.mode << 5 | self.interrupt_code() << 1
        if low == 15:
            return self.r[CANCTRL]
        if self.mode != CONFIGURATION and at < 0x28 and at & 0x0C != 0x0C:
            return 0  # register 4-10, note 1: masks and filters
        return self.r[at]

    def interrupt_code(self):
        pending = self.r[CANINTF] & self.r[CANINTE]
        for code in range(7):
            if pending & _SOURCES[code]:
                return code + 1
        return 0

    def put(self, at, value):
        low = at & 15
        if low == 15:
            self.put_control(value)
        elif at < 0x30:
            self.put_common(at, value)
        elif at >= 0x60:
            self.put_receive(at, low, value)
        elif low:
            self.put_transmit(at, low, value)
        else:
            self.request(at, value)

    def put_common(self, at, value):
        r = self.r
        rule(at not in _READ_ONLY, "11: read-only register")
        rule(at in _IN_ANY_MODE or self.mode == CONFIGURATION, "10.1: writable in Configuration mode only")
        if at == EFLG:
            value = r[EFLG] & 0x3F | value & 0xC0
        elif at == CANINTF and r[EFLG] & 0xC0:
            value |= r[CANINTF] & ERRIF  # 7.7: not while the condition lasts
        r[at] = value
        self.update_int()

    def put_receive(self, at, low, value):
        rule(low == 0, "11: read-only register")
        rule(value & 0x60 in (0, 0x60), "register 4-1: RXM 01 and 10 are reserved")
        kept = self.r[at] & 0x0F
        if at == 0x60:  # BUKT, and BUKT1, its copy
            kept = kept & 9 | value & 4 | (value & 4) >> 1
        self.r[at] = value & 0x60 | kept

    def put_transmit(self, at, low, value):
        rule(low != 14, "11: read-only register")
        rule(not self.r[at & 0x70] & TXREQ, "3.3: TXREQ must be clear before the transmit buffer is written")
        self.loaded[(at >> 4) - 3] |= 1 << low
        self.r[at] = value

    def request(self, at, value):
        """TXBnCTRL."""
        r = self.r
        pending = r[at] & TXREQ
        if value & TXREQ and not pending:
            self.check_loaded(at)
            r[at] &= ~(ABTF | MLOA | TXERR)  # section 3.3
        elif pending and not value & TXREQ:
            r[at] |= ABTF
        r[at] = r[at] & 0x70 | value & 0x0B

    def check_loaded(self, at):
        loaded = self.loaded[(at >> 4) - 3]
        needed = 0x3E if self.r[at + 2] & 8 else 0x26
        rule(loaded & needed == needed, "3.1: identifier and DLC must be loaded before TXREQ is set")
        if not self.r[at + 5] & 0x40:
            data = (1 << min(self.r[at + 5] & 15, 8)) - 1 << 6
            rule(loaded & data == data, "3.1: data bytes must be loaded before TXREQ is set")

    def put_control(self, value):
        """CANCTRL."""
        wanted = value >> 5
        rule(wanted < 5, "register 10-1: no such mode")
        if wanted != self.r[CANCTRL] >> 5 or wanted != self.mode and not self.wait:
            self.wait = self.mode_delay
        self.r[CANCTRL] = value
        if value & 0x10:  # ABAT
            for at in range(0x30, 0x60, 16):
                if self.r[at] & TXREQ:
                    self.r[at] = self.r[at] & ~TXREQ | ABTF

    # -- modes (section 10)

    def settle(self):
        """An SPI operation ended: a requested mode comes a little later, and not while something is to be sent."""
        wanted = self.r[CANCTRL] >> 5
        if wanted == self.mode:
            return
        if self.wait > 1:
            self.wait -= 1
            return
        if self.pending() and self.mode in (NORMAL, LOOPBACK):
            return
        if self.mode == CONFIGURATION and wanted != SLEEP:
            self.check_timing()
        self.mode, self.wait = wanted, 0
        if wanted == CONFIGURATION:
            self.r[TEC] = self.r[REC] = 0
            self.r[EFLG] &= 0xC0
            self.bits_until_active = 0

    def pending(self):
        return (self.r[0x30] | self.r[0x40] | self.r[0x50]) & TXREQ

    def segments(self):
        """(prescaler, SJW, PropSeg, PS1, PS2) in time quanta, section 5.5."""
        one, two, three = self.r[CNF1], self.r[CNF2], self.r[CNF3]
        ps1 = (two >> 3 & 7) + 1
        ps2 = (three & 7) + 1 if two & 0x80 else max(ps1, 2)
        return (one & 63) + 1, (one >> 6) + 1, (two & 7) + 1, ps1, ps2

    def check_timing(self):
        _, sjw, prop, ps1, ps2 = self.segments()
        rule(ps2 >= 2, "5.2: PS2 is at least the 2 TQ of the information processing time")
        rule(prop + ps1 >= ps2, "5.3: PropSeg + PS1 >= PS2")
        rule(ps2 > sjw, "5.3: PS2 > SJW")

    # -- INT (section 7)

    def update_int(self):
        low = bool(self.r[CANINTF] & self.r[CANINTE])
        fell = low and not self.int_low
        self.int_low = low
        if fell and self.on_interrupt is not None:
            try:
                micropython.schedule(self.on_interrupt[0], self.on_interrupt[1])
            except RuntimeError:
                pass  # the queue is full: on a device, too, the interrupt would be lost
