"""Clients that are slow, silent, half open or many take their share and no more."""

import asyncio
import re
import time

import pytest
from web_client import DRIVER, OPERATOR, Client, Stream, exchange, free_port, settings

pytestmark = pytest.mark.asyncio(loop_scope="module")
PORT = free_port()
SETTINGS = settings(PORT)


async def closed_after(reader, began):
    """Seconds until the server closes a connection."""
    await asyncio.wait_for(reader.read(), 30)
    return time.monotonic() - began


async def test_silent_clients_give_their_places_away(site):
    """Twenty connections that say nothing: a request is answered soon, again and again."""
    silent = [await asyncio.open_connection("127.0.0.1", PORT) for _ in range(20)]
    try:
        for _ in range(5):
            began = time.monotonic()
            assert (await Client(PORT)("GET", "/api/me")).status == 200
            assert time.monotonic() - began < 4
    finally:
        for _, writer in silent:
            writer.close()


async def test_bodies_that_do_not_come_give_their_places_away(site):
    """Nobody has to know a password to send a head: whoever does must not keep the emergency stop from a person."""
    head = b"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n"
    refused = head.replace(b"login", b"card")  # answered at once, and its body is waited for
    for data in (head, refused):
        places = [(f"127.0.1.{n}", 0) for n in range(1, 5)]
        clients = [await asyncio.open_connection("127.0.0.1", PORT, local_addr=place) for place in places]
        for _, writer in clients:
            writer.write(data)
        await asyncio.sleep(1.3)
        for _ in range(3):
            assert (await Client(PORT)("GET", "/api/me", tries=2)).status == 200
        for _, writer in clients:
            writer.close()
        await asyncio.sleep(0.5)


async def test_a_head_a_body_and_an_answer_have_an_end(site):
    """A drop now and then does not prolong it: each limit is for the whole."""
    began = time.monotonic()
    head = b"GET /api/me HTTP/1.1\r\nHost: x\r\nX: "
    body = b"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n"
    readers = []

    async def drip(data):
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        readers.append(reader)
        writer.write(data)
        try:
            while not reader.at_eof():
                await asyncio.sleep(0.3)
                writer.write(b" ")
                await writer.drain()
        except OSError:
            pass
        return time.monotonic() - began

    tasks = [asyncio.create_task(drip(data)) for data in (head, body)]
    await asyncio.sleep(1)
    seconds = await asyncio.gather(*(closed_after(reader, began) for reader in readers), return_exceptions=True)
    ended = await asyncio.gather(*tasks)
    assert 4 < ended[0] < 9 and 8 < ended[1] < 16, (ended, seconds)


async def test_a_reader_that_takes_nothing_is_closed(site):
    """A stream of events to a client whose buffers are full: its place is free after some seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT, limit=64)
    writer.transport.pause_reading()
    client = Client(PORT, DRIVER)
    writer.write(client.head("GET", "/api/events", {}))
    await asyncio.sleep(0.5)
    async with Stream(client) as stream:
        assert (await stream.next())[0] == "state"
        assert (await client("GET", "/api/me")).status == 200
    writer.close()


async def test_fifty_at_once_are_answered_or_told_to_come_again(site):
    """Each gets a whole answer, 503 or 200, and the firmware goes on."""
    request = Client(PORT, DRIVER).head("GET", "/api/state", {})

    async def one():
        try:
            raw = await exchange(PORT, request)
        except ConnectionError:
            return 0
        return int(raw.split()[1]) if raw else 0

    found = []
    for _ in range(4):
        found += await asyncio.gather(*(one() for _ in range(50)))
    assert found.count(200) >= 4 and set(found) <= {0, 200, 503}, found
    assert (await Client(PORT)("GET", "/api/me")).status == 200
    assert re.search(r"(?m)^ok|State:", (await site.answer("status", r"State: \w+")).group())


async def test_a_client_that_sends_more_than_it_may_is_told(site):
    """A large body that is refused is taken in, so that the answer is read; an endless one is not."""
    client = Client(PORT, OPERATOR)
    answer = await client("POST", "/api/card", body=b"x" * 60_000, Content_Type="application/json")
    assert (answer.status, answer.json["error"]) == (413, "body")
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    writer.write(client.head("POST", "/api/card", {"Content-Length": "900000000", "Content-Type": "application/json"}))
    sent = 0
    began = time.monotonic()
    try:
        while time.monotonic() - began < 20:
            writer.write(b"x" * 65536)
            await writer.drain()
            sent += 65536
    except ConnectionError:
        pass
    writer.close()
    assert sent < 20_000_000 and time.monotonic() - began < 10
