"""A DNS server for tests, on UDP of this machine: written from RFC 1035, for MicroPython and CPython."""

import asyncio
import socket
import struct

A, NS, CNAME, AAAA = 1, 2, 5, 28


def encoded(name):
    """A name as labels (section 3.1)."""
    data = b""
    for label in name.split("."):
        data += bytes([len(label)]) + label.encode()
    return data + b"\0"


def address(text):
    return bytes([int(part) for part in text.split(".")])


def record(owner, kind, ttl, data, klass=1):
    """A resource record (section 4.1.3); `owner` is a name or, compressed, bytes."""
    owner = encoded(owner) if isinstance(owner, str) else owner
    return owner + struct.pack(">HHIH", kind, klass, ttl, len(data)) + data


def asked(query):
    """(id, name, type) of a query with one question."""
    labels = []
    at = 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    return query[:2], ".".join(labels), query[at + 1] << 8 | query[at + 2]


def reply(query, records, flags=0x8180, identifier=None, question=None):
    """A whole answer to `query`, with these records; by default with its own id and question."""
    identifier = query[:2] if identifier is None else identifier
    question = query[12:] if question is None else question
    return identifier + struct.pack(">HHHHH", flags, 1, len(records), 0, 0) + question + b"".join(records)


class DnsServer:
    """``answer(query)`` returns a list of datagrams; queries are in ``queries``, with where they came from."""

    def __init__(self, answer):
        self.answer = answer
        self.queries = []
        self.sources = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.port = self._bind()
        self.place = "127.0.0.1:%d" % self.port

    def _bind(self):
        """To a port that is free: MicroPython's sockets do not tell which the system has chosen."""
        for port in range(20000, 30000):
            try:
                self.socket.bind(socket.getaddrinfo("127.0.0.1", port, 0, socket.SOCK_DGRAM)[0][-1])
                return port
            except OSError:
                pass
        raise OSError("no free port")

    async def run(self):
        while True:
            self.step()
            await asyncio.sleep(0.002)

    def step(self):
        """Answer what has come."""
        while True:
            try:
                query, source = self.socket.recvfrom(512)
            except OSError:
                return
            self.queries.append(query)
            self.sources.append(bytes(source) if not isinstance(source, tuple) else source)
            for data in self.answer(query):
                self.socket.sendto(data, source)
