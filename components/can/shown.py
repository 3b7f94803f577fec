"""The texts of a bus: loaded to be shown or logged, and unloaded afterwards."""

import time
from micropython import const

_WORDS = const(3)  # as in components/can/dispatch.py
_REFUSED = const(18)
_TEXTS = const(
    (
        "%d unknown frames",
        "%d refused frames: too short, or values out of range",
        "%d pieces of garbage that are no frames",
        "%d frames not sent",
        "%d receive overruns",
        "%d stops of the vehicle answered by the interrupt",
    )
)
# what the name of an option ends with: divisor, unit
_UNITS = const((("_mv", 1000, "V"), ("_ma", 1000, "A"), ("_mdeg", 1000, "degC"), ("length", 1, "bytes")))


def log_counts(log, counts, logged):
    """Log what has changed among unknown, refused, garbage, tx_dropped, rx_overruns and guard_stops."""
    for i in range(len(counts)):
        if counts[i] != logged[i]:
            log.rare(_TEXTS[i], counts[i])


def kept(can):
    """See `Dispatch.kept`; what came last is first."""
    entry_words, data, reasons, now_ms = can._words, can._data, can._reasons, can._clock.ticks_ms()
    found = []
    for at in range(0, len(entry_words), _WORDS):
        count = entry_words[at + 2]
        if not count:
            continue
        key = entry_words[at]
        place = at // _WORDS * 8
        why = None
        if at >= _REFUSED:
            why = tuple(reasons[at - _REFUSED : at - _REFUSED + _WORDS])
            if why[0] is None:
                why = ()
        frame = bytes(data[place : place + (count & 15)])
        age_ms = max(0, time.ticks_diff(now_ms, entry_words[at + 1]))
        found.append((key if key >= 0 else ~key, key >= 0, frame, count >> 4, age_ms, why))
    found.sort(key=lambda entry: entry[4])
    return found


def lines(can):
    """The kept frames as lines."""
    entries = kept(can)  # of this module as it is loaded: the bus would load it again
    for entry in entries:
        yield "  %s" % _line(entry)
    if can.garbage:
        yield "  garbage: %r, the last of %d" % (getattr(can.driver, "garbage_text", b""), can.garbage)
    if not entries and not can.garbage:
        yield "  no frame was unknown, refused or garbage"
    if hasattr(can.driver, "fit_filters"):
        text = "all frames" if can.receives_all else "frames with a handler, and what the filters pass besides"
        yield "  receives %s%s" % (text, "" if can._filtered else ", as soon as charging is disabled")


def _line(entry):
    identifier, extended, data, count, age_ms, why = entry
    frame = ("0x%08X" if extended else "0x%03X") % identifier
    text = "unknown" if why is None else _reason(*why) if why else "refused"
    age = age_ms // 1000, age_ms % 1000 // 100
    return "%s %s; %s; %d times, last %d.%d s ago" % ((frame, text, data.hex(" ") or "no data", count) + age)


def _reason(what, value, limit):
    """90.1 V: above max_voltage_mv 85500"""
    shown = str(value)
    if what.endswith("_0x"):
        shown, what = "0x%02X" % value, what[:-3]
    for ending, divisor, unit in _UNITS:
        if what.endswith(ending):
            shown = "%s %s" % (_fixed(value, divisor), unit)
    if value == limit:
        return "%s: unknown %s" % (shown, what)
    return "%s: %s %s %d" % (shown, "above" if value > limit else "below", what, limit)


def _fixed(value, divisor):
    if divisor == 1:
        return str(value)
    text = "%d.%03d" % (abs(value) // divisor, abs(value) % divisor)
    return ("-" if value < 0 else "") + text[:-2]
