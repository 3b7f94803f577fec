"""Hexadecimal digits to numbers in plain Python, for builds without a native emitter; see ``hexviper``."""


def hex_number(line, at, digits, table):
    """The number of `digits` digits at `at`, to be below 2**30; -1 if there is anything but digits."""
    number = 0
    end = at + digits
    while at < end:
        digit = table[line[at]]
        if digit > 15:
            return -1
        number = number << 4 | digit
        at += 1
    return number


def hex_bytes(line, at, out, size, table):
    """Write `size` bytes, two digits each, to `out`; -1 if there is anything but digits, else `size`."""
    i = 0
    while i < size:
        high = table[line[at]]
        low = table[line[at + 1]]
        if high > 15 or low > 15:
            return -1
        out[i] = high << 4 | low
        at += 2
        i += 1
    return size
