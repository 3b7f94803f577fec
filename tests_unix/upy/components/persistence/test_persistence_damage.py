"""A damaged journal: what flipped bits and lost blocks do to it."""

import os
import random

from journals import content, exists, lay, opened, places, restarted, state_of
from ocpp_site import Central, Site

from components.persistence.records import HEAD, Records

TIMEOUT_S = 300
HEAPSIZE = "4M"
QUEUES = ("ocpp", "ocpp/data", "q")


async def a_station_in_a_transaction(home):
    """A journal as a charge point writes it: a session that was delivered, one that runs; messages wait."""
    site = Site(home)
    await site.power_on()
    await site.connect(Central())
    for tag in ("TAG-1", "TAG-2"):
        site.plug_in()
        site.ocpp.present_tag(tag)
        await site.run(700000)
        if tag == "TAG-1":
            site.ocpp.present_tag(tag)
            await site.run(2000)
            site.unplug()
            await site.run(2000)
    site.store.put("ocpp/available", [True, False])
    await site.disconnect()
    await site.run(700000)
    await site.power_off()
    store = await opened(home)  # of components that are not there
    store.put("console.stop", True)
    store.put("ocpp/access", ["0011", [2, "k" * 16, "t"], None])
    store.commit(push=(("q", "last"),))
    await store.stop()


async def test_no_flipped_bit_undoes_anything(tmp):
    """600 random single flips, anywhere in the file, of whatever a record consists of: all is as without them.

    The energy register, the transaction that runs, the one that ended, the emergency stop, the availability, the
    security profile and key, the counter of message ids, and each message that waits, in its order.
    """
    await a_station_in_a_transaction(tmp)
    data = content(tmp)
    sound = await opened(tmp)
    expected = state_of(sound, QUEUES)
    assert expected[0]["register"] > 5000000 and expected[0]["ocpp/tx"][1] == "TAG-2" and expected[0]["console.stop"]
    assert expected[0]["ocpp/access"][1][0] == 2 and expected[0]["ocpp/run"][1] == 1
    assert len(expected[1][0]) >= 3 and len(expected[1][1]) >= 3
    random.seed(20261129)
    bits = [random.getrandbits(24) % (8 * len(data)) for _ in range(600)]
    first = places(data)[0][1]
    last = places(data)[-1][0]
    bits.extend(range(8 * HEAD))  # the head of the file
    bits.extend(range(8 * first, 8 * (first + 3)))
    bits.extend(range(8 * last, 8 * (last + HEAD)))  # and of the last record
    told = 0
    for bit in bits:
        damaged = bytearray(data)
        damaged[bit >> 3] ^= 1 << (bit & 7)
        lay(tmp, damaged)
        store = await restarted(tmp)
        assert state_of(store, QUEUES) == expected, bit
        assert store.doubts == () and store.lost == 0 and store.trusted.value, bit
        assert not exists(tmp + "/state/journal.bad")
        told += store.damaged
        store.put("new", bit)  # it goes on from there, and what was damaged is whole again
        await store.stop()
        again = await opened(tmp)
        assert again.get("new") == bit and again.damaged == 0 and again.torn == store.torn, bit
        await again.stop()
    assert told > 500


async def test_a_lost_record_is_reported_and_what_it_may_have_changed_is_in_doubt(tmp):
    """Both copies of a record are gone, as with a bad block: the rest is there, the damaged file is kept."""
    store = await restarted(tmp)
    store.put("register", 1000)
    store.put("ocpp/tx", [7, "TAG"])
    at = store.index.records.size
    store.put("ocpp/tx", None)
    behind = store.index.records.size
    store.put("register", 2000)
    store.commit(push=(("q", 1),))
    await store.stop()
    damaged = bytearray(content(tmp))
    damaged[at:behind] = bytes(behind - at)
    lay(tmp, damaged)
    store = await restarted(tmp)
    assert store.get("register") == 2000 and list(store.queue("q").entries()) == [1]
    assert store.lost == 1 and store.doubts == ("the running transaction", "the emergency stop")
    assert not store.trusted.value and store.fault.value == ""
    assert any("1 records lost" in line for line in store.tail.lines)
    assert content(tmp, "journal.bad") == damaged
    await store.stop()
    again = await restarted(tmp)  # a restart alone makes nothing certain
    assert again.lost == 1 and again.damaged == 0 and len(again.doubts) == 2 and not again.trusted.value
    again.release()
    assert again.doubts == () and again.trusted.value
    await again.stop()
    last = await restarted(tmp)
    assert last.doubts == () and last.trusted.value and last.lost == 1


async def test_what_was_set_behind_the_damage_is_not_in_doubt(tmp):
    store = await restarted(tmp)
    at = store.index.records.size
    store.put("ocpp/tx", [7, "TAG"])
    behind = store.index.records.size
    store.put("ocpp/tx", [8, "TAG"])
    store.put("console.stop", None)
    await store.stop()
    damaged = bytearray(content(tmp))
    damaged[at + 3 : behind - 3] = b"\xa5" * (behind - at - 6)
    lay(tmp, damaged)
    store = await restarted(tmp)
    assert store.get("ocpp/tx") == [8, "TAG"] and store.lost == 1
    assert store.doubts == () and store.trusted.value


async def test_a_lost_first_record_or_file_leaves_all_in_doubt(tmp):
    store = await restarted(tmp)
    store.put("register", 1000)
    await store.stop()
    data = content(tmp)
    first = places(data)[1][0]
    for damaged, register in ((bytes(first) + data[first:], 1000), (b"", None), (b"\xff" * 9000, None)):
        lay(tmp, damaged)
        store = await restarted(tmp)
        assert store.get("register") == register
        assert len(store.doubts) == 2 and store.lost, len(damaged)
        assert content(tmp, "journal.bad") == damaged
        await store.stop()


async def test_a_long_rest_is_no_torn_tail(tmp):
    """A power cut tears one commit at most: when more than that is gone, vital keys are in doubt."""
    store = await restarted(tmp)
    store.put("ocpp/tx", [7, "TAG"])
    at = store.index.records.size
    for n in range(100):
        store.put("register", n)
    await store.stop()
    data = content(tmp)
    assert len(data) - at > 4096
    lay(tmp, data[:at] + bytes(len(data) - at))
    store = await restarted(tmp)
    assert store.lost and "the running transaction" in store.doubts and store.get("ocpp/tx") == [7, "TAG"]
    await store.stop()
    # One long commit that is torn is none.
    lay(tmp, data)
    store = await restarted(tmp)
    at = store.index.records.size
    store.put("long", "x" * 9000)
    await store.stop()
    lay(tmp, content(tmp)[: at + 8000])
    store = await restarted(tmp)
    assert store.lost == 0 and store.doubts == () and store.torn == 8000 and store.get("register") == 99


async def test_damage_that_is_found_while_it_runs_is_repaired_or_leads_to_a_restart(tmp):
    """A bit flips in a file that is open: one copy is read from the other one; a record that is lost is told."""
    for copies in (1, 2):
        lay(tmp, b"")
        os.remove(tmp + "/state/journal")
        store = await restarted(tmp)
        for n in range(3):
            store.commit({"k%d" % n: n}, push=(("q", "entry %d" % n),))
        at, length = places(content(tmp))[2]
        with open(tmp + "/state/journal", "r+b") as file:
            file.seek(at + 20)
            file.write(b"#")
            if copies == 2:
                file.seek(at + length + 20)
                file.write(b"#")
        assert store.queue("q").get(0) == "entry 0"
        try:
            store.queue("q").get(1)
            raise AssertionError("a damaged record was read")
        except store.Error:
            pass
        store._tend()
        assert store.keys() == (["k0", "k1", "k2"] if copies == 1 else ["k0", "k2", "store.doubts"])
        assert len(store.kernel.exits) == copies - 1 and store.lost == copies - 1
        assert list(store.queue("q").entries()) == ["entry 0", "entry 1", "entry 2"][::copies]
        store.put("goes", "on")
        assert (await opened(tmp)).get("goes") == "on"
        await store.stop()


async def test_what_was_never_committed_does_not_come_back(tmp):
    """A commit fails in its flush, after all of it was written; a shorter one takes its place; the power is cut.

    Of the longer one a whole copy is left behind the shorter one: it has no newer number, so it is not taken.
    """
    store = await opened(tmp)
    flush = Records.flush
    for n in (10, 200, 1900):
        Records.flush = refuse
        try:
            store.put("stop", "x" * n)
            raise AssertionError("flushed")
        except store.Error:
            pass
        finally:
            Records.flush = flush
        store.put("register", n)
        again = await opened(tmp)
        assert again.keys() == ["register"] and again.get("register") == n
        assert again.lost == 0 and again.damaged == 0
        await again.stop()
        await store.stop()
        store = await opened(tmp)


def refuse(records):
    raise OSError(5)
