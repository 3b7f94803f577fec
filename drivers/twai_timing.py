"""Bit timing and acceptance filters of the ESP32's TWAI controller, as the values of its registers."""

from micropython import const

_APB_HZ = const(80000000)
_SAMPLE = const(800)  # permille of the bit; CiA 601-3 asks for 75 to 87.5 %
_MAX_PRESCALER = const(128)
_MAX_DIVIDED = const(256)  # chip revision 2 or later: a further division by two
BRP_DIV = const(16)  # in the interrupt enable register


def timing(bitrate, divides):
    """(BTR0, BTR1, BRP_DIV or 0) for a bit rate up to 1 Mbit/s. Raises ValueError if the clock does not divide into it.

    `divides`: this chip (revision 2 or later) has BRP_DIV. A bit has 8 to 25 quanta of `prescaler` clocks, an even
    number, up to 128, or with BRP_DIV a multiple of four up to 256 (technical reference manual, "Bit Timing"). Taken is
    what samples nearest to 80 % of the bit, then what has most quanta.
    """
    best = None
    best_off = 0
    for quanta in range(25, 7, -1) if bitrate <= 1000000 else ():
        prescaler = _APB_HZ // (bitrate * quanta)
        if prescaler * bitrate * quanta != _APB_HZ or not _possible(prescaler, divides):
            continue
        after = min(8, max(quanta - 17, (quanta + 2) // 5))
        off = abs(1000 * (quanta - after) // quanta - _SAMPLE)
        if best is None or off < best_off:
            best, best_off = (prescaler, quanta - 1 - after, after), off
    if best is None:
        raise ValueError("no bit timing for %d bit/s" % bitrate)
    prescaler, before, after = best
    divided = prescaler > _MAX_PRESCALER
    if divided:
        prescaler //= 2
    jump = min(after, 4)
    return jump - 1 << 6 | prescaler // 2 - 1, after - 1 << 4 | before - 1, BRP_DIV if divided else 0


def _possible(prescaler, divides):
    if prescaler > _MAX_PRESCALER:
        return divides and prescaler <= _MAX_DIVIDED and prescaler % 4 == 0
    return prescaler >= 2 and prescaler % 2 == 0


def acceptance(filters, extended_flag):
    """(single, code, mask) for at most two filters (identifier, bits that must be equal, flags); None takes all.

    `code` and `mask` are four bytes, as the registers want them (in `mask` a 1 is a bit that does not matter). Two
    filters: both of the same kind; of extended identifiers the controller then compares only the upper 16 bits.
    Raises ValueError for what the controller cannot do. It compares bits and not kinds of frames: a filter also takes
    frames of the other kind that begin with the same bits.
    """
    if filters is None:
        return True, bytes(4), b"\xff\xff\xff\xff"
    if len(filters) == 1:
        identifier, equal, flags = filters[0]
        shift = 3 if flags & extended_flag else 21
        code, mask = identifier << shift, ~(equal << shift)
        return True, _bytes(code, 4), _bytes(mask, 4)
    if len(filters) != 2 or (filters[0][2] ^ filters[1][2]) & extended_flag:
        raise ValueError("only one filter, or two of the same kind")
    code = mask = b""
    for identifier, equal, flags in filters:
        if flags & extended_flag:
            if equal & 0x1FFF:
                raise ValueError("two filters compare only the upper 16 bits of extended identifiers")
            code += _bytes(identifier >> 13, 2)
            mask += _bytes(~(equal >> 13), 2)
        else:
            code += _bytes(identifier << 5, 2)
            mask += _bytes(~(equal << 5), 2)
    return False, code, mask


def _bytes(value, count):
    return bytes([value >> 8 * (count - 1 - i) & 255 for i in range(count)])
