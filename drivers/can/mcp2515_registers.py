"""The registers of the MCP2515 (data sheet DS20001801): bit timing (section 5), acceptance masks and filters (4.5), and
the frames in its two receive and three transmit buffers, in the right order.
"""

import time
from micropython import const

from drivers.can import segments
from drivers.can.mcp2515_spi import EXT_ID, EXTENDED, REMOTE, RTR, views

CRYSTALS = (8000000, 12000000, 16000000, 20000000)
BIT_RATES = (10000, 20000, 25000, 50000, 100000, 125000, 250000, 500000, 800000, 1000000)
_BTLMODE = const(0x80)  # CNF3 sets phase segment 2
_MAX_PRESCALER = const(64)
FILTERS_MAX = 6
_ALL = ((0, 0, 0), (0, 0, 2))  # any standard, any extended identifier
_WAITING = const(0x54)  # in READ STATUS: TXREQ of the three transmit buffers
_TXREQ = const(8)
_TX_TIMEOUT_MS = const(100)
_SRR = const(0x10)  # in SIDL: remote frame with a standard identifier
# machine.CAN's errors
_FULL = const(1)
_OVERRUN = const(2)


def timing(crystal, bitrate):
    """CNF3, CNF2, CNF1 (as they lie in the registers from 28h on) for a crystal in Hz and a bit rate in bit/s.

    A quantum has ``2 * prescaler`` clocks. Raises ValueError if the crystal does not divide into the bit
    rate.
    """
    found = segments(crystal // 2, bitrate, lambda prescaler: prescaler <= _MAX_PRESCALER)
    if found is None:
        raise ValueError("a crystal of %d Hz cannot make %d bit/s" % (crystal, bitrate))
    prescaler, before, after = found
    phase_1 = before // 2
    jump = max(1, min(4, after - 1))  # has to be shorter than phase segment 2
    return bytes((after - 1, _BTLMODE | phase_1 - 1 << 3 | before - phase_1 - 1, jump - 1 << 6 | prescaler - 1))


def registers(filters, extended_flag):
    """The values of RXF0..2, of RXF3..5 and of RXM0..1 for filters (identifier, bits that must be equal, flags).

    ``None`` takes all frames. The chip has two masks; the first serves two filters, the second four. One mask and up
    to two filters are the usual case: then all frames go through buffer 0 and are received in order. With more, a frame
    for one of the further filters may overtake, or be overtaken by, one frame. Raises ValueError for what does not fit.
    """
    if filters is None:
        filters, extended_flag = _ALL, 2
    first, second = _groups(filters, extended_flag)
    second = second or [first[0]]
    slots = [first[0], first[-1]] + second + [second[0]] * (4 - len(second))
    codes = [code for _, code in slots]
    return b"".join(codes[:3]), b"".join(codes[3:]), first[0][0] + second[0][0]


def _groups(filters, extended_flag):
    """Filters as (mask, code), up to two that share the first mask and up to four that share the second."""
    masks = []
    groups = []
    for identifier, equal, flags in filters:
        extended = flags == extended_flag
        if flags and not extended:
            raise ValueError("filters look only at identifiers")
        mask = _words(equal, extended, 0)
        if mask not in masks:
            masks.append(mask)
            groups.append([])
        groups[masks.index(mask)].append((mask, _words(identifier, extended, 8)))
    if len(groups) == 1:
        groups = [groups[0][:2], groups[0][2:]]
    if len(groups) == 2 and len(groups[0]) > 2:
        groups.reverse()
    if len(groups) != 2 or len(groups[0]) > 2 or len(groups[1]) > 4:
        raise ValueError("at least one filter; at most two with one mask and four with another")
    return groups


def _words(value, extended, mark):
    """SIDH, SIDL, EID8, EID0; `mark` is set in SIDL if extended. Of standard frames no data bytes are compared."""
    if not 0 <= value < (1 << 29 if extended else 1 << 11):
        raise ValueError("invalid id")
    if not extended:
        return bytes((value >> 3, (value & 7) << 5, 0, 0))
    return bytes((value >> 21, value >> 13 & 0xE0 | mark | value >> 16 & 3, value >> 8 & 255, value & 255))


class Buffers:
    """Takes a Port. Neither `recv` nor `send` allocates."""

    def __init__(self, port):
        self._port = port
        self._data = views(memoryview(port.frame)[6:])
        self._zeros = views(bytes(8))
        self._places = bytearray(3)  # of the frames in the transmit buffers
        self._waiting = 0  # of READ STATUS: what has not gone out since then
        self._since_ms = 0
        self.dropped = 0
        self._full = 0  # receive buffers that are full, as READ STATUS showed after the last one was read
        self._second = False  # both are, and buffer 1 came first
        self._error = 0  # to be reported with the next frame

    def reset(self):
        """The chip was reset: all buffers are empty."""
        self._full = 0
        self._count(self._waiting)
        self._waiting = 0

    def overran(self):
        """A frame was lost: the next one will tell."""
        self._error = _OVERRUN

    def recv(self, frame):
        """Put the oldest frame into the list ``[identifier, data, flags, errors]`` and return that; else None.

        Each buffer is freed as it is read; READ STATUS right behind that tells which frame is older: what is in buffer
        1 then came while buffer 0 was still full, and is older than what will be in buffer 0. (Only if two whole frames
        went by between these two operations would that be wrong.)
        """
        port = self._port
        full = self._full or port.status() & 3
        if not full:
            return None
        buffer = 1 if full == 2 or (full == 3 and self._second) else 0
        port.receive(buffer)
        self._full = port.status() & 3
        self._second = buffer == 0 and self._full & 2 != 0
        self._parse(frame, port.frame)
        frame[3] = self._error | (_FULL if full == 3 else 0)
        self._error = 0
        return frame

    def _parse(self, frame, got):
        middle, size = got[2], got[5]
        identifier = got[1] << 3 | middle >> 5
        remote = middle & _SRR
        flags = 0
        if middle & EXTENDED:
            identifier = identifier << 18 | (middle & 3) << 16 | got[3] << 8 | got[4]
            remote = size & REMOTE
            flags = EXT_ID
        size = min(size & 15, 8)  # a data length code of 9 to 15 means 8, too
        frame[0] = identifier
        frame[1] = self._zeros[size] if remote else self._data[size]
        frame[2] = flags | RTR if remote else flags

    def send(self, identifier, data, flags):
        """Send a frame: the number of its buffer, or None if it has to wait for those before it. Raises ValueError."""
        if len(data) > 8 or identifier >> (29 if flags & EXT_ID else 11):
            raise ValueError("no CAN frame")
        place = self._place(self.status())
        if place < 0:
            self.dropped += 1
            return None
        self._places[place % 3] = place
        self._waiting |= 4 << 2 * (place % 3)
        if not flags & EXT_ID:
            identifier <<= 18
        self._port.load(place, identifier, flags, data)
        self._port.request(place % 3)
        return place % 3

    def waiting(self):
        """Whether frames are to be sent."""
        self._waiting = self._port.status() & _WAITING
        return self._waiting != 0

    def status(self):
        """READ STATUS. Frames are given up before, if nothing has gone out for 100 ms."""
        status = self._port.status()
        waiting = status & _WAITING
        now_ms = time.ticks_ms()
        if not waiting or waiting != self._waiting:
            self._since_ms = now_ms
        elif time.ticks_diff(now_ms, self._since_ms) > _TX_TIMEOUT_MS:
            self._since_ms = now_ms
            for buffer in range(3):
                if waiting & 4 << 2 * buffer:
                    self._port.modify(0x30 + 16 * buffer, _TXREQ, 0)
            status = self._port.status()  # what is just on the bus cannot be called back
            self._count(waiting & ~status)
        self._waiting = status & _WAITING
        return status

    def _count(self, waiting):
        self.dropped += (waiting >> 2 & 1) + (waiting >> 4 & 1) + (waiting >> 6 & 1)

    def _place(self, status):
        """A place behind all frames that wait, with a free buffer, or -1.

        The chip sends first what has the highest priority (0 to 3), then what is in the highest buffer (0 to 2; data
        sheet 3.2): so there are 12 places, ``3 * priority + buffer``, and of those that are taken the highest is next.
        They begin anew whenever nothing waits.
        """
        places = self._places
        place = 12
        for buffer in range(3):
            if status & 4 << 2 * buffer and places[buffer] < place:
                place = places[buffer]
        while place:
            place -= 1
            if not status & 4 << 2 * (place % 3):
                return place
        return -1
