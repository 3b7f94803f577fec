"""The registers of the ESP32's TWAI controller: configuration, fault confinement, and ways around its errata.

After the technical reference manual (chapter "Two-wire Automotive Interface"), the errata of the ESP32 (TWAI) and
ESP-IDF's twai_ll.h: the registers of the SJA1000 in PeliCAN mode, one a word.
"""

from micropython import const

from drivers import twai_soc
from drivers.twai_timing import timing

FIFO_BROKEN = 62  # ESP-IDF's threshold: with 64 messages only a reset repairs the receive FIFO (TWAI-3.13.11)
_MODE = const(0)
_COMMAND = const(4)
_STATUS = const(8)
_EVENTS = const(12)
_ENABLE = const(16)
_TIMING_0 = const(24)
_TIMING_1 = const(28)
_ALC = const(44)
_ECC = const(48)
_WARNING_LIMIT = const(52)
_REC = const(56)
_TEC = const(60)
_FILTER = const(64)
_MESSAGES = const(116)
_CLOCK_DIVIDER = const(124)
_RESET_MODE = const(1)
_LISTEN_ONLY = const(2)
_SINGLE_FILTER = const(8)
_ABORT = const(2)
_RELEASE = const(4)
_CLEAR_OVERRUN = const(8)
# of the status
_FREE = const(4)
_OFF = const(0x80)
# events: no interrupt reaches the CPU, drain() polls them
_LOST = const(0x40)
_BUS_ERROR = const(0x80)
# of the error code
_DATA = const(10)
_CRC = const(8)
_ACK_DELIMITER = const(27)
_OTHER = const(3)


class Chip:
    """The controller, from `start` to `stop`. `words` is ``machine.mem32``.

    `address`: where it is in the chip's memory. `memory` has its registers from `base` on, four bytes apart. `soc`:
    what is around it. A subclass may be that of another chip.
    """

    soc = twai_soc
    address = base = 0x3FF6B000

    def __init__(self, words, pins, filters):
        self.words = self.memory = words
        self._pins = pins
        self._timing = (0, 0, 0)
        self.filters = filters

    def start(self, bitrate):
        """Clock, reset, configuration, pins: it takes part as soon as it saw 11 recessive bits. Raises ValueError."""
        self._timing = self.bit_timing(bitrate)
        self.renew()
        self.soc.connect(self.words, *self._pins)

    def stop(self):
        """Leave the bus, give up clock and pins."""
        self._enter_reset_mode()
        self.soc.disconnect(self.words, self._pins[0])
        self.soc.stop(self.words)

    def bit_timing(self, bitrate):
        """See `timing`. Raises ValueError."""
        return timing(bitrate, self.soc.divides(self.words))

    def renew(self, tec=0, rec=0):
        """Reset the peripheral, configure it, and take part with these error counters."""
        self.soc.start(self.words)
        self.join(tec, rec)

    def join(self, tec, rec):
        """From any mode: set everything anew and take part. What was being received or sent is lost."""
        memory, base = self.memory, self.base
        self._enter_reset_mode()
        memory[base + _CLOCK_DIVIDER] = self.soc.CLOCK_DIVIDER
        memory[base + _TIMING_0], memory[base + _TIMING_1], divider = self._timing
        memory[base + _ENABLE] = _BUS_ERROR | _LOST | divider  # bit 4 is no interrupt, but BRP_DIV
        memory[base + _WARNING_LIMIT] = 96
        _, code, mask = self.filters
        for i in range(4):
            memory[base + _FILTER + 4 * i] = code[i]
            memory[base + _FILTER + 16 + 4 * i] = mask[i]
        memory[base + _TEC] = min(tec, 254)  # 255 would be bus-off
        memory[base + _REC] = rec
        memory[base + _MODE] = self._mode() | _RESET_MODE
        for address in (_EVENTS, _ECC, _ALC):
            _ = memory[base + address]  # to read is to clear
        memory[base + _MODE] = self._mode()

    def _enter_reset_mode(self):
        """The other bits of the mode may change only then."""
        self.memory[self.base + _MODE] = self.memory[self.base + _MODE] & 15 | _RESET_MODE

    def _mode(self):
        return _SINGLE_FILTER if self.filters[0] else 0

    # -- fault confinement

    def freeze(self):
        """It went bus-off and with that into reset mode: listen-only keeps the error counters as they are (errata)."""
        self.memory[self.base + _MODE] = self._mode() | _RESET_MODE | _LISTEN_ONLY

    def is_off(self):
        """Whether it is bus-off."""
        return self.memory[self.base + _STATUS] & _OFF != 0

    def recover(self):
        """Begin to count 128 times 11 recessive bits; False if that would never end (errata: REC is not zero)."""
        if self.memory[self.base + _REC]:
            return False
        self.memory[self.base + _MODE] = self._mode() | _LISTEN_ONLY
        return True

    @property
    def errors(self):
        """(TEC, REC)"""
        return self.memory[self.base + _TEC], self.memory[self.base + _REC]

    def is_passive(self):
        """Whether one of them says so; asked every millisecond while there are errors, so it allocates nothing."""
        return self.memory[self.base + _TEC] > 127 or self.memory[self.base + _REC] > 127

    # -- receiving

    def waiting(self):
        """Messages in the receive FIFO."""
        return self.memory[self.base + _MESSAGES] & 127

    def release(self, count):
        """Drop the first messages, and forget the overrun."""
        memory, base = self.memory, self.base
        for _ in range(count):
            memory[base + _COMMAND] = _RELEASE
        memory[base + _COMMAND] = _CLEAR_OVERRUN

    def spoils_next(self):
        """Whether the bus error that was captured may spoil the next message (TWAI-3.13.5); rearms the capture."""
        error = self.memory[self.base + _ECC]
        segment = error & 31
        if not error & 32:  # while transmitting
            return False
        return segment == _DATA or segment == _CRC or (segment == _ACK_DELIMITER and error >> 6 == _OTHER)

    def lost_at(self):
        """The bit at which arbitration was lost; rearms the capture."""
        return self.memory[self.base + _ALC] & 31

    # -- sending

    def free(self):
        """Whether the transmit buffer is."""
        return self.memory[self.base + _STATUS] & _FREE != 0

    def abort(self):
        """Give up what is in the transmit buffer, unless it is just being sent."""
        self.memory[self.base + _COMMAND] = _ABORT
