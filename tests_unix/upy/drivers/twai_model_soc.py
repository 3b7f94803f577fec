"""What is around the TWAI controller in the model of the ESP32: clock and reset, GPIO matrix, revision of the chip.

Addresses and bits from ESP-IDF's register headers (dport_reg.h, gpio_reg.h, io_mux_reg.h, gpio_sig_map.h, efuse_reg.h).
"""

from twai_model_chip import rule

TWAI, DPORT_CLOCK, DPORT_RESET = 0x3FF6B000, 0x3FF000C0, 0x3FF000C4
TWAI_BIT = 1 << 19  # in both DPORT registers
GPIO_ENABLE, GPIO_ENABLE1 = 0x3FF44020, 0x3FF4402C  # each with W1TS at +4 and W1TC at +8
GPIO_IN_SEL, GPIO_OUT_SEL, IO_MUX = 0x3FF44130, 0x3FF44530, 0x3FF49000
RX_SIGNAL, TX_SIGNAL, NO_SIGNAL = 94, 123, 256
IN_SEL_MATRIX = 1 << 7  # 0: the signal comes from IO_MUX, past the matrix
EFUSE_RDATA3, EFUSE_RDATA5, APB_CTRL_DATE = 0x3FF5A00C, 0x3FF5A014, 0x3FF6607C  # tell the chip's revision
APB_HZ = 80000000


class Soc:
    """Words of memory. A subclass has `revision` and the registers: `_read`, `_write`, `_hardware_reset`."""

    twai, clock, reset = TWAI, DPORT_CLOCK, DPORT_RESET
    enable, enable1 = GPIO_ENABLE, GPIO_ENABLE1
    in_sel, out_sel, io_mux = GPIO_IN_SEL, GPIO_OUT_SEL, IO_MUX
    rx_signal, tx_signal = RX_SIGNAL, TX_SIGNAL
    pads, outputs = 40, 34  # GPIO 34 to 39 are only inputs
    clocks = 0xF9C1E06F  # after reset
    wide = ()  # registers of more than 8 bits

    def __init__(self):
        self.reads = self.writes = self.resets = 0
        self.memory = {
            self.clock: self.clocks,
            self.reset: TWAI_BIT,
            self.enable: 0,
            self.enable1: 0,
        }
        self.memory.update(self._identification())
        self._hardware_reset()

    def _identification(self):
        """What tells the chip's revision."""
        revision = self.revision
        return {
            EFUSE_RDATA3: (revision > 0) << 15,
            EFUSE_RDATA5: (revision > 1) << 20,
            APB_CTRL_DATE: (revision > 2) << 31 | 0x16042000,
        }

    # -- the memory map

    def _routes(self, address):
        """Whether it is a register of the GPIO matrix's inputs or of IO_MUX."""
        return self.in_sel <= address < self.in_sel + 1024 or self.io_mux <= address < self.io_mux + 0x94

    def __getitem__(self, address):
        rule(address & 3 == 0, "registers are read as whole words")
        if self.twai <= address < self.twai + 128:
            self.reads += 1
            return self._read(self._register(address))
        if address in self.memory:
            return self.memory[address]
        if self.out_sel <= address < self.out_sel + 4 * self.pads:
            return NO_SIGNAL
        if self._routes(address):
            return 0
        raise AssertionError("TWAI: read of 0x%08X, which is none of its business" % address)

    def __setitem__(self, address, value):
        rule(address & 3 == 0, "registers are written as whole words")
        rule(0 <= value < 1 << 32, "a register has 32 bits")
        if self.twai <= address < self.twai + 128:
            register = self._register(address)
            rule(value < 256 or register in self.wide, "the registers have 8 bits")
            self.writes += 1
            self._write(register, value)
        elif address in (self.clock, self.reset):
            rule(not (value ^ self.memory[address]) & ~TWAI_BIT, "clock or reset of another peripheral is changed")
            if address == self.reset and value & ~self.memory[address] & TWAI_BIT:
                self.resets += 1
                self._hardware_reset()
            self.memory[address] = value
        elif self.enable <= address <= self.enable1 + 8:
            self._enable_outputs(address, value)
        elif self.out_sel <= address < self.out_sel + 4 * self.pads:
            drives = value & 0x1FF == self.tx_signal
            rule(not drives or address < self.out_sel + 4 * self.outputs, "GPIO 34 to 39 are only inputs")
            self.memory[address] = value
        elif self._routes(address):
            self.memory[address] = value
        else:
            raise AssertionError("TWAI: write of 0x%08X, which is none of its business" % address)

    def _enable_outputs(self, address, value):
        base = self.enable if address < self.enable1 else self.enable1
        before = self.memory[base]
        self.memory[base] = (value, before | value, before & ~value)[(address - base) // 4]

    def _register(self, address):
        """The number of a register of the controller, which must be running."""
        rule(self.memory[self.clock] & TWAI_BIT, "register access while the peripheral's clock is off")
        rule(not self.memory[self.reset] & TWAI_BIT, "register access while the peripheral is held in reset")
        return (address - self.twai) // 4

    # -- the pads

    @property
    def tx_pins(self):
        """Pads that carry TWAI_TX (enabled as output or not)."""
        signals = [self.memory.get(self.out_sel + 4 * n, NO_SIGNAL) & 0x1FF for n in range(self.outputs)]
        return [n for n, signal in enumerate(signals) if signal == self.tx_signal]

    @property
    def rx_pin(self):
        """The pad that TWAI_RX comes from, or None."""
        value = self.memory.get(self.in_sel + 4 * self.rx_signal, 0)
        return value & 63 if value & IN_SEL_MATRIX and value & 63 < self.pads else None

    @property
    def connected(self):
        """Clocked, not in reset, and both signals are on pads."""
        running = self.memory[self.clock] & TWAI_BIT and not self.memory[self.reset] & TWAI_BIT
        return bool(running and self.tx_pins and self.rx_pin is not None)
