"""uwebsockets: what a peer does wrong is answered with the right close code."""


from ws_peer import close_frame, frame, frames_in, opened, raised, until

from uwebsockets import ConnectionClosed, inbox


async def protocol_error(code, wire, buf=None, **options):
    """The peer sends ``wire``: recv() must raise ``code`` and the peer must be told the same; then it may close."""
    ws, stream = await opened(**options)
    stream.feed(wire)
    error = await raised(ConnectionClosed, ws.recv() if buf is None else ws.recv_into(buf))
    assert error.code == code and error.reason, (wire[:8], error)
    assert ws.closed and ws.close_code == code and ws.close_reason == error.reason
    first, payload = frames_in(stream.sent)[-1]
    assert first == 0x88 and payload[0] << 8 | payload[1] == code, (wire, payload)
    assert payload[2:].decode() == error.reason
    assert (await raised(ConnectionClosed, ws.recv())).code == code  # and so for ever
    assert (await raised(ConnectionClosed, ws.send("more"))).code == code
    assert (await raised(ConnectionClosed, ws.ping())).code == code
    assert not stream.closed  # the peer shall first read why
    stream.feed(b"whatever" * 1000)
    stream.end()
    await until(lambda: stream.closed == 1)
    assert stream.unread() == 0
    assert len([1 for first, _ in frames_in(stream.sent) if first == 0x88]) == 1


async def test_protocol_errors():
    for wire in (
        frame(0xC1, b"x"), frame(0xA1, b"x"), frame(0x91, b"x"), frame(0xF1), frame(0xC9), frame(0x98),
        frame(0x83), frame(0x87), frame(0x8B), frame(0x8F), frame(0x03),
        b"\x81\x81abcdx", b"\x89\x80abcd",
        frame(0x09), frame(0x08, b"\x03\xe8"), frame(0x0A, b"x"),
        frame(0x89, b"x" * 126), frame(0x8A, b"x" * 65536), frame(0x88, b"\x03\xe8" + b"x" * 124),
        frame(0x80, b"x"), frame(0x00, b"x"),
        frame(0x01, b"x") + frame(0x81, b"y"), frame(0x02, b"x") + frame(0x01, b"y"), frame(0x01) + frame(0x82),
        frame(0x01, b"x") + frame(0x89) + frame(0x02),
        frame(0x82, b"x" * 125, b"\x7e\x00\x7d"), frame(0x82, b"", b"\x7e\x00\x00"),
        frame(0x82, b"x" * 200, b"\x7f\x00\x00\x00\x00\x00\x00\x00\xc8"),
        frame(0x82, b"", b"\x7f\x80\x00\x00\x00\x00\x00\x00\x00"), frame(0x82, b"", b"\x7f" + b"\xff" * 8),
        frame(0x88, b"\x03"), close_frame(0), close_frame(999), close_frame(1004), close_frame(1005), close_frame(1006),
        close_frame(1015), close_frame(2999), close_frame(5000), close_frame(65535),
    ):  # fmt: skip
        await protocol_error(1002, wire)


async def test_text_that_is_no_utf8():
    for wire in (
        frame(0x81, b"\xff"),
        frame(0x81, b"\xed\xa0\x80"),
        frame(0x81, b"abc\xe2\x82"),
        frame(0x01, b"\xe2\x82") + frame(0x80, b"x"),
        frame(0x01, b"\xe2\x82") + frame(0x80),
        frame(0x01, b"ok") + frame(0x00, b"\xc0\x80"),  # known before the message ends
        frame(0x81, b"x" * 600 + b"\xff" + b"y" * 600),
        b"\x81\x7e\x04\x00" + b"x" * 600 + b"\xff",  # and before the frame ends
        close_frame(1000, b"\xff"),
    ):
        await protocol_error(1007, wire)
        await protocol_error(1007, wire, bytearray(2000))


async def test_limit_on_message_size():
    for first, n in ((0x81, 100), (0x82, 100)):
        ws, stream = await opened(max_size=100)
        stream.feed(frame(first, b"x" * n))
        assert len(await ws.recv()) == n
        stream.feed(frame(first & 15, b"x" * 50) + frame(0x80, b"x" * 50))
        assert len(await ws.recv()) == n
        ws.abort()
    await protocol_error(1009, frame(0x81, b"x" * 101), max_size=100)
    await protocol_error(1009, b"\x82\x7f\x7f" + b"\xff" * 7)  # refused by its header: 2**63 - 1 bytes
    await protocol_error(1009, frame(0x02, b"x" * 60) + b"\x80\x29", max_size=100)
    await protocol_error(1009, frame(0x02, b"x" * 60) + frame(0x00, b"x" * 40) + frame(0x80, b"x"), max_size=100)
    await protocol_error(1009, frame(0x82, b"x" * 101), bytearray(100))
    await protocol_error(1009, frame(0x82, b"x" * 101), bytearray(1000), max_size=100)


async def test_message_that_does_not_fit_the_heap():
    await protocol_error(1009, b"\x82\x7f\x00\x00\x00\x00\x70\x00\x00\x00", max_size=1 << 31)


async def test_message_whose_text_does_not_fit_the_heap_beside_its_bytes():
    def full(*_):
        raise MemoryError("no piece is long enough")

    inbox.str = full  # a heap that is in pieces
    try:
        await protocol_error(1009, frame(0x81, b"x" * 600))
    finally:
        del inbox.str
