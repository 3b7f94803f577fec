"""Text from outside, as it may be shown (core.text), and the log, which shows it."""

from virtual_clock import VirtualClock

from core.log import Log, LogTail
from core.text import bare_url, printable


def test_what_is_printable_stays_as_it_is():
    plain = ("", "plain ~ text", "C:\\new")
    for text in plain + ("\u2705 \u274c", "Größe 12 µA", "電気自動車", "\U0001f50c plug", "\xa0\xae\uffff"):
        assert printable(text) is text, text


def test_every_control_character_is_escaped():
    for code in list(range(0x20)) + list(range(0x7F, 0xA0)):
        assert printable("a%sb" % chr(code)) == "a\\x%02xb" % code, code
    assert printable("\x1b[2J\r\nE 1.000 gate: ok") == "\\x1b[2J\\x0d\\x0aE 1.000 gate: ok"


def test_what_changes_how_the_rest_is_read_is_escaped():
    """Line separators, overrides of the direction, invisible characters, tags, halves of a character."""
    for code in (0xAD, 0x61C, 0x200B, 0x200D, 0x200F, 0x2028, 0x2029, 0x202A, 0x202E, 0x2066, 0x2069, 0xFEFF, 0xFFFB):
        want = "\\x%02x" % code if code < 0x100 else "\\u%04x" % code
        assert printable("a%sb" % chr(code)) == "a%sb" % want, hex(code)
    assert printable("\U000e0041x") == "\\U000e0041x"
    assert printable("a" + chr(0xD800) + "b") == "a\\ud800b"
    for code in (0x2027, 0x202F, 0x2070, 0xAC, 0xAE, 0xFEFE, 0xFFFC, 0xE1000):
        assert printable(chr(code)) == chr(code), hex(code)


def test_the_result_is_cut_to_its_limit():
    assert printable("x" * 50, 20) == "x" * 20
    assert printable("\u2705" * 50, 20) == "\u2705" * 20
    assert printable("\n" * 50, 20) == "\\x0a" * 5
    assert printable("ab\n", 20) == "ab\\x0a"


def test_a_line_of_the_log_is_one_printable_line():
    """A peer's text cannot begin a line of its own, nor move the cursor of the terminal, nor fill the tail."""
    lines = []
    tail = LogTail(VirtualClock(), lines.append)
    log = Log(tail, "ocpp")
    nasty = "TAG\r\nE 1.000 gate: open\x1b[2J\x9b1m\u2028\u202e"
    log.info("idTag %s", nasty)
    log.warning(nasty)
    log.rare("unknown " + nasty)
    log.rare("unknown %s", nasty)
    try:
        raise ValueError(nasty)
    except ValueError as e:
        log.exception("handler of " + nasty, e)
    assert len(lines) >= 6 and list(tail.lines) == lines
    for line in lines:
        assert all(" " <= char <= "~" for char in line), line
    log.info("%s", "\n" * 10000)
    assert len(lines[-1]) < 430, len(lines[-1])


def test_a_bare_url_has_no_secret():
    for url, shown in (
        ("ws://host/path/CP-1", "ws://host/path/CP-1"),
        ("wss://host:8443/ocpp?token=secret", "wss://host:8443/ocpp"),
        ("https://user:secret@host/a@b/c?x=1#secret", "https://host/a@b/c"),
        ("ftp://user:secret@host/dir/", "ftp://host/dir/"),
        ("https://host?secret", "https://host"),
        ("https://host#secret", "https://host"),
        ("user:secret@host", "host"),
        ("nothing", "nothing"),
        ("", ""),
    ):
        assert bare_url(url) == shown, (url, bare_url(url))
