"""The kernel builds: order, injection, and one clear message for every wrong declaration."""

from core.clock import VirtualClock
from core.declare import DeclarationError
from core.kernel import Kernel
from core.log import DEBUG, INFO, Log, LogTail


class Source:
    options = {"level_ma": (int, 100, 0, 500), "name": (str, "x", 1, 8), "mode": (str, "a", ("a", "b"))}

    def __init__(self, *, level_ma, name, mode):
        self.level_ma, self.name, self.mode = level_ma, name, mode


class User:
    requires = ("source", "clock", "log", "home")

    def __init__(self, source, clock, log, home):
        self.source, self.clock, self.log, self.home = source, clock, log, home


class Strict:
    options = {"url": (str, ...)}

    def __init__(self, *, url):
        if not url.startswith("ws"):
            raise ValueError("url %r: neither ws:// nor wss://" % url)


class A:
    requires = ("b",)

    def __init__(self, b):
        pass


class B:
    requires = ("a",)

    def __init__(self, a):
        pass


def board(*entries, settings=None):
    class Board:
        NAME = "testboard"
        COMPONENTS = entries
        SETTINGS = settings or {}

    return Board


def entry(name, cls, **more):
    more["name"] = name
    more["use"] = "test_kernel:" + cls
    return more


def kernel(a_board, settings=None, clock=None):
    clock = clock or VirtualClock()
    return Kernel(a_board, settings or {}, clock, Log(LogTail(clock, write=None), "test"), "/nowhere")


def refused(a_board, *words, settings=None):
    try:
        kernel(a_board, settings)
    except DeclarationError as e:
        for word in ("testboard",) + words:
            assert word in str(e), (word, str(e))
        return
    raise AssertionError("was not refused")


def test_builds_in_dependency_order_and_injects():
    k = kernel(board(entry("user", "User"), entry("source", "Source", options={"level_ma": 7})))
    assert [part.name for part in k.parts] == ["source", "user"]
    assert k["user"].source is k["source"] and k["source"].level_ma == 7 and k["source"].mode == "a"
    assert k["user"].clock is k.clock and k["user"].home == "/nowhere"


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
        refused(board(entry("x", cls)), "component x: test_kernel:" + cls, *words)


def test_what_a_board_declares_wrongly():
    class Empty:
        NAME = "testboard"

    refused(Empty, "COMPONENTS is missing")
    Empty.COMPONENTS = entry("source", "Source")  # in parentheses, but without a comma
    refused(Empty, "COMPONENTS is a dict", "comma")
    Empty.COMPONENTS = ("source", "test_kernel:Source")
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


def test_a_setting_for_nothing_is_found_although_nobody_sets_it():
    for target in ("source.nothing", "sauce.level_ma", "source", "", None):
        a_board = board(entry("source", "Source"), settings={"power": {"level": target}})
        refused(a_board, "SETTINGS", "'level'", "'power'", "is not there", str(target))
    refused(board(entry("source", "Source"), settings={"power": "source.level_ma"}), "'power'", "no dict")


def test_a_constructor_that_raises_is_named_with_what_and_where():
    refused(board(entry("x", "Raising")), "component x", "KeyError", "lost", "test_kernel.py", "in __init__")
    refused(board(entry("x", "Deep")), "component x", "ZeroDivisionError", "test_kernel.py", "in divide")
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


def test_binds_a_name_to_an_instance():
    entries = (
        entry("one", "Source"),
        entry("two", "Source", options={"level_ma": 2}),
        entry("user", "User", bind={"source": "two"}),
    )
    assert kernel(board(*entries))["user"].source.level_ma == 2


def test_two_kernels_share_nothing():
    a_board = board(entry("source", "Source", options={"level_ma": 7}))
    one, two = kernel(a_board), kernel(a_board)
    assert one["source"] is not two["source"] and a_board.COMPONENTS[0]["options"] == {"level_ma": 7}


def test_missing_service():
    refused(board(entry("user", "User")), "component user", "'source'", "missing")


def test_missing_bound_instance():
    entries = (entry("source", "Source"), entry("user", "User", bind={"source": "other"}))
    refused(board(*entries), "component user", "'source'", "'other'")


def test_binding_of_what_is_not_required():
    refused(board(entry("source", "Source", bind={"sauce": "source"})), "component source", "'sauce'")


def test_cycle_shows_its_path():
    refused(board(entry("a", "A"), entry("b", "B")), "cycle: a -> b -> a")


def test_unknown_option():
    refused(board(entry("source", "Source", options={"levle_ma": 7})), "component source", "'levle_ma'", "unknown")


def test_wrong_option_type_range_length_and_choice():
    for option, value, word in (
        ("level_ma", "7", "int"),
        ("level_ma", True, "int"),
        ("level_ma", 501, "0..500"),
        ("name", "", "1..8"),
        ("mode", "c", "'a', 'b'"),
    ):
        refused(board(entry("source", "Source", options={option: value})), "component source", repr(option), word)


def test_required_option_names_its_setting():
    a_board = board(entry("s", "Strict"), settings={"ocpp": {"url": "s.url"}})
    refused(a_board, "component s", "'url'", "required", 'set "ocpp": {"url": ...} in settings.json')


def test_a_value_that_the_class_refuses():
    a_board = board(entry("s", "Strict"), settings={"ocpp": {"url": "s.url"}})
    refused(a_board, "component s", "neither ws:// nor wss://", settings={"ocpp": {"url": "ftp://x"}})


def test_class_not_found():
    refused(board({"name": "x", "use": "test_kernel:Nothing"}), "component x", "test_kernel:Nothing")
    refused(board({"name": "x", "use": "no_such_module:X"}), "component x", "no_such_module:X")


def test_two_providers():
    refused(board(entry("source", "Source"), entry("source", "User")), "component source", "two providers")


def test_name_of_the_kernel_itself_is_taken():
    refused(board(entry("clock", "Source")), "component clock", "kernel")


def test_entry_without_class_or_with_unknown_key():
    refused(board({"name": "x"}), "'use'", "missing")
    refused(board(entry("source", "Source", option={})), "component source", "'option'")


def test_settings_reach_options():
    a_board = board(entry("source", "Source"), settings={"power": {"level": "source.level_ma"}})
    assert kernel(a_board, {"power": {"level": 3}})["source"].level_ma == 3


def test_wrong_settings():
    a_board = board(entry("source", "Source"), settings={"power": {"level": "source.level_ma"}})
    for settings, word in (
        ({"pwoer": {}}, "'pwoer'"),
        ({"power": {"levle": 1}}, "'levle'"),
        ({"power": {"level": "1"}}, "int"),
        ({"power": {"level": 999}}, "0..500"),
        ({"power": 1}, "not an object"),
    ):
        refused(a_board, "settings", word, settings=settings)
