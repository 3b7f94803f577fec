"""What a record takes out of a queue is named in it: damage that loses one entry does not cost another one."""

import json

from journals import content, lay, opened, places, restarted, state_of

from components.persistence.records import HEAD

TIMEOUT_S = 300
QUEUES = ("q", "r")


def record(data, at, length):
    """The object in the record at a place."""
    return json.loads(data[at + HEAD : at + length])


def without(data, wanted):
    """The journal with both copies of the record lost of which ``wanted(object)`` holds; there is one."""
    lost = [(at, length) for at, length in places(data)[1:] if wanted(record(data, at, length))]
    assert len(lost) == 1, lost
    at, length = lost[0]
    return data[:at] + bytes(2 * length) + data[at + 2 * length :]


def pushes(*texts):
    return lambda record: [text for _, text in record.get("p", ())] == list(texts)


async def damaged(home, wanted):
    """The store after the loss of a record."""
    lay(home, without(content(home), wanted))
    store = await restarted(home)
    assert store.lost == 1
    return store


async def test_the_answer_to_a_lost_message_does_not_take_the_next_one(tmp):
    store = await opened(tmp)
    for text in ("A", "B", "C"):
        store.commit(push=(("q", text),))
    store.commit(pop=("q",))  # A was answered
    await store.stop()
    store = await damaged(tmp, pushes("A"))
    assert state_of(store, QUEUES)[1] == [["B", "C"], []]
    await store.stop()


async def test_of_several_that_are_taken_at_once_each_is_found_by_its_name(tmp):
    """Pops and drops of two queues in one commit, entries that one record has pushed, and each of them lost."""

    store = await opened(tmp)
    store.commit(push=(("q", "A"),))
    store.commit(push=(("q", "B"), ("r", "S"), ("q", "C")))
    store.commit(push=(("q", "D"),))
    store.commit(push=(("q", "E"), ("r", "T")))
    store.commit(push=(("q", "F"),))
    store.commit(pop=("q", "r"), drop=(("q", 2), ("q", 1)))  # A and S; D; C
    await store.stop()
    data = content(tmp)
    store = await restarted(tmp)
    assert state_of(store, QUEUES)[1] == [["B", "E", "F"], ["T"]]
    await store.stop()
    for lost, left in (
        (pushes("A"), [["B", "E", "F"], ["T"]]),
        (pushes("D"), [["B", "E", "F"], ["T"]]),
        (pushes("B", "S", "C"), [["E", "F"], ["T"]]),
        (pushes("E", "T"), [["B", "F"], []]),
        (pushes("F"), [["B", "E"], ["T"]]),
    ):
        lay(tmp, data)
        store = await damaged(tmp, lost)
        assert state_of(store, QUEUES)[1] == left, left
        await store.stop()


async def test_names_hold_through_a_compaction_that_goes_on_while_entries_are_taken(tmp):
    """In the new file each has another name: those of the commits in between are made anew."""
    store = await opened(tmp)
    for text in ("A", "B", "C", "D"):
        store.commit(push=(("q", text),))
    store.put("x", 1)
    store.commit(pop=("q",))
    copying = store._begin({})
    while copying.step():
        pass
    store.commit(pop=("q",), push=(("q", "E"),))  # B; copied behind the rest
    store.commit(pop=("q",))  # C
    while copying.step():
        pass
    store._finish(copying, None)
    await store.stop()
    data = content(tmp)
    store = await restarted(tmp)
    assert state_of(store, QUEUES)[1] == [["D", "E"], []]
    await store.stop()
    for lost in ("B", "C"):
        lay(tmp, data)
        store = await damaged(tmp, pushes(lost))
        assert state_of(store, QUEUES)[1] == [["D", "E"], []], lost
        await store.stop()


async def test_a_commit_that_compacts_first_names_what_it_takes_as_the_new_file_does(tmp):
    store = await opened(tmp, max_bytes=8192)
    for text in ("A", "B", "C"):
        store.commit(push=(("q", text),))
    number = 0
    while not store.compactions:
        store.commit({"x": [number, "y" * 200]}, pop=("q",), push=(("q", number),))
        number += 1
    store.commit(pop=("q",))
    expected = state_of(store, QUEUES)
    await store.stop()
    store = await opened(tmp, max_bytes=8192)
    assert state_of(store, QUEUES) == expected and len(expected[1][0]) == 2
    await store.stop()


async def test_a_journal_of_former_firmware_has_positions_only_and_former_firmware_finds_them_in_ours(tmp):
    store = await opened(tmp)
    for text in ("A", "B", "C"):
        store.commit(push=(("q", text),))
    store.commit(pop=("q",), drop=(("q", 1),))
    await store.stop()
    at, length = places(content(tmp))[-1]
    ours = record(content(tmp), at, length)
    assert ours["o"] == ["q"] and ours["d"] == [["q", 1]] and len(ours["x"]) == 2
    store = await restarted(tmp)
    store.index.name_taken = lambda record: None  # as it was
    store.commit(pop=("q",))
    await store.stop()
    at, length = places(content(tmp))[-1]
    assert "x" not in record(content(tmp), at, length)
    store = await restarted(tmp)
    assert state_of(store, QUEUES)[1] == [[], []]
    await store.stop()
