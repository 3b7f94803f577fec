"""uhttp against servers that break off, lie, drip or speak something else: an HttpError, in time."""

import time

import pytest
from http_client import client, nobody, raw_server

OK = b"HTTP/1.1 200 OK\r\n"

BROKEN = {
    "nothing": (b"", "closed within a line"),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.9\r\n", "no HTTP answer"),
    "no status": (b"HTTP/1.1 OK\r\n\r\n", "no HTTP answer"),
    "half a head": (OK + b"Content-Le", "closed within a line"),
    "no name": (OK + b": x\r\n\r\n", "bad header line"),
    "a folded line": (OK + b"X: y\r\n z\r\n\r\n", "bad header line"),
    "a long line": (OK + b"X: " + b"y" * 6000, "a line of more than 4096 bytes"),
    "an endless head": (OK + b"X: y\r\n" * 20000, "a head of more than 16384 bytes"),
    "interim answers without end": (b"HTTP/1.1 102 Processing\r\nX: yyyyyyy\r\n\r\n" * 2000, "a head of more than"),
    "cut": (OK + b"Content-Length: 100\r\n\r\n" + b"x" * 60, "broken off: 40 of 100 bytes are missing"),
    "two lengths": (OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx", "two lengths"),
    "a negative length": (OK + b"Content-Length: -1\r\n\r\n", "a length of -1"),
    "a huge length": (OK + b"Content-Length: 9999999999999\r\n\r\n", "a length of 9999999999999"),
    "a length of words": (OK + b"Content-Length: ten\r\n\r\n", "a length of ten"),
    "gzip over the line": (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n", "transfer encoding gzip, chunked"),
    "a chunk cut": (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabc", "broken off within a chunk"),
    "chunks without end": (OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "closed within a line"),
    "a chunk too long": (OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n", "longer than its size"),
    "a chunk of no size": (OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "bad size of a chunk"),
    "a chunk of a negative size": (OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nabcde", "bad size of a chunk"),
    "a huge chunk": (OK + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFF\r\nx", "bad size of a chunk"),
    "trailers": (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 50, "too many trailers"),
    "another protocol": (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "switched to a protocol"),
}


async def test_broken_answers():
    """All of them to one client with 96 KB of heap."""
    with raw_server(*(answer for answer, _ in BROKEN.values())) as url:
        lines = await client(
            url,
            f"""
            for _ in range({len(BROKEN)}):
                await refused(get(url))
            """,
            heapsize="96k",
        )
    for (name, (_, text)), line in zip(BROKEN.items(), lines, strict=True):
        assert line.startswith("HttpError") and text in line, (name, line)


async def test_unusual_but_right():
    answers = (
        OK + b"\r\nuntil the end",
        b"HTTP/1.0 200\ncontent-length: 3\n\nabcdef",
        b"HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" + OK + b"CONTENT-LENGTH:3\r\n\r\nabc",
        OK + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        OK + b"Transfer-Encoding: Chunked\r\n\r\n003;x=y\r\nabc\r\n000\r\nX: y\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
        OK + (b"X-Policy: " + b"y" * 2048 + b"\r\n") * 7 + b"Content-Length: 3\r\n\r\nabc",
    )
    with raw_server(*answers) as url:
        lines = await client(
            url,
            f"""
            for _ in range({len(answers)}):
                response = await request("GET", url)
                print(response.status, response.length, response.whole, await response.text())
                response.close()
            """,
        )
    assert lines == [
        "200 None False until the end",
        "200 3 True abc",
        "200 3 True abc",
        "200 3 True abc",
        "200 None True abc",
        "204 0 True ",
        "200 3 True abc",
    ]


def drip(head, wait_s):
    def send(connection):
        connection.sendall(head)
        for _ in range(200):
            connection.sendall(b"x")
            time.sleep(wait_s)

    return send


HEADS = {"start": b"", "head": OK + b"X: ", "body": OK + b"Content-Length: 100000\r\n\r\n"}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
async def test_a_server_that_drips_or_is_silent_is_given_up(head):
    with raw_server(drip(head, 0.05), lambda connection: connection.recv(1)) as url:
        lines = await client(
            url,
            """
            for timeout_ms in (2000, 300):
                began = time.ticks_ms()
                await refused(get(url, timeout_ms=timeout_ms))
                print(time.ticks_diff(time.ticks_ms(), began) < 9000)
            """,
        )
    assert lines[0].startswith("HttpError too slow") and lines[2] == "HttpError nothing for 300 ms"
    assert lines[1] == lines[3] == "True"


async def test_nobody_there_and_bad_arguments():
    with nobody() as url:
        lines = await client(
            url,
            """
            await refused(get(url))
            await refused(get("http://" + "n" * 70 + "/"))
            for bad in ("ftp://host/", "http:///x", "http://host:0/", "http://host:99999/", "http://[::1/",
                        "http://h/a b", "host/path", "http://h/\\r\\nX: y", "http://u:%zz@h/"):
                await refused(get(bad))
            await refused(get(url, headers=(("X", "y\\r\\nZ: 1"),)))
            await refused(get("https://127.0.0.1/"))
            """,
        )
    assert lines[0].startswith("HttpError connection lost") and " not found: " in lines[1]
    assert [line.partition(" ")[0] for line in lines[2:12]] == ["ValueError"] * 10
    assert lines[12] == "HttpError https without an SSLContext"


async def test_a_cancelled_request_leaves_no_socket():
    with raw_server(*[lambda connection: connection.recv(1)] * 30) as url:
        lines = await client(
            url,
            """
            for _ in range(30):
                task = asyncio.create_task(request("GET", url))
                await asyncio.sleep_ms(5)
                task.cancel()
                try:
                    await task
                except asyncio.CancelledError:
                    pass
            import os
            print(len([name for name, *_ in os.ilistdir("/proc/self/fd")]) < 15)
            """,
        )
    assert lines == ["True"]
