"""Networks between the charger and its central system as they are: dead without a word, or with another address.

A TCP proxy stands for the network: it can go black, so that nothing passes and nobody is told (no FIN, no RST).
"""

import asyncio
import contextlib

import pytest
import pytest_asyncio
from charging_site import TIMEOUT_S, Site, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Network:
    """Passes connections on to a port, until they, or all of them, go black."""

    def __init__(self):
        self.target = 0
        self.port = 0
        self.dead = False  # nobody is reached any more, nobody is told
        self.dialled = 0
        self._server = None
        self._paths = []  # [is it black?, writers, tasks] of each connection

    async def start(self):
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self):
        self._server.close()
        for _, writers, tasks in self._paths:
            for task in tasks:
                task.cancel()
            for writer in writers:
                writer.transport.abort()
        await self._server.wait_closed()

    async def _accept(self, reader, writer):
        self.dialled += 1
        path = [self.dead, [writer], []]
        self._paths.append(path)
        if self.dead:
            return
        there, back = await asyncio.open_connection("127.0.0.1", self.target)
        path[1].append(back)
        path[2] += [asyncio.create_task(self._pass(*way, path)) for way in ((reader, back), (there, writer))]

    async def _pass(self, reader, writer, path):
        """What is read while it is black is lost; so is the news of an end."""
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                if not path[0]:
                    writer.write(data)
                    await writer.drain()
        if not path[0]:
            writer.close()

    def black_out(self, dead=False):
        """What is connected now is so for ever, as far as anybody can tell. dead: so is whoever dials from now on."""
        self.dead = dead
        for path in self._paths:
            path[0] = True

    def come_back(self):
        """New connections pass; who was dialling into the dark learns that nothing became of it."""
        self.dead = False
        for _, writers, tasks in self._paths:
            if not tasks:
                writers[0].transport.abort()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def network():
    network = await Network().start()
    yield network
    await network.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(network, tmp_path_factory):
    """A charger behind the network."""
    settings = {"ocpp": {"url": f"ws://127.0.0.1:{network.port}/ocpp"}}
    async with Site(tmp_path_factory.mktemp("home"), settings=settings) as site:
        network.target = site.central.port
        await site.boot()
        await site.configure(MeterValueSampleInterval=1)
        yield site


async def ping_each(site, seconds):
    """Whoever pings every second takes a test that sleeps for one for dead: only while it should notice that."""
    await site.configure(WebSocketPingInterval=seconds)


async def test_a_peer_that_is_dead_without_a_close(site, network):
    """Pings notice it; dialling goes on while nobody answers; the session of meanwhile is delivered afterwards."""
    begun = await site.start_session("CARD-1")
    await ping_each(site, 1)
    printed, since, connections = site.firmware.mark, site.mark(), site.central.connections
    dialled = network.dialled
    network.black_out(dead=True)
    await site.printed(r"ocpp: connection", printed, 30)
    await site.present("CARD-1")
    await site.printed(r"transaction \S+ ends", printed)
    await eventually(lambda: network.dialled > dialled, "an attempt while the network is dead")
    assert site.central.calls("StopTransaction", since) == []
    network.come_back()
    await site.reconnected(connections)
    await ping_each(site, 60)
    ended = await site.received("StopTransaction", since, timeout=30)
    await site.status("Finishing", since)
    assert ended.payload["transactionId"] == site.central.books.last.id
    assert begun.payload["timestamp"] < ended.payload["timestamp"]
    assert site.central.calls("BootNotification", since) == [], "it did not restart"


async def test_another_address_on_the_wan(site, network):
    """The old connection stays half open; the central system drops it once there is a new one, or both with it."""
    await site.start_session("CARD-2")
    since, number = site.mark(), site.central.books.last.id
    await ping_each(site, 1)
    for takes_the_new_one_along in (False, True):
        connections = site.central.connections
        network.black_out()
        point = await site.central.wait_connected(timeout=TIMEOUT_S, after=connections)
        if takes_the_new_one_along:
            connections = site.central.connections
            point.link.cut()
        await site.reconnected(connections)
        assert site.module.enabled, "the car noticed nothing"
        await site.received("MeterValues", site.mark(), transactionId=number)
    await ping_each(site, 60)
    told = site.central.calls("MeterValues", since)
    stamps = [m.payload["meterValue"][0]["timestamp"] for m in told]
    assert stamps == sorted(stamps)
    assert {m.action for m in site.central.calls(since=since)} <= {"MeterValues", "StatusNotification"}
    await site.stop_session("CARD-2")
    assert len(site.central.calls("StopTransaction", since)) == 1
