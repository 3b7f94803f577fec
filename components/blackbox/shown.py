"""What is in a black box, as text: loaded to be shown."""

from components.blackbox import reading
from core.isotime import format_utc


def lines(path):
    """Generator of lines. Raises OSError, ValueError."""
    with open(path, "rb") as file:
        box = reading.Box(file)
        header = box.header
        yield about(header)
        if header["utc_ms"] is not None:
            yield "written at " + format_utc(header["utc_ms"])
        known = [None] * len(header["outlets"])
        for event in box.events():
            for line in _event(header, event, known):
                yield line


def about(header):
    """What it is of, in one line."""
    error = ", " + header["error"] if header["error"] else ""
    of = header["board"], header["firmware"], header["outlet"], header["cause"], error
    return "board %s, firmware %s, outlet %d: %s%s" % of


def _event(header, event, known):
    """The lines of an event; none of a tick. known: of each outlet, (conditions, limit)."""
    kind = event[1]
    if kind == reading.FRAME:
        _, _, bus, sent, flags, identifier, data = event
        form = "%08X" if flags & 2 else "%03X"
        remote = " remote" if flags & 1 else ""
        what = "%s %s %s%s" % (header["buses"][bus], "->" if sent else "<-", form % identifier, remote)
        yield _line(event, what + " " + data.hex(" "))
    elif kind == reading.BLOCK:
        for outlet, state in enumerate(event[3]):
            for line in _conditions(header, event, outlet, state, known):
                yield line
    elif kind == reading.CONDITIONS:
        for line in _conditions(header, event, event[2], event[3:5], known):
            yield line
    elif kind == reading.MESSAGE:
        _, _, sent, length, text = event
        yield _line(event, "ocpp %s %d %s" % ("->" if sent else "<-", length, text))
    elif kind == reading.ERROR:
        yield _line(event, "outlet %d error: %s" % (header["outlets"][event[2]]["id"], event[3] or "none"))
    elif kind == reading.FAULT:
        yield _line(event, "outlet %d FAULT: %s" % (header["outlets"][event[2]]["id"], event[3]))


def _conditions(header, event, outlet, state, known):
    """What has changed of an outlet."""
    before, known[outlet] = known[outlet], state
    if before != state:
        words = changes(header["outlets"][outlet], None if before is None else before[0], state[0])
        if before is None or before[1] != state[1]:
            words.append("limit %s" % ("none" if state[1] is None else "%d mA" % state[1]))
        yield _line(event, "outlet %d %s" % (header["outlets"][outlet]["id"], ", ".join(words)))


def changes(outlet, before, bits):
    """How conditions have changed, as words: +name holds, -name does not. before: None: all are named."""
    names = outlet["conditions"]
    words = []
    for i, name in enumerate(names):
        if before is None or (before ^ bits) >> i & 1:
            words.append(("+" if bits >> i & 1 else "-") + name)
    if before is None or (before ^ bits) & reading.ENABLED:
        words.append("charging enabled" if bits & reading.ENABLED else "charging disabled")
    return words


def _line(event, text):
    return "%+9d ms  %s" % (event[0], text)
