"""uwebsockets: looking up a name aside, as on the ESP32, by a resolver that blocks whoever asks it."""

import asyncio
import time

from ws_peer import raised

from uwebsockets import ConnectionClosed, connect, dial

DEADLINE_MS = 10000


class Resolver:
    """Stands for the module socket of a device whose router has lost its line: it answers when it is let `go`."""

    SOCK_STREAM = 1

    def __init__(self, answer):
        self.asked = []
        self.answered = 0
        self.go = False
        self._answer = answer

    def getaddrinfo(self, host, port, family, kind):
        self.asked.append((host, port, kind))
        began_ms = time.ticks_ms()
        while not self.go and time.ticks_diff(time.ticks_ms(), began_ms) < DEADLINE_MS:
            time.sleep_ms(1)
        self.answered += 1
        if isinstance(self._answer, Exception):
            raise self._answer
        return [self._answer]


class Aside:
    """With this resolver, and with threads as the ESP32 has them."""

    def __init__(self, answer):
        self.resolver = Resolver(answer)

    def __enter__(self):
        self._was = dial.socket, dial._ASIDE
        dial.socket, dial._ASIDE = self.resolver, True
        return self.resolver

    def __exit__(self, *error):
        dial.socket, dial._ASIDE = self._was


async def test_others_run_while_a_name_is_looked_up():
    with Aside((2, 1, 0, "", b"address")) as resolver:
        task = asyncio.create_task(dial.look_up("example.org", 80))
        while not resolver.asked:
            await asyncio.sleep_ms(1)
        assert not resolver.answered and not task.done()
        resolver.go = True
        assert await task == (2, 1, 0, "", b"address")
        assert resolver.asked == [("example.org", 80, 1)]


async def test_no_address_is_a_lost_connection():
    with Aside(OSError(-202)) as resolver:
        resolver.go = True
        error = await raised(ConnectionClosed, connect("ws://example.org/"))
        assert error.code == 1006 and "-202" in error.reason, error


async def test_an_error_of_the_thread_is_a_lost_connection():
    with Aside(MemoryError()) as resolver:
        resolver.go = True
        error = await raised(ConnectionClosed, connect("ws://example.org/"))
        assert error.code == 1006, error


async def test_an_attempt_may_be_cancelled_while_the_name_is_looked_up():
    with Aside((2, 1, 0, "", b"address")) as resolver:
        task = asyncio.create_task(dial.look_up("example.org", 80))
        while not resolver.asked:
            await asyncio.sleep_ms(1)
        task.cancel()
        await raised(asyncio.CancelledError, task)
        resolver.go = True  # its thread ends, and finds nobody
        while not resolver.answered:
            await asyncio.sleep_ms(1)


async def test_an_address_needs_no_thread():
    with Aside((2, 1, 0, "", b"address")) as resolver:
        resolver.go = True
        task = asyncio.create_task(dial.look_up("192.0.2.1", 80))
        await asyncio.sleep_ms(0)
        assert task.done()
