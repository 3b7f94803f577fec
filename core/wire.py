"""Big-endian numbers in CAN frames, read and written without allocation.

A small integer of a 32-bit device has 31 bits with its sign: beyond that it is an object on the heap. So no value here,
intermediate ones included, reaches 2**30, and what would is refused.
"""

try:
    from core import f32_viper as f32
except (ImportError, SyntaxError, ValueError):  # this build, or this image, has no native code
    from core import f32_plain as f32  # type: ignore[no-redef]

f32be = f32.f32be
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


def f32_scale(factor):
    """What ``f32be(data, at, scale)`` needs to read a number times `factor`, 1000 .. 100000: 1000 reads V as mV.

    The factor's powers of two only move the exponent, so the odd rest is what the mantissa is multiplied with; the
    mantissa is rounded so that the product stays below 2**30. The result is right to half a unit plus (odd rest /
    2**29) of itself: 0.2 millionths for 1000, 1.2 for 10000. Raises ValueError.
    """
    odd = factor
    twos = 0
    while odd > 1 and odd % 2 == 0:
        odd //= 2
        twos += 1
    if not 1000 <= factor <= 100000 or odd >= 1 << 14:
        raise ValueError("factor %r is not within 1000..100000, or its odd part is above 16383" % factor)
    cut = 0
    while ((1 << 24) >> cut) * odd >= 1 << 30:
        cut += 1
    # the biased exponent at which the rounded mantissa times the odd rest is the result without any shift
    whole = 150 - twos - cut
    return odd << 16 | cut << 8 | whole
