"""Big-endian numbers in CAN frames, read and written without allocation.

A small integer of a 32-bit device has 31 bits with its sign: beyond that it is an object on the heap. So no value here,
intermediate ones included, reaches 2**30, and what would is refused.
"""

NO_NUMBER = -1
TOO_BIG = (1 << 30) - 1


def u32be(data, at):
    """The unsigned 32 bit at `at`; TOO_BIG for all that do not fit below 2**30."""
    if data[at] > 0x3F:
        return TOO_BIG
    return data[at] << 24 | data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3]


def put_u32be(data, at, value):
    """Write `value`, 0 .. 2**30 - 1."""
    data[at] = value >> 24
    data[at + 1] = value >> 16 & 0xFF
    data[at + 2] = value >> 8 & 0xFF
    data[at + 3] = value & 0xFF


class F32be:
    """IEEE 754 single precision, times a fixed integer factor, rounded to an integer: ``F32be(1000)`` reads V as mV.

    `factor` is 1000 .. 100000. Its powers of two only move the exponent, so the odd rest is what the mantissa is
    multiplied with; the mantissa is rounded so that the product stays below 2**30. The result is right to half a unit
    plus (odd rest / 2**29) of itself: 0.2 millionths for 1000, 1.2 for 10000.
    """

    def __init__(self, factor):
        if not 1000 <= factor <= 100000:
            raise ValueError("factor %r is not within 1000..100000" % factor)
        twos = 0
        while factor % 2 == 0:
            factor //= 2
            twos += 1
        cut = 0
        while ((1 << 24) >> cut) * factor >= 1 << 30:
            cut += 1
        self._odd = factor
        self._cut = cut
        self._half = (1 << cut) >> 1
        # the biased exponent at which mantissa >> cut, times the odd rest, is the result without any shift
        self._whole = 150 - twos - cut

    def read(self, data, at):
        """The number at `at`. NO_NUMBER: NaN or negative. TOO_BIG: infinite, or the result would not fit."""
        high = data[at]
        exponent = (high & 0x7F) << 1 | data[at + 1] >> 7
        mantissa = (data[at + 1] & 0x7F) << 16 | data[at + 2] << 8 | data[at + 3]
        if high > 0x7F or exponent == 0xFF:
            return self._odd_one(high, exponent, mantissa)
        shift = self._whole - exponent
        if shift > 30 or exponent == 0:
            return 0
        mantissa = ((mantissa | 0x800000) + self._half >> self._cut) * self._odd
        if shift > 0:
            return ((mantissa >> (shift - 1)) + 1) >> 1
        return TOO_BIG if shift else mantissa

    def _odd_one(self, high, exponent, mantissa):
        if high > 0x7F:
            return 0 if exponent == 0 and mantissa == 0 else NO_NUMBER  # minus zero is zero
        return NO_NUMBER if mantissa else TOO_BIG
