"""A frame line of SLCAN taken apart in plain Python, for builds without a native emitter; see ``slcan_viper``."""


def take_frame(line, at, end, out):
    """The identifier of the data frame at `at`, or -1 if that is no whole and right line before `end`.

    `out` receives data (0..7), their number (8), the digits of the identifier, 8 or 3 (9), the length of the line (10).
    """
    digits = 8 if line[at] == 84 else 3  # T, t
    if digits == 3 and line[at] != 116 or at + digits + 2 >= end:
        return -1
    size = line[at + digits + 1] - 48
    place = at + digits + 2
    last = place + size + size
    if size < 0 or size > 8 or last >= end or line[last] != 13 or digits == 8 and line[at + 1] > 49:  # 29 bits
        return -1
    out[8] = size
    out[9] = digits
    out[10] = last + 1 - at
    bad = 0
    size = 0
    while place < last:
        high = _value(line[place])
        low = _value(line[place + 1])
        bad |= high | low
        out[size] = high << 4 & 0xF0 | low & 15
        size += 1
        place += 2
    identifier = 0
    while digits:
        at += 1
        low = _value(line[at])
        bad |= low
        identifier = identifier << 4 | low & 15
        digits -= 1
    return -1 if bad > 15 else identifier


def _value(character):
    """Of a hexadecimal digit; of what is none, 255."""
    if 48 <= character <= 57:
        return character - 48
    character |= 32  # a to f
    return character - 87 if 97 <= character <= 102 else 255
