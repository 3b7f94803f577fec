"""UTF-8 that comes in pieces: loaded with the first long text, or one that is not all ASCII."""

from .frames import Violation


class Utf8:
    """Checks UTF-8 (RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF) that comes in pieces."""

    def __init__(self):
        self._need = 0  # continuation bytes to come; the next one must be in _low.._high
        self._low = 0x80
        self._high = 0xBF

    def feed(self, view):
        """Check the next piece; raise Violation as soon as it cannot be UTF-8."""
        if not self._need:
            try:
                if len(str(view, "utf-8")) == len(view):
                    return  # all ASCII, found out by C code
            except UnicodeError:
                pass
        for byte in view:
            if self._need:
                if not self._low <= byte <= self._high:
                    raise Violation(1007, "bad UTF-8")
                self._need -= 1
                self._low = 0x80
                self._high = 0xBF
            elif byte >= 0x80:
                self._lead(byte)

    def _lead(self, byte):
        if not 0xC2 <= byte <= 0xF4:
            raise Violation(1007, "bad UTF-8")
        self._need = 1 if byte < 0xE0 else 2 if byte < 0xF0 else 3
        if byte == 0xE0:
            self._low = 0xA0
        elif byte == 0xED:
            self._high = 0x9F
        elif byte == 0xF0:
            self._low = 0x90
        elif byte == 0xF4:
            self._high = 0x8F

    def finish(self):
        """Check that the text does not end inside a character."""
        if self._need:
            raise Violation(1007, "bad UTF-8")
