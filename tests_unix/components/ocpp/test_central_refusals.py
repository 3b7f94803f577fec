"""What stands before a central system: a load balancer that refuses for a while, a proxy that sends early hints."""

import asyncio
import contextlib
import time

import pytest
from charging_site import TIMEOUT_S, Site, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

BUSY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: %d\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
COOKIE = b"Set-Cookie: session=" + 2048 * b"c" + b"\r\n"


class Front:
    """Refuses ``refusals`` connections with Retry-After; passes the others on, with early hints and a long cookie."""

    def __init__(self, target, refusals, retry_after_s):
        self.target = target
        self.refusals = refusals
        self.retry_after_s = retry_after_s
        self.dialled = []  # when
        self._server = None
        self._tasks = []

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()
        for task in self._tasks:
            task.cancel()

    async def _accept(self, reader, writer):
        self.dialled.append(time.monotonic())
        request = await reader.readuntil(b"\r\n\r\n")
        if len(self.dialled) <= self.refusals:
            writer.write(BUSY % self.retry_after_s)
            await writer.drain()
            writer.close()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self.target())
        back.write(request)
        answer = await there.readuntil(b"\r\n\r\n")
        writer.write(HINTS + answer[:-2] + COOKIE + b"\r\n")
        self._tasks += [asyncio.create_task(self._pass(*way)) for way in ((reader, back), (there, writer))]

    async def _pass(self, reader, writer):
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()


async def test_a_load_balancer_that_is_busy_and_a_proxy_that_hints(tmp_path):
    """Retry-After is waited for; interim answers and long header lines do no harm; no secret of the URL is logged."""
    async with Site(tmp_path) as site, Front(lambda: site.central.port, 1, 4) as front:
        site._settings = {"ocpp": {"url": f"ws://127.0.0.1:{front.port}/ocpp?token=hush"}}
        site.write_settings()
        await site.boot()
        assert await site.printed(r"next connection in 4000 ms")
        first, second = front.dialled
        assert 3.9 < second - first < 4 + TIMEOUT_S
        assert "503" in site.firmware.text and "connected to ws://127.0.0.1" in site.firmware.text
        assert "hush" not in site.firmware.text
        await eventually(lambda: site.central.calls("StatusNotification"), "a status over the proxy")
        assert site.wrong_messages() == []
