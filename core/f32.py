"""Reading IEEE 754 single precision as integers in machine code."""

import micropython
from micropython import const

_TOO_BIG = const((1 << 30) - 1)


@micropython.viper
def f32be(data: ptr8, at: int, scale: int) -> int:
    """The number at `at`, times the factor of `scale` (see ``wire.f32_scale``), rounded to an integer.

    -1: NaN or negative. 2**30 - 1: infinite, or the result would not fit. The data must have 4 bytes there.
    """
    high = int(data[at])
    exponent = (high & 0x7F) << 1 | int(data[at + 1]) >> 7
    mantissa = (int(data[at + 1]) & 0x7F) << 16 | int(data[at + 2]) << 8 | int(data[at + 3])
    if high > 0x7F or exponent == 0xFF:
        if high > 0x7F:
            return 0 if exponent == 0 and mantissa == 0 else -1  # minus zero is zero
        return -1 if mantissa else _TOO_BIG
    shift = (scale & 0xFF) - exponent
    if shift > 30 or exponent == 0:
        return 0
    cut = scale >> 8 & 0xFF
    mantissa = ((mantissa | 0x800000) + (1 << cut >> 1) >> cut) * (scale >> 16)
    if shift > 0:
        return (mantissa >> shift - 1) + 1 >> 1
    return _TOO_BIG if shift else mantissa
