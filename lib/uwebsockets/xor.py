"""The masking loop as machine code; ``frames`` has a slower one for ports without a native code generator."""

import micropython


@micropython.viper
def mask(dst: ptr8, at: int, src: ptr8, i: int, n: int, key: ptr8):
    """Write ``n`` bytes of ``src`` from ``i``, masked with ``key``, to ``dst`` from ``at`` (RFC 6455 5.3)."""
    k = 0
    while k < n:
        dst[at + k] = src[i + k] ^ key[k & 3]
        k += 1
