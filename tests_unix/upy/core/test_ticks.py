"""What components do every 100 ms: the kernel calls it, and supervises it like a run."""

import asyncio
import micropython

from virtual_clock import VirtualClock

from core.kernel import STOPPED, Kernel, StartError
from core.log import Log, LogTail


class Ticking:
    """Notes each call; `fail`: what the next ones raise."""

    events = []  # type: list
    options = {"tag": (str, ...)}

    def __init__(self, tag):
        self.tag = tag
        self.fail = []
        self.after = lambda: None

    def tick(self, passed):
        self.events.append((self.tag, passed))
        if self.fail:
            raise self.fail.pop(0)
        self.after()

    def halt(self):
        self.events.append((self.tag, "halt"))


def kernel(clock, *tags, both=""):
    Ticking.events = []
    uses = {tag: "test_ticks:Both" if tag == both else "test_ticks:Ticking" for tag in tags}

    class Board:
        NAME = "ticking"
        COMPONENTS = tuple([{"name": tag, "use": uses[tag], "options": {"tag": tag}, "critical": True} for tag in tags])

    return Kernel(Board, {}, clock, Log(LogTail(clock, None), "test"))


def taken():
    """What was noted since the last call."""
    found = list(Ticking.events)
    Ticking.events.clear()
    return found


async def started(*tags, **more):
    clock = VirtualClock()
    k = kernel(clock, *tags, **more)
    task = asyncio.create_task(k.run())
    await clock.settle()
    return clock, k, task


async def test_all_are_called_every_100_ms_in_their_order():
    clock, k, task = await started("a", "b")
    assert taken() == [("a", 1), ("b", 1)] and k.alive.value
    await clock.advance(99)
    assert taken() == []
    await clock.advance(1)
    assert taken() == [("a", 1), ("b", 1)]
    clock._now += 350  # as when something blocked the loop
    await clock.advance(1000)
    assert taken()[:4] == [("a", 1), ("b", 1), ("a", 2), ("b", 2)]
    for part in k.parts:  # the watchdog asks for that
        assert part.task is not None and clock.ticks_ms() - part.beat_ms <= 100
    k.request_exit(STOPPED, "")
    await task
    assert taken()[-2:] == [("b", "halt"), ("a", "halt")]
    await clock.advance(1000)
    assert taken() == []


async def test_one_that_raises_is_halted_and_called_again_after_its_back_off():
    """Fails where it takes the others with it."""
    clock, k, task = await started("a", "b")
    taken()
    k["a"].fail = [OSError("broken"), ValueError("still")]
    told = []
    k.alive.watch(told.append)
    await clock.advance(100)
    part = k.parts[0]
    assert taken() == [("a", 1), ("a", "halt"), ("b", 1)]
    assert (part.state, part.failures, told) == ("failed", 1, [False]) and "broken" in part.last_error
    await clock.advance(900)
    assert [tag for tag, _ in taken()] == ["b"] * 9
    await clock.advance(100)
    assert taken() == [("a", 1), ("a", "halt"), ("b", 1)] and part.failures == 2
    await clock.advance(1900)
    assert part.state == "failed" and not k.alive.value
    await clock.advance(100)
    assert part.state == "running" and k.alive.value and taken()[-2:] == [("a", 1), ("b", 1)]
    k.request_exit(STOPPED, "")
    await task


async def test_one_that_failed_starts_again_even_if_there_is_no_memory_to_tell_of_it():
    clock, k, task = await started("a", "b")

    def full(_):
        raise MemoryError

    k.log.tail.write = full
    k["a"].fail = [MemoryError()]
    await clock.advance(100)
    part = k.parts[0]
    assert (part.state, part.failures) == ("failed", 1) and k.log.tail.lost
    await clock.advance(1000)
    assert part.state == "running" and k.alive.value
    k.request_exit(STOPPED, "")
    assert await task == STOPPED


async def test_what_never_ran_is_not_halted():
    """Fails where a start that another one's ``start`` ends halts what has not been called."""
    clock = VirtualClock()
    k = kernel(clock, "a", "b")

    async def start():
        raise OSError("broken")

    k["b"].start = start
    try:
        await k.run()
        raise AssertionError("started")
    except StartError as e:
        assert "broken" in str(e)
    assert taken() == [] and all(part.state == "stopped" for part in k.parts)


async def test_a_halt_that_raises_is_a_failure_and_hides_nothing():
    clock, k, task = await started("a", "b")
    k["b"].halt = lambda: 1 // 0
    k["b"].fail = [OSError("broken")]
    await clock.advance(100)
    assert k.parts[1].state == "failed" and "broken" in k.parts[1].last_error
    k.request_exit(STOPPED, "")
    assert await task == STOPPED and all(part.state == "stopped" for part in k.parts)
    assert ("a", "halt") in taken()


class Both(Ticking):
    """Has a run, too."""

    async def run(self):
        self.events.append((self.tag, "run"))
        try:
            await asyncio.Event().wait()
        finally:
            self.events.append((self.tag, "end"))


async def test_what_has_a_run_too_ends_and_starts_again_as_a_whole():
    clock, k, task = await started("a", "b", both="b")
    assert taken() == [("b", "run"), ("a", 1), ("b", 1)]
    k["b"].fail = [OSError("broken")]
    await clock.advance(100)
    part = k.parts[1]
    assert taken() == [("a", 1), ("b", 1), ("b", "halt"), ("b", "end")]
    assert (part.state, part.failures, part.raised) == ("failed", 1, None) and "broken" in part.last_error
    await clock.advance(1000)
    assert part.state == "running" and [what for tag, what in taken() if tag == "b"][0] == "run"
    k.request_exit(STOPPED, "")
    assert await task == STOPPED and [what for tag, what in taken() if tag == "b"][-2:] == ["halt", "end"]


class Turn:
    """What is awaited for one turn, again and again."""

    waits = False

    def __iter__(self):
        return self

    def __next__(self):
        self.waits = not self.waits
        if not self.waits:
            raise StopIteration


async def test_where_nothing_fails_nothing_is_allocated():
    clock, k, task = await started("a")
    ticks = k.parts[0].task.coro
    counted = []
    k["a"].tick = lambda passed: counted.append(passed) if len(counted) < 2 else None
    turn = Turn()
    clock.sleep_ms = lambda ms: turn  # which allocates nothing, like the real one
    for _ in range(3):
        ticks.send(None)
    micropython.heap_lock()
    try:
        for _ in range(3):
            ticks.send(None)
    finally:
        micropython.heap_unlock()
    assert len(counted) == 2
