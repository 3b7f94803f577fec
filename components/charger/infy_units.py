"""Power modules in parallel: what each has said and was told, and what that makes together."""

from micropython import const

from components.charger.power_module import NO_LIMIT

# The status: bytes 5, 6 and 7
_HARDWARE = const(0x022601)  # address repeated; fault, protection, output voltage too high; output shorted
_HOT = const(0x001000)
_INPUT = const(0x780000)  # phase lost, unbalanced, too low, too high
_NOT_HEARD = const(0x008000)
OFF = const(0x000100)  # no output

OUTPUT = const(1)
EXTERNAL = const(2)
LEAST_MA = const(1000)  # that one can be told: it refuses 0 A
_BOTH = const(3)
_MOST_UNITS = const(6)
_MOST = const(2000000)  # above 1000 V, 1000 A: enough to be told as wrong

_MODULE = const(
    "Module %(address)d: %(external_mv)d mV, %(current_ma)d mA, output %(output_mv)d mV, %(temperature_mdeg)d mdegC, "
    "status %(status)06x, told %(told_mv)d mV, %(told_ma)d mA"
)
_SILENT = const("Module %(address)d: silent, counts as off")


class Unit:
    """One module. mV, mA, thousandths of a degC; ``most_ma`` 0: what it can is not known.

    ``age`` counts the ticks since its last measurement; ``heard`` is what of the next one has come: OUTPUT, EXTERNAL.
    """

    present = True
    age = heard = 0
    output_mv = mv = ma = mdeg = 0
    status = OFF
    least_mv = most_mv = most_ma = 0
    told_mv = told_ma = 0

    def __init__(self, address):
        self.address = address

    def can(self, data):
        """Its answer to 0A: u16be highest V, lowest V, highest A in 0.1, rated power in 10 W. False: it cannot be."""
        most_ma = (data[4] << 8 | data[5]) * 100
        if data[2] << 8 | data[3] > data[0] << 8 | data[1] or most_ma < LEAST_MA:
            return False
        self.most_mv = (data[0] << 8 | data[1]) * 1000
        self.least_mv = (data[2] << 8 | data[3]) * 1000
        self.most_ma = most_ma
        return True


class Units:
    """All of an outlet. ``present``: how many count. The sums are those of the last call of their method; none
    allocates. Raises ValueError for addresses that cannot be.
    """

    mv = ma = output_mv = spread_mv = 0
    able_mv = able_ma = able_least_mv = 0
    told_mv = told_ma = 0
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
        unit.told_mv = unit.told_ma = 0
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
            unit.heard = 0

    def complete(self):
        """Whether all have answered; then it is over, and ``mv`` (the mean), ``ma`` (the sum), ``output_mv`` (mean) and
        ``spread_mv`` of the external voltages are those of this measurement.
        """
        for unit in self.all:
            if unit.present and unit.heard != _BOTH:
                return False
        self.mv = self.ma = self.output_mv = self.spread_mv = 0
        self._low_mv = _MOST
        for unit in self.all:
            if unit.present:
                self._add(unit)
            unit.heard = 0
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

    def able(self):
        """Whether all have said what they can: ``able_mv``, ``able_ma``, ``able_least_mv``."""
        for unit in self.all:
            if unit.present and not unit.most_ma:
                return False
        self.able_mv = NO_LIMIT
        self.able_ma = self.able_least_mv = 0
        for unit in self.all:
            if unit.present:
                self._add_ability(unit)
        return True

    def _add_ability(self, unit):
        self.able_mv = min(self.able_mv, unit.most_mv)
        self.able_least_mv = max(self.able_least_mv, unit.least_mv)
        self.able_ma += unit.most_ma

    def told(self):
        """Add up what they were told: ``told_mv``, the highest, and ``told_ma``."""
        self.told_mv = self.told_ma = 0
        for unit in self.all:
            self.told_mv = max(self.told_mv, unit.told_mv)
            self.told_ma += unit.told_ma

    def status(self):
        """The conditions of all; `OFF` if all are off."""
        status, off = 0, OFF
        for unit in self.all:
            if unit.present:
                status |= unit.status
                off &= unit.status
        return status & ~OFF | off

    def absent_ma(self):
        """What those tell of that count as off."""
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
                "told_mv": unit.told_mv,
                "told_ma": unit.told_ma,
            }
            yield "module/%d" % unit.address, _MODULE if unit.present else _SILENT, data


def flags_of(status):
    """The flags of the contract PowerModule."""
    flags = 1 if status & _HARDWARE else 0
    if status & _HOT:
        flags |= 2
    if status & _INPUT:
        flags |= 4
    if status & _NOT_HEARD:
        flags |= 16
    return flags
