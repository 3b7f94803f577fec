"""uwebsockets: memory that runs out ends the connection; nothing hangs, nothing follows half a message."""

import asyncio
import micropython

from ws_peer import frame, opened, raised, until

from uwebsockets import ConnectionClosed


async def test_send_that_fails_inside_a_message():
    """A MemoryError in the middle: what is sent next would be taken for the rest of the message."""
    for fragment, room in ((0, 600), (100, 150), (600, 700)):
        ws, stream = await opened()
        stream.room = room
        receiving = asyncio.create_task(ws.recv())
        sending = asyncio.create_task(ws.send(b"x" * 5000, fragment=fragment))
        await until(lambda stream=stream: stream.room == 0)
        frames_of = ws._outbox._put_part

        def no_memory(*_):
            raise MemoryError("allocating 300 bytes")

        ws._outbox._put_part = no_memory
        stream.room = None
        await raised(MemoryError, sending)
        ws._outbox._put_part = frames_of
        assert ws.closed and ws.close_code == 1006 and stream.closed == 1
        assert (await raised(ConnectionClosed, receiving)).code == 1006
        assert (await raised(ConnectionClosed, ws.send("more"))).code == 1006


async def test_writing_that_fails_for_want_of_memory():
    """Part of a frame may be out when the stream's buffer cannot grow."""
    for at_once in (True, False):  # within write(), or in the task that drains
        ws, stream = await opened()
        receiving = asyncio.create_task(ws.recv())
        if not at_once:
            stream.room = 0
        sending = asyncio.create_task(ws.send(b"x" * 5000))
        if not at_once:
            await until(lambda stream=stream: stream.out_buf)
        stream.write_error = MemoryError("allocating 512 bytes")
        for task in (sending, receiving):
            error = await raised(ConnectionClosed, task)
            assert error.code == 1006 and error.reason == "no memory", error
        assert stream.closed == 1


async def test_receiving_that_fails_for_want_of_memory():
    """It ends the connection at once: nobody reads any more, and only the keep-alive would notice, if there is one."""
    ws, stream = await opened()
    receiving = asyncio.create_task(ws.recv())
    stream.end(MemoryError("allocating 32 bytes"))
    error = await raised(ConnectionClosed, receiving)
    assert error.code == 1006 and error.reason == "no memory", error
    assert ws.closed and stream.closed == 1


async def test_a_connection_is_dropped_without_any_memory():
    """The heap is locked from the moment at which receiving fails: nothing that ends the connection may allocate."""
    ws, stream = await opened()
    receiving = asyncio.create_task(ws.recv_into(bytearray(8)))
    error = MemoryError("allocating 32 bytes")
    close = stream.close

    async def readinto(buf):
        micropython.heap_lock()
        raise error

    def closed():
        micropython.heap_unlock()
        close()

    waiting = asyncio.create_task(raised((ConnectionClosed, MemoryError), receiving))
    await until(lambda: stream.reading)
    stream.readinto, stream.close = readinto, closed
    stream.feed(b"\x81")  # the read that waits ends, the next one fails
    await waiting
    assert stream.closed == 1 and ws.closed and ws.close_code == 1006


async def test_a_message_that_fails_for_want_of_memory():
    """Where the next message begins is not known any more: it must not be guessed."""
    ws, stream = await opened()
    take = ws._wire.take

    def no_memory(n):
        if n == 5:
            raise MemoryError("allocating 5 bytes")
        return take(n)

    ws._wire.take = no_memory
    stream.feed(frame(0x81, b"first") + frame(0x81, b"second"))
    assert (await raised(ConnectionClosed, ws.recv())).code == 1006
    assert stream.closed == 1 and (await raised(ConnectionClosed, ws.recv())).code == 1006


async def test_a_close_for_which_there_is_no_memory_still_closes():
    ws, stream = await opened()
    expire = ws._wire.expire

    def no_memory(*_):
        raise MemoryError("allocating 64 bytes")

    ws._wire.expire = no_memory
    await raised(MemoryError, ws.close())
    ws._wire.expire = expire
    assert stream.closed == 1 and ws.closed
