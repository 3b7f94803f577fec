"""The lines of SLCAN, read from one buffer that is filled again and again."""

import micropython
from micropython import const

ANSWERS_DUE = 3  # to C, S, O
_CR = const(13)
# places in what take_frame() fills
_SIZE = const(8)
_ID_DIGITS = const(9)
_LENGTH = const(10)
_SCRATCH = const(11)
_MAX_LINE = const(32)  # the longest that we need, an extended frame, has 26 characters before its CR
_KEPT = const(32)
_ROOM = const(320)  # 11 frames of 8 bytes
_ACTIVE = const(1)
_WARNING = const(2)
_PASSIVE = const(3)
_BUS_OFF = const(4)
_STATES = const(b"awpb")  # their letters, from _ACTIVE on: the Linux kernel's slcan
_IGNORED = const(b"zZ")  # "frame taken"
# The value of each character as a hexadecimal digit, 255 for what is none. A literal takes no RAM of a device.
_VALUES = const(
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\xff\xff\xff\xff\xff\xff"
    b"\xff\x0a\x0b\x0c\x0d\x0e\x0f\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\x0a\x0b\x0c\x0d\x0e\x0f\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
)  # fmt: skip


class LineReader:
    """Takes text apart: frames, answers, state lines; anything else is counted and skipped up to its CR.

    The buffer has `_MAX_LINE` bytes for an unfinished line before the `room` that the stream writes to. `state` is
    the controller's state (STATE constants of machine.CAN).
    """

    def __init__(self, extended_flag):
        self._buffer = bytearray(_MAX_LINE + _ROOM)
        self.room = memoryview(self._buffer)[_MAX_LINE:]
        self._scratch = bytearray(_SCRATCH)
        self._take_frame = take_frame
        data = memoryview(self._scratch)
        self._views = tuple([data[:size] for size in range(9)])
        self._extended_flag = extended_flag
        self.state = 0
        self.garbage = self.remote = self.refused = 0
        self.last_garbage = bytearray(_KEPT)  # how many bytes of it, and these
        self.rx_errors = self.tx_errors = 0
        self.warnings = self.passives = self.bus_offs = 0
        self.reset()

    def reset(self):
        """Forget what an earlier stream left."""
        self._at = self._end = _MAX_LINE
        self._skip = False  # the rest of the line is garbage
        self._incomplete = False
        self.answers = ANSWERS_DUE
        self.refused_last = False

    def expect_answers(self):
        """Commands were sent. What came before is dropped."""
        self._at = self._end
        self.answers = 0
        self.refused_last = False

    def pending(self):
        """Whether there may be a whole line in the buffer."""
        return self._at < self._end and not self._incomplete

    def came(self, size):
        """The stream wrote `size` bytes into `room`; nothing may be pending before that."""
        if self._at >= self._end:
            self._at = _MAX_LINE
        self._end = _MAX_LINE + size
        self._incomplete = False

    def recv(self, frame):
        """Put the next frame into the list and return it; None if there is none, or if the bus went off."""
        scratch = self._scratch
        while self._at < self._end:
            if not self._skip:
                identifier = self._take_frame(self._buffer, self._at, self._end, scratch)  # type: ignore[arg-type]
                if identifier >= 0:
                    self._at += scratch[_LENGTH]
                    frame[0] = identifier
                    frame[1] = self._views[scratch[_SIZE]]
                    frame[2] = self._extended_flag if scratch[_ID_DIGITS] == 8 else 0
                    frame[3] = 0
                    return frame
            if not self.other() or self.state == _BUS_OFF:
                return None
        return None

    def other(self):
        """Take off a line that is no good frame; False if there is no whole line."""
        stop = self._buffer.find(b"\r", self._at, self._end)
        bell = self._buffer.find(b"\a", self._at, self._end if stop < 0 else stop)
        if bell >= 0:
            stop = bell
        if stop < 0:
            self._keep_unfinished()
            return False
        at, length = self._at, stop - self._at
        self._at = stop + 1
        if self._skip or (bell >= 0 and length):
            self._skip = False
            self._spoiled(at, length)
        elif length:
            self._line(self._buffer[at], at, length)
        if bell >= 0 or not length:
            self._answer(bell >= 0)
        return True

    def _keep_unfinished(self):
        """The rest of the line is still to come: move it in front of `room`. One that is too long need not be kept."""
        if self._end - self._at > _MAX_LINE - 2:
            self._skip = True
        if self._skip:
            self._at = self._end
        buffer, at, to = self._buffer, self._at, _MAX_LINE - (self._end - self._at)
        self._at = to
        while to < _MAX_LINE:
            buffer[to] = buffer[at]
            to += 1
            at += 1
        self._end = _MAX_LINE
        self._incomplete = True

    def _answer(self, refused):
        if self.answers < ANSWERS_DUE:
            self.answers += 1
            self.refused_last = refused
        elif refused:
            self.refused += 1

    def _line(self, first, at, length):
        if length == 1 and first in _IGNORED:
            return
        if first == 115 and length == 8 and self._buffer[at + 1] in _STATES:  # s
            self._state_line(self._buffer[at + 1], at + 2)
        elif first in b"rR" and length in (5, 10):
            self.remote += 1
        elif self.answers >= ANSWERS_DUE or first not in b"tT":  # frames of a channel that was left open
            self._spoiled(at, length)

    def _spoiled(self, at, length):
        """A line is garbage: its beginning is kept for people."""
        self.garbage += 1
        kept = self.last_garbage
        size = min(length, len(kept) - 1)
        kept[0] = size
        while size:
            kept[size] = self._buffer[at + size - 1]
            size -= 1

    def _state_line(self, letter, at):
        rx_errors = self._decimal(at)
        tx_errors = self._decimal(at + 3)
        if rx_errors < 0 or tx_errors < 0:
            self._spoiled(at - 2, 8)
            return
        self.rx_errors, self.tx_errors = rx_errors, tx_errors
        state = _BUS_OFF
        while _STATES[state - _ACTIVE] != letter:
            state -= 1
        if self.state == 0 or self.answers < ANSWERS_DUE:
            return  # of the channel before it was opened
        if state > self.state:
            self.warnings += state == _WARNING
            self.passives += state == _PASSIVE
            self.bus_offs += state == _BUS_OFF
        self.state = state

    def _decimal(self, at):
        number = 0
        for place in range(at, at + 3):
            digit = self._buffer[place] - 48
            if not 0 <= digit <= 9:
                return -1
            number = 10 * number + digit
        return number


@micropython.viper
def take_frame(line: ptr8, at: int, end: int, out: ptr8) -> int:
    """The identifier of the data frame at `at`, or -1 if that is no whole and right line before `end`.

    `out` receives data (0..7), their number (8), the digits of the identifier, 8 or 3 (9), the length of the line (10).
    """
    digits = 8 if line[at] == 84 else 3  # T, t
    if digits == 3 and line[at] != 116 or at + digits + 2 >= end:
        return -1
    size = int(line[at + digits + 1]) - 48
    place = at + digits + 2
    last = place + size + size
    if size < 0 or size > 8 or last >= end or line[last] != 13 or digits == 8 and line[at + 1] > 49:  # 29 bits
        return -1
    out[8] = size
    out[9] = digits
    out[10] = last + 1 - at
    values = ptr8(_VALUES)
    bad = 0
    size = 0
    while place < last:
        high = int(values[int(line[place])])
        low = int(values[int(line[place + 1])])
        bad |= high | low
        out[size] = high << 4 & 0xF0 | low & 15
        size += 1
        place += 2
    identifier = 0
    while digits:
        at += 1
        low = int(values[int(line[at])])
        bad |= low
        identifier = identifier << 4 | low & 15
        digits -= 1
    return -1 if bad > 15 else identifier
