"""What is needed once leaves the heap, and can be loaded again; what there is many of is small."""

import gc
import sys

from scarce_heap import Scarce
from virtual_clock import VirtualClock

from core.clock import Clock
from core.kernel import Kernel
from core.loading import OnDemand, unload
from core.log import Log, LogTail
from core.signals import Signal


class Board:
    NAME = "empty"
    COMPONENTS = ()


ROUNDS = 50


def test_an_unloaded_module_leaves_the_heap_and_its_package_and_can_be_loaded_again():
    """A word that was left on the stack may keep one of them at a collection, as garbage; never one a round."""
    import core.nearest

    unload("core.nearest")
    gc.collect()
    before = gc.mem_alloc()
    from core.nearest import nearest

    gc.collect()
    size = gc.mem_alloc() - before
    assert size > 500
    for _ in range(ROUNDS):
        assert nearest("statsu", ("status",)) == "status"
        unload("core.nearest")
        assert "core.nearest" not in sys.modules and not hasattr(core, "nearest")
        from core.nearest import nearest
    unload("core.nearest")
    del nearest
    gc.collect()
    assert gc.mem_alloc() - before < ROUNDS // 5 * size, (gc.mem_alloc() - before, size)
    unload("core.nearest")
    unload("no.such.module")


def test_a_device_keeps_nothing_of_what_reads_declarations():
    """Fails where the kernel or what it keeps has a reference into core.declare."""
    clock = VirtualClock()
    kernel = Kernel(Board, {}, clock, Log(LogTail(clock), "main"))
    import core
    import core.settings

    assert "core.declare" in sys.modules and hasattr(core, "declare")
    kernel.forget_declarations()
    for name in ("declare", "options", "settings"):
        assert "core." + name not in sys.modules and not hasattr(core, name)
    assert Kernel(Board, {}, clock, Log(LogTail(clock), "main")).parts == ()  # it reads one again


class Declared:
    """A component."""

    requires = ("clock",)
    options = {"n": (int, 1)}

    def __init__(self, clock, n=1):
        self.n = n


class Kept:
    """What several protocols share."""

    keeps = ("kept/",)
    uses = ("other",)
    collects = ("page",)
    provides = ("thing",)

    def __init__(self, other, page):
        pass


class Keeping(Kept):
    """One that keeps something, as its base says."""


class Declaring:
    NAME = "declaring"
    COMPONENTS = (
        {"name": "one", "use": "test_loading:Declared"},
        {"name": "other", "use": "test_loading:Declared"},
        {"name": "keeping", "use": "test_loading:Keeping"},
        {"name": "gate", "use": "components.evse.gate:Gate"},
    )


def test_a_device_keeps_nothing_of_what_its_classes_declare():
    clock = VirtualClock()
    kernel = Kernel(Declaring, {}, clock, Log(LogTail(clock), "main"))
    classes = type(kernel["one"]), type(kernel["keeping"])
    kernel.forget_declarations()
    for name in ("options", "requires", "uses", "collects", "provides", "keeps"):
        assert not [cls for cls in classes if hasattr(cls, name)], name
    assert "__init__" not in type(kernel["gate"]).__dict__ and "__init__" in classes[0].__dict__
    unload("components.evse.gate")


class Heavy:
    """One that declares much."""

    options = {"choice": (bytes, bytes(50000))}

    def __init__(self, choice):
        pass


def test_what_a_class_declared_is_free_when_a_device_has_forgotten_it():
    """Fails where it is deleted only: MicroPython's table of a class keeps the value beside the empty key."""

    class Board:
        NAME = "heavy"
        COMPONENTS = ({"name": "heavy", "use": "test_loading:Heavy"},)

    kernel = Kernel(Board, {}, Clock(), Log(LogTail(Clock()), "main"))
    gc.collect()
    before = gc.mem_alloc()
    kernel.forget_declarations()
    gc.collect()
    assert before - gc.mem_alloc() > 50000


def test_no_device_has_the_clock_of_tests_on_its_heap():
    import core.clock

    assert not hasattr(core.clock, "VirtualClock") and issubclass(VirtualClock, core.clock.Clock)


def test_a_signal_of_the_device_clock_has_two_attributes_of_its_own():
    signal = Signal(1, Clock())
    assert sorted(signal.__dict__) == ["at_ms", "value"]
    clock = VirtualClock(5)
    signal = Signal(1, clock)
    clock._now = 9
    signal.set(2)
    assert signal.at_ms == 9 and signal.age_ms() == 0


def test_overlapping_jobs_keep_what_they_loaded_until_the_last_of_them_ends():
    unload("core.nearest")
    on_demand = OnDemand()
    on_demand.begin()
    import core.nearest  # noqa: F401

    on_demand.begin()
    on_demand.end()
    assert "core.nearest" in sys.modules
    kept = on_demand.keep(("core.nearest", "core.log"))
    assert kept == ("core.nearest",)  # the other one was there before
    on_demand.end()
    assert "core.nearest" in sys.modules
    on_demand.begin()
    on_demand.drop(kept)
    assert "core.nearest" in sys.modules  # somebody is at work
    on_demand.end()
    assert "core.nearest" not in sys.modules and "core.log" in sys.modules


def test_an_import_that_fails_for_want_of_memory_can_be_made_again():
    """Fails where a name without a module stays in sys.modules: the next import of it ends the process."""
    failed = blocks = 0
    done = False
    while not done:
        unload("core.nearest")
        on_demand = OnDemand()
        scarce = Scarce(blocks)
        with scarce:
            try:
                with on_demand:
                    import core.nearest  # noqa: F401
                done = True
            except MemoryError:
                failed += 1
        from core.nearest import nearest

        assert nearest("statsu", ("status",)) == "status"
        blocks += 1
    assert failed > 20, failed


def test_what_two_jobs_keep_stays_until_the_second_of_them_drops_it():
    """Else the second would meet another copy of its own exceptions, which it does not catch."""
    unload("core.nearest")
    on_demand = OnDemand()
    kept = []
    for _ in range(2):
        on_demand.begin()
        import core.nearest  # noqa: F401

        kept.append(on_demand.keep(("core.nearest",)))
        on_demand.end()
    on_demand.drop(kept[0])
    assert "core.nearest" in sys.modules
    on_demand.begin()
    on_demand.drop(kept[1])
    on_demand.end()
    assert "core.nearest" not in sys.modules
