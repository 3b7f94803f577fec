"""Room in the heap of an image for QEMU's MPS2 boards."""


class Mps2Heap:
    """Gives back, once all is loaded and built, what the dictionaries of modules, classes and objects do not use."""

    requires = ("kernel",)

    def __init__(self, kernel):
        self._kernel = kernel

    async def start(self):
        """The first component of a board does so before the others start."""
        import mps2

        mps2.trim(self._kernel)
