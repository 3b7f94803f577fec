"""Health: the watchdog starves when a critical component hangs, the loop's lag, boots and their causes."""

import asyncio
import time

from virtual_clock import VirtualClock

from core.clock import Clock
from core.kernel import RESTART, STOPPED, Kernel
from core.log import Log, LogTail
from core.signals import Signal


class Worker:
    """A component that pulses until it is told to hang: then its task lives, but makes no progress."""

    requires = ("clock", "pulse")

    def __init__(self, clock, pulse):
        self.hangs = self.fails = False
        self._clock = clock
        self._pulse = pulse

    async def run(self):
        while True:
            if self.fails:
                raise ValueError("broken")
            if not self.hangs:
                self._pulse()
            await self._clock.sleep_ms(500)


class Idle:
    """Critical, but all it does is done in calls: it has no task that could hang."""


class Board:
    NAME = "healthtest"
    COMPONENTS = (
        {"name": "store", "use": "components.persistence:Persistence", "critical": True},
        {"name": "worker", "use": "test_health:Worker", "critical": True},
        {"name": "idle", "use": "test_health:Idle", "critical": True},
        {"name": "leisure", "use": "test_health:Worker"},
        {"name": "watchdog", "use": "drivers.hostwatchdog:HostWatchdog"},
        {"name": "health", "use": "components.health:Health"},
    )
    SETTINGS = {"watchdog": {"path": "watchdog.path"}}


def make(home, clock=None, settings=None, board=Board):
    clock = clock or VirtualClock()
    return Kernel(board, settings or {}, clock, Log(LogTail(clock, None), "main"), home)


async def running(kernel):
    task = asyncio.create_task(kernel.run())
    await kernel.clock.advance(100)
    return task


async def ended(kernel, task, code=STOPPED, reason="test"):
    """An orderly stop. Its time-outs run on the real clock."""
    kernel.request_exit(code, reason)
    assert await task == code


def lines(kernel, text):
    return [line for line in kernel.log.tail.lines if text in line]


async def test_the_watchdog_is_fed_once_a_second_while_all_critical_ones_make_progress(tmp):
    kernel = make(tmp)
    task = await running(kernel)
    await kernel.clock.advance(60000)
    assert 60 <= kernel["watchdog"].fed <= 62 and kernel["health"].hung.value == ""
    await ended(kernel, task)


class Late(Board):
    COMPONENTS = Board.COMPONENTS + ({"name": "late", "use": "test_health:Worker", "critical": True},)


async def test_what_is_declared_after_it_is_running_when_health_looks_for_the_first_time(tmp):
    """Fails where a component is not running before its task has taken a step: others may take theirs first."""
    clock = VirtualClock()
    kernel = Kernel(Late, {}, clock, Log(LogTail(clock, None), "main"), tmp)
    task = asyncio.create_task(kernel.run())
    while not kernel["watchdog"].fed and not lines(kernel, "watchdog"):
        await asyncio.sleep_ms(0)
    assert not lines(kernel, "watchdog"), lines(kernel, "watchdog")
    assert kernel["watchdog"].fed == 1 and kernel.alive.value is True
    await ended(kernel, task)


class Slow(Worker):
    """Takes as long to stop as the kernel allows, nearly."""

    async def stop(self):
        await asyncio.sleep_ms(1500)


class Leaving(Board):
    COMPONENTS = Board.COMPONENTS + (
        {"name": "slow", "use": "test_health:Slow"},
        {"name": "late", "use": "test_health:Worker", "critical": True},
    )


async def test_what_has_stopped_is_not_missed_while_the_others_stop(tmp):
    """On the real clock: after ``late`` ended ``slow`` takes more than the second after which health looks again."""
    kernel = make(tmp, Clock(), board=Leaving)
    task = asyncio.create_task(kernel.run())
    while not kernel["watchdog"].fed:
        await asyncio.sleep_ms(10)
    fed = kernel["watchdog"].fed
    await ended(kernel, task, RESTART, "Reset Soft")
    assert kernel["watchdog"].fed > fed, "it looked"
    assert not lines(kernel, "watchdog"), lines(kernel, "watchdog")


async def test_a_critical_component_that_hangs_starves_the_watchdog(tmp):
    kernel = make(tmp)
    task = await running(kernel)
    await kernel.clock.advance(5000)
    kernel["worker"].hangs = True
    await kernel.clock.advance(12000)
    fed = kernel["watchdog"].fed
    assert fed <= 5 + 12
    await kernel.clock.advance(60000)
    assert kernel["watchdog"].fed == fed
    assert "worker" in kernel["health"].hung.value and len(lines(kernel, "watchdog not fed")) == 1
    kernel["worker"].hangs = False
    await kernel.clock.advance(2000)
    assert kernel["watchdog"].fed > fed and kernel["health"].hung.value == "" and lines(kernel, "fed again")
    await ended(kernel, task)


async def test_what_hangs_in_a_scope_has_the_reset_wait_while_another_outlet_charges(tmp):
    """Fails where one hung outlet resets a station on which another one charges."""

    class TwoOutlets(Board):
        COMPONENTS = Board.COMPONENTS + ({"scope": "1", "components": (dict(Board.COMPONENTS[1], name="bms"),)},)

    kernel = Kernel(TwoOutlets, {}, VirtualClock(), Log(LogTail(VirtualClock(), None), "main"), tmp)
    task = await running(kernel)
    charging = Signal(True, kernel.clock)
    kernel.urgent.wait_while(charging)
    kernel["1/bms"].hangs = True
    await kernel.clock.advance(60000)
    assert kernel["watchdog"].fed >= 59 and "1/bms" in kernel["health"].hung.value and kernel.alive.value
    assert len(lines(kernel, "watchdog not fed but while others charge: 1/bms makes no progress")) == 1
    charging.set(False)
    await kernel.clock.advance(1000)
    fed = kernel["watchdog"].fed
    await kernel.clock.advance(30000)
    assert kernel["watchdog"].fed == fed  # nobody is charged: the device may reset
    charging.set(True)
    kernel["worker"].hangs = True  # what is outside of all scopes closes all outlets
    await kernel.clock.advance(15000)
    fed = kernel["watchdog"].fed
    await kernel.clock.advance(30000)
    assert kernel["watchdog"].fed == fed and not kernel.alive.value
    await ended(kernel, task)


async def test_a_critical_component_that_failed_starves_it_and_another_does_not(tmp):
    kernel = make(tmp)
    task = await running(kernel)
    kernel["leisure"].hangs = kernel["leisure"].fails = True
    await kernel.clock.advance(30000)
    assert kernel["watchdog"].fed >= 30
    kernel["worker"].fails = True
    await kernel.clock.advance(300000)  # by now a minute between two tries
    fed = kernel["watchdog"].fed
    await kernel.clock.advance(20000)
    assert kernel["watchdog"].fed == fed and kernel["health"].hung.value == "worker is failed"
    await ended(kernel, task)


async def test_a_hung_component_is_not_alive_until_it_makes_progress_again(tmp):
    kernel = make(tmp)
    task = await running(kernel)
    kernel["worker"].hangs = True
    await kernel.clock.advance(9000)
    assert kernel.alive.value is True
    await kernel.clock.advance(3000)
    assert kernel.alive.value is False
    kernel["worker"].hangs = False
    await kernel.clock.advance(2000)
    assert kernel.alive.value is True
    kernel["leisure"].hangs = True  # not critical
    await kernel.clock.advance(12000)
    assert kernel.alive.value is True
    await ended(kernel, task)


async def test_the_device_gets_a_byte_a_feed_and_the_magic_close_at_an_orderly_stop(tmp):
    kernel = make(tmp, settings={"watchdog": {"path": tmp + "/watchdog"}})
    task = await running(kernel)
    await kernel.clock.advance(5000)
    fed = kernel["watchdog"].fed
    await ended(kernel, task)
    with open(tmp + "/watchdog", "rb") as file:
        assert file.read() == b"\0" * fed + b"V" and fed >= 5


async def test_a_watchdog_that_cannot_be_opened_is_logged_and_the_rest_goes_on(tmp):
    kernel = make(tmp, settings={"watchdog": {"path": tmp + "/no/such"}})
    task = await running(kernel)
    await kernel.clock.advance(30000)
    assert kernel["watchdog"].fed == 0 and len(lines(kernel, "watchdog:")) == 1
    assert kernel["health"].heap_free.value > 0
    await ended(kernel, task)


async def test_boots_are_counted_and_an_orderly_end_is_distinguished_from_a_power_cut(tmp):
    kernel = make(tmp)
    task = await running(kernel)
    health = kernel["health"]
    assert (health.boot_count, health.reset_cause) == (1, "first start")
    await ended(kernel, task, RESTART, "reset on request")
    kernel = make(tmp)
    await running(kernel)
    health = kernel["health"]
    assert (health.boot_count, health.reset_cause) == (2, "stop: reset on request")
    kernel = make(tmp)  # that one just ends: its reason must not count twice
    task = await running(kernel)
    health = kernel["health"]
    assert (health.boot_count, health.reset_cause) == (3, "power cut")
    await ended(kernel, task)


async def test_a_store_that_cannot_be_read_is_not_written_to_at_the_end(tmp):
    with open(tmp + "/state", "w") as file:
        file.write("a file where a directory should be")
    kernel = make(tmp)
    task = await running(kernel)
    assert kernel["store"].fault.value == "the journal cannot be opened" and lines(kernel, "boot not counted")
    await ended(kernel, task)
    assert not lines(kernel, "reason of the stop")


async def test_a_step_that_blocks_the_loop_is_measured_and_logged(tmp):
    kernel = make(tmp, Clock())
    task = asyncio.create_task(kernel.run())
    health = kernel["health"]
    while health.heap_free.value is None:
        await asyncio.sleep_ms(10)
    await asyncio.sleep_ms(60)
    before = health.blocked
    for _ in range(3):
        time.sleep_ms(150)
        await asyncio.sleep_ms(60)
    assert health.blocked >= before + 3 and health.lag_max_ms >= 100
    assert len(lines(kernel, "the loop was blocked for more than 30 ms")) == 1
    await ended(kernel, task)


async def test_what_is_known_to_block_is_reported_once_with_its_name_and_what_is_not_is_warned_of(tmp):
    """It was a warning a minute, of Wi-Fi, flash and all. Also one that has blocked before the watching began."""
    kernel = make(tmp)

    def block(ms):
        kernel.clock._now += ms

    kernel.urgent.block("Wi-Fi on", block, 90)
    task = await running(kernel)
    health = kernel["health"]
    assert health.heap_free.value is not None
    for ms in (5, 150, 200, 150):
        kernel.urgent.block("flash", block, ms)
        await kernel.clock.advance(60)
    assert health.blocked == 0 and 150 <= health.lag_max_ms <= 200, health.lag_max_ms
    assert len(lines(kernel, "Wi-Fi on blocked the loop for 90 ms")) == 1
    assert len(lines(kernel, "flash blocked the loop for 150 ms")) == len(lines(kernel, "flash blocked")) == 1
    assert not lines(kernel, "W ")
    kernel.urgent.block("flash", block, 50)
    block(150)  # in the same slice of time: somebody else's
    await kernel.clock.advance(60)
    assert health.blocked == 1 and len(lines(kernel, "the loop was blocked for more than 30 ms")) == 1
    assert kernel.urgent.longest["flash"] == 200
    await ended(kernel, task)


async def test_the_lowest_heap_is_kept(tmp):
    kernel = make(tmp)
    task = await running(kernel)
    health = kernel["health"]
    first = health.heap_free.value
    assert first == kernel.heap_free and "collection" not in kernel.urgent.longest  # the kernel's is not made twice
    ballast = bytearray(100000)
    await kernel.clock.advance(31000)
    low = health.heap_free.value
    assert first - low > 90000 and health.heap_low <= low
    ballast[0] = 1
    del ballast
    await kernel.clock.advance(31000)
    assert health.heap_low <= low < health.heap_free.value
    await ended(kernel, task)
