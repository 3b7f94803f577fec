"""A heap with hardly anything free, to find what any single allocation that fails does."""

import gc

BLOCK = 32  # bytes that the collector gives at least


class Scarce:
    """Context: so many blocks of the heap are free, a few more at most, and nothing is collected.

    With the blocks counted up from 0, each allocation of what runs inside is once the first that fails. Made before it
    is entered, since that takes memory.
    """

    def __init__(self, blocks):
        self._blocks = blocks
        self._hole = self._ballast = self._more = None

    def __enter__(self):
        gc.collect()
        self._hole = bytearray(BLOCK * self._blocks - 1) if self._blocks else None
        self._ballast = _ballast()
        for _ in range(2):
            self._more = _chain(self._more)
            gc.collect()
        self._hole = None
        gc.collect()
        gc.disable()

    def __exit__(self, kind, error, trace):  # "*exc" would need memory
        self._more = None
        node, self._ballast = self._ballast, None
        while node:  # link by link: something on the stack may still look like a pointer to one
            node[0], node = None, node[0]
        gc.enable()
        gc.collect()


def _ballast():
    ballast = [None, None]
    size = 65536
    while size >= 8:
        try:
            ballast = [ballast, bytearray(size)]
        except MemoryError:
            size //= 2
    return ballast


def _chain(chain):
    try:
        while True:
            chain = (chain,)
    except MemoryError:
        return chain
