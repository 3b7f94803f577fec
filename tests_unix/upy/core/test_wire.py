"""Numbers in frames: compared with struct over random bits, and every intermediate value below 2**30."""

import gc
import random
import struct

import core
from core import wire
from core.plain import plain, without_machine_code
from core.wire import NO_NUMBER, TOO_BIG, f32_scale, put_u32be, u32be

KINDS = [plain("core.f32").f32be]
try:
    from core.f32 import f32be

    KINDS.append(f32be)
except SyntaxError:  # an interpreter without a native emitter: then wire must have taken the other
    pass

LIMIT = 1 << 30
FACTORS = (1000, 500, 250, 200, 125, 100, 50, 40, 25, 20, 10, 1)  # V in mV; A in mA at each scale of the charger; as is


class Bounded:
    """An integer that refuses to grow past what a 32-bit device holds without the heap."""

    def __init__(self, value):
        assert -LIMIT <= value < LIMIT, "too big for a small integer: %d" % value
        self.value = value

    def other(self, other):
        return other.value if isinstance(other, Bounded) else other

    def __or__(self, other):
        return Bounded(self.value | self.other(other))

    def __and__(self, other):
        return Bounded(self.value & self.other(other))

    def __lshift__(self, other):
        return Bounded(self.value << self.other(other))

    def __rshift__(self, other):
        return Bounded(self.value >> self.other(other))

    def __add__(self, other):
        return Bounded(self.value + self.other(other))

    def __sub__(self, other):
        return Bounded(self.value - self.other(other))

    def __rsub__(self, other):
        return Bounded(other - self.value)

    def __mul__(self, other):
        return Bounded(self.value * self.other(other))

    def __gt__(self, other):
        return self.value > self.other(other)

    def __eq__(self, other):
        return self.value == self.other(other)

    def __bool__(self):
        return self.value != 0


def in_31_bits():
    """The plain f32be, whose int() does not make integers of what refuses to grow."""
    names = {"int": lambda value: value}
    with open(core.__path__ + "/f32.py") as file:
        exec(without_machine_code(file.read()), names)
    return names["f32be"]


BOUNDED = in_31_bits()


def bounded(data):
    return [Bounded(byte) for byte in data]


def number(value):
    return value.value if isinstance(value, Bounded) else value


def expected(factor, bits):
    number = struct.unpack(">f", bits)[0]
    if number != number or number < 0:
        return NO_NUMBER
    return TOO_BIG if number * factor >= LIMIT else number * factor


def odd(factor):
    while factor % 2 == 0:
        factor //= 2
    return factor


def check(scale, factor, bits):
    want = expected(factor, bits)
    got = number(BOUNDED(bounded(bits), 0, scale))
    for f32be in KINDS:
        assert f32be(b"xy" + bits, 2, scale) == got
    if want == NO_NUMBER or want == TOO_BIG:
        assert got == want, (factor, bits, got, want)
    elif got == TOO_BIG:
        assert want > LIMIT / 4, (factor, bits, want)
    else:
        rest = odd(factor)
        assert abs(got - want) <= 0.5 + (want * rest / (1 << 29) if rest >= 64 else 0), (factor, bits, got, want)


def test_f32be_agrees_with_struct_over_random_bits_within_31_bits():
    for factor in FACTORS + (3, 127, 333, 997, 999):
        scale = f32_scale(factor)
        for _ in range(400):
            check(scale, factor, bytes([random.getrandbits(8) for _ in range(4)]))


def test_f32be_agrees_with_struct_over_all_exponents_and_extreme_mantissas():
    for factor in FACTORS:
        scale = f32_scale(factor)
        for high in range(512):
            for rest in (0, 1, 0x3FFFFF, 0x7FFFFF):
                check(scale, factor, struct.pack(">I", high << 23 | rest))


def test_f32be_reads_volts_and_amps_to_the_milli():
    for volts in (0.0, 0.001, 56.0, 76.2, 85.5, 999.999):
        assert abs(wire.f32be(struct.pack(">f", volts), 0, f32_scale(1000)) - volts * 1000) <= 0.52
    assert wire.f32be(struct.pack(">f", 180.0), 0, f32_scale(100)) == 18000
    assert wire.f32be(b"xx" + struct.pack(">f", 2999.99) + b"x", 2, f32_scale(100)) == 299999


def test_f32be_refuses_what_is_no_measurement():
    volts = f32_scale(1000)
    read = wire.f32be
    for number in (float("nan"), -0.001, -85.0, float("-inf")):
        assert read(struct.pack(">f", number), 0, volts) == NO_NUMBER
    for number in (float("inf"), 3e38, 1.1e6):
        assert read(struct.pack(">f", number), 0, volts) == TOO_BIG
    assert read(struct.pack(">f", -0.0), 0, volts) == 0
    assert read(b"\x00\x00\x00\x01", 0, volts) == 0  # the smallest denormal


def test_wire_takes_the_fastest_that_runs_here():
    assert wire.f32be is KINDS[-1] or len(KINDS) == 1


def test_f32be_refuses_a_factor_out_of_range():
    for factor in (0, -1000, 1001, 10000):
        try:
            f32_scale(factor)
        except ValueError as e:
            assert str(factor) in str(e)
        else:
            raise AssertionError(factor)


def test_u32be_there_and_back():
    buffer = bytearray(6)
    for value in (0, 1, 0x12345678, LIMIT - 2):
        put_u32be(buffer, 1, value)
        assert u32be(buffer, 1) == value and struct.unpack(">I", buffer[1:5])[0] == value
    assert u32be(b"\x40\x00\x00\x00", 0) == TOO_BIG and u32be(b"\xff" * 4, 0) == TOO_BIG
    assert number(u32be(bounded(b"\x3f\xff\xff\xfe"), 0)) == LIMIT - 2


def test_nothing_is_allocated():
    volts = f32_scale(1000)
    data = struct.pack(">f", 76.2)
    buffer = bytearray(8)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(100):
        for f32be in KINDS:
            f32be(data, 0, volts)
        u32be(data, 0)
        put_u32be(buffer, 4, 78028)
    after = gc.mem_alloc()
    gc.enable()
    assert after == before, after - before
