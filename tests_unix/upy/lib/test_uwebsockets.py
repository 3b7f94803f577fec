"""uwebsockets: messages both ways, control frames among them, against scripted bytes."""

import asyncio

from ws_peer import DEADLINE_MS, Stream, frame, frames_in, opened, raised, until

from uwebsockets import ConnectionClosed, WebSocketError


async def test_messages_in_any_pieces():
    small = ("", "a", "grün ⚡", b"", b"\x00\xff", "x" * 125, b"y" * 126, "z" * 508)
    messages = small + (b"0" * 513, "ü" * 40000, b"1" * 65536)
    wire = b""
    for message in messages:
        text = isinstance(message, str)
        wire += frame(0x81 if text else 0x82, message.encode() if text else message)
    for chunk in (1, 511, 65536):
        ws, stream = await opened(Stream(chunk), max_size=100000)
        stream.feed(wire if chunk > 1 else wire[:1500])
        for message in messages if chunk > 1 else small:
            received = await ws.recv()
            assert received == message and type(received) is type(message)
            assert ws.is_text == isinstance(message, str)
        ws.abort()


async def test_recv_into():
    ws, stream = await opened()
    buf = bytearray(1000)
    for first, payload in ((0x81, b"text"), (0x82, b"binary" * 100), (0x81, b""), (0x82, b"z" * 1000)):
        stream.feed(frame(first, payload))
        n = await ws.recv_into(buf)
        assert bytes(buf[:n]) == payload and len(buf) == 1000
        assert ws.is_text == (first == 0x81)
    stream.feed(frame(0x02, b"a" * 600) + frame(0x80, b"b" * 401))
    assert (await raised(ConnectionClosed, ws.recv_into(buf))).code == 1009
    assert frames_in(stream.sent)[-1][1][:2] == b"\x03\xf1"


async def test_fragments_with_control_frames_in_between():
    ws, stream = await opened()
    euro = b"\xe2\x82\xac"
    stream.feed(frame(0x01, b"a" + euro[:1]) + frame(0x89, b"ping one"))
    stream.feed(frame(0x00, euro[1:2]) + frame(0x8A, b"pong") + frame(0x00))
    stream.feed(frame(0x89) + frame(0x80, euro[2:] + b"b"))
    assert await ws.recv() == "a€b"
    assert ws.last_pong == b"pong" and ws.pong_event.is_set()
    assert frames_in(stream.sent) == [(0x8A, b"ping one"), (0x8A, b"")]
    stream.feed(frame(0x02) + frame(0x80))
    assert await ws.recv() == b""
    stream.feed(frame(0x02, b"1" * 300) + b"".join(frame(0x00, b"2" * 300) for _ in range(50)) + frame(0x80, b"3"))
    assert await ws.recv() == b"1" * 300 + b"2" * 15000 + b"3"
    ws.abort()


async def test_a_ping_of_125_bytes_is_answered_in_full():
    ws, stream = await opened(Stream(1))
    payload = bytes(range(125))
    stream.feed(frame(0x89, payload) + frame(0x82, b"x"))
    assert await ws.recv() == b"x"
    assert frames_in(stream.sent) == [(0x8A, payload)]
    ws.abort()


async def test_send():
    ws, stream = await opened()
    messages = ("", "grün", b"", bytes(range(256)), "x" * 125, "x" * 126, b"y" * 504, b"y" * 505, "z" * 70000)
    for message in messages:
        stream.sent = bytearray()
        await ws.send(message)
        text = isinstance(message, str)
        assert frames_in(stream.sent) == [(0x81 if text else 0x82, message.encode() if text else message)], len(message)
    stream.sent = bytearray()
    await ws.send(memoryview(bytearray(b"view"))[1:])
    assert frames_in(stream.sent) == [(0x82, b"iew")]
    await raised(TypeError, ws.send(12))
    assert not ws.closed
    ws.abort()


async def test_send_in_fragments():
    ws, stream = await opened()
    for size, parts in ((3, ("abc", "def", "g")), (7, ("abcdefg",)), (8, ("abcdefg",)), (6, ("abcdef", "g"))):
        stream.sent = bytearray()
        await ws.send("abcdefg", fragment=size)
        found = frames_in(stream.sent)
        assert [payload.decode() for _, payload in found] == list(parts)
        opcodes = [0x01] + [0x00] * (len(parts) - 1)
        opcodes[-1] |= 0x80
        assert [first for first, _ in found] == opcodes
    stream.sent = bytearray()
    await ws.send(b"", fragment=10)
    assert frames_in(stream.sent) == [(0x82, b"")]
    ws.abort()


async def test_masks_are_random():
    ws, stream = await opened()
    keys = set()
    for _ in range(20):
        stream.sent = bytearray()
        await ws.send(b"12345678")
        keys.add(bytes(stream.sent[2:6]))
    assert len(keys) >= 19
    ws.abort()


async def test_ping():
    ws, stream = await opened()
    await ws.ping(b"hello")
    assert frames_in(stream.sent) == [(0x89, b"hello")]
    assert not ws.pong_event.is_set()
    receiving = asyncio.create_task(ws.recv())
    stream.feed(frame(0x8A, b"hello"))
    await asyncio.wait_for_ms(ws.pong_event.wait(), DEADLINE_MS)
    assert ws.last_pong == b"hello"
    ws.abort()
    await raised(ConnectionClosed, receiving)


async def test_two_readers():
    ws, stream = await opened()
    first = asyncio.create_task(ws.recv())
    await asyncio.sleep_ms(0)
    error = await raised(WebSocketError, ws.recv())
    assert not isinstance(error, ConnectionClosed) and "recv" in str(error)
    await raised(WebSocketError, ws.recv_into(bytearray(10)))
    stream.feed(frame(0x81, b"for the first"))
    assert await first == "for the first"
    stream.feed(frame(0x81, b"next"))
    assert await ws.recv() == "next"
    ws.abort()


async def test_many_writers():
    ws, stream = await opened()
    stream.room = 0

    async def give_room():
        while True:
            stream.room += 37
            await asyncio.sleep_ms(0)

    giving = asyncio.create_task(give_room())
    messages = [bytes((65 + i,)) * (700 + i) for i in range(8)]
    await asyncio.gather(*(ws.send(message, fragment=300 if i & 1 else 0) for i, message in enumerate(messages)))
    await until(lambda: not stream.out_buf)
    giving.cancel()
    found = []
    for first, payload in frames_in(stream.sent):
        if first & 15:
            found.append(b"")
        found[-1] += payload
    assert sorted(found) == messages
    ws.abort()


async def test_control_frames_between_the_fragments_we_send():
    ws, stream = await opened()
    stream.room = 150  # in the middle of the second frame
    sending = asyncio.create_task(ws.send(b"x" * 400, fragment=100))
    await until(lambda: stream.room == 0)
    stream.feed(frame(0x89, b"old") + frame(0x89, b"new") + frame(0x81, b"text"))
    assert await ws.recv() == "text"  # receiving does not wait for the sender
    pinging = asyncio.create_task(ws.ping(b"mine"))
    await asyncio.sleep_ms(0)
    stream.room = None
    await sending
    await pinging
    await until(lambda: not stream.out_buf)
    found = frames_in(stream.sent)
    data = [item for item in found if not item[0] & 8]
    assert [first for first, _ in data] == [0x02, 0x00, 0x00, 0x80]
    assert b"".join(payload for _, payload in data) == b"x" * 400
    assert (0x8A, b"new") in found and (0x89, b"mine") in found
    assert found.index((0x8A, b"new")) < len(found) - 1, "only after the message"
    ws.abort()


async def test_pings_while_one_long_frame_goes_out():
    """With room enough the sender still stops for others inside the frame, but no control frame may get in there."""
    ws, stream = await opened()
    receiving = asyncio.create_task(ws.recv())
    sending = asyncio.create_task(ws.send(b"x" * 5000))
    while not sending.done():
        stream.feed(frame(0x89, b"hello"))
        await asyncio.sleep_ms(0)
    await sending
    await until(lambda: not stream.unread())
    await asyncio.sleep_ms(2)
    found = frames_in(stream.sent)
    assert (0x82, b"x" * 5000) in found and (0x8A, b"hello") in found
    assert {first for first, _ in found} == {0x82, 0x8A}
    ws.abort()
    await raised(ConnectionClosed, receiving)


async def test_a_ping_inside_a_frame_is_answered_after_it():
    ws, stream = await opened()
    receiving = asyncio.create_task(ws.recv())
    sending = asyncio.create_task(ws.send(b"x" * 5000))
    await until(lambda: stream.sent)
    stream.feed(frame(0x89, b"hello"))  # one only: nothing else makes the pong go out
    await sending
    assert frames_in(stream.sent) == [(0x82, b"x" * 5000), (0x8A, b"hello")]
    ws.abort()
    await raised(ConnectionClosed, receiving)


async def test_input_flood_is_not_taken_before_it_is_wanted():
    ws, stream = await opened()
    stream.feed(frame(0x82, b"x" * 100) * 1000)
    await asyncio.sleep_ms(20)
    assert stream.unread() > 100000
    for _ in range(1000):
        assert len(await ws.recv()) == 100
    ws.abort()
