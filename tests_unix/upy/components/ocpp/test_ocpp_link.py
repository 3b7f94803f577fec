"""Dialling: the URL, and the back-off between attempts."""

import asyncio

from ocpp_site import Site
from ws_peer import opened

from components.ocpp import Ocpp
from components.ocpp.dates import ders
from components.ocpp.urls import percent_encoded


def test_identity_in_the_url():
    assert percent_encoded("CP-1_a.b~") == "CP-1_a.b~"
    assert percent_encoded("RDAM 123/é") == "RDAM%20123%2F%C3%A9"


def test_certificates_of_a_file():
    pem = b"-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n"
    assert list(ders(pem % b"AQID\nBAU=" + b"the second:\n" + pem % b"Bg==")) == [b"\x01\x02\x03\x04\x05", b"\x06"]
    assert list(ders(b"0\x82DER")) == [b"0\x82DER"]


async def test_url_with_and_without_a_slash_at_its_end(tmp):
    for url in ("ws://h:1/a/b", "ws://h:1/a/b/"):
        assert Site(tmp, url=url).ocpp.link.url == "ws://h:1/a/b/CP-1"


async def test_urls_and_options_that_are_refused(tmp):
    for options, words in (({"url": "http://h/"}, "ws://"), ({"url": "wss://h/"}, "ca_file")):
        try:
            Site(tmp, **options)
            raise AssertionError(options)
        except ValueError as e:
            assert words in str(e)
    try:
        Site(tmp, url="ws://user:hush@h/?token=hush")
        raise AssertionError("a URL with a password")
    except ValueError as e:
        assert "hush" not in str(e)


async def test_back_off_grows_with_jitter_up_to_a_minute(tmp):
    site = Site(tmp)  # nobody listens on port 1
    site.wifi.online.set(True)
    await site.power_on()
    waits = []
    seen = 0
    for _ in range(4000):
        await site.run(100)
        lines = site.lines("next connection in")
        if len(lines) > seen:
            seen = len(lines)
            waits.append(int(lines[-1].split()[-2]))
    assert site.ocpp.counters.failed_connects == len(waits) >= 9
    for wait, full in zip(waits, (1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000)):
        assert full // 2 <= wait <= full, waits
    assert site.clock.utc_ms() is None and not site.ocpp.connected.value


async def refusing(answer):
    """(port, server) of a server that refuses everything with `answer`."""

    async def serve(reader, writer):
        await reader.read(512)
        writer.write(answer.encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    for port in range(20000, 40000, 7):
        try:
            return port, await asyncio.start_server(serve, "127.0.0.1", port)
        except OSError:
            pass


async def test_the_central_system_says_when_to_come_back(tmp):
    """Retry-After: not sooner, at most an hour; a shorter one does not shorten the back-off."""
    for header, least_ms, most_ms in (
        ("Retry-After: 120\r\n", 120000, 120000),
        ("Retry-After: 86400\r\n", 3600000, 3600000),
        ("Date: Sun, 29 Nov 2026 23:59:30 GMT\r\nRetry-After: Mon, 30 Nov 2026 00:01:00 GMT\r\n", 90000, 90000),
        ("Retry-After: 0\r\n", 500, 1000),
        ("", 500, 1000),
    ):
        port, server = await refusing("HTTP/1.1 503 Busy\r\n" + header + "Content-Length: 0\r\n\r\n")
        site = Site(tmp, url="ws://127.0.0.1:%d" % port)
        site.wifi.online.set(True)
        await site.power_on()
        for _ in range(1000):
            if site.lines("next connection in"):
                break
            await asyncio.sleep_ms(2)  # it is a real connection
        wait_ms = int(site.lines("next connection in")[0].split()[-2])
        assert least_ms <= wait_ms <= most_ms, (header, wait_ms)
        await site.run(wait_ms - 400)
        assert site.ocpp.counters.failed_connects == 1, header
        await site.run(500)
        for _ in range(1000):
            if site.ocpp.counters.failed_connects > 1:
                break
            await asyncio.sleep_ms(2)
        assert site.ocpp.counters.failed_connects == 2, header
        await site.power_off()
        server.close()


async def test_no_attempt_without_a_network(tmp):
    site = Site(tmp)
    await site.power_on()
    await site.run(60000)
    assert site.lines("next connection") == []


async def test_heartbeat_of_the_kernel_goes_on_while_there_is_no_answer(tmp):
    assert "pulse" in Ocpp.requires
    beats = []
    site = Site(tmp)
    site.ocpp._pulse = lambda: beats.append(1)
    await site.power_on()
    await site.run(10000)
    assert len(beats) >= 39


async def test_a_request_that_does_not_fit_into_memory_ends_the_connection(tmp):
    """Not only the task that sends: the connection would stay, and nothing would ever be sent on it."""
    site = Site(tmp)
    ws, _ = await opened()

    def too_big():
        raise MemoryError("memory allocation failed, allocating 23456 bytes")

    site.ocpp.rpc._sources = [too_big]
    await site.ocpp.link._serve(ws, site.ocpp.rpc.pump())
    assert ws.closed and site.lines("memory allocation failed")
