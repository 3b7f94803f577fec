"""The ESP32's own CAN controller: what is around it (clock and reset, GPIO matrix, chip revision), and its errata.

Addresses and bits from ESP-IDF (dport_reg.h, gpio_reg.h, gpio_sig_map.h, io_mux_reg.h, efuse_reg.h).
"""

from micropython import const

from drivers.can import twai_chip
from drivers.can.twai import Twai

_CLOCK_ENABLE = const(0x3FF000C0)  # DPORT_PERIP_CLK_EN_REG
_RESET = const(0x3FF000C4)  # DPORT_PERIP_RST_EN_REG
_TWAI = const(1 << 19)
_IN_SEL = const(0x3FF44130)  # GPIO_FUNC0_IN_SEL_CFG_REG
_OUT_SEL = const(0x3FF44530)  # GPIO_FUNC0_OUT_SEL_CFG_REG
_ENABLE_SET = const(0x3FF44024)  # GPIO_ENABLE_W1TS_REG
_ENABLE1_SET = const(0x3FF44030)  # GPIO_ENABLE1_W1TS_REG
_CLEAR = const(4)  # the W1TC register is behind its W1TS register
_RX_SIGNAL = const(94)
_TX_SIGNAL = const(123)
_NO_SIGNAL = const(256)
_FROM_MATRIX = const(0x80)
_HIGH = const(0x38)  # as input "pin" 0x38: a constant one, recessive
_IO_MUX = const(0x3FF49000)
_GPIO_FUNCTION = const(2 << 12)
_INPUT = const(1 << 9)
_PULL_UP = const(1 << 8)
_DRIVE = const(2 << 10)
_RDATA3 = const(0x3FF5A00C)  # EFUSE_BLK0_RDATA3_REG
_RDATA5 = const(0x3FF5A014)  # EFUSE_BLK0_RDATA5_REG
# Offsets in IO_MUX of GPIO 0 to 39, in words; 0: no such pin, or one of the flash
_PADS = const(
    b"\x11\x22\x10\x21\x12\x1b\0\0\0\0\0\0\x0d\x0e\x0c\x0f\x13\x14\x1c\x1d\x1e\x1f\x20\x23"
    b"\0\x09\x0a\x0b\0\0\0\0\x07\x08"
)
_INPUT_PADS = const(b"\x05\x06\x01\x02\x03\x04")  # 34 to 39 are only inputs
# of the error code
_ECC = const(12)
_DATA = const(10)
_CRC = const(8)
_ACK_DELIMITER = const(27)
_OTHER = const(3)


class Chip(twai_chip.Chip):
    """The controller of the ESP32."""

    address = 0x3FF6B000
    clock_divider = 0x88  # PeliCAN mode, no CLKOUT

    def _check_pins(self):
        tx, rx = self._tx, self._rx
        pads = _PADS + _INPUT_PADS
        if not 0 <= tx < len(_PADS) or not _PADS[tx]:
            raise ValueError("option 'tx': GPIO %d cannot be an output" % tx)
        if not 0 <= rx < len(pads) or not pads[rx] or rx == tx:
            raise ValueError("option 'rx': GPIO %d cannot be the input" % rx)

    def _connect(self):
        """Put the controller's signals on two pads. It must run, so that it holds the bus recessive."""
        pads = _PADS + _INPUT_PADS
        memory, tx, rx = self._memory, self._tx, self._rx
        memory[_IO_MUX + 4 * pads[rx]] = _GPIO_FUNCTION | _INPUT | _PULL_UP
        memory[_IN_SEL + 4 * _RX_SIGNAL] = _FROM_MATRIX | rx
        memory[_OUT_SEL + 4 * tx] = _TX_SIGNAL
        memory[_IO_MUX + 4 * pads[tx]] = _GPIO_FUNCTION | _DRIVE
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
        memory[_IN_SEL + 4 * _RX_SIGNAL] = _FROM_MATRIX | _HIGH

    def _power(self, on):
        """Give the controller its clock, and reset it; or hold it in reset, and take its clock."""
        memory = self._memory
        if on:
            memory[_CLOCK_ENABLE] = _read(memory, _CLOCK_ENABLE) | _TWAI
        memory[_RESET] = _read(memory, _RESET) | _TWAI
        if on:
            memory[_RESET] = _read(memory, _RESET) & ~_TWAI
        else:
            memory[_CLOCK_ENABLE] = _read(memory, _CLOCK_ENABLE) & ~_TWAI

    def _bit_timing(self, bitrate):
        """From revision 2 on the controller has BRP_DIV (efuse_hal.c). Raises ValueError."""
        memory = self._memory
        return twai_chip.timing(bitrate, memory[_RDATA3] >> 15 & 1 and memory[_RDATA5] >> 20 & 1)

    def spoils_next(self):
        """Whether the bus error that was captured may spoil the next message (TWAI-3.13.5); rearms the capture."""
        error = self.registers[_ECC]
        segment = error & 31
        if not error & 32:  # while transmitting
            return False
        return segment == _DATA or segment == _CRC or (segment == _ACK_DELIMITER and error >> 6 == _OTHER)


def _read(memory, address):
    """A DPORT register: up to revision 1 a read can go wrong while the other core reads, too (errata, CPU-3.10)."""
    value = memory[address]
    while True:
        again = memory[address]
        if again == value:
            return value
        value = again


class TwaiEsp32(Twai):
    """As `Twai`, on the ESP32.

    Options: GPIO numbers, tx (out of 0..5, 12..23, 25..27, 32, 33) and rx (also 34..39); bitrate, bit/s; timer, number.

    Errata: a frame after certain receive errors (TWAI-3.13.5) and a broken FIFO (3.13.11) are dropped with a reset of
    the controller, the first message after bus-off is right (3.13.3).
    """

    chip = Chip
    options = {
        "tx": (int, 21, 0, 33),
        "rx": (int, 22, 0, 39),
        "bitrate": (int, 250000, (25000, 50000, 100000, 125000, 250000, 500000, 800000, 1000000)),
        "timer": (int, 0, 0, 3),
    }
