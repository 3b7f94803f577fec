"""uhttpd on its own: what becomes of requests when memory runs out. (Heads, bodies and slow clients: with `web`.)"""

import asyncio
import socket

from upy_program import running

PROGRAM = """
import asyncio, gc
from uhttpd import listen

ballast = [None]

async def handle(connection):
    from uhttpd.request import Request
    request = Request(connection)
    await request.read_line()
    await request.read_fields()
    if request.path == "/fill":
        asyncio.create_task(free())
        try:
            while True:
                ballast[0] = ballast[0], None
        except MemoryError:
            pass
    await request.answer(200, "here", "text/plain")

async def free():
    await asyncio.sleep_ms(1500)
    node, ballast[0] = ballast[0], None
    node = None
    gc.collect()

async def serve(sock):
    from uhttpd.pool import Pool
    pool = Pool(handle)
    await pool.run(pool.accept(sock))

async def main(port):
{body}

asyncio.run(main({url!r}))
"""


def ask(port, path):
    """The answer; b"" where the connection was reset."""
    try:
        return exchange(port, path)
    except ConnectionResetError:
        return b""


def exchange(port, path):
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        answer = b""
        while part := sock.recv(4096):
            answer += part
    return answer


async def test_without_memory_it_tells_503_and_goes_on():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    body = f"""
    print("begins")
    await listen("127.0.0.1", {port}, serve)
    """
    async with running(PROGRAM, "", body, heapsize="96k") as process:
        assert await asyncio.wait_for(process.stdout.readline(), 20) == b"begins\n"
        for _ in range(50):
            try:
                first = await asyncio.to_thread(ask, port, "/")
                break
            except OSError:
                await asyncio.sleep(0.1)
        assert first.startswith(b"HTTP/1.1 200 ") and first.endswith(b"here")
        found = []
        await asyncio.to_thread(ask, port, "/fill")
        for _ in range(10):
            found.append(await asyncio.to_thread(ask, port, "/"))
        assert any(answer.startswith(b"HTTP/1.1 503 ") for answer in found), found
        await asyncio.sleep(2)
        assert (await asyncio.to_thread(ask, port, "/")).endswith(b"here")
        assert process.returncode is None
