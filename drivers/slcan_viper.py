"""A frame line of SLCAN taken apart in machine code, for builds with MicroPython's native emitter.

``slcan_plain`` has the same function in plain Python; ``slcan_lines`` takes what the build can run.
"""

import micropython
from micropython import const

# The value of each character as a hexadecimal digit, 255 for what is none. A literal takes no RAM of a device.
_VALUES = const(
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\xff\xff\xff\xff\xff\xff"
    b"\xff\x0a\x0b\x0c\x0d\x0e\x0f\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\x0a\x0b\x0c\x0d\x0e\x0f\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
)  # fmt: skip


@micropython.viper
def take_frame(line: ptr8, at: int, end: int, out: ptr8) -> int:
    """The identifier of the data frame at `at`, or -1 if that is no whole and right line before `end`.

    `out` receives data (0..7), their number (8), the digits of the identifier, 8 or 3 (9), the length of the line (10).
    """
    digits = 8 if line[at] == 84 else 3  # T, t
    if digits == 3 and line[at] != 116 or at + digits + 2 >= end:
        return -1
    size = int(line[at + digits + 1]) - 48
    place = at + digits + 2
    last = place + size + size
    if size < 0 or size > 8 or last >= end or line[last] != 13 or digits == 8 and line[at + 1] > 49:  # 29 bits
        return -1
    out[8] = size
    out[9] = digits
    out[10] = last + 1 - at
    values = ptr8(_VALUES)
    bad = 0
    size = 0
    while place < last:
        high = int(values[int(line[place])])
        low = int(values[int(line[place + 1])])
        bad |= high | low
        out[size] = high << 4 & 0xF0 | low & 15
        size += 1
        place += 2
    identifier = 0
    while digits:
        at += 1
        low = int(values[int(line[at])])
        bad |= low
        identifier = identifier << 4 | low & 15
        digits -= 1
    return -1 if bad > 15 else identifier
