"""What watches the heap, and what makes it small."""

import gc

_SAMPLE_MS = 100
_SMALLEST = 16  # bytes of a piece of ballast


class Heap:
    """Prints ``live BYTES`` (of the heap, in use after a collection) ten times a second."""

    requires = ("clock",)
    options = {}

    def __init__(self, clock):
        self._clock = clock

    async def run(self):
        """For ever."""
        while True:
            gc.collect()
            print("live", gc.mem_alloc())
            await self._clock.sleep_ms(_SAMPLE_MS)


def fill(free_bytes):
    """Ballast that leaves so many bytes of the heap free, in one piece: as if the code were frozen on a device."""
    ballast = None  # a chain, for a list would have to grow
    room = bytearray(free_bytes)
    size = gc.mem_free()
    while size >= _SMALLEST:
        try:
            ballast = (bytearray(size), ballast)
        except MemoryError:
            size //= 2
    del room
    gc.collect()
    return ballast
