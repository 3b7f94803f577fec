"""An HTTP server for tests: Python's own, with files that are offered and taken, and faults as a test orders them."""

import base64
import hashlib
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

_PIECE = 16384


def image_of(size):
    """What the board unix takes for an image: an ELF file with the text by which its images are known."""
    return b"\x7fELF" + os.urandom(size) + b"ucharge image of the unix port" + os.urandom(100)


class Request(NamedTuple):
    """What came."""

    method: str
    path: str
    headers: dict
    body: bytes


class HttpPeer:
    """``with HttpPeer() as peer:`` serves ``peer.files`` at ``peer.url``.

    files: {path: bytes}, what GET answers. statuses: {path or method: status} answers that instead. cuts: before how
    many bytes of its body the next GET is cut off (None: it is not), one entry a GET. validator: "ETag",
    "Last-Modified" or None. ranges: whether a Range is honoured. chunked: bodies in chunks. endless: what GET answers
    begins anew at its end, for ever; without ``chunked`` a Content-Length says otherwise. user: "user:password" of
    Basic authentication. redirects: {path: (status, location)}. hold: GETs stop in the middle until it is set.
    before_answer: called, in its own thread, before a request that was read is answered.
    ``requests``: all that came, ``uploads``: {path: body} of PUT and POST.
    """

    def __init__(self, tls=None):
        self.files, self.statuses, self.redirects, self.uploads = {}, {}, {}, {}
        self.cuts, self.requests = [], []
        self.validator, self.ranges, self.chunked, self.user = "ETag", True, False, None
        self.endless = False
        self.hold = threading.Event()
        self.hold.set()
        self.before_answer = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"peer": self}))
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # a client that went away
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.hold.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def asked(self, method):
        """The requests of one method."""
        return [request for request in self.requests if request.method == method]


class _Handler(BaseHTTPRequestHandler):
    peer: HttpPeer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self._received(b"") or self.path not in self.peer.files:
            self.close_connection = True
            return
        content = self.peer.files[self.path]
        first = self._first(content)
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        if self.peer.validator:
            self.send_header(self.peer.validator, self._tag(content))
        if self.peer.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(content) - first))
        self.end_headers()
        self._send(content[first:])
        while self.peer.endless:
            self._send(content)

    def _send(self, content):
        cut = self.peer.cuts.pop(0) if self.peer.cuts else None
        content = content if cut is None else content[:cut]
        for at in range(0, len(content), _PIECE):
            piece = content[at : at + _PIECE]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if self.peer.chunked else piece)
            if at:
                self.peer.hold.wait(30)
        if cut is not None:
            self.close_connection = True
        elif self.peer.chunked and not self.peer.endless:
            self.wfile.write(b"0\r\n\r\n")

    def do_PUT(self):
        body = self._body()
        if not self._received(body):
            self.peer.uploads[self.path] = body
            self.send_response(201)
            self.send_header("Content-Length", "0")
            self.end_headers()

    do_POST = do_PUT

    def _received(self, body):
        """Note the request; refuse it if so ordered, or if there is nothing: True."""
        peer = self.peer
        if peer.before_answer is not None:
            peer.before_answer(30)
        peer.requests.append(Request(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        status, location = peer.redirects.get(self.path, (None, None))
        status = status or peer.statuses.get(self.path) or peer.statuses.get(self.command)
        wanted = peer.user and "Basic " + base64.b64encode(peer.user.encode()).decode()
        if status is None and wanted and self.headers["Authorization"] != wanted:
            status = 401
        if status is None and self.command == "GET" and self.path not in peer.files:
            status = 404
        if status is None:
            return False
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()
        return True

    def _body(self):
        if self.headers["Transfer-Encoding"] != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"]))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            assert self.rfile.readline() == b"\r\n"
        self.rfile.readline()
        return body

    def _tag(self, content):
        if self.peer.validator == "Last-Modified":
            return f"Thu, 01 Jan 2026 00:00:{len(content) % 60:02} GMT"
        return f'"{hashlib.sha1(content).hexdigest()}"'

    def _first(self, content):
        """The offset that a Range asks for, if it is honoured."""
        asked = self.headers.get("Range", "")
        if not self.peer.ranges or not asked.startswith("bytes="):
            return 0
        if self.headers.get("If-Range", self._tag(content)) != self._tag(content):
            return 0
        return int(asked[6:].partition("-")[0])
