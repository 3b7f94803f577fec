"""Bit timing of a CAN controller: where in the bit it samples."""

from micropython import const

_SAMPLE = const(800)  # permille of the bit; CiA 601-3 asks for 75 to 87.5 %


def segments(clock, bitrate, possible):
    """(prescaler, quanta before the sample but the first one, quanta after it), or None if the clock does not divide
    into the bit rate.

    `clock` in Hz, divided by a prescaler that ``possible(prescaler)`` permits, makes the quanta; a bit (bit/s) has 8 to
    25 of them. At most 16 lie between the first one and the sample, which leaves 2 to 8 after it. Taken is what samples
    nearest to 80 % of the bit, then what has most quanta.
    """
    best = None
    best_off = 0
    for quanta in range(25, 7, -1):
        prescaler = clock // (bitrate * quanta)
        if prescaler * bitrate * quanta != clock or not possible(prescaler):
            continue
        after = max(quanta - 17, (quanta + 2) // 5)
        off = abs(1000 * (quanta - after) // quanta - _SAMPLE)
        if best is None or off < best_off:
            best, best_off = (prescaler, quanta - 1 - after, after), off
    return best
