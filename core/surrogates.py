"""Characters beyond U+FFFF in JSON, which may be escaped as two surrogates (RFC 8259, section 7).

MicroPython's json leaves them as two, and writes them as bytes that are no UTF-8: a peer closes the connection (1007)
on which it gets them, however often they are sent.
"""

from micropython import const

_HIGH = const(0xD800)
_LOW = const(0xDC00)
_END = const(0xE000)
_HEX = const(b"0123456789abcdefABCDEF")
_REPLACEMENT = const(0xFFFD)  # stands for half a character


def combined(text):
    """A JSON text in which no surrogate is escaped any more; one that is alone became U+FFFD.

    Raises ValueError where ``\\u`` is not followed by four hexadecimal digits: MicroPython's json takes any letters.
    """
    if "\\u" not in text:
        return text
    data = text.encode()
    parts = []
    done = at = 0
    while True:
        at = data.find(b"\\", at)
        if at < 0:
            break
        high = _escaped(data, at)
        if not _HIGH <= high < _END:
            at += 2  # what is escaped is no escape itself
            continue
        low = _escaped(data, at + 6)
        parts.append(data[done:at])
        if high < _LOW <= low < _END:
            high = 0x10000 + ((high - _HIGH) << 10) + (low - _LOW)
            at += 12
        else:
            high = _REPLACEMENT
            at += 6
        parts.append(chr(high).encode())
        done = at
    parts.append(data[done:])
    return b"".join(parts).decode()


def _escaped(data, at):
    """The number in the ``\\uXXXX`` that begins at `at`, or -1."""
    if data[at : at + 2] != b"\\u":
        return -1
    digits = data[at + 2 : at + 6]
    if len(digits) < 4 or any(digit not in _HEX for digit in digits):
        raise ValueError("no four hexadecimal digits")
    return int(digits, 16)
