"""uhttp against Python's http.server: downloads, uploads, redirects, credentials, memory."""

import hashlib
import os

import pytest
from http_client import client
from http_peer import HttpPeer

BIG = os.urandom(4096) * 1024  # 4 MB


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("size", [0, 1, 1024, 100_000])
async def test_get(peer, size, chunked):
    peer.files["/f?x=1"] = content = os.urandom(size)
    peer.chunked = chunked
    lines = await client(
        peer.url + "/f?x=1#part",
        """
        response, count, digest = await get(url)
        print(response.status, response.length, response.whole, count, digest)
        """,
    )
    length = None if chunked else size
    assert lines == [f"200 {length} True {size} {hashlib.sha256(content).hexdigest()}"]
    asked = peer.requests[0]
    assert asked.path == "/f?x=1" and asked.headers["host"] == peer.url.removeprefix("http://")


async def test_the_heap_does_not_grow_with_the_file(peer):
    """4 MB through a process that has 64 KB of heap, and what is allocated in between is bounded."""
    peer.files["/big"] = BIG
    lines = await client(
        peer.url + "/big",
        """
        gc.collect()
        gc.threshold(4096)
        response = await request("GET", url)
        buf, most, total = bytearray(2048), 0, 0
        while True:
            n = await response.readinto(buf)
            if not n:
                break
            total += n
            most = max(most, gc.mem_alloc())
        response.close()
        print(total, most)
        """,
        heapsize="64k",
    )
    total, most = map(int, lines[0].split())
    assert total == len(BIG) and most < 60_000


async def test_a_part_of_a_file(peer):
    peer.files["/f"] = b"0123456789" * 1000
    lines = await client(
        peer.url + "/f",
        """
        for headers in ((("Range", "bytes=9000-"),), (("Range", "bytes=9000-"), ("If-Range", '"other"'))):
            response, count, digest = await get(url, headers=headers)
            print(response.status, response.length, response.fields.get("content-range"), "etag" in response.fields)
        """,
    )
    assert lines == ["206 1000 bytes 9000-9999/10000 True", "200 10000 None True"]


@pytest.mark.parametrize("length", [True, False], ids=["length", "chunks"])
async def test_put(peer, length):
    lines = await client(
        peer.url + "/up/log.txt",
        f"""
        def body():
            for i in range(2000):
                yield "line %d é\\n" % i
                yield b""
        size = sum(len(part if isinstance(part, bytes) else part.encode()) for part in body()) if {length} else None
        response = await request("PUT", url, body=body, length=size)
        print(response.status, response.reason)
        response.close()
        """,
    )
    assert lines == ["201 Created"]
    assert peer.uploads["/up/log.txt"].decode() == "".join(f"line {i} é\n" for i in range(2000))
    assert ("content-length" in peer.requests[0].headers) == length


async def test_post_of_a_form(peer):
    lines = await client(
        peer.url + "/upload",
        """
        body = lambda: ["first\\n", "second\\n"]
        for length in (13, None):
            response = await request("POST", url, **Multipart("file", "log.txt", body, length).arguments())
            print(response.status)
            response.close()
        """,
    )
    assert lines == ["201", "201"]
    for request in peer.asked("POST"):
        from email.parser import BytesParser
        from email.policy import HTTP

        head = b"Content-Type: " + request.headers["content-type"].encode() + b"\r\n\r\n"
        (part,) = BytesParser(policy=HTTP).parsebytes(head + request.body).iter_parts()
        assert part.get_filename() == "log.txt" and part.get_param("name", header="content-disposition") == "file"
        assert part.get_payload(decode=True) == b"first\nsecond\n"
    assert int(peer.requests[0].headers["content-length"]) == len(peer.requests[0].body)


async def test_a_server_that_refuses_an_upload_ends_it(peer):
    peer.statuses["PUT"] = 405
    lines = await client(
        peer.url + "/x",
        """
        response = await request("PUT", url, body=lambda: ("x" * 1000 for _ in range(100)), length=100000)
        print(response.status)
        response.close()
        await refused(request("PUT", url, body=lambda: ["abc"], length=2))
        """,
    )
    assert lines == ["405", "ValueError a body of 3 bytes, not 2"]


async def test_redirects(peer):
    peer.files["/a/file"] = b"here"
    peer.files["/a/file?X-Amz-Signature=" + "0123456789abcdef" * 130] = b"signed"
    peer.redirects.update({
        "/1": (302, "/2"),
        "/2": (301, "a/b/../x/./3"),
        "/a/x/3": (307, "//" + peer.url.removeprefix("http://") + "/4"),
        "/4": (308, peer.url + "/a/file"),
        "/loop": (302, "/loop"),
        "/ftp": (302, "ftp://127.0.0.1/x"),
        "/signed": (302, "/a/file?X-Amz-Signature=" + "0123456789abcdef" * 130),
        "/put": (307, "/put2?q=1"),
        "/see": (303, "/result"),
    })  # fmt: skip
    lines = await client(
        peer.url,
        """
        response, count, digest = await get(url + "/1")
        print(response.status, count, response.url)
        response, count, digest = await get(url + "/signed")
        print(response.status, count, response.url)
        await refused(get(url + "/loop"))
        await refused(get(url + "/1", redirects=3))
        await refused(get(url + "/ftp"))
        response = await request("PUT", url + "/put", body=lambda: ["data"], length=4)
        print(response.status, response.url)
        response.close()
        response = await request("PUT", url + "/see", body=lambda: ["data"], length=4)
        print(response.status)
        response.close()
        """,
    )
    assert lines == [
        f"200 4 {peer.url}/a/file",
        f"200 6 {peer.url}/a/file",
        "HttpError too many redirects",
        "HttpError too many redirects",
        "HttpError redirected to what is not an http:// or https:// URL",
        f"201 {peer.url}/put2",
        "303",
    ]
    assert peer.uploads == {"/put2?q=1": b"data"}


async def test_credentials_stay_with_their_server(peer):
    peer.files["/f"] = b"secret"
    peer.user = "us er:pass:wörd"
    with HttpPeer() as other:
        other.files["/f"] = b"not theirs"
        peer.redirects["/away"] = (302, other.url + "/f")
        peer.redirects["/near"] = (302, "/f")
        lines = await client(
            peer.url.replace("//", "//us%20er:pass%3Aw%C3%B6rd@"),
            """
            for path in ("/f", "/near", "/away"):
                response, count, digest = await get(url + path)
                print(response.status, count, response.url)
            response, count, digest = await get(url.replace("pass", "wrong") + "/f")
            print(response.status)
            """,
        )
        assert lines == [f"200 6 {peer.url}/f", f"200 6 {peer.url}/f", f"200 10 {other.url}/f", "401"]
        assert "authorization" not in other.requests[0].headers
