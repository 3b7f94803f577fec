"""The wires of the MCP2515: its instructions over SPI (data sheet DS20001801, section 12), and its interrupt pin."""

import asyncio
import errno
import time
from micropython import const

EXTENDED, REMOTE = 0x08, 0x40  # the bits of SIDL and DLC
RTR, EXT_ID = 1, 2  # machine.CAN's flags
_WRITE = const(0x02)
_READ = const(0x03)
_MODIFY = const(0x05)
_READ_BUFFER = const(0x90)
_READ_STATUS = const(0xA0)
_REQUEST = const(0x80)
_RESET = const(0xC0)
_START_CLOCKS = const(256)  # twice the oscillator start-up time of 8.1
_LONGEST = const(16)  # bytes of an instruction
_POLL = const(3)  # MP_STREAM_POLL


class _Closed:
    """Stands for SPI and CS while there are none: CS is always the first to be used."""

    def __call__(self, level):
        raise OSError(errno.ENOTCONN)

    def write(self, out):
        pass

    def write_readinto(self, out, into):
        pass

    def deinit(self):
        pass


class Port:
    """A ``machine.SPI`` (mode 0) with a pin for CS. Raises OSError while it is closed. Only `reset` and `put` allocate.

    Functions are kept so small that MicroPython has their state on the stack (11 words): no frame costs heap.

    ``frame``: the 13 bytes of the buffer that `receive` read, behind one that means nothing.
    """

    def __init__(self):
        self._spi = self._cs = _Closed()
        self._out = bytearray(_LONGEST)
        self._in = bytearray(_LONGEST)
        self._outs = views(self._out)
        self._ins = views(self._in)
        self._query = bytearray(14)
        self.frame = bytearray(14)

    def open(self, spi, cs):
        """Use these. CS must be an output, and high."""
        self._spi = spi
        self._cs = cs

    def close(self):
        """Let SPI go."""
        self._spi.deinit()
        self._spi = self._cs = _Closed()

    @property
    def is_open(self):
        """There is an SPI to use."""
        return not isinstance(self._spi, _Closed)

    # CS stays low if SPI raises, and the chip would take what comes next for a part of that instruction: so it is high
    # before it becomes low. (With `finally` the frame of the function would not fit the stack.)

    def _exchange(self, out, into):
        self._cs(1)
        self._cs(0)
        self._spi.write_readinto(out, into)
        self._cs(1)

    def _write(self, out):
        self._cs(1)
        self._cs(0)
        self._spi.write(out)
        self._cs(1)

    def reset(self, crystal):
        """Set all registers to their defaults and enter configuration mode; wait until the oscillator runs (8.1)."""
        self._write(bytes((_RESET,)))
        time.sleep_us(1000000 * _START_CLOCKS // crystal)

    def put(self, address, values):
        """Write registers, one after the other."""
        self._write(bytes((_WRITE, address)) + values)

    def modify(self, address, mask, value):
        """Set the bits of `mask` in one register to those of `value`; not every register can do this (table 11-2)."""
        out = self._out
        out[0], out[1], out[2] = _MODIFY, address, mask
        out[3] = value
        self._write(self._outs[4])

    def get(self, address):
        """One register."""
        return self.read(address, 1)[2]

    def read(self, address, count):
        """`count` registers, up to 14; they begin at index 2 of what it returns, which the next call overwrites."""
        out = self._out
        out[0], out[1] = _READ, address
        self._exchange(self._outs[count + 2], self._ins[count + 2])
        return self._in

    def status(self):
        """READ STATUS: bits 0 and 1, receive buffers 0 and 1 are full; bits 2, 4, 6, to be sent are buffers 0, 1, 2."""
        self._out[0] = _READ_STATUS
        self._exchange(self._outs[2], self._ins[2])
        return self._in[1]

    def receive(self, buffer):
        """Read receive buffer 0 or 1 into `frame`, and release it."""
        self._query[0] = _READ_BUFFER | buffer << 2
        self._exchange(self._query, self.frame)

    def load(self, place, identifier, flags, data):
        """Fill transmit buffer ``place % 3``, which must be free; its priority is ``place // 3``, 0 to 3.

        `identifier` has 29 bits, a standard one in the upper 11; `flags` are those of machine.CAN.
        """
        self._head(place, identifier, flags)
        self._body(data)
        self._write(self._outs[len(data) + 8])

    def _head(self, place, identifier, flags):
        out = self._out
        out[0], out[1], out[2] = _WRITE, 0x30 + 16 * (place % 3), place // 3
        out[3] = identifier >> 21
        out[4] = identifier >> 13 & 0xE0 | identifier >> 16 & 3 | (EXTENDED if flags & EXT_ID else 0)
        out[5] = identifier >> 8 & 255
        out[6] = identifier & 255
        out[7] = REMOTE if flags & RTR else 0

    def _body(self, data):
        out = self._out
        out[7] |= len(data)
        for at in range(len(data)):
            out[at + 8] = data[at]

    def request(self, buffer):
        """Have a transmit buffer sent. CS is high again long before the frame has gone out (errata DS80179, 5)."""
        self._out[0] = _REQUEST | 1 << buffer
        self._write(self._outs[1])


def views(buffer):
    """The first 0, 1, 2, ... bytes of it."""
    whole = memoryview(buffer)
    return tuple([whole[:size] for size in range(len(buffer) + 1)])


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
