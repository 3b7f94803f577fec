"""Fifty clients of the web server at once: ``python -m bench.web_clients PORT ROLE PASSWORD``.

A line on its input begins the load, the next one ends it; then it prints ``done {"200": ..., ...}``. Twenty ask for the
state and the page, ten try passwords, ten send a head that never ends, ten say nothing at all: each again and again.
"""

from __future__ import annotations

import asyncio
import base64
import collections
import json
import os
import sys

_CLIENTS = 50
_QUIET_S = 3
_ANSWER_S = 20


class Load:
    """The clients. ``counts``: what became of their requests."""

    def __init__(self, port: int, role: str, password: str):
        self.port = port
        self.counts: collections.Counter[str] = collections.Counter()
        credentials = base64.b64encode(f"{role}:{password}".encode()).decode()
        wrong = json.dumps({"role": role, "password": "wrong"})
        self._requests = [
            f"GET /api/state HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {credentials}\r\n\r\n",
            f"GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {credentials}\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            "POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(wrong)}\r\n\r\n{wrong}",
        ]

    async def run(self, until: asyncio.Event) -> None:
        """Send until the event is set; what is still under way then ends with the process."""
        tasks = [asyncio.create_task(self._client(number, until)) for number in range(_CLIENTS)]
        await until.wait()
        await asyncio.wait(tasks, timeout=0.1)

    async def _client(self, number: int, until: asyncio.Event) -> None:
        kind = number % 5
        while not until.is_set():
            try:
                if kind < 2:
                    await self._ask(self._requests[self.counts.total() % 3])
                elif kind == 2:
                    await self._ask(self._requests[3])
                else:
                    await self._hold(b"GET / HTTP/1.1\r\nX: " if kind == 3 else b"")
            except (OSError, asyncio.TimeoutError):
                self.counts["broken"] += 1
                await asyncio.sleep(0.05)

    async def _ask(self, request: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(request.encode())
            answer = await asyncio.wait_for(reader.read(), _ANSWER_S)
            self.counts[answer[9:12].decode() or "closed"] += 1
        finally:
            writer.close()

    async def _hold(self, data: bytes) -> None:
        """Keep a connection open."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(data)
            await asyncio.wait_for(reader.read(), _QUIET_S)
            self.counts["held, closed"] += 1
        finally:
            writer.close()


async def main(port: int, role: str, password: str) -> None:
    """Wait for the first line, load until the second one, print."""
    loop = asyncio.get_running_loop()
    load = Load(port, role, password)
    await loop.run_in_executor(None, sys.stdin.readline)
    until = asyncio.Event()
    task = asyncio.create_task(load.run(until))
    await loop.run_in_executor(None, sys.stdin.readline)
    until.set()
    await task
    print("done", json.dumps(load.counts), flush=True)
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
