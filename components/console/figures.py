"""Figures and states as text. Integers only: a unit is a division of digits."""


def fixed(value, unit, decimals=1):
    """An integer in `unit`-ths as decimal text: ``fixed(76234, 1000)`` -> "76.2"; "--" for None. Rounds half up."""
    if value is None:
        return "--"
    scale = 10**decimals
    number = (abs(value) * scale + unit // 2) // unit
    sign = "-" if value < 0 and number else ""
    if not decimals:
        return sign + str(number)
    digits = str(number % scale)
    return "%s%d.%s%s" % (sign, number // scale, "0" * (decimals - len(digits)), digits)


def text_of(value, yes="yes", no="no"):
    """A value as text: "--" for None, `yes` and `no` for a bool."""
    if value is None:
        return "--"
    if isinstance(value, bool):
        return yes if value else no
    return str(value)


def each_outlet(snapshot, name):
    """(what a line of an outlet begins with, "" if there is only one; its piece of this name) of each."""
    several = "outlet/2" in list(snapshot.outlets())
    for path in snapshot.outlets():
        piece = snapshot[path + "/" + name if name else path]
        yield path.partition("/")[2] + ": " if several else "", piece
