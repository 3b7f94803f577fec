"""Any number of acceptance filters made into those that the ESP32's TWAI controller has: loaded for that."""


def fit(filters, extended_flag):
    """At most two filters for `acceptance` in drivers/can/twai_chip.py that take all that these do.

    They take few others, but some. A standard identifier is compared where the upper 11 bits of an extended one are.
    Whether one filter of all bits or two of 16 take fewer identifiers is counted; beside standard identifiers the
    further bits are those of the data.
    """
    wide = []
    upper = 0x1FFFE000
    for identifier, equal, flags in filters:
        if flags & extended_flag:
            wide.append((identifier, equal))
        else:
            wide.append((identifier << 18, equal << 18))
            upper = 0x1FFC0000
    one = _merged(list(wide), 1)
    two = _merged([(identifier, equal & upper) for identifier, equal in wide], 2)
    best = one if _taken(one[0][1]) <= sum([_taken(equal) for _, equal in two]) else two
    return [(identifier, equal, extended_flag) for identifier, equal in best]


def _merged(filters, count):
    """At most `count` pairs (identifier, bits that must be equal): the two that so take fewest more become one."""
    while len(filters) > count:
        pairs = [(i, j, filters[i], filters[j]) for i in range(1, len(filters)) for j in range(i)]
        i, j, one, other = min(pairs, key=lambda pair: _more(pair[2], pair[3]))
        equal = _equal(one, other)
        filters[j] = one[0] & equal, equal
        filters.pop(i)
    return filters


def _equal(one, other):
    """The bits that both compare, and that are equal in both."""
    return one[1] & other[1] & ~(one[0] ^ other[0])


def _more(one, other):
    """How many identifiers more one filter for both takes; less than 0 if one is within the other."""
    return _taken(_equal(one, other)) - _taken(one[1]) - _taken(other[1])


def _taken(equal):
    """How many extended identifiers a filter takes."""
    return 1 << 29 - bin(equal).count("1")
