"""Bytes from a terminal become keys and lines, whatever they are."""

from micropython import const

_LINE_MAX = const(128)  # bytes
_HISTORY = const(10)  # lines
_KEPT_MAX = const(64)  # bytes of each of them
_CTRL_C = const(3)
_BACKSPACE = const(8)
_TAB = const(9)
_LF = const(10)
_CR = const(13)
_CTRL_U = const(21)
_ESCAPE = const(27)
_SPACE = const(32)
_DELETE = const(127)
_STOP_KEYS = const(b"tT")
_PROMPT = const("> ")


class Keyboard:
    """Edits one line of at most `line_max` bytes, which ends with CR, LF or CR LF.

    The first key of a line, t or T, is the one of `stop` (a `StopKey`), at the keystroke: a letter behind it makes a
    word of it, but not the same key again. ``on_line(text)`` is called for a line, ``on_bad(text)`` with what was wrong
    with one, ``on_ctrl_c()`` for that key; ``complete(text)`` returns what Tab adds to a line. ``echo(text)`` writes to
    the terminal; None: the terminal echoes.

    Left, Right, Home, End, Delete, Ctrl-U (an empty line), Up and Down: the last 10 lines of up to 64 bytes, but those
    during which ``private`` was set. Other control characters and keys are ignored and counted in ``ignored``.
    """

    def __init__(self, stop, on_line, on_bad, on_ctrl_c, complete, line_max=_LINE_MAX):
        self.echo = None
        self.ignored = 0
        self.private = False
        self._stop = stop
        self._on_line = on_line
        self._on_bad = on_bad
        self._on_ctrl_c = on_ctrl_c
        self._complete = complete
        self._line = bytearray(line_max)
        self._length = 0
        self._cursor = 0
        self._too_long = False
        self._prompt = ""
        self.last = 0  # the byte before this one
        self._sequence = 0  # 1 after ESC, 2 within ESC [, 3 behind its first number
        self._number = 0
        self.history = []
        self._back = 0  # so many lines back is the one that is shown

    def feed(self, byte):
        """One byte from the terminal."""
        last, self.last = self.last, byte
        if self._stop.pending and self._decide(byte):
            return
        if self._sequence and self._in_sequence(byte):
            return
        if byte in (_CR, _LF):
            if not (byte == _LF and last == _CR):
                self._enter()
        elif byte in (_BACKSPACE, _DELETE):
            self._remove(self._beside(-1), self._cursor)
        elif byte < _SPACE:
            self._control(byte)
        else:
            if not self._length and not self._too_long and byte in _STOP_KEYS:
                self._stop.press()
            self._add(byte)

    def take(self, byte):
        """The stop key as the first of a line; `stop` has been called already."""
        self.last = byte
        self._add(byte)

    def is_idle(self):
        """Is nothing being typed, so that another Keyboard could go on with `last` and `history`?"""
        return not (self._length or self._sequence or self._too_long or self._prompt or self._stop.pending)

    def settle(self):
        """Nothing makes a word of the stop key: it stands."""
        self._set(b"")
        self._prompt = ""
        self._show("\n")
        self._stop.hold()

    def shown(self):
        """What stands in the line of the terminal, with the cursor in its place; "" if it is empty."""
        right = 0
        for i in range(self._cursor, self._length):
            right += self._line[i] & 0xC0 != 0x80
        return self._prompt + self.text() + ("\x1b[%dD" % right if right else "")

    def text(self):
        """The line as typed so far."""
        try:
            return str(self._line[: self._length], "utf-8")
        except UnicodeError:
            return "..."

    # --- keys -------------------------------------------------------------------------------------------------

    def _decide(self, byte):
        """What the key after the stop's makes of that; returns whether this is all that it does."""
        if 0x41 <= byte & 0xDF <= 0x5A and byte not in _STOP_KEYS and not self._stop.due():
            self._stop.take_back()
            return False
        self.settle()
        return byte in (_CR, _LF)

    def _control(self, byte):
        if byte == _CTRL_C:
            self._on_ctrl_c()
        elif byte == _ESCAPE:
            self._sequence = 1
        elif byte == _CTRL_U:
            self._replace(b"")
        elif byte == _TAB:
            if self._cursor == self._length and not self._too_long:
                for more in self._complete(self.text()).encode():
                    self._add(more)
        else:
            self.ignored += 1

    def _in_sequence(self, byte):
        """Take ESC [ parameters and a capital letter or ~; no t or T: an emergency stop must not be lost."""
        if self._sequence == 1 and byte in b"[O":
            self._sequence = 2
            self._number = 0
            return True
        if self._sequence > 1:
            if 0x20 <= byte < 0x40:
                if not 0x30 <= byte <= 0x39:
                    self._sequence = 3
                elif self._sequence == 2:
                    self._number = min(10 * self._number + byte - 0x30, 255)
                return True
            if byte not in _STOP_KEYS and (0x41 <= byte <= 0x5A or byte == 0x7E):
                self._sequence = 0
                self._key(chr(byte) if byte != 0x7E else "%d~" % self._number)
                return True
        self._sequence = 0
        return False

    def _key(self, name):
        """A key that sends a sequence, by its end."""
        if name == "A":
            self._recall(self._back + 1)
        elif name == "B":
            self._recall(self._back - 1)
        elif name == "C":
            self._move(self._beside(1))
        elif name == "D":
            self._move(self._beside(-1))
        elif name in ("H", "1~", "7~"):
            self._move(0)
        elif name in ("F", "4~", "8~"):
            self._move(self._length)
        elif name == "3~":
            self._remove(self._cursor, self._beside(1))
        else:
            self.ignored += 1

    # --- the line ---------------------------------------------------------------------------------------------

    def _show(self, text):
        if self.echo is not None:
            self.echo(text)

    def _redraw(self):
        if self.echo is not None:
            self.echo("\r\x1b[K" + self.shown())

    def _beside(self, step):
        """The place of the next character (step 1) or of the one before (-1), which may be several bytes of UTF-8."""
        at = min(max(self._cursor + step, 0), self._length)
        while 0 < at < self._length and self._line[at] & 0xC0 == 0x80:
            at += step
        return at

    def _move(self, at):
        self._cursor = at
        self._redraw()

    def _add(self, byte):
        if self._length == len(self._line):
            self._too_long = True
            return
        at = self._cursor
        end = at == self._length
        if not end:
            self._line[at + 1 : self._length + 1] = self._line[at : self._length]
        self._line[at] = byte
        self._length += 1
        self._cursor = at + 1
        if end and byte < 0x80:
            self._show(chr(byte))
        else:
            self._redraw()

    def _remove(self, start, stop):
        if start == stop:
            return
        end = stop == self._length and self._line[start] < 0x80
        self._line[start : self._length + start - stop] = self._line[stop : self._length]
        self._length += start - stop
        self._cursor = start
        if end:
            self._show("\b \b")
        else:
            self._redraw()

    def _set(self, line):
        self._line[: len(line)] = line
        self._length = self._cursor = len(line)
        self._too_long = False

    def _replace(self, line):
        self._set(line)
        self._redraw()

    def _recall(self, back):
        if 0 <= back <= len(self.history):
            self._back = back
            self._replace(self.history[-back] if back else b"")

    def _enter(self):
        line, too_long = self._line[: self._length], self._too_long
        self._set(b"")
        self._back = 0
        self._prompt = ""
        self._show("\n")
        if too_long:
            self._on_bad("a line longer than %d bytes" % len(self._line))
            return
        try:
            text = str(line, "utf-8").strip()
        except UnicodeError:
            self._on_bad("a line that is not UTF-8")
            return
        if text:
            self.private = False
            self._on_line(text)
            self._keep(text.encode())
        elif self.echo is not None:
            self._prompt = _PROMPT
            self._show(_PROMPT)

    def _keep(self, line):
        history = self.history
        if not self.private and len(line) <= _KEPT_MAX and (not history or history[-1] != line):
            if len(history) == _HISTORY:
                history.pop(0)
            history.append(line)
