"""Room in the GC heap, on images that have our module ``gcheap`` (boards/ports/shared)."""


class GcHeap:
    """Gives back, once all is loaded and built, what the dictionaries of modules, classes and objects do not use.

    A stock image, which has no such module, works without.
    """

    requires = ("kernel",)

    def __init__(self, kernel):
        self._kernel = kernel

    async def start(self):
        """The first component of a board does so before the others start."""
        try:
            from gcheap import trim
        except ImportError:
            return
        trim(self._kernel)
