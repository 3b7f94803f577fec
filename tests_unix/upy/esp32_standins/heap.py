"""esp32.idf_heap_info (docs/library/esp32.rst): the regions of ESP-IDF's heap."""

HEAP_DATA, HEAP_EXEC = 4, 1  # ESP-IDF's MALLOC_CAP_8BIT and MALLOC_CAP_EXEC
SMALL = ((240, 0, 0, 0), (7288, 0, 0, 0), (15072, 36, 36, 36))  # full but for scraps: in use since the start


class Heap:
    """Two regions with room, as a chip has them with Wi-Fi on, and small ones without.

    ``take(size)`` is an allocation: from the first region that has so much in one piece. ``give(size)`` is the end of
    the last one of that size. The free bytes of a region are one piece unless `fragment` was called.
    """

    def __init__(self):
        self.regions = [[79912, 14000, 14000, 14000], [113840, 53900, 53900, 53900]]
        self.taken = []

    def info(self, capabilities):
        """A list of tuples: the total bytes, the free bytes, the largest free block, the minimum free over time."""
        assert capabilities in (HEAP_DATA, HEAP_EXEC), capabilities
        return [tuple(region) for region in self.regions] + list(SMALL)

    def take(self, size):
        for region in self.regions:
            if region[2] >= size:
                region[1] -= size
                region[2] -= size
                region[3] = min(region[3], region[1])
                self.taken.append((size, region))
                return
        raise OSError(12)

    def give(self, size):
        for at, (taken, region) in enumerate(self.taken):
            if taken == size:
                region[1] += size
                region[2] += size
                del self.taken[at]
                return
        raise AssertionError(size)

    def fragment(self, largest):
        """What is free is in pieces of at most so many bytes."""
        for region in self.regions:
            region[2] = min(region[2], largest)
