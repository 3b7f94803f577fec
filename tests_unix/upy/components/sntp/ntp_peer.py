"""An SNTP server for tests, on UDP of this machine: written from RFC 4330."""

import asyncio
import socket

# 2027-01-15T12:00:00Z is 4009003200 s after 1900: EE F4 88 C0.
HEAD = b"\x24\x02\x06\xe9\0\0\x02\x00\0\0\x03\x00\xc0\x00\x02\x07\xee\xf4\x80\x00\0\0\0\0"  # no leap second, stratum 2
NOON = b"\xee\xf4\x88\xc0\x00\x00\x00\x00"


def answer(query, head=HEAD, originate=None, received=NOON, sent=NOON):
    """A whole answer: its first 24 bytes, then three timestamps."""
    return head + (query[40:48] if originate is None else originate) + received + sent


class NtpServer:
    """``answer(query)`` returns a list of datagrams; queries are in ``queries``. A context in which it runs."""

    def __init__(self, answer):
        self.answer = answer
        self.queries = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self.port = self._bind()
        self.place = "127.0.0.1:%d" % self.port

    def _bind(self):
        """To a port that is free: MicroPython's sockets do not tell which the system has chosen."""
        for port in range(20000, 30000):
            try:
                self._socket.bind(socket.getaddrinfo("127.0.0.1", port, 0, socket.SOCK_DGRAM)[0][-1])
                return port
            except OSError:
                continue
        raise OSError("no port")

    async def __aenter__(self):
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *error):
        self._task.cancel()
        self._socket.close()

    async def _run(self):
        while True:
            try:
                query, source = self._socket.recvfrom(512)
            except OSError:  # there is none
                await asyncio.sleep_ms(2)
                continue
            self.queries.append(query)
            for datagram in self.answer(query):
                self._socket.sendto(datagram, source)
