"""Any number of acceptance filters made into those that the MCP2515 has: loaded for that."""

from micropython import const

from drivers.can.mcp2515_registers import FILTERS_MAX

_FEW = const(64)


def fit(filters, extended_flag):
    """At most six filters for `registers` in drivers/can/mcp2515_registers.py that take all that these do.

    They take few others, but some. Both kinds of identifiers: one mask for each. One kind: two filters with one mask,
    so that frames stay in order and each can wait in either buffer, if they take no more than 64 identifiers; else what
    takes the fewest.
    """
    standard, extended = [], []
    for identifier, equal, flags in filters:
        (extended if flags & extended_flag else standard).append((identifier, equal))
    if not standard:
        return _marked(_of_one_kind(extended, 29), extended_flag)
    if not extended:
        return _marked(_of_one_kind(standard, 11), 0)
    two, four = (2, 4) if len(standard) <= len(extended) else (4, 2)
    groups = (_with_one_mask(standard, two),), (_with_one_mask(extended, four),)
    return _marked(groups[0], 0) + _marked(groups[1], extended_flag)


def _marked(groups, flags):
    return [(identifier, equal, flags) for equal, identifiers in groups for identifier in identifiers]


def _of_one_kind(filters, bits):
    best = (_with_one_mask(filters, 2),)
    if _taken(best, bits) > _FEW:
        best = min(_splits(filters), key=lambda groups: _taken(groups, bits))
    return best


def _splits(filters):
    """What two masks can be for: one takes the filters that compare many bits, the other those that compare few."""
    by_bits = sorted(filters, key=lambda entry: -_ones(entry[1]))
    yield (_with_one_mask(by_bits, FILTERS_MAX),)
    for at in range(1, len(by_bits)):
        for first in (2, 4):
            yield _with_one_mask(by_bits[:at], first), _with_one_mask(by_bits[at:], FILTERS_MAX - first)


def _with_one_mask(filters, count):
    """(bits that must be equal, up to `count` identifiers)"""
    equal = 0x1FFFFFFF
    for _, ones in filters:
        equal &= ones
    while True:
        found = sorted({identifier & equal for identifier, _ in filters})
        if len(found) <= count:
            return equal, found
        nearest = [(_ones(one ^ other), one ^ other) for other in found for one in found if one < other]
        equal &= ~min(nearest)[1]


def _taken(groups, bits):
    """How many identifiers they take."""
    return sum([len(found) << bits - _ones(equal) for equal, found in groups])


def _ones(value):
    return bin(value).count("1")
