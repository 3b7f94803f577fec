"""DER (ITU-T X.690): a reader that checks everything, and what it takes to write.

Whatever is malformed is a ValueError: a length beyond the end or not in its shortest form, the wrong tag, a tag of more
than one byte, an integer with needless bytes, something behind the last element. Nothing here calls itself.
"""

from micropython import const

BOOLEAN = const(0x01)
INTEGER = const(0x02)
BIT_STRING = const(0x03)
OCTET_STRING = const(0x04)
NULL = const(0x05)
OID = const(0x06)
UTF8 = const(0x0C)
PRINTABLE = const(0x13)
SEQUENCE = const(0x30)
SET = const(0x31)
CONTEXT = const(0xA0)  # + number: constructed, context-specific
_LONG_TAG = const(0x1F)
_INTEGER_MAX = const(1024)  # bytes: more than a key of 4096 bits has


class Reader:
    """The elements of a piece of DER, one after the other; positions are indices into the whole `data`."""

    def __init__(self, data, at=0, end=None):
        self.data = data
        self.at = at
        self.end = len(data) if end is None else end

    def tag(self):
        """The tag of the next element, or -1 behind the last one."""
        return self.data[self.at] if self.at < self.end else -1

    def enter(self, tag):
        """The contents of the next element, which must have this tag; this reader continues behind it."""
        if self.tag() != tag or tag & _LONG_TAG == _LONG_TAG:
            raise ValueError("DER: tag %d instead of %d" % (self.tag(), tag))
        start, length = self._length(self.at + 1)
        if length > self.end - start:
            raise ValueError("DER: an element longer than what it is in")
        self.at = start + length
        return Reader(self.data, start, self.at)

    def _length(self, at):
        """(where the contents begin, how many bytes they have) for the length field at `at`."""
        if at >= self.end:
            raise ValueError("DER: no length")
        first = self.data[at]
        at += 1
        if first < 0x80:
            return at, first
        count = first & 0x7F
        if not 1 <= count <= 3 or count > self.end - at:
            raise ValueError("DER: a length of %d bytes" % count)
        length = int.from_bytes(self.data[at : at + count], "big")
        if length < 0x80 or length >> (8 * count - 8) == 0:
            raise ValueError("DER: a length that is not in its shortest form")
        return at + count, length

    def optional(self, tag):
        """The contents of the next element if it has this tag, else None."""
        return self.enter(tag) if self.tag() == tag else None

    def raw(self):
        """All bytes of the next element."""
        start = self.at
        self.enter(self.tag())
        return self.data[start : self.at]

    def rest(self):
        """The bytes that are left; then this reader is at its end."""
        start, self.at = self.at, self.end
        return self.data[start : self.end]

    def content(self, tag):
        """The bytes in the next element, which must have this tag."""
        return self.enter(tag).rest()

    def done(self):
        """Check that nothing is left."""
        if self.at != self.end:
            raise ValueError("DER: %d bytes too many" % (self.end - self.at))

    def integer(self):
        """The next element as an int."""
        content = self.content(INTEGER)
        if not 0 < len(content) <= _INTEGER_MAX:
            raise ValueError("DER: an integer of %d bytes" % len(content))
        if len(content) > 1 and content[0] in (0, 0xFF) and (content[0] ^ content[1]) < 0x80:
            raise ValueError("DER: an integer that is not in its shortest form")
        value = int.from_bytes(content, "big")
        return value - (1 << 8 * len(content)) if content[0] & 0x80 else value

    def boolean(self):
        """The next element as a bool."""
        content = self.content(BOOLEAN)
        if content not in (b"\x00", b"\xff"):
            raise ValueError("DER: no boolean")
        return content == b"\xff"

    def bits(self):
        """The bytes of the next element, a bit string of whole bytes."""
        content = self.content(BIT_STRING)
        if content[:1] != b"\x00":
            raise ValueError("DER: no bit string of whole bytes")
        return content[1:]


def reader(data):
    """A Reader of the one SEQUENCE that `data` (bytes) is."""
    outer = Reader(data)
    inner = outer.enter(SEQUENCE)
    outer.done()
    return inner


def element(tag, *parts):
    """An element of a tag, with the parts as contents."""
    content = b"".join(parts)
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    count = 1 if length < 0x100 else 2
    if length >= 0x10000:
        raise ValueError("DER: %d bytes in one element" % length)
    return bytes((tag, 0x80 | count)) + length.to_bytes(count, "big") + content


def sequence(*parts):
    """A SEQUENCE."""
    return element(SEQUENCE, *parts)


def integer(value):
    """An INTEGER, not negative."""
    length, rest = 1, value >> 7
    while rest:
        length += 1
        rest >>= 8
    return element(INTEGER, value.to_bytes(length, "big"))


def bit_string(content):
    """A BIT STRING of whole bytes."""
    return element(BIT_STRING, b"\x00", content)
