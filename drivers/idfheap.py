"""ESP-IDF's heap: the RAM of Wi-Fi, sockets, drivers and TLS, which the GC heap does not have."""


class IdfHeap:
    """All regions that hold data, as one."""

    def measure(self):
        """Bytes: (free, longest free piece, least that was free so far).

        Each region keeps its own least. They may be of different moments: their sum is never too high.
        """
        from esp32 import HEAP_DATA, idf_heap_info

        free = longest = least = 0
        for region in idf_heap_info(HEAP_DATA):
            free += region[1]
            longest = max(longest, region[2])
            least += region[3]
        return free, longest, least
