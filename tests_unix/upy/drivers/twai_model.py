"""A model of the ESP32's TWAI controller behind its registers, in the place of ``machine.mem32``.

From the SJA1000 data sheet (PeliCAN mode, section 6.4), the ESP32 Technical Reference Manual and the register headers
of ESP-IDF; registers have a stride of 32 bits. It raises AssertionError, naming the rule, when software breaks one.
Nothing happens by itself but transmission: a requested frame is on the air for `air_reads` readings of the status
register, then it is sent (``air_reads = None``: until `transmit()` or one of the errors is called).
"""

from twai_model_chip import DATA_FIELD, ERROR_BIT, ERROR_OTHER, ERROR_STUFF, RI, Controller, parse, rule
from twai_model_soc import APB_HZ, Soc

MODE, COMMAND, STATUS, INTERRUPT, ENABLE, TIMING_0, TIMING_1 = 0, 1, 2, 3, 4, 6, 7
ALC, ECC, WARNING_LIMIT, REC, TEC, WINDOW, MESSAGES, CLOCK_DIVIDER = 11, 12, 13, 14, 15, 16, 29, 31
READ_ONLY = (STATUS, INTERRUPT, ALC, ECC, MESSAGES)
RESERVED = (5, 8, 9, 10, 30)
BRP_DIV = 1 << 4
ACK_SLOT, ERROR_ACTIVE_FLAG = 25, 17  # segments, table 21


class Twai(Soc):
    """The registers. ``model[address]`` reads and ``model[address] = value`` writes 32 bits.

    `revision`: of the chip, 0, 1, 2, 3; BRP_DIV is there from 2 on. `sent`: frames that went out, as tuples
    ``(identifier, data, extended, remote)``. `reads`, `writes`: accesses to the controller's registers. To read status,
    interrupt, interrupt enable, message counter and receive buffer, and to release it, allocates nothing (while nothing
    is on the air).
    """

    controller = Controller

    def __init__(self, revision=3, air_reads=1):
        self.revision = revision
        self.air_reads = air_reads
        self.sent = []
        super().__init__()

    def _hardware_reset(self):
        self.chip = self.controller()
        self._timing = [None, None]
        self._divider = 0
        self._buffer = bytearray(13)
        self._on_air_for = 0

    # -- reading

    def _check_exists(self, register):
        rule(register not in RESERVED, "the register does not exist")
        pelican = self._is_pelican() or register in (MODE, CLOCK_DIVIDER)
        rule(pelican, "register access before PeliCAN mode was chosen (CDR.7)")

    def _is_pelican(self):
        return self._divider & 128

    def _read(self, register):
        self._check_exists(register)
        chip = self.chip
        if register == COMMAND:
            return 0
        if register == STATUS:
            self._air()
            return self._status()
        if register == INTERRUPT:
            bits = chip.interrupts | (RI & chip.enabled if chip.fifo.messages else 0)
            chip.interrupts = 0
            return bits
        if register == ENABLE:
            return chip.enabled
        if register == ALC:
            chip.alc_held = False
        if register == ECC:
            chip.ecc_held = False
        if register == MESSAGES:
            return len(chip.fifo.messages)
        if WINDOW <= register < WINDOW + 13:
            return self._read_window(register - WINDOW)
        if register in (TIMING_0, TIMING_1):
            return self._timing[register - TIMING_0] or 0
        return {
            MODE: chip.reset_mode | chip.listen_only << 1 | chip.self_test << 2 | chip.single_filter << 3,
            ALC: chip.alc,
            ECC: chip.ecc,
            WARNING_LIMIT: chip.warning_limit,
            REC: chip.rec,
            TEC: chip.tec,
            CLOCK_DIVIDER: self._divider,
        }[register]

    def _status(self):
        chip = self.chip
        waits = chip.reset_mode or chip.waits > 0
        return (
            (1 if chip.fifo.messages else 0)
            | chip.fifo.overrun << 1
            | (chip.pending is None) << 2
            | chip.complete << 3
            | waits << 4
            | (waits or chip.pending is not None) << 5
            | chip.error_status << 6
            | chip.bus_off << 7
        )

    def _read_window(self, place):
        chip = self.chip
        if not chip.reset_mode:
            return chip.fifo.window(place)
        rule(place < 8, "in reset mode there are only acceptance code and mask")
        value = (chip.acr + chip.amr)[place]
        return 0 if value is None else value

    # -- writing

    def _write(self, register, value):
        self._check_exists(register)
        chip = self.chip
        rule(register not in READ_ONLY, "the register is read only")
        if register == MODE:
            self._write_mode(value)
        elif register == COMMAND:
            self._write_command(value)
        elif register == ENABLE:
            rule(self.revision > 1 or not value & BRP_DIV, "this revision has no BRP_DIV")
            rule(chip.reset_mode or not (value ^ chip.enabled) & BRP_DIV, "BRP_DIV is changed in operating mode")
            chip.enabled = value
        elif register == CLOCK_DIVIDER:
            rule(chip.reset_mode or not (value ^ self._divider) & 0x88, "CDR.3 and CDR.7 change only in reset mode")
            self._divider = value
        elif register >= WINDOW and not chip.reset_mode:
            rule(chip.pending is None, "the transmit buffer is written while it is locked (SR.2 is 0)")
            self._buffer[register - WINDOW] = value
        else:
            rule(chip.reset_mode, "register %d is writable only in reset mode" % register)
            self._configure(register, value)

    def _configure(self, register, value):
        chip = self.chip
        if register in (TIMING_0, TIMING_1):
            self._timing[register - TIMING_0] = value
        elif register == WARNING_LIMIT:
            chip.warning_limit = value
        elif register == REC:
            rule(not chip.bus_off, "while bus-off, a write to REC has no effect")
            chip.rec = value
        elif register == TEC:
            chip.force_bus_off = value == 255
            chip.bus_off = chip.bus_off and value == 255
            chip.tec = value
        else:
            rule(register < WINDOW + 8, "in reset mode there are only acceptance code and mask")
            (chip.acr if register < WINDOW + 4 else chip.amr)[register - WINDOW & 3] = value

    def _write_mode(self, value):
        chip = self.chip
        rule(value < 16, "mode register: reserved bits (there is no sleep mode)")
        now = chip.listen_only << 1 | chip.self_test << 2 | chip.single_filter << 3
        rule(chip.reset_mode or value & 14 == now, "MOD.1 to MOD.3 change only in reset mode")
        chip.listen_only, chip.self_test, chip.single_filter = value & 2 != 0, value & 4 != 0, value & 8 != 0
        if value & 1:
            if not chip.reset_mode:
                chip.enter_reset_mode()
        elif chip.reset_mode:
            self._check_configuration()
            chip.leave_reset_mode()

    def _check_configuration(self):
        rule(self._is_pelican(), "operating mode before PeliCAN mode was chosen (CDR.7)")
        rule(None not in self._timing, "operating mode without bus timing (undefined after reset)")
        rule(None not in self.chip.acr + self.chip.amr, "operating mode without acceptance filter (undefined)")
        rule(self.bit_rate <= 1000000, "more than 1 Mbit/s")
        _, width, before, after = self._quanta()
        rule(width <= after, "the jump width is longer than segment 2")
        rule(8 <= 1 + before + after <= 25, "a bit has 8 to 25 time quanta")

    def _write_command(self, value):
        chip = self.chip
        rule(value < 32, "command register: reserved bits")
        if value & 4:
            chip.fifo.release()
        if value & 8:
            chip.fifo.overrun = False
        if value & 17:
            chip.request(parse(self._buffer), value & 2 != 0, not value & 1)
            self._on_air_for = 0
        elif value & 2:
            chip.abort()

    # -- the bit

    def _quanta(self):
        """Time quantum in clocks; jump width, segment 1 and segment 2 in quanta (6.5.1, 6.5.2)."""
        first, second = self._timing
        clocks = 2 * ((first & 63) + 1) * (2 if self.chip.enabled & BRP_DIV else 1)
        return clocks, (first >> 6) + 1, (second & 15) + 1, (second >> 4 & 7) + 1

    @property
    def bit_rate(self):
        """What the registers make of an 80 MHz clock, bit/s."""
        clocks, _, before, after = self._quanta()
        return APB_HZ / (clocks * (1 + before + after))

    @property
    def sample_point(self):
        """Where in the bit it samples, per mille."""
        _, _, before, after = self._quanta()
        return 1000 * (1 + before) // (1 + before + after)

    @property
    def interrupts_cpu(self):
        """Whether the line of its interrupt is active: a message waits, or an enabled event was not read (6.4.6)."""
        chip = self.chip
        return bool(chip.interrupts or (RI & chip.enabled and chip.fifo.messages))

    # -- the bus, for tests

    def receive(self, identifier, data=b"", extended=True, remote=False, size=None):
        """A frame of another node ends; True if it was stored. `size`: the data length code, if it is not len(data)."""
        return self.connected and self.chip.receive((identifier, bytes(data), extended, remote), size)

    def bus_free(self, times=1):
        """Let 11 recessive bits go by, some times."""
        for _ in range(times if self.connected else 0):
            self.chip.bus_free()

    def _air(self):
        chip = self.chip
        if chip.bus_off or (chip.on_bus and chip.pending is None) or not self.connected:
            return
        if not chip.on_bus:
            chip.bus_free()  # the bus is idle
        elif self.air_reads is not None:
            self._on_air_for += 1
            if self._on_air_for > self.air_reads:
                self.transmit()

    def transmit(self):
        """The pending frame goes out well; the frame, or None if there is none or it is off the bus."""
        if not self.connected or not self.chip.on_bus or self.chip.pending is None:
            return None
        self.sent.append(self.chip.transmitted())
        return self.sent[-1]

    def lose_arbitration(self, bit=5):
        """The pending frame loses arbitration at this bit of the identifier; it stays pending unless single shot."""
        self.chip.lose_arbitration(bit)

    def no_acknowledge(self):
        """Nobody acknowledged the pending frame: counted only while error active (CAN 2.0, fault confinement 3)."""
        if self.chip.self_test:
            self.transmit()
        else:
            self.chip.error(ERROR_OTHER, ACK_SLOT, True, 0 if self.chip.passive else 8)

    def tx_error(self):
        """A bit error while it transmits: 8 more in the transmit error counter; above 255 it is bus-off."""
        self.chip.error(ERROR_BIT, ERROR_ACTIVE_FLAG, True)

    def rx_error(self, weight=1):
        """A stuff error while it receives: 1 (or 8) more in the receive error counter."""
        self.chip.error(ERROR_STUFF, DATA_FIELD, False, weight)

    def go_bus_off(self):
        """Bit errors until it is bus-off."""
        while self.chip.on_bus and not self.chip.bus_off:
            self.tx_error()
