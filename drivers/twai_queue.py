"""Frames that wait for the one transmit buffer of the TWAI controller."""

import time
from micropython import const

# one slot keeps what was handed over last
_SLOT = const(16)
_SLOTS = const(17)


class Queue:
    """Up to 16 messages as the transmit buffer wants them. ``put(memory, base, bytes, at)`` hands one over."""

    def __init__(self, put, base, extended_flag):
        self._put = put
        self._extended = extended_flag
        self._base = base
        self._bytes = bytearray(_SLOT * _SLOTS)
        self._next = 0  # the slot that goes out next
        self.count = 0
        self.handed_over = False  # and not yet seen to be gone
        self.waited = 0

    def write(self, identifier, data, flags):
        """Write a frame of up to 8 bytes behind the last; where it is, for `append`, or -1 if there is no room."""
        if self.count == _SLOTS - 1:
            return -1
        at = self._end()
        self._bytes[at] = len(data)
        if flags & self._extended:
            self._bytes[at] |= 128
            self._identify(at, identifier)
            self._fill(at + 5, data)
        else:
            self._bytes[at + 1] = identifier >> 3 & 255
            self._bytes[at + 2] = (identifier & 7) << 5
            self._fill(at + 3, data)
        return at

    def append(self, at):
        """Take the frame written there for one that waits; False if there is none: the queue was cleared since."""
        if at != self._end():
            return False
        self.count += 1
        return True

    def _end(self):
        return (self._next + self.count) % _SLOTS * _SLOT

    def _identify(self, at, identifier):
        queue = self._bytes
        queue[at + 1] = identifier >> 21 & 255
        queue[at + 2] = identifier >> 13 & 255
        queue[at + 3] = identifier >> 5 & 255
        queue[at + 4] = (identifier & 31) << 3

    def _fill(self, at, data):
        queue = self._bytes
        for i in range(len(data)):
            queue[at + i] = data[i]

    def pump(self, memory):
        """The transmit buffer is free: hand over the next message, if there is one."""
        self.handed_over = False
        self.waited = 0
        if self.count:
            self._put(memory, self._base, self._bytes, self._next * _SLOT)
            self._next = (self._next + 1) % _SLOTS
            self.count -= 1
            self.handed_over = True

    def finish(self, memory, free, timeout_us):
        """Send all that waits, a stop command perhaps, if the bus takes it in time. ``free()``: the buffer is."""
        began_us = time.ticks_us()
        while self.count or self.handed_over:
            if free():
                self.pump(memory)
            elif time.ticks_diff(time.ticks_us(), began_us) > timeout_us:
                return

    def again(self, memory):
        """Hand over once more what was handed over last."""
        self._put(memory, self._base, self._bytes, (self._next - 1) % _SLOTS * _SLOT)

    def clear(self):
        """Forget everything; the number of messages that were not sent."""
        dropped = self.count + self.handed_over
        self.count = self.waited = 0
        self.handed_over = False
        return dropped
