"""Which frames are wanted: identifiers and masks as keys of frames. Loaded while handlers are declared.

A frame's key is its identifier, or the inverse of one of 11 bits, which is negative. A rule is (key, mask): it takes
the keys that are equal where the mask has ones; a mask compares the sign, too.
"""

from micropython import const

EXACT = const(-1)
_KIND = const(-0x20000000)  # what tells a key of 11 bits from one of 29
_EXTENDED = const(0x1FFFFFFF)
_STANDARD = const(0x7FF)


def rule(identifier, mask=_EXTENDED, extended=True):
    """(key, mask). Raises ValueError for what is no identifier."""
    bits = _EXTENDED if extended else _STANDARD
    if not 0 <= identifier <= bits:
        raise ValueError("0x%X is no CAN identifier of %d bits" % (identifier, 29 if extended else 11))
    mask = EXACT if mask & bits == bits else mask & bits | _KIND
    return (identifier if extended else ~identifier) & mask, mask


def check(new, owners):
    """Raise ValueError if a frame would have two handlers. `owners`: {rule: name of the component, or ""}."""
    for other, owner in owners.items():
        if (new[0] ^ other[0]) & new[1] & other[1] == 0:
            text = "two handlers for CAN identifier %s" % written(*new)
            if other != new:
                text += ": there is one for %s" % written(*other)
            raise ValueError("%s; the other is of component %s" % (text, owner) if owner else text)


def written(key, mask):
    """0x1806E5F4, 0x7E8, or 0x7E0/0x7F0 with a mask."""
    identifier, mask, extended = filter_of(key, mask)
    form = "0x%08X" if extended else "0x%03X"
    text = form % identifier
    return text if mask == (_EXTENDED if extended else _STANDARD) else text + "/" + form % mask


def filter_of(key, mask):
    """(identifier, bits that are compared, extended) of a rule."""
    bits = _EXTENDED if key >= 0 else _STANDARD
    return (key if key >= 0 else ~key) & mask & bits, mask & bits, key >= 0


def filters(wanted, more, flag):
    """Filters for a driver, (identifier, bits that must be equal, flags), of these rules and of the board's option."""
    found = [rule(*entry) for entry in more]
    found += [one for one in wanted if one not in found]
    return [(identifier, mask, flag if extended else 0) for identifier, mask, extended in
            [filter_of(*one) for one in found]]  # fmt: skip
