"""uhttp: an HTTP/1.1 client for MicroPython's asyncio, for what does not fit into the memory.

::

    response = await request("GET", "https://example.org/image.bin", ssl=context, headers=(("Range", "bytes=4096-"),))
    try:
        while n := await response.readinto(buf):  # response.status, .fields, .length
            file.write(memoryview(buf)[:n])
    finally:
        response.close()

    response = await request("PUT", url, body=lines, length=5000)  # lines(): an iterable of str or bytes
    response = await request("POST", url, **Multipart("file", "log.txt", lines, 5000).arguments())

- Constant memory: two buffers of 1024 bytes. A line of a head has at most 4096 bytes, the head 16 KB.
- Bodies with a Content-Length, in chunks, and those that end with the connection (``response.whole`` is False: the end
  cannot be distinguished from a cut). A body without a ``length`` is sent in chunks.
- One request a connection. Basic authentication from the URL (``https://user:password@host/``); redirects are followed,
  never from https to http, and the credentials stay with the server that they were meant for.
- Every error is an HttpError, except for bad arguments: ValueError. ``timeout_ms`` bounds each step, and a server that
  moves less than 1024 bytes in that time is given up. A status such as 404 is no error: look at ``response.status``.
- TLS: https needs an ``ssl.SSLContext``; what is verified is up to that, and MicroPython's verifies nothing by default.
- Looking up a name by getaddrinfo() blocks the event loop, for seconds if the network is down; so does each step of a
  TLS handshake. ``net=(resolve, block)``: ``resolve`` is another way, such as `udns`: a coroutine function of the name
  that returns an IP address, or None to use getaddrinfo(); it may raise OSError.
  ``block(what, function, *arguments)`` calls what blocks: "DNS", "TLS handshake".
- No keep-alive, no compression, no cookies, no proxies.
"""

import binascii

from .errors import HttpError
from .multipart import Multipart
from .response import Response, read_response
from .url import Url
from .wire import Wire

__all__ = ("HttpError", "Multipart", "Response", "Url", "request")


async def request(
    method, url, *, headers=(), body=None, length=None, ssl=None, timeout_ms=15000, redirects=5, allowed=None, net=None
):
    """Send a request; return the Response once its head is here. Close it.

    `url`: text or a Url. `headers`: further (name, value) pairs. `body`: function that returns an iterable of str or
    bytes, called for each redirect again; `length`: how many bytes these are. `ssl`: the SSLContext, or function of the
    URL (text, without credentials and query) that makes one and may raise OSError or ValueError. `redirects`: how many
    are followed. `allowed`: function(IP address as 4 or 16 bytes, b"" if it is not known) that returns whether it may
    be dialled; it is called after the name was looked up, for each redirect anew. `net`: see above.

    Raises HttpError, ValueError (the URL, a header, an address that is not allowed).
    """
    first = here = Url(url) if isinstance(url, str) else url
    while True:
        given = here.credentials or (first.credentials if first.same_server(here) else None)
        head = _head(method, here, headers, given, body is not None, length)
        response = await _exchange(here, head, body, length, ssl, timeout_ms, allowed, net)
        there = _redirected(response, body is not None)
        if there is None:
            return response
        response.close()
        if not redirects:
            raise HttpError("too many redirects")
        redirects -= 1
        try:
            there = here.joined(there)
        except ValueError as error:
            raise HttpError("redirected to what is " + str(error))
        if here.secure and not there.secure:
            raise HttpError("redirected from https to http")
        here = there


def _head(method, url, headers, credentials, has_body, length):
    lines = ["%s %s HTTP/1.1" % (method, url.path), "Host: " + url.host_port, "Connection: close"]
    if credentials is not None:
        lines.append("Authorization: Basic " + binascii.b2a_base64(credentials).strip().decode())
    if has_body:
        lines.append("Transfer-Encoding: chunked" if length is None else "Content-Length: %d" % length)
    else:
        lines.append("Accept-Encoding: identity")
    for name, value in headers:
        if any(char in name + value for char in "\r\n\0"):
            raise ValueError("line break in header " + name)
        lines.append("%s: %s" % (name, value))
    return "\r\n".join(lines + ["", ""]).encode()


def _redirected(response, has_body):
    """Where to, or None. 303 answers what was sent, and the answer lies elsewhere: a body has arrived then."""
    if response.status not in (301, 302, 303, 307, 308) or (has_body and response.status == 303):
        return None
    return response.fields.get("location")


async def _exchange(url, head, body, length, ssl, timeout_ms, allowed, net):
    from .dial import dial, look_up  # a port without sockets can still import this package

    context = None
    if url.secure:
        try:
            context = ssl(str(url)) if callable(ssl) else ssl
        except (OSError, ValueError) as error:
            raise HttpError("no TLS: " + " ".join(str(error).split()))
        if context is None:
            raise HttpError("https without an SSLContext")
    found = await look_up(url.host, url.port, allowed, net)
    wire = Wire(dial(found, url.host, context), timeout_ms, net[1] if net and context else None)
    try:
        await wire.send(head)
        await wire.flush()
        if body is not None:
            await _send_body(wire, body, length)
        return await read_response(wire, url)
    except BaseException:  # cancellation as well: no socket is left open
        wire.close()
        raise


async def _send_body(wire, body, length):
    """Send all of it, or as much as the server takes: one that refuses may answer before, and stop reading."""
    sent = 0
    try:
        for part in body():
            data = part.encode() if isinstance(part, str) else part
            sent += len(data)
            if not data:
                pass  # a chunk of nothing would be the end
            elif length is None:
                await wire.send(b"%X\r\n" % len(data))
                await wire.send(data)
                await wire.send(b"\r\n")
            elif sent <= length:
                await wire.send(data)
        if length is None:
            await wire.send(b"0\r\n\r\n")
        await wire.flush()
    except HttpError as error:
        if "connection lost" not in str(error):
            raise
    if length is not None and sent != length:
        raise ValueError("a body of %d bytes, not %d" % (sent, length))
