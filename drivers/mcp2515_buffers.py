"""Frames in and out of the MCP2515's two receive buffers and three transmit buffers, in the right order."""

import time
from micropython import const

from drivers.mcp2515_spi import EXT_ID, EXTENDED, REMOTE, RTR, views

_WAITING = const(0x54)  # in READ STATUS: TXREQ of the three transmit buffers
_TXREQ = const(8)
_TX_TIMEOUT_MS = const(100)
_SRR = const(0x10)  # in SIDL: remote frame with a standard identifier
# machine.CAN's errors
_FULL = const(1)
_OVERRUN = const(2)


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
