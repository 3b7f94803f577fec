"""udns: names, aliases and errors against a DNS server of its own; what is no answer to our question; the cache."""

import asyncio
import errno
import os
import time

from dns_peer import AAAA, CNAME, NS, A, DnsServer, address, asked, encoded, record, reply

import udns

POINTER = b"\xc0\x0c"  # to the name in the question (RFC 1035, section 4.1.4)


class Serving:
    """A server that runs in a context; `answer` as of DnsServer."""

    def __init__(self, answer):
        self.server = DnsServer(answer)

    async def __aenter__(self):
        self.task = asyncio.create_task(self.server.run())
        return self.server

    async def __aexit__(self, *error):
        self.task.cancel()
        self.server.socket.close()


def always(*records, **how):
    """Answers every query with these."""
    return lambda query: [reply(query, records, **how)]


async def refused(name, servers, cache=None, timeout_ms=200, tries=1):
    try:
        found = await udns.resolve(name, servers, cache, timeout_ms, tries)
    except OSError as e:
        return e.errno
    raise AssertionError("found: " + found)


async def test_an_address_is_requested_and_found():
    async with Serving(always(record(POINTER, A, 60, address("192.0.2.7")))) as server:
        assert await udns.resolve("Central.Example.org", (server.place,)) == "192.0.2.7"
        (query,) = server.queries
        assert asked(query)[1:] == ("Central.Example.org", A)
        assert query[2:12] == b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"  # a query, recursion desired, one question
        assert query[-2:] == b"\x00\x01" and len(query) == 12 + len(encoded("Central.Example.org")) + 4


async def test_others_run_while_it_waits_and_it_may_be_cancelled():
    async with Serving(lambda query: []) as server:
        task = asyncio.create_task(udns.resolve("example.org", (server.place,)))
        longest_ms = 0
        for _ in range(200):
            began = time.ticks_ms()
            await asyncio.sleep_ms(0)
            longest_ms = max(longest_ms, time.ticks_diff(time.ticks_ms(), began))
            await asyncio.sleep_ms(1)
        assert server.queries and not task.done() and longest_ms < 100, longest_ms
        task.cancel()
        try:
            await task
            raise AssertionError("not cancelled")
        except asyncio.CancelledError:
            pass


async def test_aliases_are_followed_in_any_order_and_also_uncompressed():
    records = (
        record("c.example.org", A, 300, address("192.0.2.9")),
        record("a.example.org", NS, 60, encoded("ns.example.org")),
        record("b.example.org", CNAME, 30, encoded("C.example.org")),
        record("c.example.org", AAAA, 60, bytes(16)),
        record("x.example.org", A, 60, address("192.0.2.66")),  # of somebody else
        record(POINTER, CNAME, 60, b"\x01b\xc0\x0e"),  # b., and the rest of the question's name
        record("c.example.org", A, 60, address("192.0.2.67"), klass=3),  # CHAOS
    )
    async with Serving(always(*records)) as server:
        cache = {}
        assert await udns.resolve("a.example.org", (server.place,), cache) == "192.0.2.9"
        assert cache["a.example.org"][1] == 30 and len(cache["a.example.org"][2]) == 4  # the shortest of the three


async def test_an_alias_of_itself_ends():
    looping = record(POINTER, CNAME, 60, encoded("b.org")), record("b.org", CNAME, 60, encoded("a.org"))
    async with Serving(always(*looping)) as server:
        assert await refused("a.org", (server.place,)) == errno.ENOENT


async def test_what_does_not_exist_is_no_such_name_and_the_next_server_is_not_asked():
    for answer in (always(flags=0x8183), always(), always(record(POINTER, AAAA, 60, bytes(16)))):
        async with Serving(answer) as first, Serving(answer) as second:
            assert await refused("a.org", (first.place, second.place), tries=3) == errno.ENOENT
            assert len(first.queries) == 1 and not second.queries


async def test_a_server_that_is_silent_fails_or_is_not_there_is_followed_by_the_next():
    good = always(record(POINTER, A, 60, address("192.0.2.7")))
    async with Serving(good) as server:
        for bad in (lambda query: [], always(flags=0x8182), always(flags=0x8185), always(flags=0x8380)):
            async with Serving(bad) as other:
                servers = (other.place, server.place)
                assert await udns.resolve("a.org", servers, None, 200) == "192.0.2.7"
        assert await udns.resolve("a.org", ("127.0.0.1:1", server.place), None, 200) == "192.0.2.7"
    assert await refused("a.org", ("127.0.0.1:1",)) == errno.ECONNREFUSED
    async with Serving(lambda query: []) as server:
        assert await refused("a.org", (server.place,), tries=3) == errno.ETIMEDOUT
        ids = [query[:2] for query in server.queries]
        assert len(ids) == 3 and len(set(ids)) == 3, "an id of its own for each question"
        assert len(set(server.sources)) == 3, "and a port"


async def test_an_answer_to_something_else_is_no_answer():
    """A forger does not know the id and the port; he is not believed, and the true answer after his is."""
    evil, good = record(POINTER, A, 60, address("192.0.2.66")), record(POINTER, A, 60, address("192.0.2.7"))

    def answer(query):
        other_id = bytes([query[0] ^ 1, query[1]])
        other_name = b"\x01b" + query[14:]
        other_type = query[12:-4] + b"\x00\x1c\x00\x01"
        return [
            reply(query, (evil,), identifier=other_id),
            reply(query, (evil,), question=other_name),
            reply(query, (evil,), question=other_type),
            reply(query, (evil,), flags=0x0100),  # a query
            reply(query, (evil,))[:6],
            b"",
            reply(query, (good,)),
        ]

    async with Serving(answer) as server:
        assert await udns.resolve("a.org", (server.place,)) == "192.0.2.7"


async def test_an_answer_from_elsewhere_is_ignored():
    """The port is found here by looking at the query; the datagram comes from another one of this machine."""
    evil, good = record(POINTER, A, 60, address("192.0.2.66")), record(POINTER, A, 60, address("192.0.2.7"))
    forger = DnsServer(None)
    late = []

    def answer(query):
        forger.socket.sendto(reply(query, (evil,)), server.sources[-1])
        late.append(reply(query, (good,)))
        return []

    async with Serving(answer) as server:
        task = asyncio.create_task(udns.resolve("a.org", (server.place,)))
        while not late:
            await asyncio.sleep_ms(1)
        await asyncio.sleep_ms(100)
        assert not task.done()
        server.socket.sendto(late[0], server.sources[-1])
        assert await task == "192.0.2.7"
    forger.socket.close()


async def test_what_is_malformed_is_dropped_whatever_it_is():
    """Every cut of an answer, every one of its bytes changed, pointers that loop: never an exception, never an end."""
    good = record(POINTER, A, 60, address("192.0.2.7"))
    chain = record(POINTER, CNAME, 60, b"\x01b\xc0\x0e"), record("b.org", A, 60, address("192.0.2.7"))
    made = reply(b"id\1\0\0\1\0\0\0\0\0\0" + encoded("a.org") + b"\0\1\0\1", chain)
    packet = made[:2] + b"\1\0\0\1\0\0\0\0\0\0" + encoded("a.org") + b"\0\1\0\1"
    outcomes = set()
    for data in [made[:n] for n in range(len(made))] + [
        made[:at] + bytes([value]) + made[at + 1 :] for at in range(len(made)) for value in (0, 1, 63, 64, 192, 255)
    ]:
        try:
            found = udns._read(packet, data)
            outcomes.add(found if found is None else found[2])
        except udns._Malformed:
            outcomes.add("malformed")
    assert {b"", None, "malformed", address("192.0.2.7")} <= outcomes
    assert all(outcome in (b"", None, "malformed") or len(outcome) == 4 for outcome in outcomes)
    assert udns._read(packet, reply(packet, (good,)))[2] == address("192.0.2.7")
    at = len(packet)
    loop = bytes([0xC0, at])
    for evil in (loop, b"\x01a" + loop, b"\xff\xff", b"\xc0", b"\x3fx", b"\x3f" + b"x" * 63 + loop, b"\x40"):
        data = reply(packet, (record(evil, A, 60, address("192.0.2.66")),))
        for cut in (len(data), at + len(evil)):
            try:
                assert not udns._read(packet, data[:cut])[2]
            except udns._Malformed:
                pass


async def test_noise_is_survived():
    packet = b"id\1\0\0\1\0\0\0\0\0\0" + encoded("a.org") + b"\0\1\0\1"
    for _ in range(2000):
        data = b"id\x81\x80\0\1\0\5\0\0\0\0" + encoded("a.org") + b"\0\1\0\1" + os.urandom(os.urandom(1)[0])
        try:
            udns._read(packet, data)
        except udns._Malformed:
            pass


async def test_an_answer_that_was_cut_off_counts_if_the_address_is_in_it():
    good = record(POINTER, A, 60, address("192.0.2.7"))
    async with Serving(always(good, flags=0x8380)) as server:
        assert await udns.resolve("a.org", (server.place,)) == "192.0.2.7"
    many = [record("a-long-name.example.org", A, 60, address("192.0.2.%d" % n)) for n in range(40)]
    async with Serving(lambda query: [reply(query, many)]) as server:  # 1.6 KB: more than is read
        assert await refused("a-long-name.example.org", (server.place,)) == errno.ETIMEDOUT


async def test_the_cache_keeps_a_name_for_its_time_and_gives_its_addresses_in_turn():
    answer = [record(POINTER, A, 60, address("192.0.2.1")), record(POINTER, A, 7200, address("192.0.2.2"))]
    cache = {}
    async with Serving(lambda query: [reply(query, answer)]) as server:
        found = []
        for name in ("a.org", "A.ORG", "a.org"):
            found.append(await udns.resolve(name, (server.place,), cache))
        assert found == ["192.0.2.1", "192.0.2.2", "192.0.2.1"] and len(server.queries) == 1
        cache["a.org"][0] -= 59
        await udns.resolve("a.org", (server.place,), cache)
        assert len(server.queries) == 1
        cache["a.org"][0] -= 2
        await udns.resolve("a.org", (server.place,), cache)
        assert len(server.queries) == 2
        cache["a.org"][0] += 3600  # the clock was set back
        await udns.resolve("a.org", (server.place,), cache)
        assert len(server.queries) == 3
        for name in ("b.org", "c.org", "d.org", "e.org", "f.org"):
            await udns.resolve(name, (server.place,), cache)
        assert len(cache) == 4 and "f.org" in cache
        answer[:] = [record(POINTER, A, 0, address("192.0.2.3"))]
        for n in range(2):  # no time to live
            assert await udns.resolve("g.org", (server.place,), cache) == "192.0.2.3"
            assert len(server.queries) == 9 + n
        answer[:] = [record(POINTER, A, 1 << 20, address("192.0.2.3"))]
        await udns.resolve("h.org", (server.place,), cache)
        assert cache["h.org"][1] == 3600
        answer[:] = [record(POINTER, A, 0xFFFFFFFF, address("192.0.2.3"))]
        await udns.resolve("i.org", (server.place,), cache)
        assert cache["i.org"][1] == 0


async def test_what_is_no_name_is_not_requested():
    async with Serving(lambda query: []) as server:
        for name in ("", ".", "a..b", "-" * 64, "a b", "\xfc.org", ".".join(["x" * 60] * 5), "a\n"):
            assert await refused(name, (server.place,)) == errno.EINVAL, name
        assert not server.queries
        assert await refused("a.org.", (server.place,)) == errno.ETIMEDOUT and asked(server.queries[0])[1] == "a.org"
