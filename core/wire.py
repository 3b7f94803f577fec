"""Big-endian numbers in CAN frames, read and written without allocation, and the product of two.

A small integer of a 32-bit device has 31 bits with its sign: beyond that it is an object on the heap. So no value here,
intermediate ones included, reaches 2**30, and what would is refused.
"""

try:
    from core.f32 import f32be
except SyntaxError:  # from source, without native code
    from core.plain import plain

    f32be = plain("core.f32").f32be

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


def product(milli, other_milli):
    """A thousandth of their product, as mV x mA is mW: in two parts, each below 2**30 up to 1,000,000 each."""
    return milli * (other_milli // 1000) + milli * (other_milli % 1000) // 1000


def f32_scale(factor):
    """What ``f32be(data, at, scale)`` needs to read a number times `factor`, 1 .. 1000: 1000 reads V as mV.

    The factor's powers of two only move the exponent: they are taken out or put in, so that the mantissa's 24 bits
    times what is left fill 30 bits. If what is left is odd and too large for that, the mantissa is rounded. The result
    is right to half a unit plus (odd part of the factor / 2**29) of itself: 0.2 millionths for 1000; nothing where the
    odd part is below 64, as for 100. Raises ValueError.
    """
    if not 1 <= factor <= 1000:
        raise ValueError("factor %r is not within 1..1000" % factor)
    whole = 150  # the biased exponent at which mantissa times factor is the result without any shift
    while factor < 32:
        factor *= 2
        whole += 1
    while factor >= 64 and factor % 2 == 0:
        factor //= 2
        whole -= 1
    cut = 0
    while ((1 << 24) >> cut) * factor >= 1 << 30:
        cut += 1
    return factor << 16 | cut << 8 | whole - cut
