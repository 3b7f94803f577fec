"""Hexadecimal digits to numbers in machine code, for builds with MicroPython's native emitter.

``hexplain`` has the same functions in plain Python; ``slcan`` takes what the build can run. `table` has the value of
each of the 256 characters, 255 for what is no digit.
"""

import micropython


@micropython.viper
def hex_number(line: ptr8, at: int, digits: int, table: ptr8) -> int:
    """The number of `digits` digits at `at`, to be below 2**30; -1 if there is anything but digits."""
    number = 0
    bad = 0
    end = at + digits
    while at < end:
        digit = int(table[line[at]])
        bad |= digit
        number = number << 4 | digit & 15
        at += 1
    return -1 if bad > 15 else number


@micropython.viper
def hex_bytes(line: ptr8, at: int, out: ptr8, size: int, table: ptr8) -> int:
    """Write `size` bytes, two digits each, to `out`; -1 if there is anything but digits, else `size`."""
    bad = 0
    i = 0
    while i < size:
        high = int(table[line[at]])
        low = int(table[line[at + 1]])
        bad |= high | low
        out[i] = high << 4 | low
        at += 2
        i += 1
    return -1 if bad > 15 else size
