"""SLCAN, the Lawicel ASCII protocol (CANUSB manual, version 1.0D), in the shape of ``machine.CAN``.

Over a TCP socket (a bus hub, a serial server), a serial device (a USB adapter), or a UART of the microcontroller.
"""

import asyncio
import errno
from micropython import const

from drivers.can.slcan_stream import Link, socket_address, uart_number

try:
    from drivers.can import slcan_lines
except SyntaxError:  # from source, without native code
    from drivers.plain import plain

    slcan_lines = plain("drivers.can.slcan_lines")

_BIT_RATES = const((10000, 20000, 50000, 100000, 125000, 250000, 500000, 800000, 1000000))  # S0 to S8
_CONNECT_MS = const(3000)
_ANSWER_MS = const(500)  # some adapters never answer commands: then the channel is taken for open
_DIGITS = const(b"0123456789ABCDEF")


class Slcan:
    """A CAN controller at the other end of a stream of text.

    What differs from ``machine.CAN`` is documented in drivers/can, and:

    - ``init()`` only begins to connect. `recv` returns None also as soon as the adapter reports bus-off.
    - ``set_filters`` knows only None: what the commands M and m mean differs between adapters, so a frame that is
      wanted could be lost.
    - ``guard``: on the UART that the image watches.
    - ``send`` returns None and counts in `tx_dropped` when the stream cannot take the frame now.
    - Remote frames are counted and not delivered, none are sent.

    Options: port, ``socket://HOST:PORT``, ``uart:N`` or the path of a serial device; bitrate of the bus, bit/s, one of
    Lawicel's S0..S8; baudrate of the serial line, bit/s (USB adapters ignore it); tx and rx, pins of the UART, -1 for
    those that the port gives it.
    """

    requires = ()
    options = {
        "port": (str, ..., 1, 200),
        "bitrate": (int, 250000, _BIT_RATES),
        "baudrate": (int, 115200),
        "tx": (int, -1, -1, 255),
        "rx": (int, -1, -1, 255),
    }

    STATE_STOPPED, STATE_ACTIVE, STATE_WARNING, STATE_PASSIVE, STATE_BUS_OFF = 0, 1, 2, 3, 4
    FLAG_RTR, FLAG_EXT_ID, FLAG_UNORDERED = 1, 2, 4
    RECV_ERR_FULL, RECV_ERR_OVERRUN = 1, 2

    def __init__(self, port, bitrate, baudrate, tx, rx):
        socket_address(port)  # raises ValueError for a port that cannot be
        self.port = port
        self._line = (baudrate, tx, rx)
        self._commands = b"C\rS%d\rO\r" % _BIT_RATES.index(bitrate)
        self._link = None
        self._lines = slcan_lines.LineReader(self.FLAG_EXT_ID)
        self._out = bytearray(32)
        self._out_from = self._out_to = 0  # what the stream has not yet taken of the last frame
        self._error = None
        self.guard = _guard(uart_number(port))
        self.recv = self._lines.recv  # bound once: it is called for every frame
        self.tx_dropped = 0

    @staticmethod
    def check_settings(options, of):
        """See `core.declare`."""
        socket_address(options["port"])

    # -- life

    def init(self):
        """Begin to connect. Raises OSError (a name is resolved here, which blocks)."""
        self.deinit()
        self._link = Link(self.port, *self._line)
        self._error = None
        self._lines.reset()

    def deinit(self):
        """Close the stream."""
        if self._link is not None:
            self._link.close()
        self._link = None
        self._out_from = self._out_to = 0
        self._lines.state = self.STATE_STOPPED

    def restart(self):
        """Leave bus-off: the next `ready` closes and opens the channel again."""
        self._connected()
        self._lines.state = self.STATE_STOPPED

    def _connected(self):
        if self._link is None:
            raise OSError(errno.ENOTCONN)
        return self._link

    async def ready(self):
        """Wait until `recv` may have something, or the state changed. Raises OSError: the stream is broken."""
        if self._error is not None:
            raise self._error
        if self._lines.state == self.STATE_STOPPED:
            await self._open()
        elif not self._lines.pending():
            self._filled(await self._connected().readinto(self._lines.room))  # not _fill: one coroutine less that waits
        if self._out_to > self._out_from:
            self._flush()

    async def _open(self):
        lines = self._lines
        rest = self._out[self._out_from : self._out_to]
        self._out_from = self._out_to = 0
        try:
            await asyncio.wait_for_ms(self._connected().write_all(rest + self._commands), _CONNECT_MS)
        except asyncio.TimeoutError:
            raise OSError(errno.ETIMEDOUT)
        lines.expect_answers()
        while lines.answers < slcan_lines.ANSWERS_DUE:
            try:
                await asyncio.wait_for_ms(self._fill(), _ANSWER_MS)
            except asyncio.TimeoutError:
                break
            while lines.answers < slcan_lines.ANSWERS_DUE and lines.other():
                pass
        if lines.answers == slcan_lines.ANSWERS_DUE and lines.refused_last:
            raise OSError(errno.EIO)
        lines.answers = slcan_lines.ANSWERS_DUE
        lines.state = self.STATE_ACTIVE

    async def _fill(self):
        """In one task with the read: a time-out in the moment of its end must not lose what came."""
        self._filled(await self._connected().readinto(self._lines.room))

    def _filled(self, size):
        """So many bytes came. Raises OSError at the end of the stream."""
        if size == 0:
            raise OSError(errno.ECONNRESET)
        if size is not None:
            self._lines.came(size)

    def poll(self):
        """Take in what the stream has by now, if `recv` has nothing left. True: something came. Raises OSError."""
        lines = self._lines
        if lines.state == self.STATE_STOPPED or lines.pending():
            return False
        try:
            size = self._connected().read_now(lines.room)
        except OSError as e:
            self._broken(e)
            raise
        if not size:  # nothing; or the end of the stream, which `ready` will find
            return False
        lines.came(size)
        return True

    def _broken(self, error):
        self._error = error
        self._lines.state = self.STATE_STOPPED

    # -- frames

    def send(self, identifier, data, flags=0):
        """Send a frame: 0, or None if the stream cannot take it now (it is dropped).

        Raises OSError: bus-off, channel not open, or stream broken.
        """
        state = self._lines.state
        if state == self.STATE_STOPPED or state == self.STATE_BUS_OFF:
            raise OSError(errno.ENOTCONN)
        if self._out_to > self._out_from and not self._flush():
            self.tx_dropped += 1
            return None
        size = self._encode(identifier, data, flags)  # may raise: what is no frame must not be taken for a rest
        self._out_from = 0
        self._out_to = size
        if self._flush() or self._out_from > 0:
            return 0  # the rest of a frame that was begun goes out before anything else
        self._out_to = 0
        self.tx_dropped += 1
        return None

    def _encode(self, identifier, data, flags):
        out = self._out
        digits = 8 if flags & self.FLAG_EXT_ID else 3
        out[0] = 84 if digits == 8 else 116  # T, t
        for place in range(digits, 0, -1):
            out[place] = _DIGITS[identifier & 15]
            identifier >>= 4
        at = digits + 2
        out[digits + 1] = 48 + len(data)
        for byte in data:
            out[at] = _DIGITS[byte >> 4]
            out[at + 1] = _DIGITS[byte & 15]
            at += 2
        out[at] = 13
        return at + 1

    def _flush(self):
        """Write what is left of the last frame; True if all of it is gone."""
        try:
            written = self._connected().write_now(self._out, self._out_from, self._out_to - self._out_from)
        except OSError as e:
            self._broken(e)
            raise
        if written:
            self._out_from += written
        return self._out_from == self._out_to

    # -- the rest of machine.CAN

    def set_filters(self, filters):
        """Only None, all frames: an adapter has no filters that all of them share. Raises ValueError."""
        if filters is not None:
            raise ValueError("no filters")

    def state(self):
        """One of the STATE constants."""
        return self._lines.state

    def get_counters(self, counters=None):
        """``[TEC, REC, warnings, passives, bus-offs, None, None, None]``: an adapter reports nothing of its queues.

        The last one is the number of frames for which there was no room, where the UART has a guard.
        """
        if counters is None:
            counters = [None] * 8
        lines = self._lines
        counters[0], counters[1] = lines.tx_errors, lines.rx_errors
        counters[2], counters[3], counters[4] = lines.warnings, lines.passives, lines.bus_offs
        counters[5] = counters[6] = None
        counters[7] = None if self.guard is None else self.guard.lost()
        return counters

    @property
    def garbage(self):
        """Lines that were no SLCAN."""
        return self._lines.garbage

    @property
    def garbage_text(self):
        """The beginning of the last of them."""
        kept = self._lines.last_garbage
        return bytes(kept[1 : 1 + kept[0]])

    @property
    def remote(self):
        """Remote frames, which are not delivered."""
        return self._lines.remote

    @property
    def refused(self):
        """Frames that the adapter refused to send (BEL)."""
        return self._lines.refused


def _guard(uart):
    """The guard of this image, if it watches this UART."""
    try:
        import canguard
    except ImportError:
        return None
    return canguard if uart is not None and getattr(canguard, "UART", None) == uart else None
