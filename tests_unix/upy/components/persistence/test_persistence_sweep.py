"""Memory that runs out at any allocation of what the store does, and a medium that fails at any call of it.

Afterwards what the store says and what is on the medium are the same, and it goes on working.
"""

import os
import sys

from journals import content, lay, opened, state_of
from scarce_heap import Scarce

from components.persistence import compaction, medium, records, replay

HEAPSIZE = "384K"  # a compaction without collections takes more than 16 KB of it
TIMEOUT_S = 300
QUEUES = ("q", "data", "fresh")

# Arguments of commit; None is a compaction.
STEPS = (
    {"changes": {"new": [1, "x", None]}},
    {"changes": {"register": 2, "tx": None}},
    {"push": (("q", ["S", 8]), ("data", 1))},
    {"push": (("fresh", 1),) * 9, "changes": {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6}},
    {"pop": ("q",), "changes": {"id": 77}},
    {"drop": (("q", 2), ("q", 1)), "push": (("q", "behind"),)},
    None,
)


async def a_journal(home):
    store = await opened(home)
    store.put("register", 1)
    store.commit({"tx": [7, "TAG"]}, push=(("q", ["S", 7]), ("data", [7, 1])))
    for n in range(6):
        store.commit({"register": 10 + n}, push=(("q", ["M", n]), ("data", [7, n])))
    await store.stop()
    return content(home)


def frozen():
    """What the store loads for a while is there, as in an image: loading it compiles nothing."""
    for name, module in (("compaction", compaction), ("replay", replay)):
        sys.modules["components.persistence." + name] = module


def do(store, step):
    if step is None:
        store._compact()
    else:
        store.commit(**step)


async def agrees(store, home, expected):
    """The store says one of the `expected` states, and so does the medium; it goes on."""
    found = state_of(store, QUEUES)
    assert found in expected, found
    os.mkdir(home + "/copy")
    lay(home + "/copy", content(home))  # for it repairs what it opens
    again = await opened(home + "/copy")
    assert state_of(again, QUEUES) == found
    for name in os.listdir(home + "/copy/state"):
        os.remove(home + "/copy/state/" + name)
    os.rmdir(home + "/copy/state")
    os.rmdir(home + "/copy")
    assert again.lost == 0 and again.damaged == 0
    await again.stop()
    store.commit({"goes": "on"}, push=(("q", "on"),))
    assert store.fault.value == ""
    await store.stop()
    again = await opened(home)
    assert again.get("goes") == "on" and again.queue("q").get(len(again.queue("q")) - 1) == "on"
    await again.stop()


async def test_no_allocation_that_fails_makes_ram_and_medium_differ(tmp):
    """For each kind of commit, and for a compaction: 0, 1, 2, ... blocks are free, until it succeeds."""
    data = await a_journal(tmp)
    for step in STEPS:
        blocks = failed = 0
        done = False
        while not done:
            lay(tmp, data)
            store = await opened(tmp)
            before = state_of(store, QUEUES)
            frozen()
            with Scarce(blocks):
                try:
                    do(store, step)
                    done = True
                except MemoryError:  # a tuple of both would need memory
                    failed += 1
                except OSError:
                    failed += 1
            if done:
                await store.stop()
                after = await opened(tmp)
                expected = state_of(after, QUEUES)
                await after.stop()
                store = await opened(tmp)
            await agrees(store, tmp, (expected,) if done else (before,))
            blocks += 1
        assert failed > 20, (step, failed)
        assert (expected == before) is (step is None)


async def test_no_allocation_that_fails_keeps_the_start_from_telling(tmp):
    """A start without memory is a fault, not the end; with memory all is there."""
    data = await a_journal(tmp)
    lay(tmp, data)
    store = await opened(tmp)
    expected = state_of(store, QUEUES)
    await store.stop()
    failed = 0
    for blocks in range(0, 400, 3):
        lay(tmp, data)
        store = await stopped(tmp)
        frozen()
        with Scarce(blocks):
            try:
                store._open()
                store._opened = True
            except MemoryError:
                failed += 1
            except OSError:
                failed += 1
        if store._opened:
            assert state_of(store, QUEUES) == expected
        await store.stop()
        assert content(tmp) == data
    assert failed > 20


async def stopped(home):
    store = await opened(home)
    await store.stop()
    return store


class Faults:
    """Counts calls of the medium; the one whose turn it is fails: before it did anything, after, or half."""

    def __init__(self):
        self.left = None
        self.mode = "before"

    def strike(self):
        if self.left is None:
            return ""
        self.left -= 1
        return self.mode if self.left == -1 else ""

    def call(self, function, *args):
        how = self.strike()
        if how == "before":
            raise OSError(5)
        result = function(*args)
        if how:
            raise OSError(5)
        return result

    def open(self, path, mode):
        return File(self, self.call(open, path, mode))

    def rename(self, old, new):
        return self.call(os.rename, old, new)

    def remove(self, path):
        return self.call(os.remove, path)

    def listdir(self, path):
        return self.call(os.listdir, path)


class File:
    """A file whose calls may fail."""

    def __init__(self, faults, file):
        self._faults = faults
        self._file = file

    def write(self, data):
        how = self._faults.strike()
        if how == "before":
            raise OSError(5)
        if how == "half":
            return self._file.write(bytes(data)[: len(data) // 2])
        count = self._file.write(data)
        if how:
            raise OSError(5)
        return count

    def read(self, size):
        return self._faults.call(self._file.read, size)

    def readinto(self, buf):
        return self._faults.call(self._file.readinto, buf)

    def seek(self, *args):
        return self._faults.call(self._file.seek, *args)

    def flush(self):
        return self._faults.call(self._file.flush)

    def close(self):
        return self._faults.call(self._file.close)


async def test_no_call_of_the_medium_that_fails_makes_ram_and_medium_differ(tmp):
    """Each open, seek, read, write, flush, close, rename, remove of each kind of commit and of a compaction, failing
    before it did something, after it did, and (a write) half done."""
    data = await a_journal(tmp)
    for mode in ("before", "after", "half"):
        for step in STEPS:
            expected = await outcomes(tmp, data, step)
            struck = 0
            while await strike(tmp, data, step, mode, struck, expected):
                struck += 1
            assert struck > 5, (mode, step, struck)


async def outcomes(home, data, step):
    """The states before and after a step."""
    lay(home, data)
    store = await opened(home)
    before = state_of(store, QUEUES)
    do(store, step)
    after = state_of(store, QUEUES)
    await store.stop()
    return before, after


async def strike(home, data, step, mode, at, expected):
    """The step with its call number `at` failing; returns whether it has so many."""
    lay(home, data)
    store = await opened(home)
    await store.stop()
    store._opened = True
    faults = Faults()
    frozen()
    records.open = faults.open
    for module in (compaction, medium, replay):
        module.os = faults
    try:
        faults.mode, faults.left = mode, at
        try:
            do(store, step)
            possible = (expected[1],)
        except OSError:
            possible = (expected[0],)
        struck = faults.left < 0
        faults.left = None
        store._tend()
        if store.index.bad:
            store._probe()
    finally:
        del records.open
        for module in (compaction, medium, replay):
            module.os = os
        store.index.records.close()
    await agrees(store, home, possible)
    return struck
