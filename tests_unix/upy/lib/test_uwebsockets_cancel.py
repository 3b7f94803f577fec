"""uwebsockets: tasks that are cancelled at any moment, and the keep-alive."""

import asyncio

from ws_peer import DEADLINE_MS, close_frame, frame, frames_in, opened, raised, until

from uwebsockets import ConnectionClosed

WIRE = (
    frame(0x81, b"one"),
    frame(0x01, b"t\xc3"),
    frame(0x89, b"ping"),
    frame(0x00, b"\xbc"),
    frame(0x80, b"wo"),
    frame(0x82, b"3" * 700),
    frame(0x8A, b"pong"),
    frame(0x82, b""),
    frame(0x81, "vier⚡".encode()),
)
MESSAGES = ("one", "tüwo", b"3" * 700, b"", "vier⚡")


async def cancel_while_waiting(stream, start):
    """Start a receiving task, let it take all there is, cancel it; return its result if it was done before."""
    task = asyncio.create_task(start())
    await until(lambda: task.done() or not stream.unread())
    for _ in range(3):
        await asyncio.sleep_ms(0)
    if task.done():
        return await task
    task.cancel()
    await raised(asyncio.CancelledError, task)
    return None


async def receive_with_cancels(step, start):
    ws, stream = await opened()
    data = b"".join(WIRE)
    received = []
    for at in range(0, len(data), step):
        stream.feed(data[at : at + step])
        while True:
            result = await cancel_while_waiting(stream, lambda: start(ws))
            if result is None:
                break
            received.append(result)
    assert frames_in(stream.sent) == [(0x8A, b"ping")] and ws.last_pong == b"pong"
    assert not ws.closed
    ws.abort()
    return received


async def test_recv_cancelled_after_every_byte():
    for step in (1, 2, 3, 50):
        assert tuple(await receive_with_cancels(step, lambda ws: ws.recv())) == MESSAGES


async def test_recv_into_cancelled_after_every_byte():
    """Each call has another buffer, and the one of a cancelled call is overwritten by its owner."""
    expected = [message.encode() if isinstance(message, str) else message for message in MESSAGES]
    buffers = [bytearray(1000)]

    async def start(ws):
        buffers[0][:] = b"\xee" * 1000
        buffers[0] = buf = bytearray(1000)
        n = await ws.recv_into(buf)
        return bytes(buf[:n])

    for step in (1, 2, 3, 50):
        assert await receive_with_cancels(step, start) == expected


async def test_recv_and_recv_into_share_a_message():
    ws, stream = await opened()
    buf = bytearray(1000)
    data = frame(0x01, b"a" * 300) + frame(0x80, b"b" * 300)
    turn = 0
    for at in range(0, len(data) - 1, 7):
        stream.feed(data[at : min(at + 7, len(data) - 1)])
        turn += 1
        start = ws.recv if turn & 1 else lambda: ws.recv_into(buf)
        assert await cancel_while_waiting(stream, start) is None
    stream.feed(data[-1:])
    assert await ws.recv() == "a" * 300 + "b" * 300
    stream.feed(data[:400])
    assert await cancel_while_waiting(stream, ws.recv) is None
    assert (await raised(ConnectionClosed, ws.recv_into(bytearray(200)))).code == 1009


async def test_recv_cancelled_with_a_time_out():
    ws, stream = await opened()
    for i in range(20):
        try:
            await asyncio.wait_for_ms(ws.recv(), 1)
            raise AssertionError("nothing was sent")
        except asyncio.TimeoutError:
            pass
        stream.feed(frame(0x82, bytes((i,))))
        assert await ws.recv() == bytes((i,))
    ws.abort()


async def test_recv_cancelled_during_a_pong_that_does_not_fit():
    ws, stream = await opened()
    stream.room = 4
    receiving = asyncio.create_task(ws.recv())
    stream.feed(frame(0x89, b"payload"))
    await until(lambda: stream.room == 0)
    receiving.cancel()
    await raised(asyncio.CancelledError, receiving)
    stream.room = None
    await ws.send("after")
    await until(lambda: not stream.out_buf)
    assert frames_in(stream.sent) == [(0x8A, b"payload"), (0x81, b"after")]
    ws.abort()


async def test_send_cancelled_before_its_first_byte():
    ws, stream = await opened()
    stream.room = 0
    await ws.send("first")  # lies in the stream's buffer
    second = asyncio.create_task(ws.send("second"))
    third = asyncio.create_task(ws.send("third"))
    await asyncio.sleep_ms(5)
    second.cancel()
    third.cancel()
    await raised(asyncio.CancelledError, second)
    await raised(asyncio.CancelledError, third)
    stream.room = None
    await ws.send("fourth")
    assert frames_in(stream.sent) == [(0x81, b"first"), (0x81, b"fourth")]
    assert not ws.closed
    ws.abort()


async def test_send_cancelled_after_a_small_message_was_taken():
    """A message of one buffer is whole once it is begun: cancelling its sender breaks nothing."""
    ws, stream = await opened()
    stream.room = 3
    sending = asyncio.create_task(ws.send(b"x" * 400))
    await until(lambda: stream.room == 0)
    sending.cancel()
    try:
        await sending
    except asyncio.CancelledError:
        pass
    stream.room = None
    await ws.send("next")
    await until(lambda: not stream.out_buf)
    assert frames_in(stream.sent) == [(0x82, b"x" * 400), (0x81, b"next")]
    ws.abort()


async def test_send_cancelled_inside_a_message():
    for fragment, room in ((0, 600), (0, 1500), (100, 150), (600, 700)):
        ws, stream = await opened()
        stream.room = room
        receiving = asyncio.create_task(ws.recv())
        sending = asyncio.create_task(ws.send(b"x" * 5000, fragment=fragment))
        await until(lambda stream=stream: stream.room == 0)
        sending.cancel()
        await raised(asyncio.CancelledError, sending)
        assert ws.closed and ws.close_code == 1006 and stream.closed == 1
        n = len(stream.sent)
        error = await raised(ConnectionClosed, receiving)
        assert error.code == 1006 and "cancel" in error.reason
        assert (await raised(ConnectionClosed, ws.send("more"))).code == 1006
        await ws.close()
        stream.room = None
        await asyncio.sleep_ms(5)
        assert len(stream.sent) == n, "bytes after the cut frame"


async def test_close_cancelled():
    ws, stream = await opened()
    closing = asyncio.create_task(ws.close(timeout_ms=60000))
    await until(lambda: stream.sent)
    closing.cancel()
    await raised(asyncio.CancelledError, closing)
    assert stream.closed == 1 and ws.closed


async def test_abort_and_cancel_at_once():
    """The cancellation wins: a supervisor that stops a task must see it stop."""
    for order in (0, 1):
        ws, stream = await opened()
        receiving = asyncio.create_task(ws.recv())
        await asyncio.sleep_ms(2)
        if order:
            receiving.cancel()
        ws.abort()
        if not order:
            receiving.cancel()
        await raised(asyncio.CancelledError, receiving)
        assert stream.closed == 1


class Clock:
    """Time that passes when the test says so."""

    def __init__(self):
        self.now = 0
        self.waiting = []

    async def sleep_ms(self, ms):
        event = asyncio.Event()
        self.waiting.append((self.now + ms, event))
        await event.wait()

    async def advance(self, ms):
        self.now += ms
        for due, event in [item for item in self.waiting if item[0] <= self.now]:
            self.waiting.remove((due, event))
            event.set()
        for _ in range(10):
            await asyncio.sleep_ms(0)


async def test_keepalive():
    ws, stream = await opened()
    clock = Clock()
    receiving = asyncio.create_task(ws.recv())
    alive = asyncio.create_task(ws.keepalive(1000, 300, clock.sleep_ms))
    await clock.advance(0)
    await clock.advance(999)
    for turn in range(1, 6):
        assert len(frames_in(stream.sent)) == turn - 1
        await clock.advance(1)
        assert frames_in(stream.sent) == [(0x89, b"")] * turn
        stream.feed(b"\x81" if turn == 2 else b"\x00" if turn == 3 else frame(0x8A))  # any byte is a sign of life
        await until(lambda: not stream.unread())
        await clock.advance(300)
        await clock.advance(699)
        assert not ws.closed
        if turn == 3:
            assert await receiving == ""
            receiving = asyncio.create_task(ws.recv())
    await clock.advance(1)
    await clock.advance(299)
    assert not ws.closed
    await clock.advance(1)
    error = await raised(ConnectionClosed, receiving)
    assert error.code == 1006 and "keep-alive" in error.reason
    assert stream.closed == 1
    await alive


async def test_keepalive_when_nothing_can_be_sent():
    ws, stream = await opened()
    stream.room = 10
    sending = asyncio.create_task(ws.send(b"x" * 5000))
    receiving = asyncio.create_task(ws.recv())
    await ws.keepalive(5, 30)
    for task in (sending, receiving):
        assert (await raised(ConnectionClosed, task)).code == 1006
    assert stream.closed == 1


async def test_keepalive_ends_with_the_connection():
    ws, stream = await opened()
    alive = asyncio.create_task(ws.keepalive(2, 1))
    stream.feed(close_frame(1000))
    stream.end()
    assert (await raised(ConnectionClosed, ws.recv())).code == 1000
    await asyncio.wait_for_ms(alive, DEADLINE_MS)
    assert ws.close_code == 1000
