"""Journals that are none, or of another format: what is sound but no commit, what cannot be opened, format 1."""

import binascii
import os
import struct

from journals import content, lay, make, opened, path, restarted, state_of
from virtual_clock import VirtualClock

# Written by the firmware of format 1: a header, a compaction's records, and three commits.
FORMAT_1 = (
    b'%\x00\x11(\xe5g{"k": 6, "c": [3, 343, 2, 0], "v": 1}\x1b\x00!t\xa4\xfb{"s": {"register": 123456}}E\x00'
    b'\xc6\xac_\xd6{"s": {"ocpp/tx": [10000001, "TAG", null, 123, 1700000000000, null]}}6\x00\x08\xe8y\x81{'
    b'"p": [["ocpp/data", [10000001, [1700000000000, 1]]]]}M\x00tV\xcf\xff{"p": [["ocpp", ["S",'
    b' 10000001, 10000001, 1700000000000, 123, "TAG", null]]]}@\x00\xeb\x04\r\xc2{"p": [["ocpp", ["'
    b'M", 10000002, 10000001, [1700000000001, 2]]]]}B\x00\xe0\x03H\x1d{"s": {"register": 123999, "'
    b'ocpp/id/10000001": 77}, "o": ["ocpp"]}@\x00\xe6/\x1e4{"p": [["ocpp", ["M", 10000003, 1000'
    b'0001, [1700000000002, 2]]]]}\x14\x00p\xd8\xc7Z{"d": [["ocpp", 1]]}'
)


async def test_records_of_a_wrong_shape_are_left_out_and_reported(tmp):
    """Sound by their CRC, but no commits: the start neither ends nor takes them in."""
    for text in (
        b'{"o": 5}', b'{"p": [1]}', b'{"s": []}', b'{"d": [["q", "x"]]}', b'{"d": [1]}', b"[1]", b"5", b'{"o": [1]}',
        b'{"p": [[1, 2]]}', b'{"p": {"a": 1}}', b'{"v": 1}', b'{"s": 1', b'{"p": [' + b'["q",1],' * 16 + b'["q",1]]}',
    ):  # fmt: skip
        lay(tmp, b"")
        os.remove(path(tmp))
        store = await restarted(tmp)
        store.commit({"k": 1}, push=(("q", 1),))
        store.index.records.write(text)
        store.index.records.flush()
        store.put("after", 2)
        await store.stop()
        store = await restarted(tmp)
        assert state_of(store, ("q",)) == ({"k": 1, "after": 2, "store.doubts": list(store.doubts)}, [[1]]), text
        assert store.lost == 1 and len(store.doubts) == 2, text
        await store.stop()


async def test_entries_that_are_taken_and_were_not_there_do_not_end_the_start(tmp):
    """The start after "pop of an empty queue" raised IndexError for ever."""
    for text in (b'{"o": ["q", "q"], "s": {"k": 2}}', b'{"d": [["q", 7], ["q", -1]], "s": {"k": 2}}'):
        lay(tmp, b"")
        os.remove(path(tmp))
        store = await restarted(tmp)
        store.commit(push=(("q", 1),))
        store.index.records.write(text)
        await store.stop()
        store = await restarted(tmp)
        assert store.get("k") == 2 and any("that were absent" in line for line in store.tail.lines)
        await store.stop()
    store = await opened(tmp)
    size = store.index.records.size
    try:
        store.commit(pop=("nothing",), push=(("nothing", 1),))
        raise AssertionError("an entry was taken before it was put in")
    except IndexError:
        pass
    assert store.index.records.size == size and len(store.queue("nothing")) == 0


async def test_what_cannot_be_opened_is_a_fault_and_a_restart_when_it_can(tmp):
    """A directory in the journal's place: the store is empty, takes nothing, says why."""
    clock = VirtualClock()
    os.mkdir(tmp + "/state")
    os.mkdir(path(tmp))
    store = make(tmp, clock)
    await store.start()
    assert store.fault.value == "the journal cannot be opened"
    assert store.get("k", 5) == 5 and store.keys() == [] and len(store.queue("q")) == 0
    try:
        store.put("k", 1)
        raise AssertionError("written to a directory")
    except store.Error as e:
        assert "cannot be opened" in str(e)
    store._tend()
    assert store.kernel.exits == []
    os.rmdir(path(tmp))
    await clock.advance(400000)
    store._tend()
    assert len(store.kernel.exits) == 1 and store.fault.value  # until it has restarted


async def test_a_journal_of_an_unknown_format_is_reported_once_and_not_trusted(tmp):
    """The gate took it for whole, and its log had the same words as a warning and as an error."""
    text = b'{"v": 9}'
    length = struct.pack("<H", len(text))
    lay(tmp, length + struct.pack("<I", binascii.crc32(text, binascii.crc32(length))) + text)
    store = make(tmp)
    assert not store.trusted.value  # nothing is read yet
    await store.start()
    assert store.fault.value == "the journal cannot be opened" and not store.trusted.value
    told = [line for line in store.tail.lines if "format 9" in line]
    assert len(told) == 1 and told[0].startswith("E") and tmp + "/state" in told[0], told
    store.release()
    assert not store.trusted.value and store.fault.value


async def test_a_journal_of_format_1_is_read_and_written_anew(tmp):
    lay(tmp, FORMAT_1)
    store = await restarted(tmp)
    keys = {"register": 123999, "ocpp/tx": [10000001, "TAG", None, 123, 1700000000000, None], "ocpp/id/10000001": 77}
    expected = keys, [[["M", 10000002, 10000001, [1700000000001, 2]]], [[10000001, [1700000000000, 1]]]]
    assert state_of(store, ("ocpp", "ocpp/data")) == expected
    assert (store.records, store.compactions, store.torn, store.lost, store.doubts) == (6, 3, 0, 0, ())
    assert content(tmp)[0] == 0xFE
    await store.stop()
    again = await restarted(tmp)
    assert state_of(again, ("ocpp", "ocpp/data")) == expected and again.records == 6
    await again.stop()
    for length in range(len(FORMAT_1) - 25, len(FORMAT_1)):  # with a torn tail, too
        lay(tmp, FORMAT_1[:length])
        store = await restarted(tmp)
        assert store.get("register") == 123999 and store.doubts == () and store.torn, length
        await store.stop()


def spans(data):
    """[(begin, end)] of the records of a journal of format 1."""
    found = []
    at = 0
    while at < len(data):
        end = at + 6 + (data[at] | data[at + 1] << 8)
        found.append((at, end))
        at = end
    return found


async def test_a_flipped_bit_in_format_1_costs_its_record_only_and_is_reported(tmp):
    """The update from former firmware finds a journal with one bad bit: what is behind it is read all the same.

    Reading stopped there, and without a word: the register fell, an ended transaction came back.
    """
    places = spans(FORMAT_1)
    for at, end in places[:-1]:
        for bit in (0, 9, 20, 49, 8 * (end - at) - 1):
            damaged = bytearray(FORMAT_1)
            damaged[at + bit // 8] ^= 1 << bit % 8
            lay(tmp, damaged)
            store = await restarted(tmp)
            text = bytes(FORMAT_1[at:end])
            assert store.get("register") == (123456 if b"123999" in text else 123999), text
            assert (store.get("ocpp/tx") is None) == (b"ocpp/tx" in text), text
            assert store.damaged == 1 and store.torn == 0, text
            assert store.lost == 1 or at == 0 and store.lost, text  # with the header the counters are gone
            set_anew = any(b'ocpp/tx":' in FORMAT_1[a:b] for a, b in places if a > at)
            assert ("the running transaction" in store.doubts) is not set_anew, text
            assert content(tmp, "journal.bad") == damaged and content(tmp)[0] == 0xFE
            lost = store.lost
            await store.stop()
            again = await restarted(tmp)
            assert again.lost == lost and again.get("register") == store.get("register")
            await again.stop()
