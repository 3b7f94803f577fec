"""Taking a frame line apart: the machine code and the plain Python are the same function."""

import binascii
import random

from drivers.can import slcan
from drivers.plain import plain

KINDS = [plain("drivers.can.slcan_lines")]
try:
    from drivers.can import slcan_lines

    KINDS.append(slcan_lines)
except SyntaxError:  # an interpreter without a native emitter: then the driver must have taken the other
    pass


def take(kind, text, at=0):
    out = bytearray(11)
    identifier = kind.take_frame(text, at, len(text), out)
    return identifier if identifier < 0 else (identifier, bytes(out[: out[8]]), out[9], out[10])


def test_the_driver_takes_the_fastest_that_runs_here():
    fastest = slcan.slcan_lines
    assert fastest is KINDS[-1] or len(KINDS) == 1


def test_on_random_lines_both_say_the_same():
    """Most are nearly right: a frame of which some characters were changed."""
    for _ in range(2000):
        text = bytearray(b"T%08X%d" % (random.getrandbits(29), random.getrandbits(3)) + b"0123456789abCDef\r")
        for _ in range(random.getrandbits(2)):
            text[random.randrange(len(text))] = random.choice(b"tTrR0189:aAfFgG\r\a\0\xff")
        at = random.getrandbits(1)
        assert len({take(kind, bytes(text), at) for kind in KINDS}) == 1, text


def test_frames_at_any_place_in_upper_and_lower_case():
    for kind in KINDS:
        for turn in range(300):
            data = bytes([random.getrandbits(8) for _ in range(turn % 9)])
            identifier = random.getrandbits(29)
            text = b"T%08X%d" % (identifier, len(data)) + binascii.hexlify(data) + b"\r"
            assert take(kind, b"xyz" + text + b"T", 3) == (identifier, data, 8, len(text))
            text = b"t%03x%d" % (identifier & 0x7FF, len(data)) + binascii.hexlify(data).upper() + b"\r"
            assert take(kind, text) == (identifier & 0x7FF, data, 3, len(text))


def test_every_wrong_character_in_every_place_is_refused():
    good = b"T1806E5F43012aBF\r"
    digits = b"0123456789abcdefABCDEF"
    for kind in KINDS:
        assert take(kind, good) == (0x1806E5F4, b"\x01\x2a\xbf", 8, 17)
        for place in range(len(good)):
            for byte in range(256):
                text = bytearray(good)
                text[place] = byte
                got = take(kind, bytes(text))
                if byte == good[place]:
                    fine = True
                elif place == 0 or place == 9 or place == 16:
                    fine = False
                elif place == 1:
                    fine = byte == 48
                else:
                    fine = byte in digits
                assert (got != -1) == fine, (kind, text, got)


def test_a_line_that_has_not_come_whole_is_no_frame():
    good = b"T1806E5F48" + b"00" * 8 + b"\r"
    for kind in KINDS:
        for length in range(1, len(good)):
            assert take(kind, good[:length]) == -1
        assert take(kind, b"T1806E5F49" + b"00" * 9 + b"\r") == -1
        assert take(kind, b"T1806E5F4/\r") == -1
