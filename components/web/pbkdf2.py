"""PBKDF2 with HMAC-SHA-256 (RFC 8018, section 5.2), one block: 32 bytes. Others run meanwhile."""

import asyncio
import time
from hashlib import sha256
from micropython import const

_STEP_MS = const(3)
_BLOCK = const(64)


async def pbkdf2(password, salt, iterations):
    """The 32 bytes of it: password and salt are bytes."""
    if len(password) > _BLOCK:
        password = sha256(password).digest()
    key = password + bytes(_BLOCK - len(password))
    inner, outer = bytes([byte ^ 0x36 for byte in key]), bytes([byte ^ 0x5C for byte in key])
    last = _hmac(inner, outer, salt + b"\x00\x00\x00\x01")
    total = int.from_bytes(last, "big")
    began = time.ticks_ms()
    for _ in range(1, iterations):
        last = _hmac(inner, outer, last)
        total ^= int.from_bytes(last, "big")
        if time.ticks_diff(time.ticks_ms(), began) >= _STEP_MS:
            await asyncio.sleep_ms(0)
            began = time.ticks_ms()
    return total.to_bytes(32, "big")


def _hmac(inner, outer, data):
    first = sha256(inner)
    first.update(data)
    second = sha256(outer)
    second.update(first.digest())
    return second.digest()
