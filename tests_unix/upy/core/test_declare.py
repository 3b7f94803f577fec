"""What a board or a class declares wrongly is one message that names board and component, before anything starts."""

import test_kernel
from test_kernel import board, kernel, refused
from virtual_clock import VirtualClock

from core.declare import DeclarationError
from core.kernel import Kernel
from core.log import DEBUG, INFO, Log, LogTail

Source, User, A = test_kernel.Source, test_kernel.User, test_kernel.A


def entry(name, cls, **more):
    more["name"] = name
    more["use"] = "test_declare:" + cls
    return more


class NoTuple:
    options = {"level_ma": int}


class NoType:
    options = {"level_ma": ("int", 5)}


class TooLong:
    options = {"level_ma": (int, 5, 0, 9, 10)}


class NoBounds:
    options = {"level_ma": (int, ..., "a", "b")}


class NoChoices:
    options = {"mode": (str, "ab", "ab")}


class OptionList:
    options = ["level_ma"]


class BadDefault:
    options = {"level_ma": (int, 500, 0, 100)}


class BadChoice:
    options = {"mode": (str, "c", ("a", "b"))}


class NoComma:
    requires = "log"


class NoNames:
    requires = (("log", "clock"),)


class Raising:
    def __init__(self):
        raise KeyError("lost")


class Deep:
    def __init__(self):
        self.divide(0)

    def divide(self, by):
        return 1 // by


class Needy:
    def __init__(self, what):
        pass


class Factor:
    options = {"factor": (float, 2, 0.5, 10)}

    def __init__(self, *, factor):
        self.factor = factor


def test_what_a_class_declares_wrongly():
    for cls, words in (
        ("NoTuple", ("'level_ma'", "(type, default, ...)")),
        ("NoType", ("'level_ma'", "(type, default, ...)")),
        ("TooLong", ("'level_ma'", "(type, default, ...)")),
        ("NoBounds", ("'level_ma'", "bounds are no numbers")),
        ("NoChoices", ("'mode'", "no tuple")),
        ("OptionList", ("options is a list",)),
        ("BadDefault", ("'level_ma'", "its own default", "500", "0..100")),
        ("BadChoice", ("'mode'", "its own default", "'c'")),
        ("NoComma", ("requires is no tuple", "'log'")),
        ("NoNames", ("requires is no tuple",)),
    ):
        refused(board(entry("x", cls)), "component x: test_declare:" + cls, *words)


def test_what_a_board_declares_wrongly():
    class Empty:
        NAME = "testboard"

    refused(Empty, "COMPONENTS is missing")
    Empty.COMPONENTS = entry("source", "Source")  # in parentheses, but without a comma
    refused(Empty, "COMPONENTS is a dict", "comma")
    Empty.COMPONENTS = ("source", "test_declare:Source")
    refused(Empty, "'source'", "no dict", "comma")
    Empty.COMPONENTS = (5,)
    refused(Empty, "entry 5 is no dict")
    Empty.COMPONENTS = "source"
    refused(Empty, "COMPONENTS is a str")
    Empty.COMPONENTS = (entry("source", "Source"),)
    Empty.SETTINGS = ("power",)
    refused(Empty, "SETTINGS is a tuple")
    refused(board(entry("source", "Source", options=["level_ma"])), "component source", "options is a list")
    refused(board(entry("user", "User", bind=("source",))), "component user", "bind is a tuple")
    refused(board(entry("source", "Source", option={})), "component source", "did you mean options?")
    refused(board(entry("source", "Source", options={"lvel_ma": 7})), "did you mean level_ma?")


def test_a_setting_for_nothing_is_found_although_it_is_not_set():
    for target in ("source.nothing", "sauce.level_ma", "source", "", None):
        a_board = board(entry("source", "Source"), settings={"power": {"level": target}})
        refused(a_board, "SETTINGS", "'level'", "'power'", "is not there", str(target))
    refused(board(entry("source", "Source"), settings={"power": "source.level_ma"}), "'power'", "no dict")


def test_a_constructor_that_raises_is_named_with_what_and_where():
    refused(board(entry("x", "Raising")), "component x", "KeyError", "lost", "test_declare.py", "in __init__")
    refused(board(entry("x", "Deep")), "component x", "ZeroDivisionError", "test_declare.py", "in divide")
    refused(board(entry("x", "A", bind={"b": "clock"}), entry("y", "Needy")), "component y", "TypeError")


def test_the_traceback_of_a_constructor_is_in_the_log_at_its_lowest_level():
    for level, there in ((DEBUG, True), (INFO, False)):
        tail = LogTail(VirtualClock(), write=None, level=level)
        try:
            Kernel(board(entry("x", "Deep")), {}, VirtualClock(), Log(tail, "test"), "/nowhere")
        except DeclarationError:
            pass
        assert any("in divide" in line for line in tail.lines) is there, list(tail.lines)


def test_an_int_is_taken_where_a_float_is_due_and_a_bool_is_not():
    assert isinstance(kernel(board(entry("x", "Factor")))["x"].factor, float)
    for value in (3, 3.0):
        factor = kernel(board(entry("x", "Factor", options={"factor": value})))["x"].factor
        assert factor == 3.0 and isinstance(factor, float)
    for value, word in ((True, "float"), ("3", "float"), (11, "0.5..10")):
        refused(board(entry("x", "Factor", options={"factor": value})), "component x", "'factor'", word)
    a_board = board(entry("x", "Factor"), settings={"x": {"factor": "x.factor"}})
    assert isinstance(kernel(a_board, {"x": {"factor": 4}})["x"].factor, float)
