"""A central system inside the device, at the other end of its UART: it answers at once, and no host has a part in it.

What it takes of the processor's time is counted in `spent`, for whoever wants to leave it out.
"""

import asyncio
import binascii
import hashlib
from micropython import const

import mps2

_UART = const(2)
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_HEAD = const(64)  # of a CALL: its id and action are in there
_PING, _PONG = const(0x89), const(0x8A)
_TEXT = const(0x81)
_TIME = '"currentTime":"2030-01-01T00:00:00Z"'
_ANSWERS = {
    "BootNotification": '{"status":"Accepted","interval":300,%s}' % _TIME,
    "Heartbeat": "{%s}" % _TIME,
    "DataTransfer": '{"status":"Accepted"}',
}


def busy():
    """Ticks since the start in which the processor did not sleep."""
    now, idle = mps2.ticks()
    return now - idle


class Central:
    """Hears what is sent, piece by piece, and answers. ``on_call(action)`` is told of every CALL."""

    def __init__(self, on_call):
        self._on_call = on_call
        self._left = 0  # bytes to come of a frame
        self._open = False
        self.spent = 0

    def busy(self):
        """Ticks in which the processor did not sleep, without our own."""
        return busy() - self.spent

    def hear(self, data):
        """Bytes were sent. What it does about them is no part of what is measured."""
        began = busy()
        if not self._open:
            self._handshake(bytes(data))
        elif self._left:
            self._left -= len(data)
        else:
            self._frame(data)
        self.spent += busy() - began

    def _handshake(self, request):
        """RFC 6455, section 4.2; it comes in one piece."""
        key = request.split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
        accept = binascii.b2a_base64(hashlib.sha1(key + _GUID).digest()).strip()
        self._open = True
        self._answer(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Protocol: ocpp1.6\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )

    def _frame(self, data):
        """A frame begins with each write after the end of the one before (5.2); it is masked."""
        at, size = 2, data[1] & 127
        if size == 126:
            at, size = 4, data[2] << 8 | data[3]
        text = data[at + 4 : at + 4 + _HEAD]
        plain = bytes([byte ^ data[at + i % 4] for i, byte in enumerate(text)])
        self._left = at + 4 + size - len(data)
        if data[0] == _PING:
            self._answer(bytes((_PONG, len(plain))) + plain)
        elif data[0] == _TEXT and plain.startswith(b"[2"):
            _, message_id, _, action = plain.decode().split('"')[:4]
            text = '[3,"%s",%s]' % (message_id, _ANSWERS.get(action, "{}"))
            self._answer(bytes((_TEXT, len(text))) + text.encode())
            self._on_call(action)

    def _answer(self, data):
        if mps2.feed(_UART, data) != len(data):
            raise SystemExit("the UART has no room for an answer")


class Line(asyncio.StreamReader):
    """The stream of `UartNetwork`, over the same UART, that the central system hears as well."""

    def __init__(self, uart, central):
        super().__init__(uart)
        self._central = central
        self._first = True

    def write(self, data):
        super().write(data)
        if self.out_buf:
            raise SystemExit("the UART did not take all")
        self._central.hear(data)

    async def drain(self):
        request = self.out_buf
        await super().drain()
        if request:
            self._central.hear(request)
