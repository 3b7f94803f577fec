"""Which frames are wanted: identifiers and masks as keys of frames. Loaded while handlers are declared.

A frame's key is its identifier, or the inverse of one of 11 bits, which is negative. A rule is (key, mask): it takes
the keys that are equal where the mask has ones; a mask compares the sign, too.
"""

from micropython import const

from core.loading import OnDemand

EXACT = const(-1)
_KIND = const(-0x20000000)  # distinguishes a key of 11 bits from one of 29
_EXTENDED = const(0x1FFFFFFF)
_STANDARD = const(0x7FF)


def rule(identifier, mask=_EXTENDED, extended=True):
    """(key, mask). Raises ValueError for what is no identifier."""
    bits = _EXTENDED if extended else _STANDARD
    if not 0 <= identifier <= bits:
        raise ValueError("0x%X is no CAN identifier of %d bits" % (identifier, 29 if extended else 11))
    mask = EXACT if mask & bits == bits else mask & bits | _KIND
    return (identifier if extended else ~identifier) & mask, mask


def declare(bus, new, handler):
    """Add a handler to a bus. Raises ValueError if a frame would have two."""
    owners = bus._owners
    if owners is None:  # all components are built
        owners = dict.fromkeys(of_handlers(bus), "")
    check(new, owners)
    owners[new] = bus._kernel.building
    if new[1] == EXACT:
        bus._handlers[new[0]] = handler
    else:
        bus._masked += (new + (handler,),)
    bus._filtered = False


def of_handlers(bus):
    """The rules of all handlers."""
    return [(key, EXACT) for key in bus._handlers] + [entry[:2] for entry in bus._masked]


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


def checked(filters):
    """The board's option, if it can be. Raises ValueError."""
    for entry in filters:
        try:
            rule(*entry)
        except (TypeError, ValueError) as e:
            raise ValueError("filters: %r is no (identifier, mask, extended): %s" % (entry, e))
    return filters


def filters(bus, flag):
    """Filters for its driver, of what has a handler and of the board's option; None if nothing is wanted."""
    wanted = [rule(*entry) for entry in bus._more]
    wanted += [one for one in of_handlers(bus) if one not in wanted]
    found = []
    for one in wanted:
        identifier, mask, extended = filter_of(*one)
        found.append((identifier, mask, flag if extended else 0))
    with OnDemand():  # what the driver loads for that
        return bus.driver.fit_filters(found) if found else None
