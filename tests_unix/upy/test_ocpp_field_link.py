"""Central systems as they are, below OCPP: what is dialled, and how often."""

import asyncio

from ocpp_site import Site
from ws_peer import Stream, answer, close_frame, frame, frames_in

from components.ocpp.link import dialled


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
        assert dialled(url, "CP-1") == wanted, (url, dialled(url, "CP-1"))
    assert dialled("ws://h/Depot%207", "Depot 7") == "ws://h/Depot%207"


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
        template = (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
        )
        await answer(stream, template)
        if self.asks:
            stream.feed(frame(0x81, b'[2,"id","GetConfiguration",{"key":["NumberOfConnectors"]}]'))
            while b'"readonly"' not in b"".join([text for _, text in frames_in(bytes(stream.sent))]):
                await asyncio.sleep_ms(1)
        stream.feed(close_frame(1000))
        stream.end()
        self.busy -= 1

    def gaps(self):
        return [b - a for a, b in zip(self.times, self.times[1:])]


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
