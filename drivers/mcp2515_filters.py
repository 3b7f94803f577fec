"""Acceptance masks and filters of the MCP2515 (data sheet DS20001801, section 4.5)."""

FILTERS_MAX = 6
_ALL = ((0, 0, 0), (0, 0, 2))  # any standard, any extended identifier


def registers(filters, extended_flag):
    """The values of RXF0..2, of RXF3..5 and of RXM0..1 for filters (identifier, bits that must be equal, flags).

    ``None`` takes all frames. The chip has two masks; the first serves two filters, the second four. One mask and up
    to two filters are the usual case: then all frames go through buffer 0 and are received in order. With more, a frame
    for one of the further filters may overtake, or be overtaken by, one frame. Raises ValueError for what does not fit.
    """
    if filters is None:
        filters, extended_flag = _ALL, 2
    first, second = _groups(filters, extended_flag)
    second = second or [first[0]]
    slots = [first[0], first[-1]] + second + [second[0]] * (4 - len(second))
    codes = [code for _, code in slots]
    return b"".join(codes[:3]), b"".join(codes[3:]), first[0][0] + second[0][0]


def _groups(filters, extended_flag):
    """Filters as (mask, code), up to two that share the first mask and up to four that share the second."""
    masks = []
    groups = []
    for identifier, equal, flags in filters:
        extended = flags == extended_flag
        if flags and not extended:
            raise ValueError("filters look only at identifiers")
        mask = _words(equal, extended, 0)
        if mask not in masks:
            masks.append(mask)
            groups.append([])
        groups[masks.index(mask)].append((mask, _words(identifier, extended, 8)))
    if len(groups) == 1:
        groups = [groups[0][:2], groups[0][2:]]
    if len(groups) == 2 and len(groups[0]) > 2:
        groups.reverse()
    if len(groups) != 2 or len(groups[0]) > 2 or len(groups[1]) > 4:
        raise ValueError("at least one filter; at most two with one mask and four with another")
    return groups


def _words(value, extended, mark):
    """SIDH, SIDL, EID8, EID0; `mark` is set in SIDL if extended. Of standard frames no data bytes are compared."""
    if not 0 <= value < (1 << 29 if extended else 1 << 11):
        raise ValueError("invalid id")
    if not extended:
        return bytes((value >> 3, (value & 7) << 5, 0, 0))
    return bytes((value >> 21, value >> 13 & 0xE0 | mark | value >> 16 & 3, value >> 8 & 255, value & 255))
