"""Power modules in parallel: what each has reported and was sent, and the sums of that."""

from micropython import const

from components.charger.power_module import NO_LIMIT

# The status: bytes 5, 6 and 7
_HARDWARE = const(0x022601)  # address repeated; fault, protection, output voltage too high; output shorted
_HOT = const(0x001000)
_INPUT = const(0x780000)  # phase lost, unbalanced, too low, too high
_NOTHING_RECEIVED = const(0x008000)
OFF = const(0x000100)  # no output

OUTPUT = const(1)
EXTERNAL = const(2)
MIN_MA = const(1000)  # the smallest setpoint of one: it refuses 0 A
_BOTH = const(3)
_MOST_UNITS = const(6)
_MAX = const(2000000)  # above 1000 V, 1000 A: outside any limit

_MODULE = const(
    "Module %(address)d: %(external_mv)d mV, %(current_ma)d mA, output %(output_mv)d mV, %(temperature_mdeg)d mdegC, "
    "status %(status)06x, sent %(sent_mv)d mV, %(sent_ma)d mA"
)
_SILENT = const("Module %(address)d: silent, counts as off")


class Unit:
    """One module. mV, mA, thousandths of a degC; ``max_ma`` 0: its rating is not known.

    ``age`` counts the ticks since its last measurement; ``received``, the parts of the next: OUTPUT, EXTERNAL.
    """

    present = True
    age = received = 0
    output_mv = mv = ma = mdeg = 0
    status = OFF
    min_mv = max_mv = max_ma = 0
    sent_mv = sent_ma = 0

    def __init__(self, address):
        self.address = address

    def set_rating(self, data):
        """Its answer to 0A: u16be highest V, lowest V, highest A in 0.1, rated power in 10 W. False: it cannot be."""
        max_ma = (data[4] << 8 | data[5]) * 100
        if data[2] << 8 | data[3] > data[0] << 8 | data[1] or max_ma < MIN_MA:
            return False
        self.max_mv = (data[0] << 8 | data[1]) * 1000
        self.min_mv = (data[2] << 8 | data[3]) * 1000
        self.max_ma = max_ma
        return True


class Units:
    """All of an outlet. ``present``: how many count. The sums are those of the last call of their method; none
    allocates. Raises ValueError for addresses that cannot be.
    """

    mv = ma = output_mv = spread_mv = 0
    available_mv = available_ma = available_min_mv = 0
    sent_mv = sent_ma = 0
    _low_mv = 0

    def __init__(self, addresses):
        if not 0 < len(addresses) <= _MOST_UNITS:
            raise ValueError("addresses: %d modules are not within 1..%d" % (len(addresses), _MOST_UNITS))
        for address in addresses:
            if not (isinstance(address, int) and 0 <= address <= 62):
                raise ValueError("addresses: %r is not within 0..62" % (address,))
        if len(set(addresses)) < len(addresses):
            raise ValueError("addresses: one of %r is there twice" % (addresses,))
        self.all = tuple([Unit(address) for address in addresses])
        self.present = len(addresses)

    def at(self, address):
        """The one with this address, or None."""
        for unit in self.all:
            if unit.address == address:
                return unit
        return None

    def count(self, unit, present):
        """One is there again, or not any more."""
        unit.present = present
        if not present:
            unit.ma = 0
        unit.sent_mv = unit.sent_ma = 0
        self.present += 1 if present else -1

    def grow_old(self, ticks):
        """A tick passes; returns one that has been silent for so many and counts yet, or None."""
        silent = None
        for unit in self.all:
            unit.age = min(unit.age + 1, ticks)
            if unit.present and unit.age == ticks:
                silent = unit
        return silent

    def begin(self):
        """A measurement begins."""
        for unit in self.all:
            unit.received = 0

    def complete(self):
        """Whether all have answered; then it is over, and ``mv`` (the mean), ``ma`` (the sum), ``output_mv`` (mean) and
        ``spread_mv`` of the external voltages are those of this measurement.
        """
        for unit in self.all:
            if unit.present and unit.received != _BOTH:
                return False
        self.mv = self.ma = self.output_mv = self.spread_mv = 0
        self._low_mv = _MAX
        for unit in self.all:
            if unit.present:
                self._add(unit)
            unit.received = 0
        self.mv //= self.present
        self.output_mv //= self.present
        self.spread_mv -= self._low_mv
        return True

    def _add(self, unit):
        self.mv += unit.mv
        self.ma += unit.ma
        self.output_mv += unit.output_mv
        self._low_mv = min(self._low_mv, unit.mv)
        self.spread_mv = max(self.spread_mv, unit.mv)

    def sum_up_available(self):
        """Whether all have reported their ratings; then ``available_mv``, ``_ma`` and ``_min_mv`` are those of all."""
        for unit in self.all:
            if unit.present and not unit.max_ma:
                return False
        self.available_mv = NO_LIMIT
        self.available_ma = self.available_min_mv = 0
        for unit in self.all:
            if unit.present:
                self._add_ability(unit)
        return True

    def _add_ability(self, unit):
        self.available_mv = min(self.available_mv, unit.max_mv)
        self.available_min_mv = max(self.available_min_mv, unit.min_mv)
        self.available_ma += unit.max_ma

    def sum_up_sent(self):
        """Add up what was sent: ``sent_mv``, the highest, and ``sent_ma``."""
        self.sent_mv = self.sent_ma = 0
        for unit in self.all:
            self.sent_mv = max(self.sent_mv, unit.sent_mv)
            self.sent_ma += unit.sent_ma

    def status(self):
        """The conditions of all; `OFF` if all are off."""
        status, off = 0, OFF
        for unit in self.all:
            if unit.present:
                status |= unit.status
                off &= unit.status
        return status & ~OFF | off

    def absent_ma(self):
        """The current of those that count as off."""
        ma = 0
        for unit in self.all:
            if not unit.present:
                ma += unit.ma
        return ma

    def mdeg(self):
        """The highest temperature."""
        mdeg = -128000
        for unit in self.all:
            if unit.present:
                mdeg = max(mdeg, unit.mdeg)
        return mdeg

    def page(self):
        """Generator of (name, text, data), see components/operator."""
        for unit in self.all:
            data = {
                "address": unit.address,
                "present": unit.present,
                "external_mv": unit.mv,
                "output_mv": unit.output_mv,
                "current_ma": unit.ma,
                "temperature_mdeg": unit.mdeg,
                "status": unit.status,
                "sent_mv": unit.sent_mv,
                "sent_ma": unit.sent_ma,
            }
            yield "module/%d" % unit.address, _MODULE if unit.present else _SILENT, data


def flags_of(status):
    """The flags of the contract PowerModule."""
    flags = 1 if status & _HARDWARE else 0
    if status & _HOT:
        flags |= 2
    if status & _INPUT:
        flags |= 4
    if status & _NOTHING_RECEIVED:
        flags |= 16
    return flags
