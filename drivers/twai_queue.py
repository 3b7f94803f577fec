"""Frames that wait for the one transmit buffer of the TWAI controller."""

from micropython import const

_SLOT, _SLOTS = const(16), const(17)  # one slot keeps what was handed over last


class Queue:
    """Up to 16 messages as the transmit buffer wants them. ``put(memory, base, bytes, at)`` hands one over."""

    def __init__(self, put, base):
        self._put = put
        self._base = base
        self._bytes = bytearray(_SLOT * _SLOTS)
        self._next = 0  # the slot that goes out next
        self.count = 0
        self.handed_over = False  # and not yet seen to be gone
        self.waited = 0

    def full(self):
        return self.count == _SLOTS - 1

    def append(self, identifier, data, extended):
        """Queue a frame of up to 8 bytes; there must be room."""
        queue = self._bytes
        at = (self._next + self.count) % _SLOTS * _SLOT
        queue[at] = len(data) | (128 if extended else 0)
        identifier <<= 3 if extended else 5
        shift = 24 if extended else 8
        while shift >= 0:
            at += 1
            queue[at] = identifier >> shift & 255
            shift -= 8
        for byte in data:
            at += 1
            queue[at] = byte
        self.count += 1

    def pump(self, memory):
        """The transmit buffer is free: hand over the next message, if there is one."""
        self.handed_over = False
        self.waited = 0
        if self.count:
            self._put(memory, self._base, self._bytes, self._next * _SLOT)
            self._next = (self._next + 1) % _SLOTS
            self.count -= 1
            self.handed_over = True

    def again(self, memory):
        """Hand over once more what was handed over last."""
        self._put(memory, self._base, self._bytes, (self._next - 1) % _SLOTS * _SLOT)

    def clear(self):
        """Forget everything; the number of messages that were not sent."""
        dropped = self.count + self.handed_over
        self.count = self.waited = 0
        self.handed_over = False
        return dropped
