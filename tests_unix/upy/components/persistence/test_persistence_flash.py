"""The journal on littlefs: the power is cut at every single operation of the flash, in the middle of it."""

import asyncio
import gc
import os

from flash import Flash, Mounted
from journals import make, opened, state_of
from virtual_clock import VirtualClock

TIMEOUT_S = 300
HEAPSIZE = "8M"


def scenario():
    """Commits of every kind, of a few lengths, so that blocks fill up; "compact" stands for a compaction."""
    yield {"changes": {"register": 1, "boot": 1}}
    for n in range(4):
        yield {"push": (("q", {"n": n, "text": "m" * 300 * n}),)}
        yield {"changes": {"register": 10 + n}}
    yield "compact"
    yield {"pop": ("q",), "changes": {"tx": {"id": 1}}}
    yield {"changes": {"tx": None}, "push": (("q", "stop"), ("q", "status"))}
    yield {"drop": (("q", 1),)}
    yield "compact"
    for n in range(10):
        yield {"changes": {"long": "x" * 500, "n": n}}


async def run_until_the_power_fails(store, states):
    """Run the scenario; `states` gets the state after every step that returned. True if the power failed."""
    await store.start()
    if store.fault.value:
        return True
    states.append(state_of(store))
    for step in scenario():
        try:
            if step == "compact":
                store._compact()
            else:
                store.commit(**step)
        except OSError:
            return True
        states.append(state_of(store))
    return False


async def all_states():
    flash = Flash()
    states = []
    with Mounted(flash, "/flash", fresh=True) as home:
        assert not await run_until_the_power_fails(make(home), states)
    return states


async def cut_after(formatted, operations, expected):
    """One life with that many flash operations, then a reboot; returns if the power did fail."""
    flash = Flash()
    flash.data[:] = formatted
    states = []
    with Mounted(flash, "/flash") as home:
        store = make(home)
        flash.power = operations
        failed = await run_until_the_power_fails(store, states)
        flash.power = 0
        await store.stop()
        store = None
        gc.collect()  # without power: else the collector would close files of this life in the next one
    flash.power = None
    with Mounted(flash, "/flash") as home:
        again = await opened(home)
        done = max(0, len(states) - 1)
        found = state_of(again)
        assert found in expected[done : done + 2], (operations, done, found)
        assert "journal.new" not in os.listdir(home + "/state")
        again.commit({"after": operations}, push=(("q", "after"),))
        assert (await opened(home)).get("after") == operations
    return failed


async def test_after_a_cut_at_any_operation_no_commit_is_lost_and_none_is_half_there():
    expected = await all_states()
    flash = Flash()
    with Mounted(flash, "/flash", fresh=True):
        pass
    operations = 0
    while await cut_after(flash.data, operations, expected):
        operations += 1
    assert operations > 100


async def fill_until_full(store):
    """Push until the flash is full; returns the state before the commit that failed."""
    while True:
        before = state_of(store)
        try:
            store.commit({"n": len(before[1][0])}, push=(("q", "y" * 700),))
        except store.Error:
            return before


async def test_a_full_flash_is_an_error_the_caller_sees_and_the_journal_goes_on():
    flash = Flash(blocks=16)
    with Mounted(flash, "/flash", fresh=True) as home:
        store = await opened(home)
        before = await fill_until_full(store)
        assert state_of(store) == before and len(before[1][0]) > 5
        assert state_of(await opened(home)) == before
        assert any("cannot be written" in line for line in store.tail.lines)
        while len(store.queue("q")) > 1:  # taking away needs a block, too: it is there after a compaction or not at all
            try:
                store.commit(pop=("q",))
            except store.Error:
                break
        assert state_of(await opened(home)) == state_of(store)


async def test_a_flash_full_of_other_files_works_again_when_they_are_gone():
    flash = Flash(blocks=24)
    with Mounted(flash, "/flash", fresh=True) as home:
        store = await opened(home)
        store.put("k", 1)
        with open(home + "/ballast", "wb") as file:
            try:
                while True:
                    file.write(b"b" * 4096)
                    file.flush()
            except OSError:
                pass
        refused = 0
        for n in range(20):
            try:
                store.put("k", "v" * 400 + str(n))
            except store.Error:
                refused += 1
        assert refused and store.get("k") is not None
        os.remove(home + "/ballast")
        store.put("k", "free")
        assert (await opened(home)).get("k") == "free"


async def test_a_compaction_that_finds_no_room_leaves_all_as_it_was():
    flash = Flash(blocks=16)
    with Mounted(flash, "/flash", fresh=True) as home:
        store = await opened(home)
        for n in range(18):  # 9 of 16 blocks: there is no room for a second copy
            store.commit({"n": n}, push=(("q", "y" * 900),))
        before, compactions = state_of(store), store.compactions
        try:
            store._compact()
            raise AssertionError("there was room")
        except OSError:
            pass
        assert state_of(store) == before and store.compactions == compactions
        assert os.listdir(home + "/state") == ["journal"]
        store.put("goes", "on")
        again = await opened(home)
        assert again.get("goes") == "on" and state_of(again)[1] == before[1] and again.torn == 0


async def test_one_failed_operation_spoils_one_commit_at_most():
    failed = 0
    for operations in range(40):
        flash = Flash()
        with Mounted(flash, "/flash", fresh=True) as home:
            store = await opened(home)
            store.put("first", "f" * 300)
            flash.glitch = operations
            try:
                store.put("second", "s" * 300)
            except store.Error:
                failed += 1
                assert store.get("second") is None
            flash.glitch = None
            store.put("third", 3)
            again = await opened(home)
            assert state_of(again) == state_of(store), operations
    assert failed > 5


async def test_one_failed_operation_in_a_compaction_spoils_nothing():
    failed = 0
    for operations in range(60):
        flash = Flash()
        with Mounted(flash, "/flash", fresh=True) as home:
            store = await opened(home)
            for n in range(8):
                store.commit({"n": n}, push=(("q", "y" * 700),))
            before = state_of(store)
            flash.glitch = operations
            try:
                store._compact()
            except OSError:
                failed += 1
            flash.glitch = None
            assert state_of(store) == before, operations
            store.put("goes", "on")
            again = await opened(home)
            assert again.get("goes") == "on" and state_of(again) == state_of(store), operations
    assert failed > 10


async def test_the_estimate_of_erases_is_what_littlefs_does():
    flash = Flash(blocks=128)
    with Mounted(flash, "/flash", fresh=True) as home:
        store = await opened(home)
        before = flash.erases
        for n in range(500):
            store.commit({"register": n}, push=(("q", "m" * (n % 300)),), pop=("q",) if n > 3 else ())
            if n % 100 == 99:
                store._compact()
        erases = flash.erases - before
        assert 0.8 * erases <= store.erases <= 1.25 * erases, (erases, store.erases)


async def test_a_full_flash_is_a_fault_until_there_is_room_and_is_not_tried_for_ever():
    """`fault` says what is wrong while a commit cannot be written, and clears by itself when there is room again."""
    flash = Flash(blocks=16)
    clock = VirtualClock()
    with Mounted(flash, "/flash", fresh=True) as home:
        store = make(home, clock)
        await store.start()
        task = asyncio.create_task(store.run())
        with open(home + "/ballast", "wb") as file:
            try:
                while True:
                    file.write(b"b" * 4096)
                    file.flush()
            except OSError:
                pass
        try:
            while True:
                store.commit({"k": "v" * 700})
        except store.Error:
            pass
        assert store.fault.value == "the medium is full"
        before = flash.erases
        for _ in range(3600):
            await clock.advance(1000)
        assert store.fault.value == "the medium is full"
        assert flash.erases - before < 60, flash.erases - before  # of an hour
        os.remove(home + "/ballast")
        for _ in range(310):
            await clock.advance(1000)
        assert store.fault.value == ""
        store.put("k", "free")
        task.cancel()
        assert (await opened(home)).get("k") == "free"
