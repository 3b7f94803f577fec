"""Bit timing of the MCP2515 (data sheet DS20001801, section 5)."""

from micropython import const

CRYSTALS = (8000000, 12000000, 16000000, 20000000)
BIT_RATES = (10000, 20000, 25000, 50000, 100000, 125000, 250000, 500000, 800000, 1000000)
_SAMPLE = const(800)  # per mille of the bit; CiA 601-3 asks for 75 to 87.5 %
_BTLMODE = const(0x80)  # CNF3 sets phase segment 2
_MAX_PRESCALER = const(64)


def timing(crystal, bitrate):
    """CNF3, CNF2, CNF1 (as they lie in the registers from 28h on) for a crystal in Hz and a bit rate in bit/s.

    A bit has 8 to 25 time quanta of ``2 * prescaler`` clocks. Taken is what samples nearest to 80 % of the bit, then
    what has most quanta. Raises ValueError if the crystal does not divide into the bit rate.
    """
    best = None
    best_off = 0
    for quanta in range(25, 7, -1):
        prescaler = crystal // (2 * bitrate * quanta)
        if prescaler > _MAX_PRESCALER or 2 * bitrate * quanta * prescaler != crystal:
            continue
        after = _phase_2(quanta)
        off = abs(1000 * (quanta - after) // quanta - _SAMPLE)
        if best is None or off < best_off:
            best, best_off = (prescaler, quanta - 1 - after, after), off
    if best is None:
        raise ValueError("a crystal of %d Hz cannot make %d bit/s" % (crystal, bitrate))
    prescaler, before, after = best
    phase_1 = before // 2
    jump = max(1, min(4, after - 1))  # has to be shorter than phase segment 2
    return bytes((after - 1, _BTLMODE | phase_1 - 1 << 3 | before - phase_1 - 1, jump - 1 << 6 | prescaler - 1))


def _phase_2(quanta):
    """Quanta behind the sample: a fifth, at least 2 (5.2), and so many that 16 are enough before it."""
    return max(2, quanta - 17, (quanta + 2) // 5)
