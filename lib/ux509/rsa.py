"""RSA signatures with SHA-256, verified only: PKCS #1 v1.5 and PSS (RFC 8017, sections 8.2.2 and 8.1.2)."""

import asyncio
import hashlib
from micropython import const

_HASH = const(32)
_BITS_MIN = const(2048)
_BITS_MAX = const(4096)
# DER of DigestInfo with SHA-256, without the digest (RFC 8017, section 9.2)
_DIGEST_INFO = const(b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20")


class PublicKey:
    """A public key of 2048 to 4096 bits. Raises ValueError if it is none that a signature may be checked with."""

    def __init__(self, n, e):
        self.n = n
        self.e = e
        self.bits = 8 * _length(n)
        while self.bits > 0 and not n >> self.bits - 1:
            self.bits -= 1
        if not _BITS_MIN <= self.bits <= _BITS_MAX or not n & 1:
            raise ValueError("RSA: a key of %d bits" % self.bits)
        if not 3 <= e < 1 << 32 or not e & 1:
            raise ValueError("RSA: an exponent that is even, or too small or large")

    async def recover(self, signature):
        """What was signed, as bytes as long as the modulus, or None: no signature of this key."""
        length = (self.bits + 7) // 8
        if len(signature) != length:
            return None
        base = int.from_bytes(signature, "big")
        if base >= self.n:
            return None
        power = base
        bit = 1
        while self.e >> bit:
            bit += 1
        for shift in range(bit - 2, -1, -1):  # pow() would do all of it at once
            power = power * power % self.n
            await asyncio.sleep_ms(0)
            if self.e >> shift & 1:
                power = power * base % self.n
        return power.to_bytes(length, "big")


def _length(n):
    """Bytes that a number takes; negative ones and monsters are none of ours."""
    length = 0
    while n > 0 and length <= _BITS_MAX // 8:
        n >>= 8
        length += 1
    return length


def is_pkcs1(encoded, digest):
    """Is `encoded` the PKCS #1 v1.5 encoding of a SHA-256 digest? All of it is compared."""
    padding = len(encoded) - 3 - len(_DIGEST_INFO) - _HASH
    return encoded == b"\x00\x01" + b"\xff" * padding + b"\x00" + _DIGEST_INFO + digest


def is_pss(encoded, digest, bits, salt_length=None):
    """Is `encoded` a PSS encoding of a SHA-256 digest, with MGF1 over SHA-256, by a key of `bits`?

    `salt_length`: in bytes; None takes any.
    """
    unused = 8 * len(encoded) - (bits - 1)
    if unused == 8:  # the modulus has one bit more than whole bytes
        if encoded[0]:
            return False
        encoded, unused = encoded[1:], 0
    split = len(encoded) - _HASH - 1
    if encoded[-1] != 0xBC or encoded[0] >> (8 - unused):
        return False
    seed = encoded[split:-1]
    block = bytearray(encoded[:split])
    _unmask(block, seed)
    block[0] &= 0xFF >> unused
    at = 0
    while at < split and not block[at]:
        at += 1
    if at == split or block[at] != 1 or salt_length not in (None, split - at - 1):
        return False
    hash = hashlib.sha256(bytes(8))
    hash.update(digest)
    hash.update(block[at + 1 :])
    return hash.digest() == seed


def _unmask(block, seed):
    """Take the mask of MGF1 off, in place."""
    for at in range(0, len(block), _HASH):
        mask = hashlib.sha256(seed + (at // _HASH).to_bytes(4, "big")).digest()
        for i in range(min(_HASH, len(block) - at)):
            block[at + i] ^= mask[i]
