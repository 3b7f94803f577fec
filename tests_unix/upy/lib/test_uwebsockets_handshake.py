"""uwebsockets: the opening handshake against a server whose every byte is scripted."""

import asyncio
import binascii
import gc

from ws_peer import ANSWER, URL, Stream, answer, frame, opened, raised, until

from uwebsockets import ConnectionClosed, HandshakeError, connect
from uwebsockets.handshake import _Head as Lines
from uwebsockets.handshake import parse_url
from uwebsockets.wire import Wire

HEAD = "HTTP/1.1 101 Switching Protocols\r\n"
GOOD = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n"


async def refused(template, **options):
    """Return the HandshakeError that an answer leads to; the stream is closed then."""
    stream = Stream()
    server = asyncio.create_task(answer(stream, template))
    error = await raised(HandshakeError, connect(URL, stream=(stream, stream), **options))
    await server
    assert stream.closed == 1
    return error


def fields_of(request):
    lines = request.split("\r\n")
    assert lines[-2:] == ["", ""]
    return lines[0], dict(line.split(": ", 1) for line in lines[1:-2])


async def test_request():
    stream = Stream()
    server = asyncio.create_task(answer(stream, ANSWER.replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: b\r\n\r\n")))
    ws = await connect(
        URL + "?a=1",
        stream=(stream, stream),
        subprotocols=("a", "b"),
        headers=(("X-One", "1"), ("X-Two", "zwei: ü")),
        auth=("CP-1", b"\x00\xff:"),
    )
    line, fields = fields_of(await server)
    assert line == "GET /ocpp/CP-1?a=1 HTTP/1.1"
    assert len(binascii.a2b_base64(fields.pop("Sec-WebSocket-Key"))) == 16
    assert fields == {
        "Host": "station.example",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": "a, b",
        "Authorization": "Basic " + binascii.b2a_base64(b"CP-1:\x00\xff:").decode().strip(),
        "X-One": "1",
        "X-Two": "zwei: ü",
    }
    assert ws.subprotocol == "b" and not ws.closed and ws.close_code is None
    ws.abort()


async def test_keys_are_random():
    keys = set()
    for _ in range(5):
        stream = Stream()
        server = asyncio.create_task(answer(stream))
        ws = await connect(URL, stream=(stream, stream))
        keys.add(fields_of(await server)[1]["Sec-WebSocket-Key"])
        ws.abort()
    assert len(keys) == 5


async def test_answer_in_pieces_and_headers_of_any_case():
    template = (
        HEAD + "uPgRaDe:WebSocket\r\nCONNECTION: keep-alive,  upgrade \r\nServer: x: y\r\n"
        "sec-websocket-accept:   %s  \r\nSEC-WEBSOCKET-PROTOCOL: ocpp1.6\r\n\r\n"
    )
    for chunk in (1, 2, 7, 65536):
        stream = Stream(chunk)
        server = asyncio.create_task(answer(stream, template, frame(0x81, b"at once")))
        ws = await connect(URL, stream=(stream, stream), subprotocols=("ocpp1.6",))
        await server
        assert ws.subprotocol == "ocpp1.6"
        assert await ws.recv() == "at once"  # it came with the answer
        ws.abort()


async def test_status_and_reason():
    for status, reason in ((200, "OK"), (301, "Moved Permanently"), (401, "Unauthorized"), (503, "Später, bitte")):
        error = await refused("HTTP/1.1 %d %s\r\nContent-Length: 3\r\n\r\nabc" % (status, reason))
        assert error.status == status
        if status != 503:  # not ASCII: nobody knows its encoding
            assert error.reason == reason
    assert (await refused("HTTP/1.0 404\r\n\r\n")).status == 404


async def test_no_websocket_answer():
    for template, text in (
        ("SSH-2.0-OpenSSH_9.2\r\n", "HTTP"),
        ("HTTP/1.1 abc Hello\r\n\r\n", "HTTP"),
        ("HTTP/1.1 1012 Hello\r\n\r\n", "HTTP"),
        ("HTTP/2 101 Hello\r\n\r\n", "HTTP"),
        ("\x00\xff\xfe\r\n\r\n", "HTTP"),
        (HEAD + "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", "upgrade"),
        (HEAD + GOOD.replace("websocket", "h2c") + "\r\n", "upgrade"),
        (HEAD + GOOD.replace("Connection: Upgrade", "Connection: close") + "\r\n", "connection"),
        (HEAD + "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n", "Accept"),
        (HEAD + GOOD.replace("%s", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") + "\r\n", "Accept"),
        (HEAD + GOOD + "Sec-WebSocket-Accept: again\r\n\r\n", "Accept"),
        (HEAD + GOOD + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", "extension"),
        (HEAD + GOOD + "no colon\r\n\r\n", "header"),
        (HEAD + GOOD + "X-Long: " + 4200 * "x" + "\r\n\r\n", "line too long"),
        (HEAD + 5000 * "x", "line too long"),
        (HEAD + GOOD + "Sec-WebSocket-Protocol: " + 600 * "x" + "\r\n\r\n", "line too long"),
        (HEAD + 200 * "Upgrade: abcdefghijkl\r\n" + GOOD + "\r\n", "line too long"),
        (HEAD + 800 * "X-Many: abcdefghijkl\r\n" + GOOD + "\r\n", "answer too long"),
        (400 * "HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n" + HEAD + GOOD + "\r\n", "answer too long"),
        ("HTTP/1.1 103 Early Hints\r\nno colon\r\n\r\n" + HEAD + GOOD + "\r\n", "header"),
    ):
        error = await refused(template)
        assert error.status is None and text in error.reason, (template, error)


async def test_interim_answers_and_long_heads():
    """Proxies send 103 Early Hints, long Set-Cookie and Content-Security-Policy lines, heads of many KB."""
    hints = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload; as=style\r\n\r\n"
    for before, more in (
        (hints, ""),
        ("HTTP/1.1 100 Continue\r\n\r\n" + 3 * hints, ""),
        ("", "Set-Cookie: " + 2048 * "x" + "\r\n"),
        ("", 8 * ("X-Filler: " + 1950 * "y" + "\r\n")),  # 15.7 KB
        ("", 750 * "X-Filler: 12345678\r\n"),
        (hints, "Set-Cookie: " + 490 * "x" + "\r\n" + "Set-Cookie: " + 500 * "x" + "\r\n"),
    ):
        for chunk in (65536, 600, 1):
            stream = Stream(chunk)
            server = asyncio.create_task(
                answer(stream, before + HEAD + more + GOOD + "\r\n", frame(0x81, b"at once"))
            )
            ws = await connect(URL, stream=(stream, stream))
            await server
            assert await ws.recv() == "at once"
            ws.abort()


async def test_a_long_head_takes_no_memory_of_its_length():
    stream = Stream()
    head = HEAD + 15 * ("X-Filler: " + 1000 * "y" + "\r\n") + "\r\n"
    wire = Wire(stream, stream, b"GET / HTTP/1.1\r\n\r\n")
    wire.start()
    stream.feed(head.encode())
    lines = Lines(wire)
    await lines.line()
    gc.collect()
    before = gc.mem_alloc()
    assert await lines.fields() == {}
    gc.collect()
    assert gc.mem_alloc() - before < 4000  # of 15,000
    wire.drop("")


async def test_when_a_server_that_refuses_gives_a_retry_time():
    date = "Date: Sun, 29 Nov 2026 23:59:30 GMT\r\n"
    for fields, seconds in (
        ("", None),
        ("Retry-After: 120\r\n", 120),
        ("retry-after:0\r\n", 0),
        ("Retry-After: 99999999999999999999\r\n", 999999999),
        (date + "Retry-After: Mon, 30 Nov 2026 00:01:00 GMT\r\n", 90),
        ("Retry-After: Tue, 01 Dec 2026 00:00:30 GMT\r\n" + date, 86460),
        (date + "Retry-After: Sun, 29 Nov 2026 00:00:00 GMT\r\n", 0),
        ("Date: Tue, 29 Feb 2028 23:59:59 GMT\r\nRetry-After: Wed, 01 Mar 2028 00:00:00 GMT\r\n", 1),
        ("Retry-After: Mon, 30 Nov 2026 00:01:00 GMT\r\n", None),  # from when on?
        (date + "Retry-After: soon\r\n", None),
        (date + "Retry-After: Mon, 30 Foo 2026 00:01:00 GMT\r\n", None),
        (date + "Retry-After: Mon, 30 Nov 2026 00:01 GMT\r\n", None),
        ("Retry-After: -5\r\n", None),
        ("no colon\r\nRetry-After: 5\r\n", None),
    ):
        for status in (429, 503):
            error = await refused("HTTP/1.1 %d Busy\r\n%s\r\n" % (status, fields))
            assert error.status == status and error.retry_after_s == seconds, fields


async def test_a_refusal_counts_although_its_head_never_ends():
    stream = Stream()
    server = asyncio.create_task(answer(stream, "HTTP/1.1 503 Busy\r\nRetry-"))
    error = await raised(HandshakeError, connect(URL, stream=(stream, stream), timeout_ms=50))
    await server
    assert error.status == 503 and error.retry_after_s is None and stream.closed == 1


async def test_a_secure_url_needs_a_secure_stream():
    """The password and everything else would go out in the clear."""
    stream = Stream()
    error = await raised(ValueError, connect("wss://station.example/", stream=(stream, stream)))
    assert "not secure" in str(error) and not stream.sent
    secure = Stream()
    secure.secure = True
    for pair in ((secure, stream), (stream, secure)):
        await raised(ValueError, connect("wss://station.example/", stream=pair))
    server = asyncio.create_task(answer(secure))
    ws = await connect("wss://station.example/", stream=(secure, secure))
    await server
    ws.abort()


async def test_subprotocol_that_was_not_requested():
    for asked, line in (
        (("ocpp1.6",), ""),
        (("ocpp1.6",), "Sec-WebSocket-Protocol: ocpp2.0.1\r\n"),
        (("ocpp1.6",), "Sec-WebSocket-Protocol: OCPP1.6\r\n"),
        (("ocpp1.6", "x"), "Sec-WebSocket-Protocol: ocpp1.6, x\r\n"),
        (("ocpp1.6",), "Sec-WebSocket-Protocol: ocpp1.6\r\nSec-WebSocket-Protocol: ocpp1.6\r\n"),
        ((), "Sec-WebSocket-Protocol: ocpp1.6\r\n"),
    ):
        error = await refused(HEAD + GOOD + line + "\r\n", subprotocols=asked)
        assert error.status is None and "subprotocol" in error.reason, line


async def test_stream_that_ends_or_breaks():
    for error in (0, 104):
        stream = Stream()
        server = asyncio.create_task(answer(stream, HEAD + "Upgr"))
        connecting = asyncio.create_task(connect(URL, stream=(stream, stream)))
        await server
        stream.end(error)
        closed = await raised(ConnectionClosed, connecting)
        assert closed.code == 1006 and closed.reason, closed
        assert stream.closed == 1
    stream = Stream()
    stream.write_error = 32
    assert (await raised(ConnectionClosed, connect(URL, stream=(stream, stream)))).code == 1006
    assert stream.closed == 1


async def test_time_out():
    for room in (None, 10):  # no answer, or the request itself cannot be sent
        stream = Stream()
        stream.room = room
        error = await raised(ConnectionClosed, connect(URL, stream=(stream, stream), timeout_ms=30))
        assert error.code == 1006 and "30 ms" in error.reason
        assert stream.closed == 1


async def test_time_out_of_a_server_that_drips():
    stream = Stream()
    connecting = asyncio.create_task(connect(URL, stream=(stream, stream), timeout_ms=60))
    while not connecting.done():
        stream.feed(b"H")  # never a line
        await asyncio.sleep_ms(5)
    assert (await raised((ConnectionClosed, HandshakeError), connecting)).args[0] in (1006, None)
    assert stream.closed == 1


async def test_cancelled():
    stream = Stream()
    connecting = asyncio.create_task(connect(URL, stream=(stream, stream)))
    await until(lambda: stream.sent)
    connecting.cancel()
    await raised(asyncio.CancelledError, connecting)
    assert stream.closed == 1


async def test_time_out_is_over_after_the_handshake():
    ws, stream = await opened(timeout_ms=1500)  # the handshake itself must not be late, even on a busy machine
    await asyncio.sleep_ms(1600)
    assert not ws.closed and not stream.closed
    ws.abort()


def test_urls():
    for url, expected in (
        ("ws://host", (False, "host", 80, "host", "/")),
        ("WSS://host/", (True, "host", 443, "host", "/")),
        ("ws://127.0.0.1:9000/ocpp/CP-1", (False, "127.0.0.1", 9000, "127.0.0.1:9000", "/ocpp/CP-1")),
        ("wss://host:8443?token=a/b", (True, "host", 8443, "host:8443", "/?token=a/b")),
        ("ws://[::1]:9000/x", (False, "::1", 9000, "[::1]:9000", "/x")),
        ("ws://[fe80::1]/x", (False, "fe80::1", 80, "[fe80::1]", "/x")),
    ):
        assert parse_url(url) == expected, url


async def test_bad_arguments():
    stream = Stream()
    for url in (
        "", "host/x", "http://host", "ws://", "ws:///x", "ws://host:x/", "ws://host:0/", "ws://host:65536/", "ws://host:/",
        "ws://user:pw@host/", "ws://host/#part", "ws://host#part", "ws://[::1", "ws://[::1]9/", "ws://host/a b", "ws://host/ü",
        "ws://host/\r\nX: y",
    ):  # fmt: skip
        await raised(ValueError, connect(url, stream=(stream, stream)))
    for options in (
        {"headers": (("X", "a\r\nY: b"),)},
        {"headers": (("X\n", "a"),)},
        {"subprotocols": ("a\r\n",)},
        {"auth": ("a:b", "c")},
    ):
        await raised(ValueError, connect(URL, stream=(stream, stream), **options))
    await raised(ValueError, connect("wss://host/"))  # nothing would be verified
    assert not stream.sent
