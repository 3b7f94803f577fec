"""ECDSA with P-256 and SHA-256 (FIPS 186-5, section 6; RFC 6979 for the nonce)."""

import hashlib
from micropython import const

from . import p256
from .der import integer, reader, sequence

_BYTES = const(32)
_BLOCK = const(64)  # of SHA-256
_SIGNATURE_MAX = const(72)


async def verify(key, digest, signature):
    """Is `signature` (DER) of the SHA-256 `digest` by the public key (65 bytes)? Raises ValueError: no such key.

    A signature that is none is just wrong.
    """
    point = p256.decode(key)
    try:
        r, s = _parse(signature)
    except ValueError:
        return False
    if not (0 < r < p256.N and 0 < s < p256.N):
        return False
    w = await p256.inverse(s, p256.N)
    u = int.from_bytes(digest, "big") * w % p256.N
    found = await p256.affine(await p256.combine(u, p256.G, r * w % p256.N, point))
    return found is not None and found[0] % p256.N == r


def _parse(signature):
    if len(signature) > _SIGNATURE_MAX:
        raise ValueError("ECDSA: too long")
    parts = reader(signature)
    r, s = parts.integer(), parts.integer()
    parts.done()
    return r, s


async def sign(d, digest):
    """The signature (DER) of a SHA-256 digest (32 bytes) by the private key d."""
    e = int.from_bytes(digest, "big")
    for k in _nonces(d, digest):
        r = (await p256.affine(await p256.multiply(k)))[0] % p256.N
        # The inverse is of k times something random: how long Euclid takes reveals nothing of k.
        blind = p256.random_scalar()
        inverse = await p256.inverse(k * blind % p256.N, p256.N) * blind % p256.N
        s = (e + r * d) * inverse % p256.N
        if r and s:
            return sequence(integer(r), integer(s))


def _nonces(d, digest):
    """Generator of nonces (RFC 6979, section 3.2), 1 <= k < N; the second one is needed once in 2**32 times."""
    secret = d.to_bytes(_BYTES, "big") + (int.from_bytes(digest, "big") % p256.N).to_bytes(_BYTES, "big")
    key, v = bytes(_BYTES), b"\x01" * _BYTES
    for separator in (b"\x00", b"\x01"):
        key = hmac(key, v + separator + secret)
        v = hmac(key, v)
    while True:
        v = hmac(key, v)
        k = int.from_bytes(v, "big")
        if 0 < k < p256.N:
            yield k
        key = hmac(key, v + b"\x00")
        v = hmac(key, v)


def hmac(key, message):
    """HMAC-SHA-256 with a key of at most 64 bytes (RFC 2104)."""
    key = key + bytes(_BLOCK - len(key))
    inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in key]))
    inner.update(message)
    outer = hashlib.sha256(bytes([byte ^ 0x5C for byte in key]))
    outer.update(inner.digest())
    return outer.digest()
