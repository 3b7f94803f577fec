"""The MCP2515, a CAN controller behind SPI (Microchip, data sheet DS20001801), in the shape of ``machine.CAN``."""

import asyncio
import errno
import time
from micropython import const

from drivers.can.mcp2515_registers import BIT_RATES, CRYSTALS, FILTERS_MAX, Buffers, registers, timing
from drivers.can.mcp2515_spi import Line, Port

_CANSTAT = const(0x0E)
_CANCTRL = const(0x0F)
_TEC = const(0x1C)
_CNF3 = const(0x28)
_CANINTF = const(0x2C)
_EFLG = const(0x2D)
_RXB0CTRL = const(0x60)
_OPMOD = const(0xE0)  # in CANSTAT: the mode, 0 is the normal one
_ICOD = const(0x0E)  # the most urgent interrupt
_AFTER_RESET = const(b"\x80\x87")  # CANSTAT, CANCTRL: configuration mode
_NORMAL = const(0x03)  # CANCTRL: normal mode, CLKOUT is off; its prescaler is that of neither no chip nor a reset
# the interrupts that we want
_ERRIF = const(0x20)
_RX0IF = const(0x01)
_RX1IF = const(0x02)
_BUKT = const(4)  # when buffer 0 is full, a frame goes to buffer 1
_JOIN_MS = const(500)  # the controller waits for 11 recessive bits
_FAREWELL_BITS = const(600)  # on leaving the bus: three frames of at most 160 bits, and one that is just on it
_STOPPED = const(0)
_BUS_OFF = const(4)
_OUTPUTS = tuple(range(6)) + tuple(range(12, 24)) + (25, 26, 27, 32, 33)  # of the ESP32; 6 to 11 go to its flash
_INPUTS = _OUTPUTS + tuple(range(34, 40))


class Mcp2515:
    """One chip on an SPI bus of its own.

    It differs from ``machine.CAN`` as all our drivers do (drivers/can): ``init()`` sets the chip up, and the ``await
    ready()`` that follows takes it onto the bus.

    `recv` and `send` allocate nothing and take three SPI operations of up to 16 bytes (a few more when frames are given
    up). Up to three frames wait in the chip, and are sent in the order in which they were given. When none of them got
    through for 100 ms they are given up at the next `send` or `get_counters`, and counted in `tx_dropped`: commands
    must not go out when they are old.

    Bus-off: the chip would come back by itself and send what waited. It is reset instead, and stays off the bus until
    `restart`.

    A chip that does not answer, or answers nonsense, is an OSError of `init` or `restart`. One that is lost later, or
    an INT wire that does not follow the chip, is an OSError of `ready`: what `ready` and `get_counters` read tells.

    It has no ``guard`` (drivers/can): the handler of its interrupt could not read the frame, for Python may be in the
    middle of a transfer. While the loop is blocked, the vehicle's stop on this bus waits.

    Options: GPIO numbers ``sck``, ``mosi``, ``miso``, ``cs``, ``interrupt`` (the INT pin); ``spi``, number of the SPI
    peripheral; ``baudrate`` of SPI and ``crystal``, Hz; ``bitrate`` of the bus, bit/s (ValueError if the crystal cannot
    make it).
    """

    requires = ()
    options = {
        "sck": (int, 18, _OUTPUTS),
        "mosi": (int, 23, _OUTPUTS),
        "miso": (int, 19, _INPUTS),
        "cs": (int, 5, _OUTPUTS),
        "interrupt": (int, 4, _INPUTS),
        "spi": (int, 2, 1, 2),
        "baudrate": (int, 8000000, 100000, 10000000),
        "crystal": (int, 8000000, CRYSTALS),
        "bitrate": (int, 250000, BIT_RATES),
    }

    STATE_STOPPED, STATE_ACTIVE, STATE_WARNING, STATE_PASSIVE, STATE_BUS_OFF = 0, 1, 2, 3, 4
    FLAG_RTR, FLAG_EXT_ID, FLAG_UNORDERED = 1, 2, 4
    RECV_ERR_FULL, RECV_ERR_OVERRUN = 1, 2
    FILTERS_MAX = FILTERS_MAX
    TX_QUEUE_LEN = 3

    def __init__(self, sck, mosi, miso, cs, interrupt, spi, baudrate, crystal, bitrate):
        self._pins = (sck, mosi, miso, cs, interrupt)
        if len(set(self._pins)) < len(self._pins):
            raise ValueError("two signals on one GPIO")
        self._number = spi
        self._baudrate = baudrate
        self._crystal = crystal
        self._bitrate = bitrate
        self._timing = timing(crystal, bitrate)
        self._filters = registers(None, self.FLAG_EXT_ID)
        self._port = Port()
        self._buffers = Buffers(self._port)
        self._line = Line()
        self._error = None
        self._state = _STOPPED
        self._warnings = self._passives = self._bus_offs = self._overruns = 0

    # -- life

    def init(self):
        """Set up SPI, the pins and the chip. Raises OSError: there is no chip."""
        import machine

        self.deinit()
        pin = machine.Pin
        sck, mosi, miso, cs, interrupt = self._pins
        cs = pin(cs, pin.OUT, value=1)
        spi = machine.SPI(
            self._number, baudrate=self._baudrate, polarity=0, phase=0, sck=pin(sck), mosi=pin(mosi), miso=pin(miso)
        )
        self._port.open(spi, cs)
        self._line.open(pin(interrupt, pin.IN, pin.PULL_UP), pin.IRQ_FALLING)
        self._configure()

    def deinit(self):
        """Leave the bus, and SPI. What waits to be sent, a stop command perhaps, has a few milliseconds for that."""
        self._line.close()
        try:
            if self._port.is_open:
                self._leave()
        except OSError:
            pass  # then it cannot be reported; the caller has seen that error before
        self._port.close()
        self._state = _STOPPED

    def _leave(self):
        """Reset the chip; before that, what waits may still go out."""
        if self._on_bus():
            timeout_us = _FAREWELL_BITS * 1000000 // self._bitrate
            began_us = time.ticks_us()
            while self._buffers.waiting() and time.ticks_diff(time.ticks_us(), began_us) < timeout_us:
                time.sleep_us(100)
        self._port.reset(self._crystal)
        self._buffers.reset()

    def _on_bus(self):
        return self._state != _STOPPED and self._state != _BUS_OFF

    def restart(self):
        """Leave bus-off: the chip is set up anew, and the next `ready` takes it onto the bus. Raises OSError."""
        self._configure()

    def _configure(self):
        port = self._port
        self._leave()
        self._state = _STOPPED
        self._error = None
        got = port.read(_CANSTAT, 2)
        if got[2:4] != _AFTER_RESET:
            text = "MCP2515: no answer, reads 0x%02X 0x%02X: check supply and SPI wiring" % (got[2], got[3])
            raise OSError(errno.ENODEV, text)
        first, second, masks = self._filters
        port.put(0x00, first)
        port.put(0x10, second)
        port.put(0x20, masks)
        port.put(_RXB0CTRL, bytes((_BUKT,)))
        wanted = self._timing + bytes((_ERRIF | _RX0IF | _RX1IF,))  # CNF3, CNF2, CNF1, CANINTE
        port.put(_CNF3, wanted)
        if port.read(_CNF3, 4)[2:6] != wanted:
            raise OSError(errno.EIO, "MCP2515: does not keep what is written: SPI wiring, or baudrate too high")

    async def ready(self):
        """Wait until `recv` may have something, or the state changed. Raises OSError: no chip, or no bus."""
        if self._state == _STOPPED:
            await self._join()
        elif self._line.pin():
            await self._line.wait()
        else:
            self._line.clear()
            await asyncio.sleep_ms(0)  # other tasks have their turn also when the chip never lets go of INT
        self._look()

    async def _join(self):
        port = self._port
        port.put(_CANCTRL, bytes((_NORMAL,)))
        for _ in range(_JOIN_MS):
            got = port.read(_CANSTAT, 2)
            if got[2] & _OPMOD == 0 and got[3] == _NORMAL:
                self._state = self.STATE_ACTIVE
                return
            await asyncio.sleep_ms(1)
        raise OSError(errno.ETIMEDOUT, "MCP2515: not on the bus: it is never idle (shorted, or another bit rate?)")

    def _look(self):
        """What does the chip want? Frames are left to `recv`."""
        if self._state == _BUS_OFF:
            return
        got = self._port.read(_CANINTF, 4)
        flags = got[2]
        self._check(got[4], got[5])
        if self._error is not None:
            raise self._error
        if flags & _ERRIF:
            self._errors()

    def _check(self, canstat, canctrl):
        """Is the chip there, as we left it? If not, `ready` will raise. (Both registers are in every row of 16.)"""
        if canstat & _OPMOD or canctrl != _NORMAL:
            text = "MCP2515: lost, reads 0x%02X 0x%02X: check supply and SPI wiring" % (canstat, canctrl)
            self._error = OSError(errno.EIO, text)
        elif canstat & _ICOD and self._line.pin():
            self._error = OSError(errno.EIO, "MCP2515: wants an interrupt, but INT is high: check its wiring")
        if self._error is not None:
            self._line.set()

    # -- errors

    def _errors(self):
        port = self._port
        port.modify(_CANINTF, _ERRIF, 0)  # before EFLG is read: what happens then sets it again
        errors = port.get(_EFLG)
        overran = errors & 0xC0
        if overran:
            self._overruns += 2 if overran == 0xC0 else 1
            self._buffers.overran()
            port.modify(_EFLG, overran, 0)
        if errors & 0x20:
            self._enter(self.STATE_BUS_OFF)
            self._leave()
        elif errors & 0x18:
            self._enter(self.STATE_PASSIVE)
        else:
            self._enter(self.STATE_WARNING if errors & 0x06 else self.STATE_ACTIVE)

    def _enter(self, state):
        """Take a new state, and count each that was passed on the way to a worse one."""
        before = self._state
        self._warnings += before < self.STATE_WARNING <= state
        self._passives += before < self.STATE_PASSIVE <= state
        self._bus_offs += before < self.STATE_BUS_OFF <= state
        self._state = state

    # -- frames

    def recv(self, frame):
        """Put the oldest frame into the list ``[identifier, data, flags, errors]`` and return that; else None."""
        return self._buffers.recv(frame) if self._on_bus() else None

    def send(self, identifier, data, flags=0):
        """Send up to 8 bytes: the number of the buffer, or None if the frame cannot wait in any: dropped and counted.

        With FLAG_RTR only the length of `data` counts. Raises OSError: bus-off, or not on the bus; ValueError: no
        frame.
        """
        if not self._on_bus():
            raise OSError(errno.ENOTCONN)
        return self._buffers.send(identifier, data, flags)

    @property
    def tx_dropped(self):
        """Frames for which there was no room, or that were given up."""
        return self._buffers.dropped

    # -- the rest of machine.CAN

    def set_filters(self, filters):
        """Receive only what one of the filters (identifier, bits that must be equal, flags) takes; None: all.

        If they change, a chip that is on the bus leaves it, and the next `ready` takes it back. Raises ValueError for
        what two masks and six filters cannot do (drivers/can/mcp2515_registers.py), and OSError as `restart`.
        """
        wanted = registers(filters, self.FLAG_EXT_ID)
        if wanted != self._filters:
            self._filters = wanted
            if self._port.is_open:
                self._configure()

    def fit_filters(self, filters):
        """See `fit` in drivers/can/mcp2515_fit.py."""
        from drivers.can.mcp2515_fit import fit

        return fit(filters, self.FLAG_EXT_ID)

    def state(self):
        """One of the STATE constants."""
        return self._state

    def get_counters(self, counters=None):
        """``[TEC, REC, warnings, passives, bus-offs, frames to be sent, frames received, overruns]``, each at least."""
        if counters is None:
            counters = [None] * 8
        counters[0] = counters[1] = counters[5] = counters[6] = 0
        if self._on_bus():
            self._ask(counters)
        counters[2], counters[3], counters[4] = self._warnings, self._passives, self._bus_offs
        counters[7] = self._overruns
        return counters

    def _ask(self, counters):
        status = self._buffers.status()
        counters[5] = (status >> 2 & 1) + (status >> 4 & 1) + (status >> 6 & 1)
        counters[6] = (status & 1) + (status >> 1 & 1)
        got = self._port.read(_TEC, 4)
        counters[0], counters[1] = got[2], got[3]
        self._check(got[4], got[5])
