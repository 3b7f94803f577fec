"""A group of components that a board repeats: names, look-ups, settings, stores, and how it fails by itself."""

import asyncio
import micropython

from test_kernel import board, kernel, refused
from virtual_clock import VirtualClock

from core.declare import DeclarationError
from core.kernel import Kernel
from core.log import Log, LogTail


class Bus:
    provides = ("page",)
    options = {"port": (str, ...), "rate": (int, 250)}

    def __init__(self, *, port, rate):
        self.port, self.rate = port, rate


class Vehicle:
    requires = ("bus", "store", "log", "clock", "scope", "pulse")
    collects = ("page",)
    keeps = ("soc",)
    fail = False

    def __init__(self, bus, store, log, clock, scope, pulse, page):
        self.bus, self.store, self.log, self.clock, self.scope, self.page = bus, store, log, clock, scope, page
        self.pulse = pulse

    async def run(self):
        while True:
            self.pulse()
            if self.fail:
                raise OSError("off the bus")
            await self.clock.sleep_ms(100)


class Store:
    def scoped(self, scope, first):
        return scope, first


class PlainStore:
    pass


class Station:
    requires = ("store", "scope")
    uses = ("bus",)
    collects = ("vehicle", "page")

    def __init__(self, store, scope, bus, vehicle, page):
        self.store, self.scope, self.bus, self.vehicle, self.page = store, scope, bus, vehicle, page


class Keeper:
    requires = ("store",)
    keeps = ("soc",)

    def __init__(self, store):
        pass


class Needy:
    requires = ("vehicle",)

    def __init__(self, vehicle):
        self.vehicle = vehicle


def entry(name, cls, **more):
    return dict(more, name=name, use="test_scopes:" + cls)


def outlet(name, *more, **vehicle):
    bus = entry("bus", "Bus", options={"port": "can" + name})
    return {"scope": name, "components": (bus, entry("vehicle", "Vehicle", critical=True, **vehicle)) + more}


STATION = entry("station", "Station"), entry("store", "Store")


def test_names_are_looked_up_inside_first_and_then_outside():
    k = kernel(board(STATION[0], outlet("1"), outlet("2"), STATION[1]))
    one, two, station = k["1/vehicle"], k["2/vehicle"], k["station"]
    assert one.bus is k["1/bus"] and two.bus is k["2/bus"] and one.bus.port == "can1" and two.bus.port == "can2"
    assert station.store is k["store"] and one.store == ("1", True) and two.store == ("2", False)
    assert [part.name for part in k.parts] == ["store", "1/bus", "1/vehicle", "2/bus", "2/vehicle", "station"]
    one.log.warning("hot")
    assert any("1/vehicle: hot" in line for line in one.log.tail.lines), list(one.log.tail.lines)


def test_the_outside_collects_from_everywhere_and_a_scope_from_itself_and_outside():
    k = kernel(board(outlet("2"), *STATION, outlet("1"), entry("panel", "Bus", options={"port": ""})))
    assert k["station"].vehicle == (k["2/vehicle"], k["1/vehicle"])
    assert k["station"].page == (k["2/bus"], k["1/bus"], k["panel"]) and k["station"].bus is None
    assert k["1/vehicle"].page == (k["1/bus"], k["panel"]) and k["2/vehicle"].page == (k["2/bus"], k["panel"])
    assert k["2/vehicle"].store == ("2", True)  # the first of the board


def test_bind_reaches_into_a_scope_from_outside_and_from_another_one():
    station = entry("station", "Station", bind={"bus": "2/bus"})
    crossed = outlet("1", bind={"bus": "2/bus"})
    k = kernel(board(station, crossed, outlet("2"), STATION[1]))
    assert k["station"].bus is k["2/bus"] and k["1/vehicle"].bus is k["2/bus"]
    own = outlet("1", entry("spare", "Bus", options={"port": "x"}), bind={"bus": "spare"})
    assert kernel(board(own, STATION[1]))["1/vehicle"].bus.port == "x"


def test_a_store_of_its_own_is_not_scoped():
    k = kernel(board(outlet("1", entry("store", "Store"))))
    assert k["1/vehicle"].store is k["1/store"]


def test_settings_are_nested_once():
    def free(name):
        return {"scope": name, "components": (entry("bus", "Bus"),)}

    settings = {"can": {"1": {"port": "1/bus.port"}, "2": {"port": "2/bus.port"}, "rate": "1/bus.rate"}}
    a_board = board(free("1"), free("2"), settings=settings)
    k = kernel(a_board, {"can": {"1": {"port": "a"}, "2": {"port": "b"}, "rate": 7}})
    assert k["1/bus"].port == "a" and k["2/bus"].port == "b" and k["1/bus"].rate == 7 and k["2/bus"].rate == 250
    missing = 'set "can": {"2": {"port": ...}} in settings.json'
    refused(a_board, "component 2/bus", "'port'", missing, settings={"can": {"1": {"port": "a"}}})
    for given, words in (
        ({"can": {"port": "a"}}, ("'port' in section 'can' is unknown", "can.1, can.2")),
        ({"can": {"3": {"port": "a"}}}, ("'3' in section 'can' is unknown", "can.1, can.2")),
        ({"can": {"1": "a"}}, ("section 'can.1' is not an object",)),
        ({"can": {"1": {"prt": "a"}}}, ("'prt' in section 'can.1'", "did you mean port?")),
        ({"can": {"1": {"port": 5}}}, ("'port' in section 'can.1'", "component 1/bus", "option port", "type str")),
        ({"can.1": {"port": "a"}}, ("unknown section 'can.1'",)),
    ):
        refused(a_board, "settings", *words, settings=given)
    for target in ("bus.port", "3/bus.port", "1/bus.prt", "1.port", {"1": "1/bus.port"}):
        wrong = board(outlet("1"), STATION[1], settings={"can": {"1": {"port": target}}})
        refused(wrong, "SETTINGS", "'port' in section 'can.1'", "is not there")


def test_what_a_board_declares_wrongly_of_scopes():
    good = entry("bus", "Bus", options={"port": "x"})
    for scope, words in (
        ({"scope": "1"}, ("scope 1", "components are missing")),
        ({"scope": "1", "components": ()}, ("scope 1", "components are empty")),
        ({"scope": "1", "components": good}, ("scope 1", "components are a dict", "comma")),
        ({"scope": "1", "components": ("bus",)}, ("scope 1", "'bus'", "no dict", "comma")),
        ({"scope": "1", "components": ({"name": "bus"},)}, ("scope 1", "'use'", "missing")),
        ({"scope": "1", "component": (good,)}, ("scope 1", "'component'", "did you mean components?")),
        ({"scope": "1", "name": "x", "components": (good,)}, ("scope 1", "unknown key 'name'")),
        ({"scope": "", "components": (good,)}, ("scope", "no text", "''")),
        ({"scope": 1, "components": (good,)}, ("scope 1", "its name is no text: 1")),
        ({"scope": "1/2", "components": (good,)}, ("scope 1/2", "'/'")),
        ({"scope": "1.2", "components": (good,)}, ("scope 1.2", "'.'")),
        ({"scope": "1", "components": (outlet("2"),)}, ("scope 1", "'2' is a scope in a scope")),
        ({"scope": "1", "components": (good, good)}, ("component 1/bus", "two providers")),
        ({"scope": "1", "components": (entry("clock", "Bus"),)}, ("component 1/clock", "kernel")),
        ({"scope": "1", "components": (entry("bus", "Bus"),)}, ("component 1/bus", "'port'", "required")),
        ({"scope": "1", "components": (entry("bus", "Buss"),)}, ("component 1/bus", "test_scopes:Buss")),
        (entry("1/bus", "Bus"), ("component 1/bus", "'/'")),
        (entry("bus.1", "Bus"), ("component bus.1", "'.'")),
    ):
        refused(board(scope), *words)
    refused(board(outlet("1"), STATION[1], outlet("1")), "scope 1", "twice")


def test_a_service_that_is_not_reached_is_reported_with_where_it_is():
    needy = entry("needy", "Needy")
    two = outlet("1"), outlet("2")
    refused(board(needy, *two, STATION[1]), "component needy", "'vehicle'", "bind it to 1/vehicle or 2/vehicle")
    bound = entry("needy", "Needy", bind={"vehicle": "3/vehicle"})
    refused(board(bound, outlet("1"), STATION[1]), "component needy", "'3/vehicle'", "there is no scope '3'")
    bound = entry("needy", "Needy", bind={"vehicle": "1/vehicel"})
    refused(board(bound, outlet("1"), STATION[1]), "component needy", "did you mean 1/vehicle?")
    refused(board(outlet("1")), "component 1/vehicle", "'store'", "no component provides it")
    inside = {"scope": "1", "components": (needy,)}
    refused(board(inside, outlet("2"), STATION[1]), "component 1/needy", "'vehicle'", "bind it to 2/vehicle")


def test_a_cycle_through_a_scope_shows_full_names():
    loop = {"scope": "1", "components": (entry("a", "A"), entry("b", "B"))}
    for one in loop["components"]:
        one["use"] = one["use"].replace("test_scopes", "test_kernel")
    refused(board(loop), "component 1/a", "cycle: 1/a -> 1/b -> 1/a")


def test_two_scopes_keep_apart_what_they_keep_in_one_store():
    kernel(board(outlet("1"), outlet("2"), STATION[1]))
    plain = entry("store", "PlainStore")
    refused(board(outlet("1"), outlet("2"), plain), "components 1/vehicle and 2/vehicle", "both keep", "'soc'")
    double = outlet("1", entry("twin", "Keeper"))
    refused(board(double, STATION[1]), "components 1/vehicle and 1/twin", "both keep", "'1/soc'")
    # Of the first scope it may be there as a board without scopes has written it.
    outside = entry("keeper", "Keeper")
    refused(board(outlet("1"), outside, STATION[1]), "components 1/vehicle and keeper", "both keep", "'soc'")
    kernel(board(outlet("1", entry("store", "Store")), outside, STATION[1]))


def test_an_early_one_in_a_scope_begins_with_what_it_has_there():
    scope = {"scope": "1", "components": (entry("store", "Store"), entry("keeper", "Keeper", early=True))}
    refused(board(scope), "component 1/keeper", "early", "'1/store'")
    scope["components"][0]["early"] = True
    assert [part.name for part in kernel(board(scope)).parts] == ["1/store", "1/keeper"]


async def started(*entries):
    clock = VirtualClock()
    k = Kernel(board(*entries), {}, clock, Log(LogTail(clock, write=None), "test"), "/nowhere")
    task = asyncio.create_task(k.run())
    await clock.advance(1000)
    return k, clock, task


async def test_what_fails_or_hangs_inside_a_scope_leaves_the_other_one_alive():
    """Fails where `alive` is one for all: both outlets would lose it."""
    guard = entry("guard", "Vehicle", critical=True, bind={"bus": "1/bus", "store": "own"})
    k, clock, task = await started(outlet("1"), outlet("2"), guard, entry("own", "Store"), STATION[1])
    one, two, outside = k["1/vehicle"], k["2/vehicle"], k["guard"]
    assert (one.scope.name, two.scope.name, outside.scope.name) == ("1", "2", "") and outside.scope.alive is k.alive
    assert one.scope.alive.value and two.scope.alive.value and k.alive.value
    told = []
    one.scope.alive.watch(lambda alive: told.append((1, alive)))
    two.scope.alive.watch(lambda alive: told.append((2, alive)))
    one.fail = True
    await clock.advance(200)
    assert not one.scope.alive.value and two.scope.alive.value and k.alive.value
    one.fail = False
    await clock.advance(2000)
    assert one.scope.alive.value and told == [(1, False), (1, True)]
    part = [part for part in k.parts if part.name == "2/vehicle"][0]
    part.hung = True
    k.update_alive()
    assert one.scope.alive.value and not two.scope.alive.value and k.alive.value
    part.hung = False
    k.update_alive()
    del told[:]
    outside.fail = True
    await clock.advance(200)
    assert not (one.scope.alive.value or two.scope.alive.value or k.alive.value)
    outside.fail = False
    await clock.advance(3000)
    assert one.scope.alive.value and two.scope.alive.value and k.alive.value
    del told[:]
    k.request_exit(0, "test")
    await clock.advance(5000)
    await task
    assert not one.scope.alive.value and sorted(told) == [(1, False), (2, False)]


async def test_who_raises_on_hearing_of_one_scope_does_not_hide_it_from_the_other():
    k, clock, task = await started(outlet("1"), outlet("2"), STATION[1])

    def raises(alive):
        raise OSError("the lamp of outlet 1")

    k["1/vehicle"].scope.alive.watch(raises)
    for part in k.parts:
        part.hung = part.name in ("1/vehicle", "2/vehicle")
    try:
        k.update_alive()
        raise AssertionError("it was swallowed")
    except OSError as e:
        assert "lamp" in str(e)
    assert not k["1/vehicle"].scope.alive.value and not k["2/vehicle"].scope.alive.value
    task.cancel()


def test_a_board_without_scopes_has_no_module_for_them():
    import sys

    sys.modules.pop("core.scope", None)
    kernel(board(STATION[1], entry("keeper", "Keeper")))
    assert "core.scope" not in sys.modules
    kernel(board(outlet("1"), STATION[1]))
    assert "core.scope" in sys.modules


def test_the_parts_that_have_begun_come_with_the_error():
    early = {"scope": "1", "components": (entry("store", "Store", early=True),)}
    try:
        kernel(board(early, entry("needy", "Needy")))
        raise AssertionError("was not refused")
    except DeclarationError as e:
        assert "component needy" in str(e) and [part.name for part in e.parts] == ["1/store"]


async def test_with_a_full_heap_a_hang_still_closes_its_outlet_and_the_end_closes_both():
    k, clock, task = await started(outlet("1"), outlet("2"), STATION[1])
    one, two, update, close = k["1/vehicle"].scope.alive, k["2/vehicle"].scope.alive, k.update_alive, k.alive.set
    part = [part for part in k.parts if part.name == "1/vehicle"][0]
    part.hung = True
    micropython.heap_lock()
    try:
        update()
        first, second = one.value, two.value
        close(False)
    finally:
        micropython.heap_unlock()
    assert first is False and second is True and two.value is False
    task.cancel()
