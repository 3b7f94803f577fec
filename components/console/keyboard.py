"""Bytes from a terminal become keys and lines, whatever they are."""

from micropython import const

_LINE_MAX = const(128)  # bytes
_CTRL_C, _BACKSPACE, _DELETE, _ESCAPE = const(3), const(8), const(127), const(27)
_CR, _LF, _SPACE = const(13), const(10), const(32)


class Keyboard:
    """Edits one line of at most 128 bytes, which ends with CR, LF or CR LF.

    `instant`: characters that act at once at the start of a line; ``on_key(character)`` is called for them,
    ``on_line(text)`` for a line, ``on_bad(text)`` with what was wrong with one. ``echo(text)`` writes to the terminal;
    None: it echoes by itself. ``on_ctrl_c()`` is called for that key.
    Other control characters are ignored and counted in ``ignored``, and so are the sequences that cursor keys send.
    """

    def __init__(self, instant, on_key, on_line, on_bad, on_ctrl_c):
        self.echo = None
        self.ignored = 0
        self._instant = instant.encode()
        self._on_key = on_key
        self._on_line = on_line
        self._on_bad = on_bad
        self._on_ctrl_c = on_ctrl_c
        self._line = bytearray(_LINE_MAX)
        self._length = 0
        self._too_long = False
        self._last = 0
        self._sequence = 0  # 1 after ESC, 2 within ESC [

    def feed(self, byte):
        """One byte from the terminal."""
        last, self._last = self._last, byte
        if self._sequence and self._in_sequence(byte):
            return
        if byte in (_CR, _LF):
            if not (byte == _LF and last == _CR):
                self._enter()
        elif byte in (_BACKSPACE, _DELETE):
            self._rub_out()
        elif byte == _CTRL_C:
            self._on_ctrl_c()
        elif byte < _SPACE:
            self.ignored += 1
            self._sequence = 1 if byte == _ESCAPE else 0
        elif not self._length and not self._too_long and byte in self._instant:
            self._show(chr(byte) + "\n")
            self._on_key(chr(byte))
        else:
            self._add(byte)

    def text(self):
        """The line as typed so far."""
        try:
            return str(self._line[: self._length], "utf-8")
        except UnicodeError:
            return "..."

    def _in_sequence(self, byte):
        """Swallow ESC [ parameters and a capital letter or ~; no small one: an emergency stop must not be lost."""
        if self._sequence == 1 and byte in b"[O":
            self._sequence = 2
            return True
        if self._sequence == 2:
            if 0x20 <= byte < 0x40:
                return True
            self._sequence = 0
            return 0x41 <= byte <= 0x5A or byte == 0x7E
        self._sequence = 0
        return False

    def _show(self, text):
        if self.echo is not None:
            self.echo(text)

    def _add(self, byte):
        if self._length == _LINE_MAX:
            self._too_long = True
            return
        self._line[self._length] = byte
        self._length += 1
        if byte < 0x80:
            self._show(chr(byte))

    def _rub_out(self):
        """Take the last character back, which may be several bytes of UTF-8."""
        if not self._length:
            return
        self._length -= 1
        while self._length and self._line[self._length] & 0xC0 == 0x80:
            self._length -= 1
        self._show("\b \b")

    def _enter(self):
        length, self._length = self._length, 0
        too_long, self._too_long = self._too_long, False
        self._show("\n")
        if too_long:
            self._on_bad("a line longer than %d bytes" % _LINE_MAX)
            return
        try:
            text = str(self._line[:length], "utf-8").strip()
        except UnicodeError:
            self._on_bad("a line that is not UTF-8")
            return
        if text:
            self._on_line(text)
