"""An HTTP server in this process, over real sockets, for a charge point on the virtual clock."""

import asyncio


class HttpServer:
    """``await HttpServer().start()``; ``url``. ``files``: {path: bytes}; ``uploads``: {path: bytes}; ``asked``: what
    came, as (method, path, {field in small letters: value}).

    ``moved``: {path: where it is now}.

    ``cuts``: after how many bytes of its body each GET is cut off. ``status``: {path: status} instead. ``tags``:
    whether an ETag is told. ``ranges``: whether a Range is honoured, "wrong": by a part that was not asked for.
    """

    def __init__(self):
        self.files, self.uploads, self.status = {}, {}, {}
        self.asked, self.cuts = [], []
        self.moved = {}
        self.tags = self.ranges = True
        self.chunked = False
        self._server = None
        self.url = ""

    async def start(self):
        port = 20000
        while True:
            try:
                self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
                break
            except OSError:
                port += 1
        self.url = "http://127.0.0.1:%d" % port
        return self

    async def stop(self):
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader, writer):
        try:
            await self._answer(reader, writer)
        except OSError:
            pass  # the client went away
        finally:
            writer.close()
            await writer.wait_closed()

    async def _answer(self, reader, writer):
        method, path, _ = (await reader.readline()).decode().split(" ")
        fields = {}
        while True:
            name, _, value = (await reader.readline()).decode().strip().partition(":")
            if not name:
                break
            fields[name.lower()] = value.strip()
        self.asked.append((method, path, fields))
        body = await reader.readexactly(int(fields.get("content-length", "0")))
        if path in self.moved:
            await self._send(writer, "HTTP/1.1 302 There\r\nLocation: %s\r\n\r\n" % self.moved[path])
            return
        status = self.status.get(path) or (404 if method == "GET" and path not in self.files else None)
        if status:
            await self._send(writer, "HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status)
        elif method == "GET":
            await self._give(writer, self.files[path], fields)
        else:
            self.uploads[path] = body
            await self._send(writer, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")

    async def _give(self, writer, content, fields):
        tag = '"%d"' % hash(content)
        first = 0
        if "range" in fields and self.ranges and fields.get("if-range", tag) == tag:
            first = int(fields["range"][6:-1]) + (1 if self.ranges == "wrong" else 0)
        head = "HTTP/1.1 200 OK\r\n"
        if first:
            head = "HTTP/1.1 206 Part\r\nContent-Range: bytes %d-%d/%d\r\n" % (first, len(content) - 1, len(content))
        head += "ETag: %s\r\n" % tag if self.tags else ""
        rest = memoryview(content)[first:]
        head += "Transfer-Encoding: chunked\r\n\r\n" if self.chunked else "Content-Length: %d\r\n\r\n" % len(rest)
        await self._send(writer, head)
        cut = self.cuts.pop(0) if self.cuts else None
        if self.chunked:
            await self._send(writer, "%x\r\n" % len(rest))
        await self._send(writer, rest if cut is None else rest[:cut])
        if self.chunked:
            await self._send(writer, "\r\n0\r\n\r\n")

    async def _send(self, writer, data):
        for at in range(0, len(data), 1024):
            writer.write(data[at : at + 1024].encode() if isinstance(data, str) else data[at : at + 1024])
            await writer.drain()


async def until(site, condition, ms=600000, step_ms=500):
    """Let virtual time pass, and the sockets their real one, until ``condition()``; at most `ms` of virtual time."""
    for _ in range(ms // step_ms):
        if condition():
            return
        for _ in range(3):
            await asyncio.sleep_ms(1)
        await site.run(step_ms)
    assert condition(), "not within %d ms" % ms
