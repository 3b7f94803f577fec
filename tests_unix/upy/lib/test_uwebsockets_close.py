"""uwebsockets: the closing handshake both ways, streams that break, abort."""

import asyncio
import time

from ws_peer import DEADLINE_MS, close_frame, frame, frames_in, opened, raised, until

from uwebsockets import ConnectionClosed


async def test_close_by_the_peer():
    for wire, code, reason, reply in (
        (close_frame(1000), 1000, "", b"\x03\xe8"),
        (close_frame(1001, b"going"), 1001, "going", b"\x03\xe9"),
        (close_frame(4999, "später".encode()), 4999, "später", b"\x13\x87"),
        (frame(0x88), 1005, "", b""),
    ):
        ws, stream = await opened()
        stream.feed(frame(0x81, b"last") + wire + frame(0x81, b"after"))
        assert await ws.recv() == "last"
        error = await raised(ConnectionClosed, ws.recv())
        assert (error.code, error.reason) == (code, reason) == (ws.close_code, ws.close_reason)
        assert frames_in(stream.sent) == [(0x88, reply)]
        stream.end()
        await ws.close()
        assert stream.closed == 1 and ws.close_code == code
        assert (await raised(ConnectionClosed, ws.recv())).code == code


async def test_peer_that_never_closes_its_stream():
    ws, stream = await opened()
    stream.feed(close_frame(1000))
    await raised(ConnectionClosed, ws.recv())
    await ws.close(timeout_ms=30)
    assert stream.closed == 1 and ws.close_code == 1000


async def test_close_by_us():
    ws, stream = await opened()
    closing = asyncio.create_task(ws.close(3001, "genug"))
    await until(lambda: stream.sent)
    assert frames_in(stream.sent) == [(0x88, b"\x0b\xb9genug")]
    assert (await raised(ConnectionClosed, ws.send("x"))).code == 3001
    assert (await raised(ConnectionClosed, ws.ping())).code == 3001
    assert (await raised(ConnectionClosed, ws.recv())).code == 3001
    stream.feed(frame(0x81, b"thrown away") + frame(0x89, b"no pong now"))
    stream.feed(frame(0x02, b"x" * 70000) + close_frame(3001))
    stream.end()
    await closing
    assert frames_in(stream.sent) == [(0x88, b"\x0b\xb9genug")]
    assert ws.closed and ws.close_code == 3001 and stream.closed == 1
    await ws.close()  # again: nothing happens
    assert stream.closed == 1


async def test_close_while_another_task_receives():
    ws, stream = await opened()
    receiving = asyncio.create_task(ws.recv())
    await asyncio.sleep_ms(0)
    closing = asyncio.create_task(ws.close())
    await until(lambda: stream.sent)
    stream.feed(close_frame(1000, b"bye"))
    error = await raised(ConnectionClosed, receiving)
    assert (error.code, error.reason) == (1000, "bye")
    stream.end()
    await closing
    assert stream.closed == 1


async def test_close_takes_over_from_a_cancelled_recv():
    ws, stream = await opened()
    receiving = asyncio.create_task(ws.recv())
    stream.feed(b"\x82\x7e\x01\x00half")
    await until(lambda: not stream.unread())
    closing = asyncio.create_task(ws.close())
    await until(lambda: stream.sent)
    receiving.cancel()
    await raised(asyncio.CancelledError, receiving)
    stream.feed(b"x" * 252 + close_frame(1000))
    stream.end()
    await closing
    assert ws.close_code == 1000 and stream.closed == 1


async def test_close_never_hangs():
    took = []
    for room, wire, code in (
        (None, b"", 1006),
        (0, b"", 1006),
        (3, b"", 1006),
        (None, frame(0x82, b"x") * 50, 1006),
        (None, b"\x81\xff", 1002),
    ):
        ws, stream = await opened()
        stream.room = room
        stream.feed(wire)
        began = time.ticks_ms()
        await asyncio.wait_for_ms(ws.close(timeout_ms=40), DEADLINE_MS)
        took.append(time.ticks_diff(time.ticks_ms(), began))
        assert stream.closed == 1 and ws.closed and ws.close_code == code
    assert min(took) < 1000, took  # a busy machine may delay any one of them
    ws, stream = await opened()
    stream.room = 100
    sending = asyncio.create_task(ws.send(b"x" * 5000))
    await until(lambda: stream.room == 0)
    await asyncio.wait_for_ms(ws.close(timeout_ms=40), DEADLINE_MS)  # the message before it never ends
    assert (await raised(ConnectionClosed, sending)).code == 1006 and stream.closed == 1


async def test_close_when_the_stream_ends_without_an_answer():
    ws, stream = await opened()
    stream.end()
    await ws.close()
    assert stream.closed == 1 and ws.close_code == 1006


async def test_bad_close_arguments():
    ws, stream = await opened()
    await raised(ValueError, ws.close(1000, "x" * 124))
    await raised(ValueError, ws.ping(b"x" * 126))
    assert not ws.closed and not stream.sent
    ws.abort()


async def test_stream_that_ends_or_breaks():
    for error in (0, 104):
        ws, stream = await opened()
        stream.feed(frame(0x81, b"whole") + frame(0x81, b"cut")[:3])
        stream.end(error)
        assert await ws.recv() == "whole"  # what had come is not lost
        closed = await raised(ConnectionClosed, ws.recv())
        assert closed.code == 1006 and closed.reason
        assert ws.closed and ws.close_code == 1006 and stream.closed == 1
        assert (await raised(ConnectionClosed, ws.send("x"))).code == 1006


async def test_write_error():
    ws, stream = await opened()
    stream.feed(close_frame(1008, b"told before"))
    await until(lambda: not stream.unread())
    stream.write_error = 32
    await ws.send("x" * 10)  # the error shows afterwards
    assert (await raised(ConnectionClosed, ws.send("x"))).code == 1006
    assert ws.closed
    error = await raised(ConnectionClosed, ws.recv())
    assert (error.code, error.reason) == (1008, "told before")
    assert stream.closed == 1


async def test_abort():
    ws, stream = await opened()
    stream.feed(frame(0x81, b"too late"))
    stream.room = 10
    sending = asyncio.create_task(ws.send(b"x" * 5000))
    await until(lambda: stream.room == 0)
    assert await ws.recv() == "too late"
    receiving = asyncio.create_task(ws.recv())
    await asyncio.sleep_ms(0)
    ws.abort()
    assert stream.closed == 1 and ws.closed and ws.close_code == 1006
    for task in (receiving, sending):
        assert (await raised(ConnectionClosed, task)).code == 1006
    await until(lambda: not stream.reading)  # else it would read from whatever gets the same descriptor next
    ws.abort()
    await ws.close()
    assert stream.closed == 1


async def test_close_comes_while_we_send():
    ws, stream = await opened()
    stream.room = 150
    sending = asyncio.create_task(ws.send(b"x" * 400, fragment=100))
    await until(lambda: stream.room == 0)
    stream.feed(close_frame(1001))
    assert (await raised(ConnectionClosed, ws.recv())).code == 1001
    stream.room = None
    assert (await raised(ConnectionClosed, sending)).code == 1001
    await until(lambda: not stream.out_buf)
    found = frames_in(stream.sent)  # no frame is cut, the last one is the close frame
    assert found[-1] == (0x88, b"\x03\xe9") and len(found) < 5
    stream.end()
    await ws.close()
