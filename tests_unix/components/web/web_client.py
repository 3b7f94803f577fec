"""A charger with its web server on, and an HTTP client that may be as wrong as a test wants it."""

import asyncio
import base64
import hashlib
import json
import socket

DRIVER, OPERATOR, INSTALLER = "driver", "operator", "installer"
PASSWORDS = {DRIVER: "driver's own", OPERATOR: "operator's own", INSTALLER: "installer's ä"}
ITERATIONS = 64  # quick: what they cost is not the subject of most tests
TIMEOUT_S = 20


def free_port():
    """A port that nobody listens at."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def hashed(password, iterations=ITERATIONS):
    """What is kept of a password, by Python's own PBKDF2."""
    salt = b"0123456789abcdef"
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    text = [base64.b64encode(part).decode() for part in (salt, digest)]
    return f"pbkdf2-sha256${iterations}${text[0]}${text[1]}"


def settings(port, **more):
    """settings.json's section "web" with a password for each role."""
    return {"web": {"port": port, **{role: hashed(password) for role, password in PASSWORDS.items()}, **more}}


class Answer:
    """status, fields (names in small letters), body, json; raw: all of it."""

    def __init__(self, raw, method="GET"):
        self.raw = raw
        head, _, body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        assert first.startswith("HTTP/1.1 "), raw
        self.status = int(first.split()[1])
        self.fields = {}
        for line in lines:
            name, _, value = line.partition(": ")
            assert name.lower() not in self.fields, raw
            self.fields[name.lower()] = value
        self.body = _whole(body) if self.fields.get("transfer-encoding") == "chunked" else body
        if "content-length" in self.fields and method != "HEAD":
            assert int(self.fields["content-length"]) == len(body), raw

    @property
    def json(self):
        assert self.fields["content-type"] == "application/json", self.raw
        return json.loads(self.body)


def _whole(body):
    """The body that came in chunks, of which the last one must be there."""
    parts = []
    while True:
        size, _, body = body.partition(b"\r\n")
        size = int(size, 16)
        parts.append(body[:size])
        assert body[size : size + 2] == b"\r\n"
        if not size:
            assert body == b"\r\n"
            return b"".join(parts)
        body = body[size + 2 :]


async def exchange(port, data):
    """Send bytes, and return all that comes until the other side closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        return await asyncio.wait_for(reader.read(), TIMEOUT_S)
    finally:
        writer.close()


class Client:
    """Requests to a port; with a role's password by HTTP Basic, or the cookie of `login`."""

    def __init__(self, port, role=None):
        self.port = port
        self.role = role
        self.cookie = ""

    def head(self, method, path, fields):
        """The bytes of a request's head."""
        given = {"Host": f"127.0.0.1:{self.port}"}
        if self.cookie:
            given["Cookie"] = self.cookie
        elif self.role:
            pair = f"{self.role}:{PASSWORDS[self.role]}".encode()
            given["Authorization"] = "Basic " + base64.b64encode(pair).decode()
        given.update(fields)
        lines = [f"{name}: {value}" for name, value in given.items() if value is not None]
        lines.insert(0, f"{method} {path} HTTP/1.1")
        return "\r\n".join([*lines, "", ""]).encode()

    async def __call__(self, method, path, value=None, *, body=None, tries=40, **fields):
        """Send a request; value: its JSON body; body: bytes in its place. A busy server is asked again."""
        fields = {name.replace("_", "-"): text for name, text in fields.items()}
        if value is not None:
            body = json.dumps(value).encode()
            fields = {"Content-Type": "application/json", **fields}
        if body is not None:
            fields = {"Content-Length": str(len(body)), **fields}
        while True:
            answer = Answer(await exchange(self.port, self.head(method, path, fields) + (body or b"")), method)
            tries -= 1
            if answer.status != 503 or answer.body or not tries:
                return answer
            await asyncio.sleep(0.1)

    async def login(self, role):
        """Keep the cookie."""
        answer = await self("POST", "/api/login", {"role": role, "password": PASSWORDS[role]})
        assert answer.status == 200, answer.raw
        self.cookie = answer.fields["set-cookie"].partition(";")[0]
        return answer


class Stream:
    """Server-sent events: ``async for event, data in stream``; a comment is (None, None)."""

    def __init__(self, client):
        self._client = client

    async def __aenter__(self):
        for _ in range(20):  # the places of those that have just gone are free in a moment
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._client.port)
            self._writer.write(self._client.head("GET", "/api/events", {}))
            head = await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), TIMEOUT_S)
            if not head.startswith(b"HTTP/1.1 503 "):
                break
            self._writer.close()
            await asyncio.sleep(0.1)
        assert head.startswith(b"HTTP/1.1 200 ") and b"text/event-stream" in head, head
        self._text = ""
        return self

    async def __aexit__(self, *_):
        self._writer.close()

    async def next(self):
        """The next one; None at the end of the stream."""
        while "\n\n" not in self._text:
            size = int((await asyncio.wait_for(self._reader.readline(), TIMEOUT_S)) or b"0", 16)
            if not size:
                return None
            self._text += (await self._reader.readexactly(size + 2))[:-2].decode()
        event, _, self._text = self._text.partition("\n\n")
        fields = dict(line.partition(":")[::2] for line in event.split("\n"))
        if "" in fields:
            return None, None
        return fields["event"].strip(), json.loads(fields["data"])

    async def until(self, what, condition):
        """The data of the first event that fulfils a condition."""
        for _ in range(60):
            event = await self.next()
            assert event is not None, what
            if event[0] == "state" and condition(event[1]):
                return event[1]
        raise AssertionError(what)
