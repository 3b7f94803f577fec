"""Signals, clock, time stamps, log and settings."""

import asyncio
import micropython

from virtual_clock import VirtualClock

from core.clock import Clock
from core.declare import DeclarationError
from core.isotime import format_utc, parse_utc
from core.log import DEBUG, WARNING, Log, LogTail
from core.settings import read_settings
from core.signals import Signal
from core.tasks import Pace, together


async def test_signal_wakes_all_who_wait():
    clock = VirtualClock()
    signal = Signal(0, clock)
    got = []

    async def wait_for(value):
        got.append(await signal.until(lambda v: v == value))

    tasks = [asyncio.create_task(wait_for(value)) for value in (2, 2, 3)]
    await clock.settle()
    signal.set(2)
    await clock.settle()
    assert got == [2, 2]
    signal.set(3)
    await asyncio.gather(*tasks)
    assert got == [2, 2, 3]


async def test_signal_expires():
    clock = VirtualClock()
    signal = Signal(5, clock)
    await clock.advance(3000)
    assert not signal.expire(3000) and signal.value == 5
    await clock.advance(1)
    assert signal.expire(3000) and signal.value is None and not signal.expire(3000)


def test_setting_a_signal_allocates_nothing():
    signal = Signal(0, Clock())
    total = [0]

    def add(value):
        total[0] += value

    signal.watch(add)
    asyncio.create_task(signal.changed())
    micropython.heap_lock()
    for value in range(100):
        signal.set(value)
    micropython.heap_unlock()
    assert total[0] == 4950


async def test_virtual_clock_wakes_in_order_of_time():
    clock = VirtualClock()
    woken = []

    async def sleeper(ms):
        await clock.sleep_ms(ms)
        woken.append((ms, clock.uptime_ms()))

    tasks = [asyncio.create_task(sleeper(ms)) for ms in (300, 100, 200, 100)]
    await clock.advance(86400000)
    assert woken == [(100, 100), (100, 100), (200, 200), (300, 300)]
    await asyncio.gather(*tasks)


async def test_virtual_clock_times_out_and_cancels():
    clock = VirtualClock()

    async def late():
        try:
            await clock.wait_for_ms(asyncio.Event().wait(), 5000)
        except asyncio.TimeoutError:
            return clock.uptime_ms()

    task = asyncio.create_task(late())
    await clock.advance(10000)
    assert await task == 5000
    task = asyncio.create_task(clock.sleep_ms(1000))
    await clock.settle()
    task.cancel()
    await clock.settle()
    assert not clock._sleepers


def test_uptime_goes_on_through_the_wrap_around_of_ticks():
    class Wrapping(Clock):
        now = (1 << 62) - 100

        def ticks_ms(self):
            return self.now & ((1 << 62) - 1)

    clock = Wrapping()
    for _ in range(5):
        Wrapping.now += 50
        clock.uptime_ms()
    assert clock.uptime_ms() == 250


def test_utc_is_unknown_until_set():
    clock = VirtualClock()
    assert clock.utc_ms() is None and clock.utc_of(0) is None
    clock.set_utc_ms(1700000000000)
    assert clock.utc_ms() == 1700000000000 and clock.utc_of(-500) == 1699999999500


def test_time_stamps_both_ways():
    for utc_ms, text in (
        (0, "1970-01-01T00:00:00.000Z"),
        (951782399999, "2000-02-28T23:59:59.999Z"),
        (951782400000, "2000-02-29T00:00:00.000Z"),
        (1709164800000, "2024-02-29T00:00:00.000Z"),
        (1798761599000, "2026-12-31T23:59:59.000Z"),
        (4107542400000, "2100-03-01T00:00:00.000Z"),
    ):
        assert format_utc(utc_ms) == text, (format_utc(utc_ms), text)
        assert parse_utc(text) == utc_ms, (parse_utc(text), utc_ms)
    for utc_ms in range(0, 4 * 366 * 86400000, 86400000 * 7 - 12345):
        assert parse_utc(format_utc(utc_ms)) == utc_ms


def test_time_stamps_as_central_systems_write_them():
    base = parse_utc("2026-11-22T10:18:10Z")
    for text, offset_ms in (
        ("2026-11-22T10:18:10", 0),
        ("2026-11-22T11:18:10+01:00", 0),
        ("2026-11-22T05:48:10-0430", 0),
        ("2026-11-22 10:18:10Z", 0),
        ("2026-11-22T10:18:10.5Z", 500),
        ("2026-11-22T10:18:10.123456789+00:00", 123),
    ):
        assert parse_utc(text) == base + offset_ms, text


def test_what_is_no_time_stamp():
    for text in (
        "",
        "now",
        "2026-11-22",
        "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T10:18:10.Z",
        "2026-11-22T10:18:10+1",
        "2026-11-22T10:18:10 UTC",
        "2O26-11-22T10:18:10Z",
    ):
        try:
            parse_utc(text)
        except ValueError:
            continue
        raise AssertionError(text)


def test_log_levels_tail_and_counts():
    lines = []
    tail = LogTail(VirtualClock(), lines.append, keep=3)
    log = Log(tail, "bms")
    log.debug("not %d", 1)
    for n in range(5):
        log.info("frame %d", n)
    log.error("100%")
    assert list(tail.lines) == ["I 0.000 bms: frame 3", "I 0.000 bms: frame 4", "E 0.000 bms: 100%"]
    assert len(lines) == 6 and tail.counts[DEBUG] == 1
    log.info("x" * 10000)
    assert len(tail.lines[-1]) < 500


async def test_rare_lines_come_once_a_minute_with_their_count():
    clock = VirtualClock()
    tail = LogTail(clock, None)
    log = Log(tail, "can")
    for n in range(1000):
        log.rare("garbage %d", n)
    assert list(tail.lines) == ["W 0.000 can: garbage 0"]
    await clock.advance(60000)
    log.rare("garbage %d", 7)
    assert tail.lines[-1] == "W 60.000 can: garbage 7 (1000 times since the last such line)", tail.lines[-1]
    assert tail.counts[WARNING] == 2


def test_settings(tmp):
    path = tmp + "/settings.json"
    assert read_settings(path) == {}
    broken = ('{"a": ', '{"a": 1', "")
    for text, word in [(text, "JSON") for text in broken] + [("[]", "object"), ("{}" + " " * 9000, "longer")]:
        with open(path, "w") as file:
            file.write(text)
        try:
            read_settings(path)
        except DeclarationError as e:
            assert word in str(e), e
        else:
            raise AssertionError(text)
    with open(path, "w") as file:
        file.write('{"can": {"port": "x"}}')
    assert read_settings(path) == {"can": {"port": "x"}}
    with open(path, "wb") as file:
        file.write(b'{"can": "\xff\xfe"}')
    try:
        read_settings(path)
    except DeclarationError:
        return
    raise AssertionError("not UTF-8")


async def test_nothing_of_together_goes_on_although_one_raises_when_it_is_cancelled():
    turns = [0]

    async def stubborn():
        try:
            await asyncio.sleep_ms(100000)
        finally:
            raise ValueError("at the end")

    async def counting():
        while True:
            turns[0] += 1
            await asyncio.sleep_ms(0)

    async def short():
        while turns[0] < 3:
            await asyncio.sleep_ms(0)

    try:
        await together(stubborn(), counting(), short())
        raise AssertionError("nothing was raised")
    except ValueError:
        pass
    await asyncio.sleep_ms(0)
    before = turns[0]
    for _ in range(3):
        await asyncio.sleep_ms(0)
    assert turns[0] == before


async def test_a_pace_keeps_its_deadlines_and_tells_of_those_it_missed():
    clock = VirtualClock(50)
    pace = Pace(clock, 100)
    passed, woke = [], []

    async def work():
        for late_ms in (0, 30, 100, 350, 0, 1000, 0):
            clock._now += late_ms  # something holds up the loop
            await pace.next()
            passed.append(pace.passed)
            woke.append(clock.ticks_ms())

    task = asyncio.create_task(work())
    await clock.advance(5000)
    await task
    assert passed == [1, 1, 1, 3, 1, 10, 1], passed
    assert woke == [150, 250, 350, 700, 750, 1750, 1850], woke


async def test_waiting_for_a_deadline_allocates_nothing():
    pace = Pace(Clock(), 1)
    await pace.next()
    micropython.heap_lock()
    try:
        await pace.next()
        await pace.next()
    finally:
        micropython.heap_unlock()
