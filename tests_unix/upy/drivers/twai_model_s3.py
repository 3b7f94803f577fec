"""A model of the ESP32-S3's TWAI controller: that of the ESP32 with other addresses and other bits.

From ESP-IDF's register headers of the esp32s3 (reg_base.h, system_reg.h, gpio_reg.h, gpio_sig_map.h, io_mux_reg.h,
twai_struct.h, twai_ll.h): BTR0 has 13 bits of prescaler and the jump width in bits 14 and 15, there is no BRP_DIV, CDR
has no PeliCAN bit, and its bit 8 switches CLKOUT off.
"""

from twai_model import CLOCK_DIVIDER, RESERVED, TIMING_0, Twai
from twai_model_chip import Controller, rule

SYSTEM = 0x600C0000
GPIO = 0x60004000
MISSING = tuple(range(22, 26))
MEMORY = tuple(range(26, 33))  # SPICS1 to SPID: flash and RAM


class ControllerS3(Controller):
    """Kconfig.twai: workarounds for bus-off, lost interrupts, invalid frames and the FIFO are for the ESP32 alone."""

    errata = False


class TwaiS3(Twai):
    """The registers, as `Twai`; `revision` is not used."""

    controller = ControllerS3
    twai, clock, reset = 0x6002B000, SYSTEM + 0x18, SYSTEM + 0x20
    enable, enable1 = GPIO + 0x20, GPIO + 0x2C
    in_sel, out_sel, io_mux = GPIO + 0x154, GPIO + 0x554, 0x60009000
    rx_signal = tx_signal = 116
    pads = outputs = 49
    wide = (TIMING_0, CLOCK_DIVIDER)

    def __init__(self, revision=0, air_reads=1):
        super().__init__(0, air_reads)

    def _identification(self):
        return {}

    def _is_pelican(self):
        return True

    def _routes(self, address):
        return self.in_sel <= address < self.in_sel + 1024 or self.io_mux + 4 <= address <= self.io_mux + 0xC4

    def __setitem__(self, address, value):
        pad = (address - self.io_mux - 4) // 4
        rule(pad not in MISSING and pad not in MEMORY, "GPIO 22 to 25 are none, 26 to 32 those of the flash")
        Twai.__setitem__(self, address, value)  # super() would take memory, and the timer may not

    def _write(self, register, value):
        rule(register not in RESERVED, "the register does not exist")
        if register == CLOCK_DIVIDER:
            rule(value < 512, "CDR: reserved bits")
            self._divider = value
            return
        if register == TIMING_0:
            rule(not value & ~0xDFFF, "BTR0: reserved bits")
        Twai._write(self, register, value)

    def _quanta(self):
        first, second = self._timing
        return 2 * ((first & 0x1FFF) + 1), (first >> 14) + 1, (second & 15) + 1, (second >> 4 & 7) + 1
