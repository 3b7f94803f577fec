"""The file of docs/blackbox.md, word for word; and files that are none."""

import binascii
import io
from struct import pack

from components.blackbox import reading, shown

HEADER = (
    b'{"board":"boards.unix","firmware":"0.1.0","cause":"gate closed","error":"OverCurrentFailure","outlet":1,'
    b'"ms":5400,"utc_ms":null,"buses":["can"],"outlets":[{"id":1,"scope":"","conditions":["transaction","in_limits"]}],'
    b'"left_out":0}'
)
HEAD = binascii.unhexlify(b"5543424f58310d0ae600")
BLOCK = binascii.unhexlify(
    b"29000000881300003200890003000020007d0000bc30050002013f4300084298000042c80000006433c8000000402330004430000106fe"
    b"81810608013200010000000031000001000000007d00003500000b6761746520636c6f7365643204011b00105b322c2239222c22486561"
    b"7274626561340100124f76657243757272656e744661696c757265"
)
CRC = binascii.unhexlify(b"0b1c9040")
BOX = HEAD + HEADER + BLOCK + CRC


def test_the_box_of_the_documentation():
    box = reading.Box(io.BytesIO(BOX))
    assert box.header["cause"] == "gate closed" and box.header["outlets"][0]["conditions"][1] == "in_limits"
    right, more = b"\x42\x98\0\0\x42\xc8\0\0", b"\x42\x98\0\0\x44\x00\0\0"
    assert list(box.events()) == [
        (-400, reading.BLOCK, 50, ((3 | reading.ENABLED, 32000),)),
        (-340, reading.TICK),
        (-335, reading.FRAME, 0, False, 2, 0x00433F01, right),
        (-235, reading.FRAME, 0, False, 2, 0x00433F01, right),
        (0, reading.FRAME, 0, False, 2, 0x00433F01, more),
        (0, reading.FRAME, 0, True, 2, 0x068181FE, b"\x01\x32\0\x01\0\0\0\0"),
        (0, reading.CONDITIONS, 0, 1, 32000),
        (0, reading.FAULT, 0, "gate closed"),
        (4, reading.MESSAGE, True, 27, '[2,"9","Heartbea'),
        (5, reading.ERROR, 0, "OverCurrentFailure"),
    ]


def test_it_is_shown_as_text(tmp):
    with open(tmp + "/box-000001.bin", "wb") as file:
        file.write(BOX)
    lines = list(shown.lines(tmp + "/box-000001.bin"))
    assert lines[0] == "board boards.unix, firmware 0.1.0, outlet 1: gate closed, OverCurrentFailure"
    assert lines[1] == "     -400 ms  outlet 1 +transaction, +in_limits, charging enabled, limit 32000 mA"
    assert lines[2] == "     -335 ms  can <- 00433F01 42 98 00 00 42 c8 00 00"
    assert lines[6] == "       +0 ms  outlet 1 -in_limits, charging disabled"
    assert len(lines) == 10


def words(data):
    """What is wrong with it, "" for nothing."""
    try:
        for _ in reading.Box(io.BytesIO(data)).events():
            pass
    except ValueError as e:
        return str(e)
    return ""


def sealed(data):
    """With the right checksum."""
    return data + pack("<I", binascii.crc32(data))


def test_what_is_no_box_is_refused_with_words():
    assert words(BOX) == ""
    for data, text in (
        (b"", "no black box"),
        (b"(1.0) can0 123#00\n", "no black box"),
        (b"UCBOX2\r\n" + BOX[8:], "a black box of a version that is not known here"),
        (BOX[:-1], "a black box that is cut off or damaged: its checksum is wrong"),
        (BOX[:10], "a black box that is cut off or damaged: its checksum is wrong"),
        (sealed(HEAD[:8] + b"\xff\xff" + BOX[10:]), "a black box with a header of 65535 bytes"),
        (sealed(HEAD + HEADER.replace(b'"buses":["can"]', b'"buses":[5]    ') + BLOCK), "a header that makes no sense"),
        (sealed(HEAD + HEADER.replace(b'"ms":5400', b'"ms":null') + BLOCK), "a header that makes no sense"),
        (sealed(HEAD + HEADER.replace(b"{", b"(", 1) + BLOCK), "a header that makes no sense"),
        (sealed(HEAD + HEADER + BLOCK[:6]), "a block at 240 that is cut off"),
        (sealed(HEAD + HEADER + BLOCK[:-1]), "a block of 137 bytes at 240"),
        (sealed(HEAD + HEADER + BLOCK[:10] + b"\x05\0" + BLOCK[12:]), "a block of 5 bytes at 240"),
        (sealed(HEAD + HEADER + BLOCK + BLOCK), "block 41 behind block 41"),
        (sealed(HEAD + HEADER + BLOCK.replace(b"\xbc\x30", b"\xbc\x36")), "a note 0x36 at 261 that makes no sense"),
        (sealed(HEAD + HEADER + BLOCK.replace(b"\x00\x64\x33", b"\x1f\x64\x33")), "a note 0x1f at"),
        (sealed(HEAD + HEADER + BLOCK.replace(b"\x08\x42\x98", b"\x09\x42\x98")), "a note 0x30 at"),
    ):
        assert text in words(data), (text, words(data), data)


def test_no_byte_that_is_another_is_more_than_a_value_error():
    """Whatever is in it: with a right checksum each single byte of the block is changed, and it is cut off anywhere."""
    for at in range(len(BLOCK)):
        for value in (0, 0x1F, 0x30, 0x31, 0x35, 0x3F, 0x40, 0x7F, 0xFF):
            words(sealed(HEAD + HEADER + BLOCK[:at] + bytes([value]) + BLOCK[at + 1 :]))
    for end in range(len(BOX)):
        assert words(BOX[:end])
        words(sealed(BOX[:end]))
