"""Runs client programs on uwebsockets in a MicroPython process, for tests with a ``websockets`` server."""

from contextlib import asynccontextmanager

import upy_program
from upy_program import DEADLINE_S  # noqa: F401  # of the tests, too
from websockets.asyncio.server import serve

PROGRAM = """
import asyncio, sys, time
from uwebsockets import ConnectionClosed, HandshakeError, connect

async def refused(**options):
    try:
        await connect({url!r}, **options)
    except (ConnectionClosed, HandshakeError) as error:
        print(type(error).__name__, *error.args)

async def main(url):
{body}

asyncio.run(main({url!r}))
"""


@asynccontextmanager
async def server(handler, **options):
    """Serve WebSockets on a free port of this machine; yields the URL."""
    async with serve(handler, "127.0.0.1", 0, **{"compression": None, **options}) as serving:
        port = serving.sockets[0].getsockname()[1]
        yield f"{'wss' if 'ssl' in options else 'ws'}://127.0.0.1:{port}/ocpp/CP-1"


def running(url, body):
    """Run ``body``, the inside of ``async def main(url)``, in MicroPython: ``async with`` yields the process."""
    return upy_program.running(PROGRAM, url, body)


async def client(url, body):
    """Run a client program to its end and return the lines it printed."""
    return await upy_program.lines_of(PROGRAM, url, body)
