"""The interrupt pin of the MCP2515, for asyncio."""

import asyncio
from micropython import const

_POLL = const(3)  # MP_STREAM_POLL


class _NoPin:
    """Stands for INT while there is none: high, the chip wants nothing."""

    def __call__(self):
        return 1

    def irq(self, handler, trigger=0):
        pass


class Line(asyncio.ThreadSafeFlag):
    """A flag that the falling edge of INT sets. asyncio looks at the level, too: an edge may get lost."""

    def __init__(self):
        super().__init__()
        self.pin = _NoPin()

    def open(self, pin, falling):
        """Watch this input; `falling`: Pin.IRQ_FALLING."""
        self.pin = pin
        pin.irq(self.edge, falling)

    def close(self):
        """Let the pin go."""
        self.pin.irq(None)
        self.pin = _NoPin()

    def edge(self, pin):
        """The handler of the pin's interrupt."""
        self.set()

    def ioctl(self, req, flags):
        """What asyncio polls, every millisecond or so."""
        if req == _POLL and not self.pin():
            return flags
        return super().ioctl(req, flags)
