"""uwebsockets and uhttp: names by a resolver that does not block, and what blocks is called by its name."""

import asyncio

from dns_peer import A, DnsServer, address, record, reply
from ws_peer import raised

import udns
from uhttp import HttpError, request
from uwebsockets import ConnectionClosed, connect


class Net:
    """What `net` is made of: a real resolver at a real server that knows one name, and a record of what blocks."""

    def __init__(self):
        self.blocked = []
        self.server = DnsServer(lambda query: [reply(query, (record(b"\xc0\x0c", A, 60, address("127.0.0.1")),))])
        self.pair = self.resolve, self.block

    async def resolve(self, name):
        if name == "nosuch.test":
            raise OSError(2, "no such name")
        return await udns.resolve(name, (self.server.place,)) if name == "station.test" else None

    def block(self, what, function, *arguments):
        self.blocked.append((what, arguments[:1]))
        return function(*arguments)

    async def __aenter__(self):
        self.task = asyncio.create_task(self.server.run())
        return self

    async def __aexit__(self, *error):
        self.task.cancel()
        self.server.socket.close()


async def reached(net, name, way):
    """Is somebody dialled at that name? He hangs up."""
    came = []

    async def hang_up(reader, writer):
        came.append(writer.get_extra_info("peername"))
        writer.close()
        await writer.wait_closed()

    for port in range(30000, 31000):
        try:
            server = await asyncio.start_server(hang_up, "127.0.0.1", port)
            break
        except OSError:
            pass
    kind = ConnectionClosed if way is connect else HttpError
    url = "%s://%s:%d/" % ("ws" if way is connect else "http", name, port)
    arguments = (url,) if way is connect else ("GET", url)
    error = await raised(kind, way(*arguments, net=net.pair))
    server.close()
    await server.wait_closed()
    return bool(came), str(error)


async def test_a_name_is_looked_up_by_the_resolver_and_an_address_by_nobody():
    for way in (connect, request):
        async with Net() as net:
            assert (await reached(net, "station.test", way))[0]
            assert len(net.server.queries) == 1 and net.blocked == [("DNS", ("127.0.0.1",))]  # at once for an address
            assert (await reached(net, "127.0.0.1", way))[0]
            assert len(net.server.queries) == 1 and len(net.blocked) == 1


async def test_where_the_resolver_knows_no_server_the_system_is_asked_by_name():
    for way in (connect, request):
        async with Net() as net:
            assert (await reached(net, "localhost", way))[0]
            assert not net.server.queries and net.blocked == [("DNS", ("localhost",))]


async def test_a_name_that_is_not_found_is_a_lost_connection():
    for way in (connect, request):
        async with Net() as net:
            came, error = await reached(net, "nosuch.test", way)
            assert not came and not net.blocked and "nosuch.test not found: " in error and "no such name" in error
