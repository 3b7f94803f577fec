"""Bytes from a terminal: keys, lines, and everything that is neither."""

from components.console.keyboard import Keyboard


class Heard:
    """A keyboard and what it made of the bytes."""

    def __init__(self, echo=False):
        self.got = []
        self.echoed = ""
        self.keyboard = Keyboard("t", self._key, self._line, self._bad, self._end)
        if echo:
            self.keyboard.echo = self._echo

    def _key(self, key):
        self.got.append(("key", key))

    def _line(self, text):
        self.got.append(("line", text))

    def _bad(self, text):
        self.got.append(("bad", text))

    def _end(self):
        self.got.append(("end", ""))

    def _echo(self, text):
        self.echoed += text

    def type(self, data):
        """What came of these bytes."""
        before = len(self.got)
        for byte in data:
            self.keyboard.feed(byte)
        return self.got[before:]


def test_t_acts_at_the_keystroke_and_only_at_the_start_of_a_line():
    heard = Heard()
    assert heard.type(b"t") == [("key", "t")]
    assert heard.type(b"\n") == []  # the Enter after it is harmless
    assert heard.type(b"auth tt\n") == [("line", "auth tt")]
    assert heard.type(b"tt") == [("key", "t"), ("key", "t")]
    assert heard.type(b" t\n") == [("line", "t")]
    assert heard.type(b"status\n") == [("line", "status")]


def test_cr_lf_and_both_end_a_line_once():
    for end in (b"\n", b"\r", b"\r\n"):
        heard = Heard()
        assert heard.type(b"why" + end + b"log" + end + end) == [("line", "why"), ("line", "log")]


def test_a_line_is_edited():
    heard = Heard()
    assert heard.type(b"whi\x7fy\n") == [("line", "why")]
    assert heard.type(b"auth \xc3\xbc\xe2\x9c\x85\x08\x08u\n") == [("line", "auth u")]
    assert heard.type(b"\x7f\x08\x7fab\x7f\x7f\x7ft") == [("key", "t")]  # what is rubbed out empty is a start again


def test_a_line_of_128_bytes_is_taken_and_a_longer_one_is_dropped_up_to_its_end():
    heard = Heard()
    assert heard.type(b"x" * 128 + b"\n") == [("line", "x" * 128)]
    got = heard.type(b"x" * 129 + b"t\x7f" * 5000 + b"t\n")
    assert len(got) == 1 and got[0][0] == "bad" and "128" in got[0][1]
    assert heard.type(b"why\n") == [("line", "why")]


def test_bytes_that_are_no_text():
    heard = Heard()
    assert [kind for kind, _ in heard.type(b"\xff\xfe\n")] == ["bad"]
    assert [kind for kind, _ in heard.type(b"wh\xc3\n")] == ["bad"]
    assert heard.type(b"\0\0w\0h\x01y\x1f\n") == [("line", "why")] and heard.keyboard.ignored == 5
    assert heard.type(b"\0\0t") == [("key", "t")]  # a break on a serial line is no letter
    assert heard.type(bytes(range(128, 256)) * 3) == [] and heard.type(b"\n")[0][0] == "bad"
    assert heard.type(b"why\n") == [("line", "why")]


def test_cursor_keys_are_no_text_and_hide_no_emergency_stop():
    heard = Heard()
    assert heard.type(b"\x1b[A\x1b[1;5C\x1b[3~\x1bOPwhy\n") == [("line", "why")]
    for start in (b"\x1b", b"\x1b[", b"\x1b[1;5", b"\x1bO", b"\x1b[A"):
        assert heard.type(start + b"t") == [("key", "t")], start


def test_the_echo_shows_what_is_in_the_line():
    heard = Heard(echo=True)
    heard.type(b"wi\x7fhy\0\x1b[A")
    assert heard.echoed == "wi\b \bhy" and heard.keyboard.text() == "why"
    heard.type(b"\r\nt")
    assert heard.echoed == "wi\b \bhy\nt\n" and heard.keyboard.text() == ""


def test_ctrl_c_is_heard_at_the_keystroke_wherever_it_comes():
    heard = Heard()
    assert heard.type(b"\x03") == heard.type(b"w\x03") == [("end", "")]
    assert heard.type(b"hy\n") == [("line", "why")] and heard.keyboard.ignored == 0
