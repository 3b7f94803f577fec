"""Runs client programs on uwebsockets in a MicroPython process, for tests with a ``websockets`` server."""

import asyncio
import os
import textwrap
from contextlib import asynccontextmanager
from pathlib import Path

from upy_collect import interpreter
from websockets.asyncio.server import serve

LIB = Path(__file__).parents[2] / "lib"
DEADLINE_S = 40

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


@asynccontextmanager
async def running(url, body):
    """Run ``body``, the inside of ``async def main(url)``, in MicroPython; yields the process."""
    program = PROGRAM.format(url=url, body=textwrap.indent(textwrap.dedent(body), "    "))
    process = await asyncio.create_subprocess_exec(
        interpreter(),
        "-c",
        program,
        env={**os.environ, "MICROPYPATH": f"{LIB}:.frozen"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def client(url, body):
    """Run a client program to its end and return the lines it printed."""
    async with running(url, body) as process:
        output, _ = await asyncio.wait_for(process.communicate(), DEADLINE_S)
    assert process.returncode == 0, output.decode()
    return output.decode().splitlines()
