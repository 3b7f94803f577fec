"""The journal on a directory of the operating system: what a torn, damaged or full medium does to it."""

import asyncio
import os
import sys

from journals import exists, make, opened, state_of
from virtual_clock import VirtualClock

from components.persistence import QueueFull, StoreError
from components.persistence.records import Records


def journal(home):
    return home + "/state/journal"


def damage(home, at, value=None):
    """Cut the journal off at `at`, or give the byte there another value."""
    with open(journal(home), "rb") as file:
        data = bytearray(file.read())
    if value is None:
        data = data[:at]
    else:
        data[at] = value
    with open(journal(home), "wb") as file:
        file.write(data)


async def test_values_and_queues_are_there_after_a_restart_without_stop(tmp):
    store = await opened(tmp)
    assert store.get("register") is None and store.get("register", 0) == 0
    store.put("register", 123456789012)
    store.put("name", "Zürich \u2705")
    store.put("gone", 1)
    store.delete("gone")
    store.put("tx", {"id": 7, "samples": [1, None, "x"]})
    store.commit({"register": 123456789013}, push=(("q", {"n": 1}), ("q", {"n": 2}), ("other", [3])))
    store.commit(pop=("q",), push=(("q", {"n": 4}),))
    again = await opened(tmp)
    assert again.keys() == ["name", "register", "tx"] and again.keys("re") == ["register"]
    assert again.get("register") == 123456789013 and again.get("name") == "Zürich \u2705"
    assert again.get("tx") == {"id": 7, "samples": [1, None, "x"]}
    assert [e["n"] for e in again.queue("q").entries()] == [2, 4] and len(again.queue("q")) == 2
    assert again.queue("other").peek() == [3]
    assert again.queue("nothing").peek() is None and len(again.queue("nothing")) == 0


async def test_drop_takes_an_entry_out_of_the_middle(tmp):
    store = await opened(tmp)
    for n in range(6):
        store.commit(push=(("q", n),))
    store.commit(drop=(("q", 2),))
    store.commit(pop=("q",), drop=(("q", 3),))
    assert list(store.queue("q").entries()) == [1, 3, 4]
    assert list((await opened(tmp)).queue("q").entries()) == [1, 3, 4]


async def test_a_journal_cut_at_any_byte_gives_the_state_of_the_last_whole_commit(tmp):
    store = await opened(tmp)
    states = [(os.stat(journal(tmp))[6], state_of(store))]
    for n in range(12):
        if n % 4 == 3:
            store.commit({"k%d" % (n - 1): None}, pop=("q",))
        else:
            store.commit({"k%d" % n: n, "last": n}, push=(("q", {"message": n}),))
        states.append((os.stat(journal(tmp))[6], state_of(store)))
    with open(journal(tmp), "rb") as file:
        whole = file.read()
    # A commit is there as soon as the first of its two copies is whole.
    whole_at = [states[0][0]] + [(states[n - 1][0] + states[n][0]) // 2 for n in range(1, len(states))]
    for length in range(states[0][0], len(whole) + 1):
        with open(journal(tmp), "wb") as file:
            file.write(whole[:length])
        last = len([at for at in whole_at if at <= length]) - 1
        expected = states[last][1]
        size = states[last][0] if length >= states[last][0] else whole_at[last]
        again = await opened(tmp)
        assert state_of(again) == expected, length
        assert again.torn == length - size, length
        again.put("new", length)  # and it goes on from there
        assert (await opened(tmp)).get("new") == length
    assert len(states) == 13


async def test_a_tail_of_zeros_or_noise_is_no_record(tmp):
    for tail in (b"\0" * 100, b"\xff" * 100, bytes(range(256)), b"\x05\0"):
        store = await opened(tmp)
        store.put("k", 1)
        await store.stop()
        with open(journal(tmp), "ab") as file:
            file.write(tail)
        again = await opened(tmp)
        assert again.get("k") == 1 and again.torn == store.torn + len(tail)


async def test_an_empty_or_foreign_file_starts_an_empty_journal_and_is_reported(tmp):
    for content in (b"", b"hello", b'{"json": 1}\n' * 20):
        os.mkdir(tmp + "/state") if not exists(tmp + "/state") else None
        with open(journal(tmp), "wb") as file:
            file.write(content)
        store = await opened(tmp)
        assert store.keys() == [] and store.torn == len(content)
        assert store.lost and any("damaged" in line for line in store.tail.lines)
        with open(tmp + "/state/journal.bad", "rb") as file:
            assert file.read() == content
        store.put("k", 1)
        assert (await opened(tmp)).get("k") == 1


async def test_a_left_over_of_a_compaction_is_removed_and_not_read(tmp):
    store = await opened(tmp)
    store.put("k", 1)
    with open(tmp + "/state/journal.new", "wb") as file:
        file.write(b"half of a compaction")
    again = await opened(tmp)
    assert again.get("k") == 1 and not exists(tmp + "/state/journal.new")


async def test_a_journal_of_another_format_is_refused_untouched(tmp):
    store = await opened(tmp)
    store.put("k", 1)
    await store.stop()
    other = Records(journal(tmp))
    other.create()
    other.write(b'{"v": 99, "c": [], "k": 1}')
    other.flush()
    other.close()
    size = os.stat(journal(tmp))[6]
    try:
        await opened(tmp)
        raise AssertionError("format 99 was read")
    except StoreError as e:
        assert "format 99" in str(e)
    assert os.stat(journal(tmp))[6] == size


async def test_compaction_keeps_all_and_counts_go_on(tmp):
    store = await opened(tmp)
    queue = store.queue("q")
    for n in range(2000):
        store.put("k%d" % (n % 7), "x" * (n % 50))
        store.commit(push=(("q", n),), pop=("q",) if len(queue) > 5 else ())
    before, size = state_of(store), os.stat(journal(tmp))[6]
    totals = store.records, store.bytes
    store._compact()
    assert os.stat(journal(tmp))[6] < size // 20 and state_of(store) == before
    assert store.queue("q") is queue and queue.peek() == 1994
    store.commit({"after": 1}, pop=("q",))
    assert store.records == totals[0] + 1 == 4001 and store.bytes > totals[1]
    counters = store.records, store.bytes, store.compactions, store.erases, store.torn
    again = await opened(tmp)
    assert state_of(again)[1][0][0] == 1995 and again.get("after") == 1
    assert (again.records, again.bytes, again.compactions, again.erases, again.torn) == counters


async def test_the_task_compacts_in_the_background_and_pulses(tmp):
    clock = VirtualClock()
    pulses = []
    store = make(tmp, clock, lambda: pulses.append(1))
    await store.start()
    task = asyncio.create_task(store.run())
    made = store.compactions
    for _ in range(200):
        store.put("k", "x" * 100)
    assert os.stat(journal(tmp))[6] > 20000 and store.compactions == made
    await clock.advance(10000)
    assert os.stat(journal(tmp))[6] < 1000 and store.compactions == made + 1 and len(pulses) >= 5
    task.cancel()


async def test_the_file_stays_bounded_while_one_value_changes_for_ever(tmp):
    store = await opened(tmp, max_bytes=8192)
    for n in range(3000):
        store.put("register", n)
        assert os.stat(journal(tmp))[6] <= 8192
    assert (await opened(tmp)).get("register") == 2999


async def test_bounds_of_queues_refuse_and_change_nothing(tmp):
    store = await opened(tmp, queue_max=3)
    store.commit(push=(("q", 1), ("q", 2), ("q", 3)))
    try:
        store.commit({"k": 1}, push=(("q", 4),))
        raise AssertionError("a fourth entry was taken")
    except QueueFull:
        pass
    assert store.get("k") is None and len(store.queue("q")) == 3
    store.commit({"k": 2}, pop=("q",), push=(("q", 4),))  # one out, one in
    assert list(store.queue("q").entries()) == [2, 3, 4] and store.get("k") == 2
    for call in (lambda: store.commit(pop=("empty",)), lambda: store.commit(drop=(("q", 3),))):
        try:
            call()
            raise AssertionError("nothing was there to take")
        except IndexError:
            pass
    assert issubclass(store.Full, store.Error) and issubclass(store.Error, OSError)


async def test_a_full_journal_still_takes_values_and_pops(tmp):
    store = await opened(tmp, max_bytes=16384)
    pushed = 0
    try:
        while True:
            store.commit(push=(("q", "m" * 100),))
            pushed += 1
    except QueueFull:
        pass
    assert 40 <= pushed < 82
    store.put("register", 1)
    compactions = store.compactions
    for _ in range(pushed):
        store.commit({"sent": pushed}, pop=("q",))
    assert store.compactions - compactions <= 8  # not at every step
    store.commit(push=(("q", "again"),))
    again = await opened(tmp)
    assert list(again.queue("q").entries()) == ["again"] and again.get("register") == 1


async def test_what_json_cannot_carry_is_refused_before_it_spoils_the_journal(tmp):
    store = await opened(tmp)
    for value in (float("nan"), object()):
        try:
            store.put("bad", value)
            raise AssertionError(repr(value))
        except ValueError:
            pass
    try:
        store.put("long", "x" * 20000)
        raise AssertionError("a record without bound")
    except StoreError:
        pass
    store.put("good", 1)
    assert (await opened(tmp)).keys() == ["good"]


async def test_a_directory_that_cannot_be_made_is_a_clear_error(tmp):
    with open(tmp + "/state", "w") as file:
        file.write("a file")
    try:
        await opened(tmp)
        raise AssertionError("a file is no directory")
    except StoreError as e:
        assert "/state" in str(e)


async def test_dir_may_be_deep_or_absolute(tmp):
    store = await opened(tmp, dir="a/b/c")
    store.put("k", 1)
    assert exists(tmp + "/a/b/c/journal")
    assert (await opened("/nowhere", dir=tmp + "/a/b/c")).get("k") == 1


async def test_what_reads_and_compacts_the_journal_is_let_go_when_it_has(tmp):
    """1 KB of a device's heap, which nobody needs while the charger charges."""
    names = "components.persistence.replay", "components.persistence.compaction"
    store = await opened(tmp)
    assert not any(name in sys.modules for name in names)
    store.put("a", 1)
    store._begin({})
    assert names[1] in sys.modules
    store._compact()
    assert not any(name in sys.modules for name in names) and store.get("a") == 1
    store._begin({})
    await store.stop()
    assert not any(name in sys.modules for name in names)
