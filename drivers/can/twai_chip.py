"""The registers of the TWAI controller: bit timing, acceptance filters, configuration, fault confinement.

After the technical reference manual of the ESP32 (chapter "Two-wire Automotive Interface"), its errata (TWAI) and
ESP-IDF's twai_ll.h: the registers of the SJA1000 in PeliCAN mode, one a word.
"""
# mypy: disable-error-code="attr-defined"

from micropython import const

from drivers.can import segments

_BRP_DIV = const(16)  # in the interrupt enable register
_APB_HZ = const(80000000)
_MAX_PRESCALER = const(128)
_MAX_DIVIDED = const(256)  # chip revision 2 or later: a further division by two
# numbers of the registers
_MODE = const(0)
_COMMAND = const(1)
_STATUS = const(2)
_EVENTS = const(3)
_ENABLE = const(4)
_TIMING_0 = const(6)
_TIMING_1 = const(7)
_ALC = const(11)
_ECC = const(12)
_WARNING_LIMIT = const(13)
_REC = const(14)
_TEC = const(15)
_FILTER = const(16)
_MESSAGES = const(29)
_CLOCK_DIVIDER = const(31)
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


def timing(bitrate, divides):
    """(BTR0, BTR1, BRP_DIV or 0) for a bit rate up to 1 Mbit/s. Raises ValueError if the clock does not divide into it.

    `divides`: this chip has BRP_DIV. The prescaler is an even number up to 128, or with BRP_DIV a multiple of four up
    to 256 (technical reference manual, "Bit Timing").
    """

    def possible(prescaler):
        if prescaler > _MAX_PRESCALER:
            return divides and prescaler <= _MAX_DIVIDED and prescaler % 4 == 0
        return prescaler >= 2 and prescaler % 2 == 0

    found = segments(_APB_HZ, bitrate, possible) if bitrate <= 1000000 else None
    if found is None:
        raise ValueError("no bit timing for %d bit/s" % bitrate)
    prescaler, before, after = found
    divided = prescaler > _MAX_PRESCALER
    if divided:
        prescaler //= 2
    jump = min(after, 4)
    return jump - 1 << 6 | prescaler // 2 - 1, after - 1 << 4 | before - 1, _BRP_DIV if divided else 0


def acceptance(filters, extended_flag):
    """(single, code, mask) for at most two filters (identifier, bits that must be equal, flags); None takes all.

    `code` and `mask` are four bytes, as the registers want them (in `mask` a 1 is a bit that does not matter). Two
    filters: both of the same kind; of extended identifiers the controller then compares only the upper 16 bits.
    Raises ValueError for what the controller cannot do. It compares bits and not kinds of frames: a filter also takes
    frames of the other kind that begin with the same bits.
    """
    if filters is None:
        return True, bytes(4), b"\xff\xff\xff\xff"
    if len(filters) == 1:
        identifier, equal, flags = filters[0]
        shift = 3 if flags & extended_flag else 21
        code, mask = identifier << shift, ~(equal << shift)
        return True, _bytes(code, 4), _bytes(mask, 4)
    if len(filters) != 2 or (filters[0][2] ^ filters[1][2]) & extended_flag:
        raise ValueError("only one filter, or two of the same kind")
    code = mask = b""
    for identifier, equal, flags in filters:
        if flags & extended_flag:
            if equal & 0x1FFF:
                raise ValueError("two filters compare only the upper 16 bits of extended identifiers")
            code += _bytes(identifier >> 13, 2)
            mask += _bytes(~(equal >> 13), 2)
        else:
            code += _bytes(identifier << 5, 2)
            mask += _bytes(~(equal << 5), 2)
    return False, code, mask


def _bytes(value, count):
    return bytes([value >> 8 * (count - 1 - i) & 255 for i in range(count)])


class Chip:
    """The controller, from `start` to `stop`.

    `memory` is ``machine.mem32``; ``registers`` has the controller's by number, as words of 32 bits.

    That of a chip (drivers/can/twai_esp32.py) knows what is around it: ``address`` of the registers, ``clock_divider``
    for the register of that name, ``_check_pins()``, which raises ValueError, ``_bit_timing(bitrate)``, ``_power(on)``,
    which also resets it, ``_connect()`` and ``_disconnect()`` of the pads, and ``spoils_next()``: whether the bus error
    that was captured may spoil the next message (it rearms the capture).
    """

    address: int
    clock_divider: int

    def __init__(self, memory, registers, pins, filters):
        self.registers = registers
        self._memory = memory
        self._tx, self._rx = pins
        self._check_pins()
        self._timing = (0, 0, 0)
        self.filters = filters

    def start(self, bitrate):
        """Clock, reset, configuration, pins: it takes part as soon as it saw 11 recessive bits. Raises ValueError."""
        self._timing = self._bit_timing(bitrate)
        self.renew()
        self._connect()

    def stop(self):
        """Leave the bus, give up clock and pins."""
        self._enter_reset_mode()
        self._disconnect()
        self._power(False)

    def renew(self, tec=0, rec=0):
        """Reset the peripheral, configure it, and take part with these error counters."""
        self._power(True)
        self.join(tec, rec)

    def join(self, tec, rec):
        """From any mode: set everything anew and take part. What was being received or sent is lost."""
        registers = self.registers
        self._enter_reset_mode()
        registers[_CLOCK_DIVIDER] = self.clock_divider
        registers[_TIMING_0], registers[_TIMING_1], divider = self._timing
        registers[_ENABLE] = _BUS_ERROR | _LOST | divider  # bit 4 is no interrupt, but BRP_DIV
        registers[_WARNING_LIMIT] = 96
        _, code, mask = self.filters
        for i in range(4):
            registers[_FILTER + i] = code[i]
            registers[_FILTER + 4 + i] = mask[i]
        registers[_TEC] = min(tec, 254)  # 255 would be bus-off
        registers[_REC] = rec
        registers[_MODE] = self._mode() | _RESET_MODE
        for number in (_EVENTS, _ECC, _ALC):
            _ = registers[number]  # to read is to clear
        registers[_MODE] = self._mode()

    def _enter_reset_mode(self):
        """The other bits of the mode may change only then."""
        self.registers[_MODE] = self.registers[_MODE] & 15 | _RESET_MODE

    def _mode(self):
        return _SINGLE_FILTER if self.filters[0] else 0

    # -- fault confinement

    def freeze(self):
        """It went bus-off and with that into reset mode: listen-only keeps the error counters as they are (errata)."""
        self.registers[_MODE] = self._mode() | _RESET_MODE | _LISTEN_ONLY

    def is_off(self):
        """Whether it is bus-off."""
        return self.registers[_STATUS] & _OFF != 0

    def recover(self):
        """Begin to count 128 times 11 recessive bits; False if that would never end (errata: REC is not zero)."""
        if self.registers[_REC]:
            return False
        self.registers[_MODE] = self._mode() | _LISTEN_ONLY
        return True

    @property
    def errors(self):
        """(TEC, REC)"""
        return self.registers[_TEC], self.registers[_REC]

    def is_passive(self):
        """Whether one of them says so; asked every millisecond while there are errors, so it allocates nothing."""
        return self.registers[_TEC] > 127 or self.registers[_REC] > 127

    # -- receiving

    def waiting(self):
        """Messages in the receive FIFO."""
        return self.registers[_MESSAGES] & 127

    def release(self, count):
        """Drop the first messages, and forget the overrun."""
        registers = self.registers
        for _ in range(count):
            registers[_COMMAND] = _RELEASE
        registers[_COMMAND] = _CLEAR_OVERRUN

    def lost_at(self):
        """The bit at which arbitration was lost; rearms the capture."""
        return self.registers[_ALC] & 31

    # -- sending

    def free(self):
        """Whether the transmit buffer is."""
        return self.registers[_STATUS] & _FREE != 0

    def abort(self):
        """Give up what is in the transmit buffer, unless it is just being sent."""
        self.registers[_COMMAND] = _ABORT
