"""The ESP32-S3's own CAN controller: that of the ESP32 elsewhere, with a longer prescaler and without its errata.

Addresses and bits from ESP-IDF (system_reg.h, gpio_reg.h, gpio_sig_map.h, io_mux_reg.h of the esp32s3).
"""

from micropython import const

from drivers.can import twai_chip
from drivers.can.twai import Twai

_CLOCK_ENABLE = const(0x600C0018)  # SYSTEM_PERIP_CLK_EN0_REG
_RESET = const(0x600C0020)  # SYSTEM_PERIP_RST_EN0_REG
_TWAI = const(1 << 19)
_IN_SEL = const(0x60004154)  # GPIO_FUNC0_IN_SEL_CFG_REG
_OUT_SEL = const(0x60004554)  # GPIO_FUNC0_OUT_SEL_CFG_REG
_ENABLE_SET = const(0x60004024)  # GPIO_ENABLE_W1TS_REG
_ENABLE1_SET = const(0x60004030)  # GPIO_ENABLE1_W1TS_REG
_CLEAR = const(4)  # the W1TC register is behind its W1TS register
_SIGNAL = const(116)  # TWAI_RX_IDX among the inputs, TWAI_TX_IDX among the outputs
_NO_SIGNAL = const(256)
_FROM_MATRIX = const(0x80)
_HIGH = const(0x38)  # as input "pin" 0x38: a constant one, recessive
_IO_MUX = const(0x60009004)  # of GPIO 0
_GPIO_FUNCTION = const(1 << 12)
_INPUT = const(1 << 9)
_PULL_UP = const(1 << 8)
_DRIVE = const(2 << 10)
_FIRST_OF_MEMORY = const(22)  # GPIO 22 to 25 do not exist, 26 to 37 are those of flash and RAM
_LAST_OF_MEMORY = const(37)
_LAST = const(48)
_ECC = const(12)
_TAKEN = const(b"\x13\x14\x2b\x2c")  # 19 and 20: USB, 43 and 44: the console


class Chip(twai_chip.Chip):
    """The controller of the ESP32-S3.

    Of the errata that drivers/can/twai_chip.py works around ESP-IDF names none for it but the dominant bits in
    listen-only mode (components/driver/twai/Kconfig.twai), and that mode is taken only while it is bus-off.
    """

    address = 0x6002B000
    clock_divider = 0x100  # no CLKOUT; it has no other mode than PeliCAN

    def _check_pins(self):
        tx, rx = self._tx, self._rx
        if not _is_free(tx):
            raise ValueError("option 'tx': GPIO %d cannot be an output" % tx)
        if not _is_free(rx) or rx == tx:
            raise ValueError("option 'rx': GPIO %d cannot be the input" % rx)

    def _connect(self):
        """Put the controller's signals on two pads. It must run, so that it holds the bus recessive."""
        memory, tx, rx = self._memory, self._tx, self._rx
        memory[_IO_MUX + 4 * rx] = _GPIO_FUNCTION | _INPUT | _PULL_UP
        memory[_IN_SEL + 4 * _SIGNAL] = _FROM_MATRIX | rx
        memory[_OUT_SEL + 4 * tx] = _SIGNAL
        memory[_IO_MUX + 4 * tx] = _GPIO_FUNCTION | _DRIVE
        if tx < 32:
            memory[_ENABLE_SET] = 1 << tx
        else:
            memory[_ENABLE1_SET] = 1 << tx - 32

    def _disconnect(self):
        """Take them off: the transceiver's own pull-up keeps the bus recessive."""
        memory, tx = self._memory, self._tx
        if tx < 32:
            memory[_ENABLE_SET + _CLEAR] = 1 << tx
        else:
            memory[_ENABLE1_SET + _CLEAR] = 1 << tx - 32
        memory[_OUT_SEL + 4 * tx] = _NO_SIGNAL
        memory[_IN_SEL + 4 * _SIGNAL] = _FROM_MATRIX | _HIGH

    def _power(self, on):
        """Give the controller its clock, and reset it; or hold it in reset, and take its clock."""
        memory = self._memory
        if on:
            memory[_CLOCK_ENABLE] |= _TWAI
        memory[_RESET] |= _TWAI
        if on:
            memory[_RESET] &= ~_TWAI
        else:
            memory[_CLOCK_ENABLE] &= ~_TWAI

    def _bit_timing(self, bitrate):
        """(BTR0, BTR1, 0): the jump width is in other bits of BTR0, for the prescaler has 13. Raises ValueError."""
        first, second, _ = twai_chip.timing(bitrate, False)
        return (first >> 6) << 14 | first & 63, second, 0

    def spoils_next(self):
        """No bus error does; to read is to rearm."""
        _ = self.registers[_ECC]
        return False


def _is_free(pin):
    return 0 <= pin <= _LAST and not _FIRST_OF_MEMORY <= pin <= _LAST_OF_MEMORY and pin not in _TAKEN


class TwaiS3(Twai):
    """As `Twai`, on the ESP32-S3.

    Options: GPIO numbers, tx and rx (0..18, 21, 38..42, 45..48); bitrate, bit/s; timer, number.
    """

    chip = Chip
    options = {
        "tx": (int, 4, 0, 48),
        "rx": (int, 5, 0, 48),
        "bitrate": (int, 250000, (25000, 50000, 100000, 125000, 250000, 500000, 800000, 1000000)),
        "timer": (int, 0, 0, 3),
    }
