"""The CAN controller inside the model of the ESP32's TWAI: frames, FIFO, filters, error counters, bus-off.

From the SJA1000 data sheet (Philips, 4 January 2000), section 6.4 PeliCAN, and what the ESP32 does otherwise (Technical
Reference Manual, TWAI, and the errata on the receive FIFO). `twai_model` puts registers around it.
"""

FIFO_BYTES = 64
FIFO_BREAKS_AT = 64  # messages: ESP32 errata "RX FIFO overruns with 64 or more messages": only a reset helps

RI, TI, EI, DOI, EPI, ALI, BEI = 1, 2, 4, 8, 32, 64, 128
ERROR_BIT, ERROR_FORM, ERROR_STUFF, ERROR_OTHER = 0, 1, 2, 3
CRC_FIELD, DATA_FIELD = 8, 10  # segments, table 21


def rule(holds, text):
    """Raise AssertionError with the broken rule."""
    if not holds:
        raise AssertionError("TWAI: " + text)


def layout(identifier, data, extended, remote, size=None):
    """A frame as it stands in the receive buffer, addresses 16 to 28 (tables 34 to 37)."""
    size = len(data) if size is None else size
    info = extended << 7 | remote << 6 | size
    if extended:
        word = identifier << 3 | remote << 2
        head = [info, word >> 24, word >> 16 & 255, word >> 8 & 255, word & 255]
    else:
        word = identifier << 5 | remote << 4
        head = [info, word >> 8, word & 255]
    return bytes(head) + (b"" if remote else bytes(data))


def parse(buffer):
    """The transmit buffer as ``(identifier, data, extended, remote)`` (tables 27 to 30)."""
    info = buffer[0]
    extended, remote, size = info >> 7 & 1, info >> 6 & 1, info & 15
    rule(size <= 8, "a data length code above 8 is not compatible (6.4.13.1)")
    at = 5 if extended else 3
    identifier = 0
    for byte in buffer[1:at]:
        identifier = identifier << 8 | byte
    identifier >>= 3 if extended else 5
    return identifier, b"" if remote else bytes(buffer[at : at + size]), bool(extended), bool(remote)


def accepts(acr, amr, single, identifier, data, extended, remote):
    """The acceptance filter (6.4.15); in the mask 1 means don't care. What a short frame lacks is don't care, too."""
    code = int.from_bytes(bytes(acr), "big")
    care = int.from_bytes(bytes(amr), "big") ^ 0xFFFFFFFF
    have = 0 if remote else len(data)
    if single and extended:
        return not ((identifier << 3 | remote << 2) ^ code) & care & 0xFFFFFFFC
    if single:
        word = identifier << 21 | remote << 20 | (data[0] << 8 if have else 0) | (data[1] if have > 1 else 0)
        return not (word ^ code) & care & (0xFFF00000 | (0xFF00 if have else 0) | (0xFF if have > 1 else 0))
    if extended:
        first, word = 0xFFFF0000, identifier >> 13
        return not ((word << 16 ^ code) & care & first) or not (word ^ code) & care & 0xFFFF
    word = identifier << 5 | remote << 4
    first = word << 16 | (data[0] >> 4 << 16 | data[0] & 15 if have else 0)
    wanted = 0xFFF00000 | (0x000F000F if have else 0)
    return not (first ^ code) & care & wanted or not (word ^ code) & care & 0xFFF0


class Fifo:
    """64 bytes of received messages. A message that does not fit is counted, marked invalid, and partly stored."""

    def __init__(self):
        self.messages = []  # (bytes stored, valid)
        self.overrun = self.broken = False

    def put(self, message):
        """Store a message; False if it overran."""
        room = FIFO_BYTES - sum([len(stored) for stored, _ in self.messages])
        fits = len(message) <= room
        if len(self.messages) < FIFO_BREAKS_AT:
            self.messages.append((message[:room], fits))
        self.broken = self.broken or (len(self.messages) == FIFO_BREAKS_AT and not fits)
        self.overrun = self.overrun or not fits
        return fits

    def window(self, place):
        """One byte of the receive buffer; behind the message the next one begins."""
        rule(self.messages, "the receive buffer is read while it is empty (SR.0 is 0)")
        rule(self.messages[0][1] and not self.broken, "an overrun message is read: its content is invalid")
        for stored, _ in self.messages:
            if place < len(stored):
                return stored[place]
            place -= len(stored)
        return 0xAA  # what was there before

    def release(self):
        """Command register bit 2."""
        rule(self.messages, "an empty receive buffer is released")
        if not self.broken:
            self.messages.pop(0)


class Controller:
    """What is behind the registers. `interrupts` holds the enabled events that happened (IR without RI)."""

    errata = True  # the two of the ESP32 that `spoils` and `stale` are

    def __init__(self):
        self.reset_mode = True
        self.listen_only = self.self_test = self.single_filter = False
        self.enabled = self.interrupts = 0
        self.acr, self.amr = [None] * 4, [None] * 4
        self.warning_limit = 96
        self.rec = self.tec = self.alc = self.ecc = 0
        self.alc_held = self.ecc_held = False
        self.bus_off = self.force_bus_off = False
        self.spoils = False  # the next message, after an error in the data of the last (errata TWAI-3.13.5)
        self.stale = False  # bus-off is over, and it was not yet in reset mode again (errata TWAI-3.13.3)
        self.waits = 0  # so many times 11 recessive bits until it takes part
        self.fifo = Fifo()
        self.pending = None  # (frame, single shot, self reception)
        self.begun = False  # its first bit is on the bus: for tests to set
        self.complete = True

    # -- state

    @property
    def on_bus(self):
        """Whether it takes part: operating mode, and the bus was free after reset mode."""
        return not self.reset_mode and not self.waits

    @property
    def error_status(self):
        """SR.6: it is not frozen while bus-off is left (errata)."""
        return self.rec >= self.warning_limit or self.tec >= self.warning_limit

    @property
    def passive(self):
        """Error passive."""
        return self.rec > 127 or self.tec > 127

    def raise_interrupt(self, bits):
        """An event happened: it is latched if its interrupt is enabled."""
        self.interrupts |= bits & self.enabled

    def _count(self, rec, tec):
        """New error counters, with the interrupts of what changes by them."""
        before = (self.error_status, self.bus_off), self.passive
        self.rec = rec
        self.tec = tec
        if tec > 255:
            self.bus_off = True
            self.rec, self.tec = 0, 128
            self.enter_reset_mode()
        if before[0] != (self.error_status, self.bus_off):
            self.raise_interrupt(EI)
        if before[1] != self.passive and not self.bus_off:
            self.raise_interrupt(EPI)

    def enter_reset_mode(self):
        """MOD.0 from 0 to 1, by the processor or by bus-off (table 10: the FIFO is emptied)."""
        self.reset_mode = True
        self.pending = None
        self.begun = False
        self.stale = False
        self.fifo = Fifo()
        self.interrupts &= EI | BEI
        self.alc_held = self.ecc_held = False

    def leave_reset_mode(self):
        """MOD.0 from 1 to 0."""
        self.reset_mode = False
        self.waits = (self.tec or 128) if self.bus_off else 1
        if self.force_bus_off:
            self.force_bus_off = False
            self._count(self.rec, 256)

    def bus_free(self):
        """11 recessive bits went by."""
        if self.reset_mode or not self.waits:
            return
        self.waits -= 1
        if self.bus_off:
            limit_before = self.error_status
            self.tec = self.waits
            self.bus_off = self.waits > 0
            self.stale = self.errata and not self.bus_off
            if limit_before != self.error_status or not self.bus_off:
                self.raise_interrupt(EI)

    # -- frames

    def receive(self, frame, size=None):
        """A frame ends well on the bus; True if it was stored whole."""
        if not self.on_bus:
            self.bus_free()
            return False
        if self.spoils:
            self.spoils = False
            identifier, data, extended, remote = frame
            frame = (identifier, data[1:] + b"\xee" if data else data, extended, remote)
        if not self.listen_only and self.rec:
            self._count(127 if self.rec > 127 else self.rec - 1, self.tec)
        return self._store(frame, size)

    def _store(self, frame, size=None):
        if not accepts(self.acr, self.amr, self.single_filter, *frame):
            return False
        overrun = self.fifo.overrun
        stored = self.fifo.put(layout(*frame, size=size))
        if self.fifo.overrun and not overrun:
            self.raise_interrupt(DOI)
        return stored

    def request(self, frame, once, self_reception):
        """Command register bits 0, 1, 4."""
        rule(not self.reset_mode, "a transmission is requested in reset mode")
        rule(not self.stale, "after bus-off the first message is erroneous without another reset mode (errata 3.13.3)")
        rule(not self.listen_only, "a transmission is requested in listen only mode")
        rule(self.pending is None, "a transmission is requested while the transmit buffer is locked (SR.2 is 0)")
        self.pending = (frame, once, self_reception)
        self.complete = False

    def abort(self):
        """Command register bit 1: a transmission that has not begun is given up; one that has is not repeated."""
        if self.pending is not None and self.begun:
            self.pending = self.pending[0], True, self.pending[2]
        elif self.pending is not None:
            self._release_transmit_buffer()

    def _release_transmit_buffer(self):
        self.pending = None
        self.begun = False
        self.raise_interrupt(TI)

    def transmitted(self):
        """The pending frame went out well."""
        frame, _, self_reception = self.pending
        self._count(self.rec, self.tec - 1 if self.tec else 0)
        self.complete = True
        self.spoils = self.spoils and bool(frame[1])  # one without data puts it right
        self._release_transmit_buffer()
        if self_reception:
            self._store(frame)
        return frame

    def lose_arbitration(self, bit):
        """Another node was more urgent at this bit (0 to 31, table 19)."""
        if not self.alc_held:
            self.alc, self.alc_held = bit, True
            self.raise_interrupt(ALI)
        if self.pending[1]:
            self._release_transmit_buffer()

    def error(self, code, segment, transmitting, weight=None):
        """An error on the bus: error code capture (table 21), counters, bus-off."""
        if not self.on_bus:
            return
        if not self.ecc_held:
            self.ecc, self.ecc_held = code << 6 | (not transmitting) << 5 | segment, True
            self.raise_interrupt(BEI)
        if not transmitting and code in (ERROR_BIT, ERROR_STUFF) and segment in (CRC_FIELD, DATA_FIELD):
            self.spoils = self.errata
        if self.listen_only:
            return
        if transmitting:
            self._count(self.rec, self.tec + (8 if weight is None else weight))
            if self.pending is not None and self.pending[1]:
                self._release_transmit_buffer()
        else:
            self._count(min(self.rec + (1 if weight is None else weight), 255), self.tec)
