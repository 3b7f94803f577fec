"""The kernel builds: order, injection, and one clear message for every wrong declaration."""

import asyncio

from virtual_clock import VirtualClock

from core.declare import DeclarationError
from core.kernel import Kernel
from core.log import Log, LogTail


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


begun = []


class Begun:
    """It begins, and keeps what was there by then."""

    requires = ("kernel",)

    def __init__(self, kernel):
        self._kernel = kernel
        self.at_once = None

    def begin(self):
        begun.append(self)
        self.at_once = [part.name for part in self._kernel.parts if part.instance is not None]


class NoBeginner:
    def begin(self):
        raise OSError(5)


def test_an_early_one_begins_before_the_others_are_loaded_and_built():
    """Fails where all classes are loaded first; the order in which they are built, and start, is the board's."""
    early = entry("begun", "Begun", early=True), entry("begun2", "Begun", early=True)
    a_board = board(entry("source", "Source"), *early)
    k = kernel(a_board)
    assert k["begun"].at_once == ["begun"] and k["begun2"].at_once == ["begun", "begun2"]
    assert [part.name for part in k.parts] == ["source", "begun", "begun2"]
    del begun[:]
    refused(board(entry("x", "Nothing"), entry("begun", "Begun", early=True)), "component x", "test_kernel:Nothing")
    assert len(begun) == 1


def test_what_is_early_and_cannot_be_is_refused():
    refused(board(entry("user", "User", early=True), entry("source", "Source")), "component user", "early", "'source'")
    refused(board(entry("source", "Source"), entry("user", "User", early=True)), "component user", "early", "'source'")
    refused(board(entry("x", "NoBeginner", early=True)), "component x", "cannot begin", "EIO")
    refused(board(entry("x", "NoBeginner", early=1)), "component x", "early", "neither True nor False")
    pair = entry("source", "Source", early=True), entry("user", "User", early=True)
    assert kernel(board(*pair))["user"].source.level_ma == 100


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


class Failing:
    requires = ("clock",)
    fails = True
    runs = 0

    def __init__(self, clock):
        self.clock = clock

    async def run(self):
        self.runs += 1
        while not self.fails:
            await self.clock.sleep_ms(100)
        raise OSError("no bus")


async def test_a_component_that_failed_starts_again_whatever_who_watches_that_raises(tmp):
    """Fails where an exception of a watcher of `alive` (a gate closes, and its module raises) ends the supervision."""
    for error in (ValueError, MemoryError):
        clock = VirtualClock()
        k = kernel(board(entry("failing", "Failing", critical=True)), clock=clock)

        def raises(alive, error=error):
            raise error("a lamp")

        task = asyncio.create_task(k.run())
        await clock.advance(0)
        k.alive.watch(raises)
        await clock.advance(3000)
        part, failing = k.parts[0], k["failing"]
        assert failing.runs > 1 and part.failures > 1
        failing.fails = False
        await clock.advance(20000)
        assert k.alive.value and part.state == "running" and part.task is not None
        k.request_exit(0, "test")
        await clock.advance(5000)
        await task
        assert not k.alive.value and part.state == "stopped"


class Finishing:
    """Has something to send at the end, through another one that runs on until it has."""

    requires = ("clock", "source")
    at_the_end = None

    def __init__(self, clock, source):
        self.clock, self.source = clock, source

    async def run(self):
        await self.clock.sleep_ms(1000000)

    async def before_stop(self):
        await asyncio.sleep_ms(20)
        self.at_the_end = self.source.runs_now


class Running:
    runs_now = False

    async def run(self):
        self.runs_now = True
        try:
            await asyncio.sleep_ms(1000000)
        finally:
            self.runs_now = False


async def test_what_is_to_be_finished_is_while_all_run_on(tmp):
    """Whatever their order: what it needs for that, and what needs it, are ended afterwards."""
    clock = VirtualClock()
    k = kernel(board(entry("source", "Running"), entry("finishing", "Finishing")), clock=clock)
    task = asyncio.create_task(k.run())
    await clock.advance(0)
    k.request_exit(0, "test")
    await clock.advance(5000)
    await task
    assert k["finishing"].at_the_end is True and k["source"].runs_now is False
