"""The lines of SLCAN, read from one buffer that is filled again and again."""

from micropython import const

try:
    from drivers import hexviper as hexadecimal
except (ImportError, SyntaxError, ValueError):  # this build, or this image, has no native code
    from drivers import hexplain as hexadecimal  # type: ignore[no-redef]

ANSWERS_DUE = 3  # to C, S, O
_CR = const(13)
_BEL = const(7)
_EXTENDED = const(84)  # T
_STANDARD = const(116)  # t
_MAX_LINE = const(32)  # the longest that we need, an extended frame, has 26 characters before its CR
_ROOM = const(512)
_ACTIVE, _WARNING, _PASSIVE, _BUS_OFF = const(1), const(2), const(3), const(4)
_STATES = {97: _ACTIVE, 119: _WARNING, 112: _PASSIVE, 98: _BUS_OFF}  # a w p b: the Linux kernel's slcan
_IGNORED = b"zZ"  # "frame taken"


def _digits():
    table = bytearray(b"\xff" * 256)
    for value, digit in enumerate(b"0123456789ABCDEF"):
        table[digit] = value
        table[digit | 0x20] = value  # lower case; digits have this bit anyway
    return table


class LineReader:
    """Takes text apart: frames, answers, state lines; anything else is counted and skipped up to its CR.

    The buffer has `_MAX_LINE` bytes for an unfinished line before the `room` that the stream writes to. `state` is
    the controller's state (STATE constants of machine.CAN).
    """

    def __init__(self, extended_flag):
        self._buffer = bytearray(_MAX_LINE + _ROOM)
        self.room = memoryview(self._buffer)[_MAX_LINE:]
        self._digits = _digits()
        self._hex_number = hexadecimal.hex_number
        self._hex_bytes = hexadecimal.hex_bytes
        self._data = bytearray(8)
        data = memoryview(self._data)
        self._views = tuple([data[:size] for size in range(9)])
        self._extended_flag = extended_flag
        self.state = 0
        self.garbage = self.remote = self.refused = 0
        self.rx_errors = self.tx_errors = 0
        self.warnings = self.passives = self.bus_offs = 0
        self.reset()

    def reset(self):
        """Forget what an earlier stream left."""
        self._at = self._end = _MAX_LINE
        self._skip = False  # the line that goes on is garbage
        self._incomplete = False
        self.answers = ANSWERS_DUE
        self.refused_last = False

    def expect_answers(self):
        self.answers = 0
        self.refused_last = False

    def pending(self):
        """Whether there may be a whole line in the buffer."""
        return self._at < self._end and not self._incomplete

    def came(self, size):
        """The stream wrote `size` bytes into `room`. The unfinished line before them is moved in front of it."""
        buffer = self._buffer
        end = self._end
        to = _MAX_LINE - (end - self._at)
        self._at, at = to, self._at
        while at < end:
            buffer[to] = buffer[at]
            to += 1
            at += 1
        self._end = _MAX_LINE + size
        self._incomplete = False

    def next(self, frame):
        """Put the next frame into the list; False if there is none, or if the bus went off."""
        while self._at < self._end:
            first = self._buffer[self._at]
            if first == _EXTENDED:
                taken = self._frame(frame, 8)
            elif first == _STANDARD:
                taken = self._frame(frame, 3)
            else:
                taken = False
            if taken:
                return True
            if not self.other() or self.state == _BUS_OFF:
                return False
        return False

    def _frame(self, frame, digits):
        """Take a frame line off; False, and nothing taken, if this is no whole and right one."""
        buffer = self._buffer
        at = self._at + 1
        size = buffer[at + digits] - 48 if at + digits < self._end else -1
        if size < 0 or size > 8 or self._skip:
            return False
        stop = at + digits + 1 + size + size
        if stop >= self._end or buffer[stop] != _CR or digits == 8 and buffer[at] > 49:  # 29 bits
            return False
        return self._decode(frame, at, digits, size)

    def _decode(self, frame, at, digits, size):
        buffer = self._buffer
        identifier = self._hex_number(buffer, at, digits, self._digits)  # type: ignore[arg-type]  # ptr8: any buffer
        at += digits + 1
        taken = self._hex_bytes(buffer, at, self._data, size, self._digits)  # type: ignore[arg-type]
        if taken < 0 or identifier < 0:
            return False
        frame[0] = identifier
        frame[1] = self._views[size]
        frame[2] = self._extended_flag if digits == 8 else 0
        frame[3] = 0
        self._at = at + size + size + 1
        return True

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
            self.garbage += 1
        elif length:
            self._line(self._buffer[at], at, length)
        if bell >= 0 or not length:
            self._answer(bell >= 0)
        return True

    def _keep_unfinished(self):
        """The rest of the line is still to come; of one that is too long nothing needs to be kept."""
        if self._end - self._at > _MAX_LINE - 2:
            self._skip = True
        if self._skip:
            self._at = self._end
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
        elif self.answers >= ANSWERS_DUE or first not in b"tT":  # frames of a channel that somebody left open
            self.garbage += 1

    def _state_line(self, letter, at):
        rx_errors = self._decimal(at)
        tx_errors = self._decimal(at + 3)
        if rx_errors < 0 or tx_errors < 0:
            self.garbage += 1
            return
        self.rx_errors, self.tx_errors = rx_errors, tx_errors
        state = _STATES[letter]
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
