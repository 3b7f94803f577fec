"""An independent model of the MCP2515 (Microchip, DS20001801J): the chip, its SPI, CS and INT, and the bus.

    chip = Mcp2515(8000000)
    driver(spi=chip.spi, cs=chip.cs, int=chip.int)      or, for drivers that make their own:
    machine = Machine(chip, cs=5, interrupt=4)          machine.SPI(...), machine.Pin(number, ...)

A broken rule raises AssertionError with the section of the data sheet. The test is the bus: `receive`, `transmit`,
`receive_error`, `recessive_bits`.
"""

from mcp2515_port import ChipSelect, Instructions, Interrupt, Machine, Spi  # noqa: F401 - Machine is for tests
from mcp2515_registers import (
    CANCTRL,
    CANINTE,
    CANINTF,
    EFLG,
    ERRIF,
    JUNK,
    LISTEN_ONLY,
    LOOPBACK,
    MERRF,
    MLOA,
    NORMAL,
    REC,
    RX0IF,
    RX0OVR,
    RX1IF,
    RX1OVR,
    RXM0,
    RXM1,
    SLEEP,
    TEC,
    TXERR,
    TXREQ,
    WAKIF,
    Registers,
    rule,
)  # fmt: skip

SENT, LOST, ERROR, NO_ACK = "sent", "lost arbitration", "bus error", "no acknowledge"
_FILTERS = (0x00, 0x04, 0x08, 0x10, 0x14, 0x18)


class Mcp2515(Registers):
    """The chip with its CAN side. `sent`: list of what went out, (identifier, data, extended, remote)."""

    def __init__(self, crystal_hz=8000000, **options):
        super().__init__(crystal_hz, **options)
        self.sent = []
        instructions = Instructions(self)
        self.spi = Spi(instructions)
        self.cs = ChipSelect(instructions)
        self.int = Interrupt(self)

    @property
    def bit_rate(self):
        """bit/s that CNF1..3 make of the crystal."""
        prescaler, _, prop, ps1, ps2 = self.segments()
        return self.crystal_hz // (2 * prescaler * (1 + prop + ps1 + ps2))

    @property
    def sample_point(self):
        """Permille of the bit."""
        _, _, prop, ps1, ps2 = self.segments()
        return 1000 * (1 + prop + ps1) // (1 + prop + ps1 + ps2)

    @property
    def bus_off(self):
        return self.bits_until_active > 0

    # -- receiving (section 4)

    def receive(self, identifier, data=b"", extended=True, remote=False, dlc=None):
        """A frame comes over the bus. True if the chip acknowledged it, as it does whatever its filters say."""
        if self.mode == SLEEP:
            self.wake()
            return False
        if self.mode not in (NORMAL, LISTEN_ONLY) or self.bus_off:
            return False
        if self.mode == NORMAL and self.r[REC]:
            self.count_errors(self.r[TEC], 127 if self.r[REC] > 127 else self.r[REC] - 1)
        self.take(identifier, bytes(data), extended, remote, len(data) if dlc is None else dlc)
        return self.mode == NORMAL

    def wake(self):
        """Section 10.2: listen-only after the oscillator started; the frame that woke the chip is lost."""
        if not self.r[CANINTE] & WAKIF:
            return
        self.flag(WAKIF)
        self.r[CANCTRL] = self.r[CANCTRL] & 0x1F | LISTEN_ONLY << 5
        self.mode = LISTEN_ONLY

    def take(self, identifier, data, extended, remote, dlc):
        """Figure 4-3."""
        frame = (identifier, data, extended, remote, dlc)
        flags, control = self.r[CANINTF], self.r[0x60]
        hit = self.hit(frame, RXM0, (0, 1), control)
        if hit is not None:
            if not flags & RX0IF:
                self.store(0x60, RX0IF, frame, hit)
            elif not control & 4:  # BUKT
                self.overflow(RX0OVR)
            elif not flags & RX1IF:
                self.store(0x70, RX1IF, frame, hit)
                self.rolled_over = True
            else:
                self.overflow(RX1OVR)
            return
        hit = self.hit(frame, RXM1, (2, 3, 4, 5), self.r[0x70])
        if hit is None:
            return
        if flags & RX1IF:
            self.overflow(RX1OVR)
            return
        self.store(0x70, RX1IF, frame, hit)
        self.rolled_over = False

    def hit(self, frame, mask_at, filters, control):
        """The number of the filter that accepts the frame, or None. Section 4.5."""
        if control & 0x60 == 0x60:
            return filters[0]
        identifier, data, extended, _, _ = frame
        bits, known = identifier, 0x1FFFFFFF
        if not extended:  # the lower bits are for the first two bytes of the data
            known = (0x1FFC0000, 0x1FFCFF00, 0x1FFCFFFF)[min(len(data), 2)]
            two = data + b"\0\0"
            bits = identifier << 18 | two[0] << 8 | two[1]
        mask = self.identifier(mask_at) & known
        for number in filters:
            at = _FILTERS[number]
            if bool(self.r[at + 1] & 8) == extended and (bits ^ self.identifier(at)) & mask == 0:
                return number
        return None

    def identifier(self, at):
        high, low = self.r[at], self.r[at + 1]
        return high << 21 | (low >> 5) << 18 | (low & 3) << 16 | self.r[at + 2] << 8 | self.r[at + 3]

    def store(self, at, flag, frame, hit):
        identifier, data, extended, remote, dlc = frame
        r = self.r
        if not extended:
            identifier = identifier << 18 | JUNK << 8 | JUNK
        r[at] = r[at] & ~(9 if at == 0x60 else 15) | (8 if remote else 0) | hit
        r[at + 1] = identifier >> 21
        r[at + 2] = (identifier >> 18 & 7) << 5 | (8 if extended else 16 if remote else 0) | identifier >> 16 & 3
        r[at + 3] = identifier >> 8 & 255
        r[at + 4] = identifier & 255
        r[at + 5] = (0x40 if remote and extended else 0) | dlc
        for i in range(8):
            r[at + 6 + i] = data[i] if i < len(data) and not remote else JUNK
        self.flag(flag)

    def overflow(self, bit):
        self.r[EFLG] |= bit
        self.flag(ERRIF)

    def flag(self, bit):
        self.r[CANINTF] |= bit
        self.update_int()

    # -- sending (section 3)

    def next_buffer(self):
        """The address of the buffer that is sent next, or None: highest priority, then highest number."""
        best = None
        for at in (0x30, 0x40, 0x50):
            if self.r[at] & TXREQ and (best is None or self.r[at] & 3 >= self.r[best] & 3):
                best = at
        return best

    def transmit(self, outcome=SENT):
        """Try to send the next frame; it, or None if there is nothing to send or the chip must not."""
        at = self.next_buffer()
        if at is None or self.bus_off or self.mode not in (NORMAL, LOOPBACK) or self.r[CANCTRL] & 0x10:
            return None
        frame = self.frame(at)
        if outcome == SENT or self.mode == LOOPBACK:
            self.succeed(at, frame)
        else:
            self.fail(at, outcome)
        if self.r[CANCTRL] >> 5 != self.mode:
            self.settle()
        return frame

    def frame(self, at):
        extended = bool(self.r[at + 2] & 8)
        remote = bool(self.r[at + 5] & 0x40)
        data = bytes(self.r[at + 6 : at + 6 + min(self.r[at + 5] & 15, 8)])
        identifier = self.identifier(at + 1)
        return (identifier if extended else identifier >> 18, b"" if remote else data, extended, remote)

    def succeed(self, at, frame):
        self.r[at] &= ~TXREQ
        self.flag(4 << (at - 0x30 >> 4))
        if self.mode == LOOPBACK:
            self.take(frame[0], frame[1], frame[2], frame[3], self.r[at + 5] & 15)
            return
        self.sent.append(frame)
        if self.r[TEC]:
            self.count_errors(self.r[TEC] - 1, self.r[REC])

    def fail(self, at, outcome):
        rule(outcome in (LOST, ERROR, NO_ACK), "no such outcome")
        self.r[at] |= MLOA if outcome == LOST else TXERR
        if self.r[CANCTRL] & 8:  # OSM, section 3.4: one attempt only
            self.r[at] &= ~TXREQ
        if outcome == LOST:
            return
        self.flag(MERRF)
        if outcome == ERROR or self.r[TEC] < 128:  # ISO 11898-1: who is error-passive does not count a missing ACK
            self.count_errors(self.r[TEC] + 8, self.r[REC])

    # -- errors (section 6)

    def receive_error(self, count=1):
        """Errors while receiving: each counts one."""
        for _ in range(count):
            if self.mode == NORMAL and not self.bus_off:
                self.flag(MERRF)
                self.count_errors(self.r[TEC], min(self.r[REC] + 1, 255))

    def force_bus_off(self):
        """Bus errors while sending until the chip is off; something must be waiting to be sent."""
        while not self.bus_off:
            rule(self.transmit(ERROR) is not None, "nothing to send")

    def recessive_bits(self, bits):
        """The bus is idle for so long: 128 times 11 bits end bus-off."""
        if self.bus_off and self.mode == NORMAL:
            self.bits_until_active -= bits
            if self.bits_until_active <= 0:
                self.bits_until_active = 0
                self.count_errors(0, 0)

    def count_errors(self, tec, rec):
        before = self.r[EFLG]
        if tec > 255:
            self.bits_until_active = 128 * 11
            tec = 255
        self.r[TEC], self.r[REC] = tec, rec
        flags = (tec >= 96) << 2 | (rec >= 96) << 1 | (tec >= 128) << 4 | (rec >= 128) << 3 | self.bus_off << 5
        self.r[EFLG] = before & 0xC0 | flags | (flags & 6 != 0)
        if self.r[EFLG] != before:
            self.flag(ERRIF)
