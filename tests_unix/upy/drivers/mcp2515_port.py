"""The pins of the MCP2515: SPI with its instructions (data sheet section 12), CS and INT; part of ``mcp2515_model``."""

from mcp2515_registers import (
    CANCTRL,
    CANINTF,
    CONFIGURATION,
    JUNK,
    RX0IF,
    RX1IF,
    TXREQ,
    rule,
)  # fmt: skip

READ, WRITE, MODIFY, RESET, READ_STATUS, RX_STATUS = 0x03, 0x02, 0x05, 0xC0, 0xA0, 0xB0
_WITH_ADDRESS = (READ, WRITE, MODIFY)  # made once: a tuple of these in a function would be allocated each time
_FEWEST_BYTES = {READ: 2, WRITE: 3, MODIFY: 4, RESET: 1, READ_STATUS: 2, RX_STATUS: 2}
# Section 11, table 11-2: the shaded registers
_BIT_MODIFY = (0x0C, 0x0D, 0x28, 0x29, 0x2A, 0x2B, 0x2C, 0x2D, 0x30, 0x40, 0x50, 0x60, 0x70)


class Instructions:
    """Takes SPI operations apart, byte by byte."""

    def __init__(self, chip):
        self.chip = chip
        self.selected = False
        self.bytes = 0  # of the operation that runs
        self.code = self.at = self.mask = 0

    def select(self, low):
        if low == self.selected:
            return
        self.selected = low
        if low:
            self.bytes = 0
        elif self.bytes:
            self.finish(self.code)
            self.chip.settle()

    def clock(self, byte):
        """One byte in, one byte out."""
        rule(self.selected, "12.1: CS must be held low while any operation is performed")
        self.bytes += 1
        code = self.code
        if self.bytes == 1:
            self.begin(byte)
        elif code == READ_STATUS:
            return self.read_status()
        elif code == RX_STATUS:
            return self.rx_status()
        elif code == READ and self.bytes > 2 or code & 0xF9 == 0x90:
            return self.read_next()
        elif self.bytes == 2 and code in _WITH_ADDRESS:
            rule(byte < 128, "11: no such register")
            self.at = byte
        else:
            self.take_next(byte, code)
        return JUNK

    def begin(self, code):
        self.chip.accessed()
        self.code = code
        if code & 0xF9 == 0x90:  # READ RX BUFFER
            flag = RX1IF if code & 4 else RX0IF
            rule(self.chip.r[CANINTF] & flag, "4.2: RXnIF is clear: the buffer is not the reader's")
            self.at = (0x71 if code & 4 else 0x61) + (5 if code & 2 else 0)
        elif 0x40 <= code <= 0x45:  # LOAD TX BUFFER
            self.at = 0x31 + ((code & 6) << 3) + (5 if code & 1 else 0)
        else:
            rule(code in _FEWEST_BYTES or 0x81 <= code <= 0x87, "table 12-1: no such instruction")

    def read_next(self):
        rule(self.code == READ or self.at & 15 < 14, "12.4: read past the receive buffer")
        value = self.chip.read(self.at)
        self.at = self.at + 1 & 127
        return value

    def take_next(self, byte, code):
        if code == WRITE:
            right = self.at != CANINTF or self.chip.mode == CONFIGURATION
            rule(right, "7: use BIT MODIFY for CANINTF, else a flag may get lost")
            self.chip.put(self.at, byte)
            self.at = self.at + 1 & 127
        elif code == MODIFY:
            self.modify(byte)
        else:
            rule(code & 0xF8 == 0x40, "12: RESET and RTS have one byte")
            rule(self.at & 15 < 14, "12.6: written past the transmit buffer")
            self.chip.put(self.at, byte)
            self.at += 1

    def modify(self, byte):
        at = CANCTRL if self.at & 15 == 15 else self.at
        if self.bytes == 3:
            rule(at == CANCTRL or at in _BIT_MODIFY, "12.10: the register is not bit-modifiable")
            self.mask = byte
            return
        rule(self.bytes == 4, "12.10: BIT MODIFY has four bytes")
        self.chip.put(at, self.chip.r[at] & ~self.mask | byte & self.mask)

    def finish(self, code):
        """CS rises."""
        rule(self.bytes >= _FEWEST_BYTES.get(code, 1), "12: CS rose in the middle of an instruction")
        chip = self.chip
        if code == RESET:
            chip.resets += 1
            chip.reset()
        elif code & 0xF9 == 0x90:
            chip.put(CANINTF, chip.r[CANINTF] & ~(RX1IF if code & 4 else RX0IF))
        elif code & 0xF8 == 0x80:
            for buffer in range(3):
                if code >> buffer & 1:
                    chip.put(0x30 + 16 * buffer, chip.r[0x30 + 16 * buffer] | TXREQ)

    def read_status(self):
        """Figure 12-8."""
        flags = self.chip.r[CANINTF]
        value = flags & 3
        for buffer in range(3):
            value |= (self.chip.r[0x30 + 16 * buffer] & TXREQ) >> 1 << 2 * buffer
            value |= (flags >> buffer + 2 & 1) << 2 * buffer + 3
        return value

    def rx_status(self):
        """Figure 12-9."""
        r = self.chip.r
        flags = r[CANINTF] & 3
        if not flags:
            return 0
        at = 0x60 if flags & RX0IF else 0x70
        value = flags << 6 | r[at] & 0x08 | (r[at + 2] & 0x08) << 1 | r[at] & (1 if at == 0x60 else 7)
        return value | 6 if at == 0x70 and self.chip.rolled_over else value


class Spi:
    """machine.SPI with the chip at its other end."""

    MSB, LSB = 0, 1

    def __init__(self, instructions):
        self.instructions = instructions
        self.open = True

    def init(self, baudrate=1000000, polarity=0, phase=0, bits=8, firstbit=0, sck=None, mosi=None, miso=None):
        rule(0 < baudrate <= 10000000, "table 13-3, FCLK: 10 MHz at most")
        rule((polarity, phase) in ((0, 0), (1, 1)), "12.1: SPI modes 0,0 and 1,1")
        rule(bits == 8 and firstbit == self.MSB, "figure 12-10: 8 bits, most significant first")
        self.open = True

    def deinit(self):
        self.open = False

    def write(self, data):
        self.check()
        for i in range(len(data)):
            self.instructions.clock(data[i])

    def readinto(self, data, write=0):
        self.check()
        for i in range(len(data)):
            data[i] = self.instructions.clock(write)

    def read(self, count, write=0):
        data = bytearray(count)
        self.readinto(data, write)
        return bytes(data)

    def write_readinto(self, data, into):
        self.check()
        if len(data) != len(into):
            raise ValueError("buffers must be the same length")
        for i in range(len(data)):
            into[i] = self.instructions.clock(data[i])

    def check(self):
        if not self.open:
            raise OSError("SPI is not initialised")


class ChipSelect:
    """machine.Pin of CS, an output."""

    def __init__(self, instructions):
        self.instructions = instructions

    def init(self, mode=-1, pull=-1, value=None):
        if value is not None:
            self.value(value)

    def value(self, level=None):
        if level is None:
            return 0 if self.instructions.selected else 1
        self.instructions.select(not level)

    __call__ = value

    def on(self):
        self.instructions.select(False)

    def off(self):
        self.instructions.select(True)


class Interrupt:
    """machine.Pin of INT, an input; its handler is called on a falling edge, by the scheduler as on a device."""

    def __init__(self, chip):
        self.chip = chip

    def init(self, mode=-1, pull=-1):
        pass

    def value(self):
        return 0 if self.chip.int_low else 1

    __call__ = value

    def irq(self, handler=None, trigger=0, hard=False):
        self.chip.on_interrupt = None if handler is None else (handler, self)
        return self


class Pins:
    """machine.Pin: the two of the chip by their numbers; any other is nobody's."""

    IN, OUT, PULL_UP, PULL_DOWN, IRQ_FALLING, IRQ_RISING = 1, 3, 2, 1, 2, 1

    def __init__(self, known):
        self.known = known

    def __call__(self, number, mode=-1, pull=-1, value=None):
        pin = self.known.get(number)
        if pin is not None and value is not None:
            pin.value(value)
        return pin


class Machine:
    """What a driver needs of the module ``machine``, with the chip wired to these pins."""

    def __init__(self, chip, cs=5, interrupt=4):
        self.chip = chip
        self.Pin = Pins({cs: chip.cs, interrupt: chip.int})

    def SPI(self, number, *arguments, **options):
        self.chip.spi.init(*arguments, **options)
        return self.chip.spi
