"""uwebsockets.frames: the parts of RFC 6455 that are functions of bytes."""

import os
import struct
import sys

from uwebsockets import frames, xor
from uwebsockets.frames import Violation
from uwebsockets.utf8 import Utf8

# RFC 3629; the boundaries of every range, and what lies just outside.
GOOD = (
    b"", b"\x00", b"\x7f",
    b"a\xc2\x80", b"\xdf\xbf", b"\xe0\xa0\x80", b"\xec\xbf\xbf", b"\xed\x9f\xbf", b"\xee\x80\x80",
    b"\xef\xbf\xbf", b"\xf0\x90\x80\x80", b"\xf3\xbf\xbf\xbf", b"\xf4\x8f\xbf\xbf", "Ladesäule ⚡ 🔌 ok".encode(),
)  # fmt: skip
BAD = (
    b"\x80", b"\xbf", b"\xc0\x80",
    b"\xc1\xbf", b"\xc2", b"\xc2\x7f", b"\xc2\xc2", b"\xe0\x9f\xbf", b"\xe0\xa0", b"\xe1\x80\xc0",
    b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf0\x8f\xbf\xbf", b"\xf0\x90\x80", b"\xf1\x80\x80\x00", b"\xf4\x90\x80\x80",
    b"\xf5\x80\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xff", b"\xfe", b"abc\xffdef", b"\xe2\x82\xacx\xe2\x82",
)  # fmt: skip


def violation(function, *arguments):
    try:
        function(*arguments)
    except Violation as error:
        return error.code
    return None


def check_pieces(*pieces):
    utf8 = Utf8()
    for piece in pieces:
        utf8.feed(memoryview(piece))
    utf8.finish()


def test_utf8_in_two_pieces():
    for text in GOOD:
        for cut in range(len(text) + 1):
            assert violation(check_pieces, text[:cut], text[cut:]) is None, (text, cut)
    for text in BAD:
        for cut in range(len(text) + 1):
            assert violation(check_pieces, text[:cut], text[cut:]) == 1007, (text, cut)


def test_utf8_byte_by_byte_and_whole():
    for text in GOOD:
        assert violation(check_pieces, *(bytes((byte,)) for byte in text)) is None, text
        assert frames.text_of(memoryview(text)) == text.decode()
    for text in BAD:
        assert violation(check_pieces, *(bytes((byte,)) for byte in text)) == 1007, text
        assert violation(frames.text_of, memoryview(text)) == 1007, text


def test_utf8_fails_at_the_first_bad_byte():
    utf8 = Utf8()
    utf8.feed(memoryview(b"good \xe0"))
    assert violation(utf8.feed, memoryview(b"\x80")) == 1007  # overlong: known before the character is complete


def test_every_close_code():
    good = set(range(1000, 1015)) - {1004, 1005, 1006} | set(range(3000, 5000))
    for code in list(range(5100)) + [65535]:
        expected = None if code in good else 1002
        assert violation(frames.parse_close, struct.pack(">H", code)) == expected, code
    assert frames.parse_close(b"") == (1005, "")
    assert frames.parse_close(b"\x03\xe8gr\xc3\xbcn") == (1000, "grün")
    assert violation(frames.parse_close, b"\x03") == 1002
    assert violation(frames.parse_close, b"\x03\xe8\xed\xa0\x80") == 1007


def test_every_first_byte():
    """Every first byte with lengths at the limits, inside and outside a message, against the table of RFC 6455 5.2."""
    for first in range(256):
        fin, reserved, opcode = first & 0x80, first & 0x70, first & 15
        for second in (0, 1, 125, 126, 127, 128, 129, 254, 255):
            for in_message in (0, 1):
                control = opcode in (8, 9, 10)
                valid = not reserved and second < 128
                if control:
                    valid = valid and fin and second <= 125
                else:
                    valid = valid and opcode in ((0,) if in_message else (1, 2))
                expected = None if valid else 1002
                found = violation(frames.check_header, first, second, in_message)
                assert found == expected, (first, second, in_message)


def test_lengths():
    for field, size in (
        (b"\x00", 0), (b"\x7d", 125), (b"\x7e\x00\x7e", 126), (b"\x7e\xff\xff", 65535),
        (b"\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 65536), (b"\x7f\x00\x00\x00\x01\x00\x00\x00\x00", 1 << 32),
        (b"\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", (1 << 63) - 1),
    ):  # fmt: skip
        assert frames.payload_size(b"\x82" + field, 0) == size, field
        assert frames.header_size(field[0]) == 1 + len(field)
    for field in (
        b"\x7e\x00\x00", b"\x7e\x00\x7d",
        b"\x7f\x00\x00\x00\x00\x00\x00\xff\xff", b"\x7f\x00\x00\x00\x00\x00\x00\x00\x01",
        b"\x7f\x80\x00\x00\x00\x00\x00\x00\x01", b"\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
    ):  # fmt: skip
        assert violation(frames.payload_size, b"\x82" + field, 0) == 1002, field


def check_mask(mask):
    for n in (0, 1, 2, 3, 4, 5, 63, 64, 500):
        for at in (6, 7):
            for i in (0, 3):
                source = os.urandom(n + i)
                key = os.urandom(4)
                out = bytearray(600)
                mask(out, at, memoryview(source), i, n, key)
                expected = bytes(source[i + k] ^ key[k & 3] for k in range(n))
                assert bytes(out[at : at + n]) == expected
                assert not any(out[:at]) and not any(out[at + n :]), "wrote beside the payload"


def test_mask_in_machine_code():
    check_mask(xor.mask)


def test_mask_without_machine_code(tmp):
    """On a port without a native code generator the decorator is a SyntaxError, as any unknown one is here."""
    os.mkdir(tmp + "/plain")
    directory = frames.__file__.rsplit("/", 1)[0]
    for name, old, new in (("frames.py", "", ""), ("xor.py", "micropython.viper", "micropython.unknown")):
        with open(directory + "/" + name) as source, open(tmp + "/plain/" + name, "w") as copy:
            text = source.read()
            copy.write(text.replace(old, new) if old else text)
    sys.path.insert(0, tmp)
    try:
        import plain.frames
    finally:
        sys.path.pop(0)
    assert plain.frames.mask.__name__ == "mask" and plain.frames.mask is not xor.mask
    check_mask(plain.frames.mask)
