"""4 MB of firmware through a process that has less heap than that: what is allocated does not grow."""

import gc

from firmware_site import ALL, Life
from http_server import HttpServer, until

HEAPSIZE = "1500K"
PIECE = bytes(range(256)) * 16
PIECES = 1024


class Tap(HttpServer):
    """It has no file: it sends the same piece again and again."""

    async def _serve(self, reader, writer):
        while (await reader.readline()).strip():
            pass
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(PIECE) * PIECES))
        for _ in range(PIECES):
            writer.write(PIECE)
            await writer.drain()
        writer.close()
        await writer.wait_closed()


async def test_the_heap_does_not_grow_with_the_image(tmp):
    tap = await Tap().start()
    life = await Life(tmp, tap).start()
    seen = []
    write = life.sink.write

    def measured(chunk):
        if life.sink.written % (512 * 1024) < len(chunk):
            gc.collect()
            seen.append(gc.mem_alloc())
        write(chunk)

    life.sink.write = measured
    await life.update()
    await until(life.site, lambda: life.site.exits)
    assert life.told() == list(ALL) and len(seen) >= 8
    assert max(seen) - seen[0] < 8192, seen
    await life.end()
    await tap.stop()
