"""What the console shows of sessions, limits and faults, and how it limits, as generators of lines.

Loaded when a line is typed, see `Console`.
"""

from micropython import const

from components.console.figures import fixed

_LAST = const(10)
_SOURCE = const("console")


class Records:
    """The commands ``charges``, ``limit`` and ``blackbox``."""

    def __init__(self, operator, snapshot):
        self._operator = operator

    def charges(self, text):
        if text == "csv":
            return (line.rstrip("\r\n") for line in self._operator.charges_csv())
        return ("charges, or charges csv",) if text else self._last()

    def _last(self):
        number = 0
        for row in self._operator.charges():
            begin = row["start"] or "%s s after a start" % row["start_uptime_s"]
            energy = fixed(row["wh"], 1000, 3), fixed(row["max_w"], 1000)
            line = "  %s outlet %d, %s: %s kWh, at most %s kW, %s" % (
                (begin, row["outlet"], row["id_tag"]) + energy + (row["reason"] or "--",)
            )
            yield line + (", refused" if row["refused"] else "") + (", offline" if row["offline"] else "")
            number += 1
            if number == _LAST:
                return
        if not number:
            yield "no session yet"

    def limit(self, text):
        words = text.split()
        if not words:
            return self._limits()
        try:
            ma = None if words[0] == "off" else _milliamperes(words[0])
            life_s = int(words[1]) if len(words) > 1 else 0
            outlet = int(words[2]) if len(words) > 2 else 0
        except ValueError:
            return ("not limited: limit A, limit A SECONDS [OUTLET], limit off",)
        try:
            self._operator.limit(_SOURCE, ma, 1000 * life_s if life_s else None, outlet)
        except ValueError as e:
            return ("not limited: %s" % e,)
        return self._limits()

    def _limits(self):
        found = self._operator.limits()
        for row in found:
            place = "outlet %d" % row["outlet"] if row["outlet"] else "the station"
            line = "  %s: %s A for %s" % (row["source"], fixed(row["ma"], 1000), place)
            if row["left_ms"]:
                after = fixed(row["fail_safe_ma"], 1000)
                line += ", for another %d s, then %s A" % ((row["left_ms"] + 999) // 1000, after)
            elif row["left_ms"] == 0:
                line += ", for its life time is over"
            yield line + (": it rules" if row["rules"] else "")
        if not found:
            yield "nothing limits the current from outside"

    def blackbox(self, text):
        """All of them; or one, by its name or number."""
        boxes = self._operator.black_boxes()
        if not text:
            return ["  %s: %d bytes" % box for box in boxes] or ("no black box",)
        try:
            return self._shown(self._operator.black_box("box-%06d.bin" % int(text) if text.isdigit() else text, True))
        except KeyError:
            return ("no black box %s" % text[:40],)

    def _shown(self, lines):
        try:
            for line in lines:
                yield line
        except (OSError, ValueError) as e:
            yield "it cannot be read: %s" % e


def _milliamperes(text):
    whole, _, part = text.partition(".")
    return 1000 * int(whole) + int((part + "000")[:3])
