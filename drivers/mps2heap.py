"""Room in the heap of an image for QEMU's MPS2 boards."""


class Mps2Heap:
    """Gives back, once all is loaded and built, what the dictionaries of modules and classes do not use: 5 KB."""

    async def start(self):
        """The first component of a board does so before the others start."""
        import mps2

        mps2.trim()
