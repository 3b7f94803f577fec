"""Runs client programs on uhttp in a MicroPython process."""

import socket
import threading
from contextlib import contextmanager

from upy_program import lines_of

PROGRAM = """
import asyncio, gc, hashlib, sys, time
from uhttp import HttpError, Multipart, request

async def get(url, *, size=2048, **options):
    response = await request("GET", url, **options)
    buf = bytearray(size)
    view, count, found = memoryview(buf), 0, hashlib.sha256()
    try:
        while True:
            n = await response.readinto(buf)
            if not n:
                break
            found.update(view[:n])
            count += n
    finally:
        response.close()
    return response, count, found.digest().hex()

async def refused(awaitable):
    try:
        await awaitable
        print("taken")
    except (HttpError, ValueError) as error:
        print(type(error).__name__, error)

async def main(url):
{body}

asyncio.run(main({url!r}))
"""


async def client(url, body, heapsize=None):
    """Run ``body``, the inside of ``async def main(url)``; return the lines that it prints."""
    return await lines_of(PROGRAM, url, body, heapsize)


@contextmanager
def nobody():
    """The URL of a port that is taken and at which nobody listens."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{deaf.getsockname()[1]}/x"


@contextmanager
def raw_server(*answers):
    """Answer the connections in turn: bytes are sent as they are, a function is called with the socket."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        for answer in answers:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(20)
                connection.recv(65536)
                try:
                    answer(connection) if callable(answer) else connection.sendall(answer)
                except OSError:
                    pass  # the client went away

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        thread.join(20)
        assert not thread.is_alive(), "not every answer was asked for"
    finally:
        listener.close()
