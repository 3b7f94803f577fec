"""Hexadecimal decoding: the machine code and the plain Python are the same function."""

import random

from drivers import hexplain, slcan_lines

try:
    from drivers import hexviper

    KINDS = (hexplain, hexviper)
except SyntaxError:  # an interpreter without a native emitter: then slcan must have taken the other
    KINDS = (hexplain,)

TABLE = slcan_lines._digits()


def test_slcan_takes_the_fastest_that_runs_here():
    assert slcan_lines.hexadecimal is KINDS[-1]


def test_all_of_one_character_pairs():
    out = bytearray(1)
    for kind in KINDS:
        for first in range(256):
            for second in (48, 57, 65, 70, 97, 102, 47, 58, 64, 71, 96, 103, 255):
                text = bytes((first, second))
                if all(chr(c) in "0123456789abcdefABCDEF" for c in text):
                    want = int(text.decode(), 16)
                    assert kind.hex_bytes(text, 0, out, 1, TABLE) == 1 and out[0] == want
                    assert kind.hex_number(text, 0, 2, TABLE) == want
                else:
                    assert kind.hex_bytes(text, 0, out, 1, TABLE) == -1, text
                    assert kind.hex_number(text, 0, 2, TABLE) == -1


def test_numbers_and_bytes_at_any_place():
    for kind in KINDS:
        for _ in range(200):
            number = random.getrandbits(29)
            data = bytes([random.getrandbits(8) for _ in range(8)])
            text = b"xyz%08X%s!" % (number, "".join(["%02x" % byte for byte in data]).encode())
            out = bytearray(8)
            assert kind.hex_number(text, 3, 8, TABLE) == number
            assert kind.hex_bytes(text, 11, out, 8, TABLE) == 8 and out == data
            assert kind.hex_bytes(text, 11, out, 0, TABLE) == 0
