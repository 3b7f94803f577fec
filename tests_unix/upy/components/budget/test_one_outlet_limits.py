"""Limits from outside for one outlet: they hold whatever fails, and after a life time nobody renews."""

import gc

from construct import construct
from gate_rig import make
from scarce_heap import Scarce

from components.budget.limits import Limits
from components.operator.snapshot import page_of
from core.log import Log, LogTail

HEAPSIZE = "4M"


class Outlet:
    def __init__(self, gate):
        self.gate = gate


def limits_of(gate, clock, **options):
    return construct(Limits, clock, Log(LogTail(clock, None), "limits"), (Outlet(gate),), **options)


def ready(**options):
    gate, good, _, _ = make()
    for signal, value, _ in good.values():
        signal.set(value)
    gate.limit("transaction", 32000)
    clock = gate._kernel.clock
    return gate, limits_of(gate, clock, **options), clock


def test_a_limit_that_no_memory_was_for_holds_once_there_is_some():
    for blocks in range(12):
        gate, limits, _ = ready()
        with Scarce(blocks):
            try:
                limits.limit("web", 10000)
            except MemoryError:
                pass
        gc.collect()
        limits.tick(1)
        told = [row["ma"] for row in limits.limits()]
        assert told == [] or gate.limit_ma.value == 10000, (blocks, told, gate.limit_ma.value)


def test_a_page_that_no_memory_was_for_is_there_the_next_time():
    """What an import has left without memory would be the end of MicroPython when it is imported again."""
    _, limits, _ = ready()
    limits.limit("web", 10000)

    class Part:
        name, instance = "limits", limits

    failed = 0
    for blocks in range(40):
        with Scarce(blocks):
            try:
                for piece in page_of(Part):
                    failed += piece[0] == "failed"
            except MemoryError:
                failed += 1
        assert [piece[0] for piece in page_of(Part)] == ["limit/web"]
    assert failed > 10


def test_a_watcher_that_fails_takes_no_limit_away():
    gate, limits, _ = ready()
    gate.limit_ma.watch(fails)
    try:
        limits.limit("web", 10000)
        raise AssertionError("it was not called")
    except ZeroDivisionError:
        assert gate.limit_ma.value == 10000
    limits.tick(1)


def fails(_):
    raise ZeroDivisionError


async def test_what_expires_becomes_the_fail_safe_limit_also_of_0():
    for fail_safe in (0, 6000):
        gate, limits, clock = ready(fail_safe_ma=fail_safe)
        limits.limit("a", 20000, 1000)
        limits.limit("b", 16000, 60000)
        limits.limit("b", 8000, 2000, 1)
        assert gate.limit_ma.value == 8000
        await clock.advance(1500)
        limits.tick(1)
        assert gate.limit_ma.value == fail_safe
        limits.limit("a", None)
        assert gate.limit_ma.value == 8000
        await clock.advance(1000)
        limits.tick(1)
        assert gate.limit_ma.value == fail_safe
        limits.limit("b", None, None, 1)
        limits.limit("b", None)
        assert gate.limit_ma.value == 32000 and limits.limits() == []


async def test_what_withdraws_nothing_does_not_lift_the_fail_safe_limit_of_the_start():
    gate, limits, _ = ready(fail_safe_ma=6000, fail_safe_first=True)
    assert gate.limit_ma.value == 6000
    limits.limit("web", None)
    assert gate.limit_ma.value == 6000 and limits.limits()[0]["source"] == "fail-safe"
    limits.limit("web", 10000)
    assert gate.limit_ma.value == 10000
