"""The kernel runs: start, supervision with back-off, and an orderly stop."""

import asyncio

from virtual_clock import VirtualClock

from core.kernel import RESTART, STOPPED, Kernel, StartError
from core.log import Log, LogTail


class Worker:
    """Runs until `fail` says otherwise, and writes down what happens to it."""

    requires = ("clock", "pulse")
    options = {"tag": (str, "w")}
    events = None  # set by each test

    def __init__(self, clock, pulse, *, tag):
        self.clock, self.pulse, self.tag = clock, pulse, tag
        self.fail = 0
        self.error = ValueError("broken")

    async def start(self):
        self.note("start")

    async def run(self):
        self.note("run")
        self.pulse()
        if self.fail:
            self.fail -= 1
            raise self.error
        try:
            while True:
                await self.clock.sleep_ms(1000)
        finally:
            self.note("end")

    async def stop(self):
        self.note("stop")

    def note(self, what):
        Worker.events.append(self.tag + " " + what)


class Stubborn(Worker):
    """Raises something of its own when it is cancelled."""

    async def run(self):
        try:
            await super().run()
        finally:
            raise ValueError("at the end")


class BadStart:
    async def start(self):
        raise OSError(5)


def entry(name, cls, **more):
    more["name"] = name
    more["use"] = "test_supervision:" + cls
    return more


def kernel(*entries, clock):
    class Board:
        NAME = "testboard"
        COMPONENTS = entries

    return Kernel(Board, {}, clock, Log(LogTail(clock, write=None), "test"))


def workers(clock, *tags, critical=True):
    Worker.events = []
    return kernel(*[entry(tag, "Worker", options={"tag": tag}, critical=critical) for tag in tags], clock=clock)


async def test_starts_all_runs_all_and_stops_in_reverse():
    clock = VirtualClock()
    k = workers(clock, "w1", "w2")
    task = asyncio.create_task(k.run())
    await clock.settle()
    assert Worker.events == ["w1 start", "w2 start", "w1 run", "w2 run"] and k.alive.value
    k.request_exit(RESTART, "test")
    k.request_exit(STOPPED, "too late")
    assert await task == RESTART and k.exit_reason == "test"
    assert Worker.events[4:] == ["w2 end", "w2 stop", "w1 end", "w1 stop"]
    assert not k.alive.value


async def test_a_failing_component_is_restarted_with_growing_back_off():
    clock = VirtualClock()
    k = workers(clock, "w1", "w2")
    k["w1"].fail = 3
    task = asyncio.create_task(k.run())
    await clock.settle()
    part = k.parts[0]
    assert part.state == "failed" and part.failures == 1 and "broken" in part.last_error
    assert k.alive.value is False and k.parts[1].state == "running"
    at = []
    while len(at) < 3:
        before = Worker.events.count("w1 run")
        await clock.advance(100)
        if Worker.events.count("w1 run") > before:
            at.append(clock.uptime_ms())
    assert at == [1000, 3000, 7000], at
    assert part.state == "running" and k.alive.value is True
    assert any("broken" in line for line in k.log.tail.lines)
    k.request_exit(STOPPED, "")
    await task


class Parent(Worker):
    """Has a task of its own that nobody awaits."""

    async def run(self):
        asyncio.create_task(self._child())
        await super().run()

    async def _child(self):
        raise ValueError("TAG\r\nE 0.000 gate: open\x1b[2J")


async def test_a_task_that_is_not_awaited_fails_in_the_log():
    """asyncio would print it on the terminal as it is, past the log, and nothing would be left of it."""
    Worker.events = []
    clock = VirtualClock()
    site = kernel(entry("a", "Parent", critical=True), clock=clock)
    running = asyncio.create_task(site.run())
    await clock.advance(1000)
    lines = [line for line in site.log.tail.lines if "gate: open" in line]
    assert len(lines) >= 2 and any("a task failed" in line for line in lines), list(site.log.tail.lines)
    for line in site.log.tail.lines:
        assert all(" " <= char <= "~" for char in line), line
    site.request_exit(STOPPED, "test")
    assert await running == STOPPED and site["a"].tag == "w"


async def test_back_off_is_bounded_and_forgotten_after_a_steady_run():
    clock = VirtualClock()
    k = workers(clock, "w1")
    k["w1"].fail = 9
    task = asyncio.create_task(k.run())
    await clock.advance(1000 + 2000 + 4000 + 8000 + 16000 + 32000 + 60000 + 60000)
    assert Worker.events.count("w1 run") == 9
    await clock.advance(60000)
    assert k.parts[0].state == "running"
    await clock.advance(61000)
    k.parts[0].instance.fail = 1
    k.parts[0].task.cancel()  # as when a task that it awaits is cancelled
    await clock.settle()
    assert k.parts[0].state == "failed"
    await clock.advance(1000)
    assert Worker.events.count("w1 run") == 11
    k.request_exit(STOPPED, "")
    await task


async def test_a_component_that_is_not_critical_may_fail():
    clock = VirtualClock()
    k = workers(clock, "w1", critical=False)
    k["w1"].fail = 1
    task = asyncio.create_task(k.run())
    await clock.settle()
    assert k.parts[0].state == "failed" and k.alive.value is True
    k.request_exit(STOPPED, "")
    await task


async def test_a_component_that_died_is_restarted_even_if_there_is_no_memory_to_tell_of_it():
    clock = VirtualClock()
    k = workers(clock, "w1")
    k["w1"].fail = 1

    def full(_):
        raise MemoryError

    told = []
    k.alive.watch(told.append)
    k.log.tail.write = full
    task = asyncio.create_task(k.run())
    await clock.settle()
    part = k.parts[0]
    assert (part.state, part.failures, told) == ("failed", 1, [True, False])
    assert k.log.tail.lost > 1
    await clock.advance(1000)
    assert part.state == "running" and part.task is not None and k.alive.value is True
    k.request_exit(STOPPED, "")
    assert await task == STOPPED


async def test_nothing_is_alive_again_while_the_firmware_stops():
    clock = VirtualClock()
    Worker.events = []
    k = kernel(entry("w1", "Worker", critical=True), entry("w2", "Stubborn"), clock=clock)
    task = asyncio.create_task(k.run())
    await clock.settle()
    told = []
    k.alive.watch(told.append)
    k.request_exit(STOPPED, "")
    assert await task == STOPPED
    assert told == [False] and k.parts[1].failures == 1


async def test_a_failing_start_ends_the_firmware():
    clock = VirtualClock()
    Worker.events = []
    entries = (entry("w1", "Worker"), entry("bad", "BadStart"), entry("w2", "Worker", options={"tag": "never"}))
    k = kernel(*entries, clock=clock)
    try:
        await k.run()
        raise AssertionError("went on")
    except StartError as e:
        told = str(e)
    assert told.startswith("board testboard: component bad did not start: OSError: [Errno 5] EIO ("), told
    assert "test_supervision.py" in told and "\n" not in told
    assert Worker.events == ["w start", "w stop"] and not k.alive.value


async def test_an_hour_passes_in_a_moment():
    clock = VirtualClock()
    k = workers(clock, "w1")
    task = asyncio.create_task(k.run())
    await clock.advance(3600000)
    assert clock.uptime_ms() == 3600000
    k.request_exit(STOPPED, "")
    await task
