"""The ring: blocks of notes, each of which can be read by itself; see docs/blackbox.md."""

from array import array
from micropython import const
from struct import pack_into

try:
    from components.blackbox import notes
except SyntaxError:  # from source, without native code
    from core.plain import plain

    notes = plain("components.blackbox.notes")

BLOCKS = const(8)
HEAD = const(12)  # of a block: its number, ms, ticks, bytes that are used
OF_OUTLET = const(8)  # and of each outlet: which conditions hold, the limit
NO_LIMIT = const(0x3FFFFFFF)
ERROR = const(0x34)
FAULT = const(0x35)
FAILURES = (OSError, MemoryError)  # made in an except clause it would need memory
_CONDITIONS = const(0x31)
_MESSAGE = const(0x32)
_PAUSE = const(0x33)
_PAUSE_BYTES = const(5)
_TEXT_MOST = const(64)


class Ring:
    """What comes and goes, in `size` bytes: it notes while ``state[END]`` is not 0.

    ``outlets``: what has ``bits`` and ``limit``, the conditions of an outlet now. ``number`` is that of the block that
    is being filled, ``first`` that of the oldest one.
    """

    number = -1
    first = ticks = 0
    outlets = ()

    def __init__(self, clock, size):
        self.ticks_ms = clock.ticks_ms
        self.size = size // BLOCKS
        self.ring = bytearray(self.size * BLOCKS)
        self.state = array("i", [0] * notes.STATE_WORDS)

    # --- blocks -------------------------------------------------------------------------------------------------

    def open(self):
        """Begin, with nothing noted."""
        self.first = self.number + 1
        self._next_block(self.ticks_ms() & notes.TIME)

    def close(self):
        """Nothing more is noted; what is there can be read until `open`."""
        self._close_block()
        self.state[notes.END] = 0

    def room(self, now, size):
        """Make room for a note of `size` bytes at `now`, less than 128 ms after the last one."""
        state = self.state
        after = (now - state[notes.LAST]) & notes.TIME
        if state[notes.AT] + size + _PAUSE_BYTES > state[notes.END]:
            self._next_block(now)
        elif after > notes.MOST_MS:
            at = state[notes.AT]
            self.ring[at] = _PAUSE
            pack_into("<I", self.ring, at + 1, after)
            state[notes.AT] = at + _PAUSE_BYTES
            state[notes.LAST] = now

    def _next_block(self, now):
        self._close_block()
        self.number += 1
        if self.number - self.first >= BLOCKS:
            self.first += 1
        at = self.number % BLOCKS * self.size
        pack_into("<II", self.ring, at, self.number & notes.TIME, now)
        pack_into("<H", self.ring, at + 8, self.ticks)
        state = self.state
        state[notes.END] = at + self.size
        at += HEAD
        for outlet in self.outlets:
            pack_into("<II", self.ring, at, outlet.bits, outlet.limit)
            at += OF_OUTLET
        state[notes.AT] = at
        state[notes.LAST] = now
        state[notes.USED] = notes.SLOTS

    def _close_block(self):
        """Note in the block how much of it is used."""
        if self.number >= self.first:
            at = self.number % BLOCKS * self.size
            pack_into("<H", self.ring, at + HEAD - 2, self.state[notes.AT] - at)

    def used(self, number):
        """Bytes of a block that is full."""
        at = number % BLOCKS * self.size + HEAD - 2
        return self.ring[at] | self.ring[at + 1] << 8

    # --- notes --------------------------------------------------------------------------------------------------

    def begin(self, kind, size):
        """A note of this kind begins, with so many bytes behind its time; returns where these go, or -1."""
        state = self.state
        if not state[notes.END]:
            return -1
        now = self.ticks_ms() & notes.TIME
        self.room(now, size + 2)
        at = state[notes.AT]
        self.ring[at] = kind
        self.ring[at + 1] = (now - state[notes.LAST]) & notes.TIME
        state[notes.LAST] = now
        state[notes.AT] = at + 2 + size
        return at + 2

    def note_tick(self):
        if self.state[notes.END] and notes.tick(self):
            self.room(self.ticks_ms() & notes.TIME, notes.LONGEST)
            notes.tick(self)

    def conditions(self, outlet, bits, limit):
        """The conditions of an outlet (0 ...) have changed. Allocates nothing."""
        at = self.begin(_CONDITIONS, 1 + OF_OUTLET)
        if at >= 0:
            self.ring[at] = outlet
            pack_into("<II", self.ring, at + 1, bits, limit)

    def text(self, kind, outlet, text):
        """Note a text of an outlet: ERROR or FAULT. It is left out where there is no memory."""
        try:
            data = text.encode()[:_TEXT_MOST]
        except MemoryError:
            return
        at = self.begin(kind, 2 + len(data))
        if at >= 0:
            self.ring[at] = outlet
            self.ring[at + 1] = len(data)
            self._copy(at + 2, data)

    def message(self, sent, length, data):
        """Note a message of so many characters, of which `data` is the beginning."""
        at = self.begin(_MESSAGE, 4 + len(data))
        if at >= 0:
            self.ring[at] = sent
            pack_into("<HB", self.ring, at + 1, min(length, 0xFFFF), len(data))
            self._copy(at + 4, data)

    def _copy(self, at, data):
        for i in range(len(data)):
            self.ring[at + i] = data[i]
