"""One question to a real UDP server: what is sent, and which answers are refused; all packets are literal."""

import asyncio
import select

from ntp_peer import HEAD, NOON, NtpServer, answer

from components.sntp import query
from components.sntp.query import DENIED, Refused, ask, read
from core.clock import Clock

NOON_MS = 1800014400000  # 2027-01-15T12:00:00Z
EARLIEST_MS = Clock().earliest_ms


def at_once(name, function, *arguments):
    return function(*arguments)


class Net:
    """The network: its gateway, and what its DNS servers know of ``time.example.org``."""

    gateway = ""

    async def resolve(self, name):
        return "127.0.0.1" if name == "time.example.org" else None

    def address(self, gateway):
        return self.gateway if gateway else "192.0.2.1"


async def told(server):
    return await ask(server.place, Net(), at_once, EARLIEST_MS)


async def refused(*answers):
    """What is said of a server that answers so."""
    async with NtpServer(lambda query: [make(query) for make in answers]) as server:
        try:
            raise AssertionError(await told(server))
        except Refused as e:
            return e.args[0]


async def test_the_question_is_of_version_4_and_tells_nothing_of_us():
    async with NtpServer(lambda query: [answer(query)]) as server:
        first = await told(server)
        assert 0 <= first - NOON_MS <= 500  # half of what it took
        await told(server)
        for query in server.queries:
            assert len(query) == 48 and query[:40] == b"\x23" + bytes(39) and query[40:] != bytes(8)
        assert server.queries[0][40:] != server.queries[1][40:]


async def test_a_name_is_looked_up_and_the_gateway_is_that_of_the_network():
    net = Net()
    async with NtpServer(lambda query: [answer(query)]) as server:
        assert await ask("time.example.org:%d" % server.port, net, at_once, EARLIEST_MS) >= NOON_MS
        try:
            raise AssertionError(await ask("gateway:%d" % server.port, net, at_once, EARLIEST_MS))
        except Refused as e:
            assert e.args[0] == "it is not known" and len(server.queries) == 1
        net.gateway = "127.0.0.1"
        assert await ask("gateway:%d" % server.port, net, at_once, EARLIEST_MS) >= NOON_MS


async def test_what_is_no_answer_to_this_question_is_dropped():
    """Another originate timestamp, as of somebody who did not see the question; another mode; other sizes."""
    bad = (
        lambda query: answer(query, originate=bytes(8)),
        lambda query: answer(query, originate=b"\xee\xf4\x88\xc0\0\0\0\0"),
        lambda query: answer(query, b"\x23" + HEAD[1:], sent=b"\xee\xff\x88\xc0\0\0\0\0"),  # a client
        lambda query: answer(query, b"\x25" + HEAD[1:], sent=b"\xee\xff\x88\xc0\0\0\0\0"),  # a broadcast
        lambda query: answer(query)[:47],
        lambda query: b"",
    )
    assert await refused(*bad) == "no answer"
    good = bad + (answer,)
    async with NtpServer(lambda query: [make(query) for make in good]) as server:
        assert 0 <= await told(server) - NOON_MS < 500


async def test_a_server_that_cannot_know_is_refused():
    for head, why in (
        (b"\xe4" + HEAD[1:], "it is not synchronized"),  # leap indicator 3
        (b"\x24\x10" + HEAD[2:], "it is not synchronized"),  # stratum 16
        (b"\x24\xff" + HEAD[2:], "it is not synchronized"),
        (b"\x0c" + HEAD[1:], "it speaks another version"),  # 1
        (b"\x3c" + HEAD[1:], "it speaks another version"),  # 7
        (HEAD[:4] + b"\0\0\x02\x00\0\x01\x03\x00" + HEAD[12:], "it is too far from its reference"),  # dispersion
        (HEAD[:4] + b"\0\x02\x02\x00\0\0\x03\x00" + HEAD[12:], "it is too far from its reference"),  # root delay
    ):
        assert await refused(lambda query, head=head: answer(query, head)) == why, head
    for head in (b"\x1c" + HEAD[1:], b"\x24\x0f" + HEAD[2:], b"\x64\x01" + HEAD[2:]):  # version 3; 15; a leap second
        async with NtpServer(lambda query, head=head: [answer(query, head)]) as server:
            assert await told(server) >= NOON_MS


async def test_a_kiss_of_death_is_told_by_its_code():
    for code in ("RATE", "DENY", "RSTR"):
        head = b"\x24\x00\x06\xe9" + HEAD[4:12] + code.encode() + HEAD[16:]
        assert await refused(lambda query, head=head: answer(query, head)) == code
        assert (code in DENIED) == (code != "RATE")
        forged = b"\x24\x00\x06\xe9" + HEAD[4:12] + b"DENY" + HEAD[16:]
        assert await refused(lambda query, head=forged: answer(query, head, bytes(8))) == "no answer"
    assert await refused(lambda query: answer(query, b"\xe4\0\0\0" + HEAD[4:12] + b"\n\0\xff~" + HEAD[16:])) == "???~"


async def test_times_that_cannot_be_are_refused():
    for sent in (b"\xee\xf4\x88\xc0\0\0\0\0", b"\xee\xf4\x88\xc0\xff\xff\xff\xff"):
        async with NtpServer(lambda query, sent=sent: [answer(query, sent=sent)]) as server:
            assert 0 <= await told(server) - NOON_MS < 1500
    assert await refused(lambda query: answer(query, sent=bytes(8))) == "its time is empty"
    for sent in (b"\xed\x00\0\0\0\0\0\0", b"\x80\0\0\0\0\0\0\0", b"\x7f\xff\xff\xff\0\0\0\0"):  # 2026, 1968, 2104
        assert (await refused(lambda query, sent=sent: answer(query, sent=sent))).startswith("a time before"), sent


def test_after_2036_the_seconds_begin_again():
    """Era 1 begins on 2036-02-07T06:28:16Z."""
    last = HEAD + bytes(8) + b"\xff\xff\xff\xff\0\0\0\0" + b"\xff\xff\xff\xff\0\0\0\0"
    first = HEAD + bytes(8) + b"\0\0\0\0\0\0\0\0" + b"\0\0\0\0\x80\0\0\0"
    assert read(last, 0, EARLIEST_MS) == 2085978495000
    assert read(first, 0, EARLIEST_MS) == 2085978496500


def test_of_what_it_took_the_half_on_the_way_back_counts():
    """The server kept it for 250 ms of the 650: 200 ms each way."""
    data = HEAD + bytes(8) + NOON + b"\xee\xf4\x88\xc0\x40\0\0\0"
    assert read(data, 650, EARLIEST_MS) == NOON_MS + 250 + 200
    assert read(HEAD + bytes(8) + b"\xee\xf4\x88\xbf\0\0\0\0" + NOON, 400, EARLIEST_MS) == NOON_MS + 200


async def test_an_unreachable_server_is_an_error_of_the_system():
    for server in ("127.0.0.1:1", "no.such.host.invalid:123"):
        try:
            raise AssertionError(await ask(server, Net(), at_once, EARLIEST_MS))
        except (OSError, Refused) as e:
            assert e.args


class Polled:
    """In place of the module select: ``found`` has the turn of the loop in which each datagram was found."""

    POLLIN = select.POLLIN

    def __init__(self):
        self.turns = 0
        self.found = []

    def poll(self):
        self._poll = select.poll()
        return self

    def register(self, sock, events):
        self._poll.register(sock, events)
        self.poll = self._look

    def _look(self, ms):
        there = self._poll.poll(ms)
        if there:
            self.found.append(self.turns)
        return there

    async def run(self):
        while True:
            self.turns += 1
            await asyncio.sleep_ms(0)


async def test_a_server_that_floods_us_does_not_stop_the_loop():
    """100 datagrams that are no answer are there at once: the loop has its turn between them."""
    polled = query.select = Polled()
    counting = asyncio.create_task(polled.run())
    try:
        async with NtpServer(lambda asked: 100 * [answer(asked, originate=bytes(8))] + [answer(asked)]) as server:
            assert await told(server) >= NOON_MS
    finally:
        query.select = select
        counting.cancel()
    assert len(polled.found) == len(set(polled.found)) == 101, polled.found
