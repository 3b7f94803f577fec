"""Client programs of the packages in lib/, in a MicroPython process of their own."""

import asyncio
import os
import textwrap
from contextlib import asynccontextmanager
from pathlib import Path

from upy_collect import interpreter

LIB = Path(__file__).parents[2] / "lib"
DEADLINE_S = 40


@asynccontextmanager
async def running(program, url, body, heapsize=None):
    """Run `program`, whose ``async def main(url)`` has `body` inside; yields the process, which ends with this."""
    process = await asyncio.create_subprocess_exec(
        interpreter(),
        *(["-X", f"heapsize={heapsize}"] if heapsize else []),
        "-c",
        program.format(url=url, body=textwrap.indent(textwrap.dedent(body), "    ")),
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


async def lines_of(program, url, body, heapsize=None):
    """Run it to its end and return the lines that it prints."""
    async with running(program, url, body, heapsize) as process:
        output, _ = await asyncio.wait_for(process.communicate(), DEADLINE_S)
    assert process.returncode == 0, output.decode()
    return output.decode().splitlines()
