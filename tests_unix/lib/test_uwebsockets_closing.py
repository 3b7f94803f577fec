"""uwebsockets in a MicroPython process against the ``websockets`` library: all the ways to end a connection."""

import asyncio

import pytest
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK
from ws_client import DEADLINE_S, client, running, server


async def echo(connection):
    async for message in connection:
        await connection.send(message)


@pytest.mark.parametrize(
    "code, reason", ((1000, ""), (1001, "going away"), (1011, "Fehler: größer"), (3000, "x" * 123), (4999, ""))
)
async def test_server_closes(code, reason):
    async def handler(connection):
        await connection.send("hello")
        await connection.close(code, reason)
        await connection.send(f"{connection.protocol.close_rcvd}")

    async with server(handler) as url:
        lines = await client(
            url,
            """
            ws = await connect(url)
            print(await ws.recv())
            try:
                await ws.recv()
            except ConnectionClosed as error:
                print(error.code, error.reason)
            print(ws.close_code, ws.close_reason, ws.closed)
            await ws.close()
            """,
        )
    assert lines == ["hello", f"{code} {reason}", f"{code} {reason} True"]


@pytest.mark.parametrize("code, reason", ((1000, "bye"), (1001, ""), (3999, "ä" * 61)))
async def test_client_closes(code, reason):
    seen = asyncio.get_running_loop().create_future()

    async def handler(connection):
        try:
            while True:
                await connection.recv()
        except (ConnectionClosedOK, ConnectionClosedError) as error:
            seen.set_result((error.rcvd.code, error.rcvd.reason, error.rcvd_then_sent))

    async with server(handler) as url:
        lines = await client(
            url,
            f"""
            ws = await connect(url)
            await ws.send("x")
            began = time.ticks_ms()
            await ws.close({code}, {reason!r}, timeout_ms=20000)
            print(ws.close_code, time.ticks_diff(time.ticks_ms(), began) < 10000)
            """,
        )
        assert await asyncio.wait_for(seen, DEADLINE_S) == (code, reason, True)
    assert lines == [f"{code} True"]


async def test_server_that_is_gone():
    async def handler(connection):
        await connection.recv()
        connection.transport.abort()

    async with server(handler) as url:
        lines = await client(
            url,
            """
            ws = await connect(url)
            await ws.send("x")
            try:
                await ws.recv()
            except ConnectionClosed as error:
                print(error.code, bool(error.reason))
            """,
        )
    assert lines == ["1006 True"]


async def test_server_that_falls_silent():
    """The keep-alive finds out; as long as pongs come it lets the connection be."""
    ready = asyncio.get_running_loop().create_future()

    async def handler(connection):
        ready.set_result(connection)
        await connection.wait_closed()

    async with server(handler, ping_interval=None, close_timeout=0.1) as url:
        body = """
            ws = await connect(url)
            pongs = []
            async def sleep_ms(ms):
                if ms == 700 and len(pongs) < 2:  # as long as a pong takes, however slow the machine is
                    await ws.pong_event.wait()
                    ws.pong_event.clear()
                    pongs.append(ws.last_pong)
                    if len(pongs) == 2:
                        print("alive")
                else:
                    await asyncio.sleep_ms(ms)
            alive = asyncio.create_task(ws.keepalive(100, 700, sleep_ms))
            try:
                await ws.recv()
            except ConnectionClosed as error:
                print(*error.args)
        """
        async with running(url, body) as process:
            connection = await asyncio.wait_for(ready, DEADLINE_S)
            assert await asyncio.wait_for(process.stdout.readline(), DEADLINE_S) == b"alive\n"
            connection.transport.pause_reading()
            assert (await asyncio.wait_for(process.stdout.readline(), DEADLINE_S)) == b"1006 keep-alive time-out\n"
            connection.transport.resume_reading()


async def test_message_that_is_too_long_for_us():
    seen = asyncio.get_running_loop().create_future()

    async def handler(connection):
        await connection.send(b"x" * 1000)
        await connection.send(b"x" * 500000)
        await connection.wait_closed()
        seen.set_result(connection.close_code)

    async with server(handler) as url:
        lines = await client(
            url,
            """
            ws = await connect(url, max_size=1000)
            print(len(await ws.recv()))
            try:
                await ws.recv()
            except ConnectionClosed as error:
                print(error.code)
            await ws.close()
            """,
        )
        assert await asyncio.wait_for(seen, DEADLINE_S) == 1009  # told before the stream was closed
    assert lines == ["1000", "1009"]


async def test_message_that_is_too_long_for_the_server():
    async with server(echo, max_size=1000) as url:
        lines = await client(
            url,
            """
            ws = await connect(url)
            try:
                await ws.send(b"x" * 1001)
                await ws.recv()
            except ConnectionClosed as error:
                print(error.code)
            """,
        )
    assert lines == ["1009"]
