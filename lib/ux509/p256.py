"""The curve P-256 (NIST SP 800-186, secp256r1) in Python's integers.

A point is (x, y, z) in Jacobian coordinates, x / z**2 and y / z**3; z is 0 at infinity. The long sums are coroutines
that let the loop go on after every few operations.

Nothing here takes constant time: how long an operation takes depends on the numbers, the secret ones too, and so does
the garbage they leave. Whoever can measure that closely may learn a key. So sign seldom: a request for a certificate is
one signature in years, and the TLS handshakes are left to mbedTLS.
"""

import asyncio
import os
from micropython import const

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_B = const(0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B)
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    1,
)
# 2**128 * G
_G128 = const(
    (
        0x447D739BEEDB5E67FB982FD588C6766EFC35FF7DC297EAC357C84FC9D789BD85,
        0x2D4825AB834131EEE12E9D953A4AAFF73D349B95A7FAE5000C7E33C972E25B32,
        1,
    )
)
_INFINITY = const((1, 1, 0))
_BYTES = const(32)
_UNTIL_PAUSE = const(16)  # divisions


def double(point):
    """2 * point."""
    x, y, z = point
    b = y * y % P
    z2 = z * z % P
    a = 3 * (x - z2) * (x + z2) % P
    z = 2 * y * z % P
    y = b * b
    b = x * b % P
    x = (a * a - 8 * b) % P
    return x, (a * (4 * b - x) - 8 * y) % P, z


def add(one, other):
    """one + other."""
    x, y, z = one
    u, v, w = other
    if not z:
        return other
    if not w:
        return one
    if w != 1:
        a = w * w % P
        x = x * a % P
        y = y * w * a % P
    a = z * z % P
    u = u * a % P - x
    v = v * z * a % P - y
    if not u:
        return _INFINITY if v else double(one)
    return _add(x, y, z * w % P, u, v)


def _add(x, y, z, h, r):
    """The end of an addition: h and r are the differences of the points' x and y in common coordinates."""
    a = h * h % P
    x = x * a % P
    a = a * h % P
    u = (r * r - a - 2 * x) % P
    return u, (r * (x - u) - y * a) % P, z * h % P


async def combine(a, one, b, other):
    """a * one + b * other for 0 <= a, b < N, two bits of both at a time."""
    table = [_INFINITY, one, double(one)]
    table.append(add(table[2], one))
    for point in (other, double(other), add(double(other), other)):
        for i in range(4):
            table.append(add(point, table[i]))
        await asyncio.sleep_ms(0)
    result = _INFINITY
    for shift in range((_bits(max(a, b)) + 1) // 2 * 2 - 2, -1, -2):
        i = (a >> shift & 3) + 4 * (b >> shift & 3)
        result = double(double(result))
        if i:
            result = add(result, table[i])
        await asyncio.sleep_ms(0)
    return result


def _bits(number):
    """How many bits a number below 2**256 has, 8 at a time."""
    bits = 0
    while number >> bits:
        bits += 8
    return bits


async def multiply(a):
    """a * G for 0 <= a < N; half of the doublings are saved by a known multiple of G."""
    return await combine(a >> 128, _G128, a & ((1 << 128) - 1), G)


async def affine(point):
    """(x, y) of a point, None of infinity."""
    x, y, z = point
    if not z:
        return None
    z = await inverse(z, P)
    square = z * z % P
    return x * square % P, y * z * square % P


async def inverse(a, modulus):
    """The b with a * b % modulus == 1, for a prime modulus and 0 < a < modulus (Euclid's algorithm)."""
    b, old_u, u = modulus, 1, 0
    rounds = 0
    while b:
        q = a // b
        a, b = b, a - q * b
        old_u, u = u, old_u - q * u
        rounds += 1
        if rounds % _UNTIL_PAUSE == 0:
            await asyncio.sleep_ms(0)
    return old_u % modulus


def decode(key):
    """(x, y, 1) of an uncompressed public key (65 bytes). Raises ValueError: none, or no point of the curve."""
    if len(key) != 2 * _BYTES + 1 or key[0] != 4:
        raise ValueError("P-256: no uncompressed point")
    x, y = int.from_bytes(key[1 : 1 + _BYTES], "big"), int.from_bytes(key[1 + _BYTES :], "big")
    if x >= P or y >= P or (y * y - (x * x - 3) * x - _B) % P:
        raise ValueError("P-256: a point that is not on the curve")
    return x, y, 1


async def public_key(d):
    """The uncompressed public key (65 bytes) of the private key d, 1 <= d < N."""
    x, y = await affine(await multiply(d))  # never infinity: d is no multiple of N
    return b"\x04" + x.to_bytes(_BYTES, "big") + y.to_bytes(_BYTES, "big")


def random_scalar():
    """A random number, 1 <= d < N, from 64 bits more than it has (FIPS 186-5, A.2.1): the remainder is not biased.

    It is as good as the port's ``os.urandom``: on an ESP32 that is the hardware's generator.
    """
    return int.from_bytes(os.urandom(_BYTES + 8), "big") % (N - 1) + 1
