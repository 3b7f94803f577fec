"""Reading JSON byte by byte in machine code."""

import micropython
from micropython import const

_COLUMNS = const(20)  # of the table
_A = const(65)
_INTO_OBJECT = const(20)
_INTO_ARRAY = const(21)
_OUT_OF_ARRAY = const(23)
_COMMA = const(24)
_VALUE = const(0)
_FIRST_VALUE = const(1)
_FIRST_MEMBER = const(2)
_MEMBER = const(3)
_END = const(5)
_LEVELS = const(512)


@micropython.viper
def well_formed(data: ptr8, size: int, classes: ptr8, table: ptr8, stack: ptr8) -> int:
    """1 if `size` bytes are JSON, else 0: see `json_text`, whose tables these are. `stack` is 64 bytes of scratch."""
    state = 0
    depth = 0
    i = 0
    while i < size:
        byte = int(data[i])
        column = int(classes[byte]) - _A if byte < 128 else 0
        state = int(table[state * _COLUMNS + column]) - _A
        i += 1
        if state < _INTO_OBJECT:
            continue
        if state <= _INTO_ARRAY:
            if depth == _LEVELS:
                return 0
            rest = int(stack[depth >> 3]) & (255 - (1 << (depth & 7)))
            stack[depth >> 3] = rest | (_INTO_ARRAY - state) << (depth & 7)
            state = _FIRST_MEMBER if state == _INTO_OBJECT else _FIRST_VALUE
            depth += 1
            continue
        if state > _COMMA or depth == 0:
            return 0
        in_object = int(stack[(depth - 1) >> 3]) >> ((depth - 1) & 7) & 1
        if state == _COMMA:
            state = _MEMBER if in_object else _VALUE
        elif in_object == _OUT_OF_ARRAY - state:
            state = _END
            depth -= 1
        else:
            return 0
    return 1 if depth == 0 and state == _END else 0
