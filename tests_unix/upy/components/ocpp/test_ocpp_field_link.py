"""Central systems as they are, below OCPP: what is dialled, and how often."""

import asyncio
import json

from ocpp_site import Site
from ws_peer import Stream, answer, close_frame, frame, frames_in

from components.ocpp.urls import url_of
from uwebsockets import WebSocket

ANSWER = (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
)


def test_the_identity_is_the_last_part_of_the_path_once():
    cases = (
        ("ws://h", "ws://h/CP-1"), ("ws://h/", "ws://h/CP-1"), ("ws://h:80/a", "ws://h:80/a/CP-1"),
        ("ws://h/a/b/c/d//", "ws://h/a/b/c/d/CP-1"), ("ws://h/a/CP-1", "ws://h/a/CP-1"),
        ("ws://h/a/CP-1/", "ws://h/a/CP-1"), ("ws://h/CP-1", "ws://h/CP-1"), ("ws://CP-1", "ws://CP-1/CP-1"),
        ("ws://CP-1/", "ws://CP-1/CP-1"), ("ws://h/a/CP-10", "ws://h/a/CP-10/CP-1"), ("ws://h/cp-1", "ws://h/cp-1/CP-1"),
        ("ws://h/a/XCP-1", "ws://h/a/XCP-1/CP-1"), ("ws://h/CP-1/x", "ws://h/CP-1/x/CP-1"),
        ("ws://h/a?key=1", "ws://h/a/CP-1?key=1"), ("ws://h/a/CP-1?key=1/2", "ws://h/a/CP-1?key=1/2"),
    )  # fmt: skip
    for url, wanted in cases:
        assert url_of(url, "CP-1") == wanted, (url, url_of(url, "CP-1"))
    assert url_of("ws://h/Depot%207", "Depot 7") == "ws://h/Depot%207"


class Servers:
    """Central systems that accept, ask something or not, and close, each on a stream of its own."""

    def __init__(self, site, asks):
        self.site = site
        self.asks = asks
        self.times = []  # of the connections, ms
        self.busy = 0
        site.wifi.stream = self.stream
        site.wifi.online.set(True)

    def stream(self):
        self.times.append(self.site.clock.uptime_ms())
        stream = Stream()
        self.busy += 1
        asyncio.create_task(self._serve(stream))
        return stream, stream

    async def _serve(self, stream):
        await answer(stream, ANSWER)
        if self.asks:
            stream.feed(frame(0x81, b'[2,"id","GetConfiguration",{"key":["NumberOfConnectors"]}]'))
            while b'"readonly"' not in b"".join([text for _, text in frames_in(bytes(stream.sent))]):
                await asyncio.sleep_ms(1)
        stream.feed(close_frame(1000))
        stream.end()
        self.busy -= 1

    def gaps(self):
        return [b - a for a, b in zip(self.times, self.times[1:])]


class Patient(Servers):
    """Central systems that answer each request and stay, but neither send pings nor answer ours."""

    def __init__(self, site, interval_s):
        super().__init__(site, False)
        self.interval_s = interval_s  # of Heartbeats
        self.pings = 0
        self.actions = []

    async def _serve(self, stream):
        await answer(stream, ANSWER)
        while not stream.closed:
            for first, text in frames_in(bytes(stream.sent)):
                self.pings += first == 0x89
                if first == 0x81:
                    _, message_id, action, _ = json.loads(text)
                    self.actions.append(action)
                    payload = {"status": "Accepted", "currentTime": "2027-01-15T12:00:00Z", "interval": self.interval_s}
                    stream.feed(frame(0x81, json.dumps([3, message_id, payload]).encode()))
            stream.sent = bytearray()
            await asyncio.sleep_ms(1)


async def with_ping_interval(home, ping_interval, interval_s, minutes):
    site = Site(home)
    servers = Patient(site, interval_s)
    await site.power_on()
    assert site.ocpp.set("WebSocketPingInterval", ping_interval) == "Accepted"
    for _ in range(minutes * 20):
        await site.run(3000)
        await asyncio.sleep_ms(2)  # for the streams
    await site.power_off()
    return servers


async def test_no_pings_at_all(tmp):
    """Where the central system sends none and takes none, ours are turned off: Heartbeats keep the connection."""
    servers = await with_ping_interval(tmp, "0", 60, 10)
    assert len(servers.times) == 1 and servers.pings == 0
    assert 8 <= servers.actions.count("Heartbeat") <= 11, servers.actions


async def test_a_ping_that_is_not_answered_ends_the_connection(tmp):
    """Within the interval and 20 s, if nothing else comes: a dead peer is noticed though it never said a word."""
    servers = await with_ping_interval(tmp, "30", 3600, 5)
    assert len(servers.times) >= 4 and servers.pings >= 4
    for number, gap in enumerate(servers.gaps()):  # and the back-off
        assert 50000 <= gap <= 51000 + (1000 << number), servers.gaps()


async def test_a_keep_alive_that_fails_ends_the_connection(tmp):
    """For want of memory, say: without pings nobody would notice a dead peer."""
    keepalive = WebSocket.keepalive
    failures = []

    def no_memory(*_):
        failures.append(1)
        raise MemoryError("allocating 128 bytes")

    WebSocket.keepalive = no_memory
    try:
        servers = await with_ping_interval(tmp, "30", 3600, 1)
    finally:
        WebSocket.keepalive = keepalive
    assert len(servers.times) >= 2 and len(failures) >= len(servers.times) - 1, servers.times


async def storm(home, asks, connections):
    site = Site(home)
    servers = Servers(site, asks)
    await site.power_on()
    while len(servers.times) < connections:
        await site.run(250)
        if servers.busy:
            await asyncio.sleep_ms(1)  # its streams are no sleepers of the virtual clock
    gaps = servers.gaps()
    await site.power_off()
    return gaps


async def test_a_server_that_accepts_and_closes_at_once_is_dialled_ever_more_rarely(tmp):
    gaps = await storm(tmp, False, 12)
    assert gaps[0] <= 1200 and all(30000 <= gap <= 61000 for gap in gaps[7:]), gaps
    assert len(set(gaps[7:])) > 1, "jitter"


async def test_a_server_that_asks_and_closes_at_once_is_no_storm_either(tmp):
    """30 times it comes back at once, as after a short failure; then as rarely as to one that does not answer."""
    gaps = await storm(tmp, True, 42)
    assert all(gap <= 1500 for gap in gaps[:28]), gaps
    assert all(30000 <= gap <= 61000 for gap in gaps[37:]), gaps


class Deaf(Servers):
    """Central systems that answer every ping, and of the CALLs those for whose number ``answers(number)`` is true."""

    def __init__(self, site, answers):
        super().__init__(site, False)
        self.answers = answers
        self.calls = []  # [connection, action]

    async def _serve(self, stream):
        number = len(self.times)
        await answer(stream, ANSWER)
        while not stream.closed:
            sent, stream.sent = frames_in(bytes(stream.sent)), bytearray()
            for first, text in sent:
                if first == 0x89:
                    stream.feed(frame(0x8A, text))
                elif first == 0x81:
                    _, message_id, action, _ = json.loads(text)
                    self.calls.append([number, action])
                    if self.answers(len(self.calls)):
                        payload = {"status": "Accepted", "currentTime": "2027-01-15T12:00:00Z", "interval": 40}
                        payload["transactionId"] = 1
                        stream.feed(frame(0x81, json.dumps([3, message_id, payload]).encode()))
            await asyncio.sleep_ms(1)


async def with_the_deaf(home, answers, minutes, work=None):
    site = Site(home)
    servers = Deaf(site, answers)
    await site.power_on()
    for turn in range(minutes * 60):
        if turn == 10 and work:
            work(site)
        await site.run(1000)
        await asyncio.sleep_ms(2)  # for the streams
    return site, servers


async def test_a_connection_on_which_three_calls_in_a_row_go_unanswered_is_made_anew(tmp):
    """Its pings are answered, so nothing else would end it: a proxy whose central system is gone. Told and counted."""
    site, servers = await with_the_deaf(tmp, lambda number: number <= 3, 9)
    assert len(servers.times) >= 3, servers.times
    assert site.ocpp.counters.deaf == len(servers.times) - 1 == len(site.lines("3 CALLs in a row were not answered"))
    for number in range(2, len(servers.times)):
        assert len([1 for connection, _ in servers.calls if connection == number]) == 3, servers.calls
    for gap in servers.gaps()[1:]:
        assert 90000 <= gap <= 300000, servers.gaps()  # 30 s each, and the back-off
    assert "ended unanswered %d" % site.ocpp.counters.deaf in "\n".join(site.ocpp.describe())
    await site.power_off()


async def test_an_answer_between_keeps_the_connection(tmp):
    """Two of three CALLs time out: it is slow, or does not know some of them, but it is there."""
    site, servers = await with_the_deaf(tmp, lambda number: number <= 3 or number % 3 == 0, 15)
    assert len(servers.times) == 1 and site.ocpp.counters.deaf == 0
    assert site.ocpp.counters.timeouts > 6, site.ocpp.counters.timeouts
    await site.power_off()


async def test_transaction_messages_are_not_given_up_for_a_deaf_connection(tmp):
    """Two attempts are allowed, and the StartTransaction is sent on each connection until one answers it."""

    def work(site):
        assert site.ocpp.set("TransactionMessageAttempts", "2") == "Accepted"
        assert site.ocpp.set("AllowOfflineTxForUnknownId", "true") == "Accepted"
        site.plug_in()
        site.ocpp.present_tag("TAG")

    heard = []

    def answers(number):
        return number <= 3 or len(heard) > 0

    site, servers = await with_the_deaf(tmp, answers, 12, work)
    assert site.ocpp.counters.deaf >= 2 and site.ocpp.counters.dropped == 0
    starts = [connection for connection, action in servers.calls if action == "StartTransaction"]
    assert len(starts) >= 2 and len(set(starts)) >= 2, servers.calls
    heard.append(True)
    for _ in range(120):
        await site.run(1000)
        await asyncio.sleep_ms(2)
    assert site.ocpp.transaction is not None and site.ocpp.transaction.id == 1
    await site.power_off()
