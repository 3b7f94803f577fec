"""Compaction in the background: in short steps, beside commits, and not while somebody charges."""

import asyncio
import os
import time

from journals import content, make, opened, state_of
from virtual_clock import VirtualClock

from core.clock import Clock
from core.signals import Signal

TIMEOUT_S = 120
STEP_MS = 30  # no step may block the loop for longer


def grow(store, count, keys=40):
    """A long journal of which most is dead, with keys and entries that live."""
    for n in range(keys):
        store.put("k%d" % n, "v" * 60)
    for n in range(count):
        store.commit({"register": n}, push=(("q", n),), pop=("q",) if n > 50 else ())


class Watch:
    """How long each turn of the loop took."""

    def __init__(self, store):
        self.longest_ms = self.steps = 0
        self.tend = store._tend

    def __call__(self):
        began = time.ticks_ms()
        more = self.tend()
        self.longest_ms = max(self.longest_ms, time.ticks_diff(time.ticks_ms(), began))
        self.steps += more
        return more


async def test_a_compaction_goes_in_steps_and_takes_the_commits_between_them(tmp):
    """Commits that come while it is under way, pops of what is copied already among them, hold afterwards."""
    clock = Clock()
    store = make(tmp, clock)
    await store.start()
    grow(store, 700)
    clock.ticks_ms = slow(clock.ticks_ms)  # a device: each record takes 1 ms
    made, size = store.compactions, store.index.records.size
    n = 0
    more = store._tend()
    assert more and store.compactions == made
    while more:
        store.commit({"between": n, "k%d" % n: None}, push=(("q", "new %d" % n),), pop=("q",))
        n += 1
        more = store._tend()
    assert n > 3 and store.compactions == made + 1 and store.index.records.size < size // 2
    before = state_of(store)
    assert before[0]["between"] == n - 1 and before[1][0][-1] == "new %d" % (n - 1) and before[1][0][0] == 649 + n
    assert "k0" not in before[0]
    again = await opened(tmp)
    assert state_of(again) == before and again.damaged == 0 and again.torn == 0
    assert (again.records, again.compactions, again.bytes) == (store.records, store.compactions, store.bytes)


def slow(ticks_ms):
    """A clock that goes on by 1 ms whenever it is asked."""
    calls = [0]

    def ticks():
        calls[0] += 1
        return time.ticks_add(ticks_ms(), calls[0])

    return ticks


async def test_no_step_blocks_the_loop_for_long(tmp):
    """The best of some compactions: a busy machine makes any step late, not each of them."""
    store = make(tmp)
    await store.start()
    longest = []
    while len(longest) < 12 and (not longest or min(longest) > STEP_MS):
        grow(store, 600, 400)
        watch = Watch(store)
        made = store.compactions
        while store.compactions == made:
            watch()
        assert watch.steps >= 1
        longest.append(watch.longest_ms)
    assert min(longest) <= STEP_MS, longest


async def test_it_waits_while_an_outlet_charges_until_the_journal_is_half_full(tmp):
    clock = VirtualClock()
    charging = Signal(True, clock)
    store = make(tmp, clock)
    store.kernel.urgent.wait_while(charging)
    await store.start()
    task = asyncio.create_task(store.run())
    grow(store, 600)
    made = store.compactions
    await clock.advance(60000)
    assert store.compactions == made and store.index.records.size > 24576
    charging.set(False)
    await clock.advance(10000)
    assert store.compactions == made + 1
    charging.set(True)
    while store.index.records.size <= 131072:
        store.put("register", "x" * 300)
    await clock.advance(10000)
    assert store.compactions == made + 2 and store.index.records.size < 24576
    task.cancel()


async def test_a_session_that_begins_in_the_middle_of_a_compaction_makes_it_wait(tmp):
    clock = VirtualClock()
    charging = Signal(False, clock)
    store = make(tmp, clock)
    store.kernel.urgent.wait_while(charging)
    await store.start()
    grow(store, 600)
    made = store.compactions
    real = clock.ticks_ms
    clock.ticks_ms = slow(real)
    assert store._tend()
    charging.set(True)
    assert not store._tend() and store.compactions == made
    store.put("while", "charging")
    charging.set(False)
    while store._tend():
        pass
    clock.ticks_ms = real
    assert store.compactions == made + 1 and store.get("while") == "charging"
    assert (await opened(tmp)).get("while") == "charging"


async def test_a_cut_at_any_step_leaves_the_journal_as_it_was(tmp):
    store = make(tmp)
    await store.start()
    grow(store, 300)
    before = state_of(store)
    copying = store._begin({})
    steps = 0
    while copying.step():
        steps += 1
        if steps % 7 == 0:
            assert "journal.new" in os.listdir(tmp + "/state")
            with open(tmp + "/state/journal.new", "rb") as file:
                half = file.read()
            os.mkdir(tmp + "/%d" % steps)
            os.mkdir(tmp + "/%d/state" % steps)
            for name, data in (("journal", content(tmp)), ("journal.new", half)):
                with open(tmp + "/%d/state/%s" % (steps, name), "wb") as file:
                    file.write(data)
            again = await opened(tmp + "/%d" % steps)
            assert state_of(again) == before and os.listdir(tmp + "/%d/state" % steps) == ["journal"]
            await again.stop()
    assert steps > 80


async def test_what_is_scrubbed_is_gone_from_the_file(tmp):
    """A secret that is deleted is in the file until the next quiet moment, also after a cut."""
    clock = VirtualClock()
    store = make(tmp, clock)
    await store.start()
    store.put("job", {"u": "ftp://user:passw0rd@host/image"})
    store.commit({"job": None, store.SCRUB: True})
    assert b"passw0rd" in content(tmp)
    await store.stop()
    store = make(tmp, clock)
    await store.start()
    task = asyncio.create_task(store.run())
    await clock.advance(10000)
    assert b"passw0rd" not in content(tmp) and store.keys() == []
    made = store.compactions
    await clock.advance(60000)
    assert store.compactions == made
    task.cancel()
