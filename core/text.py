"""Text that comes from outside, as it may be shown: in the log, on a console, in a file, in a message."""

from micropython import const

_SPACE = const(0x20)
_DELETE = const(0x7F)
# Characters, first and last of each range, that a terminal or a reader acts on instead of showing them: C0 and C1
# controls, soft hyphen, marks and overrides of the writing direction, joiners, line and paragraph separators, invisible
# operators, halves of a character, byte order mark, annotation marks, tags.
_HIDDEN = const(
    (
        0x00, 0x1F, 0x7F, 0x9F, 0xAD, 0xAD, 0x61C, 0x61C, 0x180E, 0x180E, 0x200B, 0x200F, 0x2028, 0x202E,
        0x2060, 0x206F, 0xD800, 0xDFFF, 0xFEFF, 0xFEFF, 0xFFF9, 0xFFFB, 0xE0000, 0xE0FFF,
    )
)  # fmt: skip


def printable(text, limit=0):
    """`text` as one line, with what is not to be seen escaped as ``\\xNN``, ``\\uNNNN`` or ``\\UNNNNNNNN``.

    The result has at most `limit` characters (0: as many as there are). What is printable stays, ASCII or not; so does
    a backslash, and what was escaped once is not escaped again.
    """
    if limit and len(text) > limit:
        text = text[:limit]
    data = memoryview(text)
    if is_ascii(data):  # nearly all are: found out by C code
        return text
    out = None
    done = at = 0
    while at < len(data):
        if _SPACE <= data[at] < _DELETE:
            at += 1
            continue
        code, size = _character(data, at)
        if _is_hidden(code):
            if out is None:
                out = bytearray()
            out.extend(data[done:at])
            out.extend(_escaped(code))
            done = at + size
        at += size
    if out is None:
        return text
    out.extend(data[done:])
    text = str(out, "utf-8")
    return text[:limit] if limit else text


def is_ascii(octets):
    """Are all bytes of a buffer printable ASCII?"""
    return not len(octets) or _SPACE <= min(octets) and max(octets) < _DELETE


def _character(data, at):
    """(code point, bytes) of the UTF-8 at `at`, where a str of MicroPython may also hold halves of a character."""
    lead = data[at]
    size = 1 if lead < 0xC0 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
    code = lead if size == 1 else lead & (0x7F >> size)
    for byte in data[at + 1 : at + size]:
        code = code << 6 | byte & 0x3F
    return code, size


def _is_hidden(code):
    for i in range(0, len(_HIDDEN), 2):
        if code <= _HIDDEN[i + 1]:
            return code >= _HIDDEN[i]
    return False


def _escaped(code):
    form = "\\x%02x" if code < 0x100 else "\\u%04x" if code < 0x10000 else "\\U%08x"
    return (form % code).encode()


def bare_url(url):
    """A URL without what may be secret: user, password, query and fragment."""
    base = url.partition("?")[0].partition("#")[0]
    scheme, mark, rest = base.partition("://")
    if not mark:
        return base.rpartition("@")[2]
    host, slash, path = rest.partition("/")
    return scheme + mark + host.rpartition("@")[2] + slash + path
