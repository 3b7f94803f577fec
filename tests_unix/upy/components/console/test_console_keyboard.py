"""Bytes from a terminal: keys, lines, and everything that is neither."""

from components.console.keyboard import Keyboard

WORDS = ("status", "auth", "config", "components")


class Heard:
    """A keyboard and what it made of the bytes: lines, and what becomes of the stop key."""

    def __init__(self, echo=False):
        self.got = []
        self.echoed = ""
        self.pending = False
        self.late = False
        self.keyboard = Keyboard(self, self._line, self._bad, self._end, self._complete)
        if echo:
            self.keyboard.echo = self._echo

    # the stop key
    def press(self):
        self.pending = True
        self.got.append("pressed")

    def hold(self):
        self.pending = False
        self.got.append("held")

    def take_back(self):
        self.pending = False
        self.got.append("word")

    def due(self):
        return self.late

    def _line(self, text):
        self.got.append(("line", text))

    def _bad(self, text):
        self.got.append(("bad", text))

    def _end(self):
        self.got.append("end")

    def _complete(self, typed):
        found = [word for word in WORDS if word.startswith(typed)]
        return found[0][len(typed) :] + " " if len(found) == 1 else ""

    def _echo(self, text):
        self.echoed += text

    def type(self, data):
        """What came of these bytes."""
        before = len(self.got)
        for byte in data:
            self.keyboard.feed(byte)
        return self.got[before:]


def test_the_stop_key_acts_at_the_keystroke_and_only_as_the_first_of_a_line():
    for key in (b"t", b"T"):
        heard = Heard()
        assert heard.type(key) == ["pressed"]
        assert heard.type(b"\n") == ["held"]
        assert heard.type(b"auth tt\n") == [("line", "auth tt")]
        assert heard.type(b" " + key + b"\n") == [("line", str(key, "utf-8"))]
        assert heard.type(b"status\n") == [("line", "status")]
        assert heard.type(b"ab\x1b[H" + key + b"\n") == [("line", str(key, "utf-8") + "ab")]


def test_a_letter_behind_the_stop_key_makes_a_word_of_it():
    heard = Heard()
    assert heard.type(b"tag CARD\n") == ["pressed", "word", ("line", "tag CARD")]
    assert heard.type(b"TAG CARD\n") == ["pressed", "word", ("line", "TAG CARD")]
    assert heard.type(b"tz\x7f\n") == ["pressed", "word", ("line", "t")]


def test_any_other_key_does_not_and_nor_does_the_stop_key_itself():
    for other in b"\n\r 1\x7f\x1b\0\t\x15\xc3\xff@[`{":
        assert Heard().type(bytes([0x74, other])) == ["pressed", "held"], other
    assert Heard().type(b"tttt") == ["pressed", "held", "pressed", "held", "pressed", "held", "pressed"]
    assert Heard().type(b"tT\n") == ["pressed", "held", "pressed", "held"]
    heard = Heard()
    assert heard.type(b"t\x03") == ["pressed", "held", "end"]
    assert heard.type(b"t1why\n") == ["pressed", "held", ("line", "1why")]
    assert heard.type(b"t\r\nwhy\r\n") == ["pressed", "held", ("line", "why")]


def test_a_letter_that_comes_too_late_begins_a_new_line():
    heard = Heard()
    heard.type(b"t")
    heard.late = True
    assert heard.type(b"why\n") == ["held", ("line", "why")]
    heard = Heard()
    heard.type(b"t")
    heard.keyboard.settle()  # nothing came
    assert heard.got == ["pressed", "held"] and heard.type(b"why\n") == [("line", "why")]


def test_cr_lf_and_both_end_a_line_once():
    for end in (b"\n", b"\r", b"\r\n"):
        heard = Heard()
        assert heard.type(b"why" + end + b"log" + end + end) == [("line", "why"), ("line", "log")]


def test_a_line_is_edited():
    heard = Heard()
    assert heard.type(b"whi\x7fy\n") == [("line", "why")]
    assert heard.type(b"auth \xc3\xbc\xe2\x9c\x85\x08\x08u\n") == [("line", "auth u")]
    assert heard.type(b"\x7f\x08\x7fab\x7f\x7f\x7ft") == ["pressed"]  # what is rubbed out empty is a start again


def test_the_cursor_moves_through_the_line():
    left, right, home, end, delete = b"\x1b[D", b"\x1b[C", b"\x1b[H", b"\x1b[F", b"\x1b[3~"
    for keys, line in (
        (b"ac" + left + b"b", "abc"),
        (b"bc" + home + b"a" + end + b"d", "abcd"),
        (b"bc\x1b[1~a\x1b[4~d", "abcd"),
        (b"bc\x1bOHa\x1bOFd", "abcd"),
        (b"abxc" + left + left + delete, "abc"),
        (b"abxc" + left + b"\x7f", "abc"),
        (b"abc" + delete + left * 9 + delete + right * 9 + b"d", "bcd"),
        (b"x\x1b[1;5Dabc", "abcx"),
        (b"\xc3\xbc\xe2\x9c\x85u" + left * 2 + b"-" + left * 2 + delete + right + delete, "-u"),
        (b"rubbish\x15why", "why"),
        (b"rubbish" + left * 3 + b"\x15why", "why"),
    ):
        heard = Heard()
        assert heard.type(keys + b"\n") == [("line", line)], keys
    heard = Heard()
    assert heard.type(b"x" * 128 + home + b"y\x15why\n") == [("line", "why")]
    assert heard.type(b"x\x15t") == ["pressed"]


def test_a_sequence_may_come_in_pieces_and_others_are_no_keys():
    heard = Heard()
    assert heard.type(b"ac\x1b") == heard.type(b"[") == heard.type(b"D") == []
    assert heard.type(b"b\n") == [("line", "abc")]
    assert heard.type(b"a\x1b[15~\x1b[1003~\x1b[Z\x1b[~b\n") == [("line", "ab")]
    assert heard.keyboard.ignored == 4


def test_the_last_ten_lines_come_back():
    up, down = b"\x1b[A", b"\x1b[B"
    heard = Heard()
    assert heard.type(up + down + b"\n") == []
    for n in range(12):
        heard.type(b"auth %d\n" % n)
    assert heard.type(up * 2 + b"x\n") == [("line", "auth 10x")]
    assert heard.type(up * 99 + b"\n") == [("line", "auth 3")]  # the line before took a place, too
    assert heard.type(up * 3 + down * 2 + b"\n") == [("line", "auth 3")]
    assert heard.type(up * 3 + down * 3 + b"why\n") == [("line", "why")]
    assert heard.type(b"why\nwhy\n" + up + up + b"\n")[2:] == [("line", "auth 3")]  # the same again is kept once
    heard.type(b"x" * 65 + b"\n")  # longer ones are not
    assert len(heard.keyboard.history) == 10 and max(len(line) for line in heard.keyboard.history) <= 64


def test_a_private_line_does_not_come_back():
    heard = Heard()
    heard.type(b"why\n")
    heard._line = None
    heard.keyboard._on_line = lambda text: setattr(heard.keyboard, "private", True)
    heard.type(b"config AuthorizationKey secret\n")
    assert heard.keyboard.history == [b"why"]


def test_tab_completes_at_the_end_of_the_line():
    heard = Heard()
    assert heard.type(b"au\tCARD\n") == [("line", "auth CARD")]
    assert heard.type(b"co\tnfig\n") == [("line", "config")]
    assert heard.type(b"st\x1b[D\t\n") == [("line", "st")]
    assert heard.type(b"x" * 129 + b"\t\n")[0][0] == "bad"


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
    assert heard.type(b"\0\0t\n") == ["pressed", "held"]  # a break on a serial line is no letter
    assert heard.type(bytes(range(128, 256)) * 3) == [] and heard.type(b"\n")[0][0] == "bad"
    assert heard.type(b"why\n") == [("line", "why")]


def test_cursor_keys_are_no_text_and_hide_no_emergency_stop():
    heard = Heard()
    assert heard.type(b"\x1b[A\x1b[1;5C\x1b[3~\x1bOPwhy\n") == [("line", "why")]
    for start in (b"\x1b", b"\x1b[", b"\x1b[1;5", b"\x1bO", b"\x1b[A"):
        for key in (b"t", b"T"):
            heard = Heard()
            assert heard.type(start + key + b"\n") == ["pressed", "held"], start + key


def test_the_echo_shows_what_is_in_the_line():
    heard = Heard(echo=True)
    heard.type(b"wi\x7fhy\0\x1b[A")
    assert heard.echoed == "wi\b \bhy" and heard.keyboard.text() == "why"
    heard.type(b"\r\nt")
    assert heard.echoed == "wi\b \bhy\nt" and heard.keyboard.text() == "t"
    heard.keyboard.settle()
    assert heard.echoed == "wi\b \bhy\nt\n" and heard.keyboard.text() == ""


def test_the_echo_draws_the_line_anew_where_its_end_is_not_the_place():
    heard = Heard(echo=True)
    heard.type(b"ac\x1b[Db")
    assert heard.echoed == "ac\r\x1b[Kac\x1b[1D\r\x1b[Kabc\x1b[1D"
    assert heard.keyboard.shown() == "abc\x1b[1D"
    heard.echoed = ""
    heard.type(b"\x15\xc3\xbc")
    assert heard.echoed.endswith("\r\x1b[K\u00fc"), heard.echoed


def test_an_empty_line_shows_a_prompt_which_stays_until_the_next_enter():
    heard = Heard(echo=True)
    assert heard.type(b"\r") == [] and heard.echoed == "\n> "
    heard.type(b"wy\x1b[Dh")
    assert heard.keyboard.shown() == "> why\x1b[1D" and heard.echoed.endswith("\r\x1b[K> why\x1b[1D")
    heard.type(b"\r")
    assert heard.echoed.endswith("> why\x1b[1D\n") and heard.keyboard.shown() == ""
    heard = Heard()  # nobody types on a pipe
    assert heard.type(b"\n") == [] and heard.keyboard.shown() == ""


def test_ctrl_c_acts_at_the_keystroke_wherever_it_comes():
    heard = Heard()
    assert heard.type(b"\x03") == heard.type(b"w\x03") == heard.type(b"\x1b[\x03") == ["end"]
    assert heard.type(b"hy\n") == [("line", "why")] and heard.keyboard.ignored == 0
