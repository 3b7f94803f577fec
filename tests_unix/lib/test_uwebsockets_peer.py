"""uwebsockets in a MicroPython process against the ``websockets`` library: messages and pings."""

import asyncio
import hashlib
import random

import pytest
from ws_client import DEADLINE_S, client, server


async def echo(connection):
    async for message in connection:
        await connection.send(message)


def digest(message):
    data = message.encode() if isinstance(message, str) else message
    return f"{type(message).__name__} {len(data)} {hashlib.sha256(data).hexdigest()}"


def random_messages(seed):
    """Random bytes and texts from 0 to 70000 bytes, with the lengths at which the frame format changes."""
    chance = random.Random(seed)
    sizes = [0, 1, 125, 126, 127, 500, 512, 513, 65535, 65536, 70000] + [chance.randrange(70000) for _ in range(10)]
    for size in sizes:
        yield chance.randbytes(size)
        yield "".join(chance.choice("abcdefgh0123ßü€⚡🔌") for _ in range(size // 2))


async def test_random_messages_from_the_server():
    messages = list(random_messages(1))

    async def handler(connection):
        for message in messages:
            await connection.send(message)

    async with server(handler) as url:
        lines = await client(
            url,
            """
            import binascii, hashlib
            ws = await connect(url, max_size=1 << 20)
            buf = bytearray(300000)
            turn = 0
            while True:
                turn += 1
                try:
                    if turn & 1:
                        message = await ws.recv()
                        kind = type(message).__name__
                        data = message.encode() if ws.is_text else message
                    else:
                        n = await ws.recv_into(buf)
                        kind = "str" if ws.is_text else "bytes"
                        data = memoryview(buf)[:n]
                except ConnectionClosed:
                    break
                print(kind, len(data), binascii.hexlify(hashlib.sha256(data).digest()).decode())
            """,
        )
    assert lines == [digest(message) for message in messages]


@pytest.mark.parametrize("fragment", (0, 1000))
async def test_random_messages_there_and_back(fragment):
    received = []

    async def handler(connection):
        async for message in connection:
            received.append(digest(message))
            await connection.send(message)

    async with server(handler) as url:
        lines = await client(
            url,
            f"""
            import binascii, hashlib, os, random
            random.seed(7)
            ws = await connect(url, max_size=1 << 20)
            sizes = [0, 1, 119, 125, 126, 504, 505, 506, 65535, 65536, 70000]
            for size in sizes + [random.randrange(70000) for i in range(8)]:
                text = "".join(random.choice("abcd⚡ü🔌") for i in range(size // 4))
                for message in (os.urandom(size), text):
                    await ws.send(message, fragment={fragment})
                    assert await ws.recv() == message
                    data = message.encode() if message is text else message
                    digest = binascii.hexlify(hashlib.sha256(data).digest()).decode()
                    print("str" if message is text else "bytes", len(data), digest)
            await ws.close()
            """,
        )
    assert lines == received and len(lines) == 38


async def test_sending_and_receiving_at_once():
    """Both directions full: nobody may wait for the other before receiving."""
    payload = random.Random(3).randbytes(40000)

    async def handler(connection):
        async def flood():
            for _ in range(30):
                await connection.send(payload)

        flooding = asyncio.create_task(flood())
        for _ in range(30):
            assert await connection.recv() == payload
            await connection.ping()
        await flooding

    async with server(handler) as url:
        lines = await client(
            url,
            """
            ws = await connect(url)
            first = await ws.recv()
            async def send():
                for i in range(30):
                    await ws.send(first, fragment=3000 if i & 1 else 0)
            sending = asyncio.create_task(send())
            for i in range(29):
                assert await ws.recv() == first
            await sending
            try:
                await ws.recv()
            except ConnectionClosed as error:
                print(error.code)
            """,
        )
    assert lines == ["1000"]


async def test_server_fragments_with_pings_in_between():
    texts = ["grüße " * 100, "", "⚡", "x" * 3000]
    pongs = []

    async def handler(connection):
        async def fragments():
            for text in texts:
                yield text
                pongs.append(await connection.ping(text[:20].encode()))

        await connection.send(fragments())
        await connection.send([b"a", b"", b"b" * 70000])
        await asyncio.wait_for(asyncio.gather(*pongs), DEADLINE_S)
        await connection.send("all pongs")

    async with server(handler) as url:
        lines = await client(
            url,
            """
            ws = await connect(url, max_size=1 << 20)
            text = await ws.recv()
            print(text == "grüße " * 100 + "⚡" + "x" * 3000)
            print(await ws.recv() == b"a" + b"b" * 70000)
            print(await ws.recv())
            """,
        )
    assert lines == ["True", "True", "all pongs"] and len(pongs) == 4


async def test_our_pings():
    async with server(echo) as url:
        lines = await client(
            url,
            """
            ws = await connect(url)
            receiving = asyncio.create_task(ws.recv())
            for payload in (b"", b"\\x00\\xff", b"x" * 125):
                ws.pong_event.clear()
                await ws.ping(payload)
                await asyncio.wait_for_ms(ws.pong_event.wait(), 5000)
                print(ws.last_pong == payload)
            await ws.send("done")
            print(await receiving)
            """,
        )
    assert lines == ["True"] * 3 + ["done"]
