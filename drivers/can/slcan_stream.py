"""The stream below SLCAN: a non-blocking TCP socket, a serial device in raw mode, or a UART of the microcontroller."""

import asyncio
import errno
import select
from micropython import const

# the same on Linux, macOS and lwIP; the port does not name them
_IPPROTO_TCP = const(6)
_TCP_NODELAY = const(1)
_UART_BUFFER = const(1024)  # bytes received while the loop is busy: 40 frames, 20 ms of a full bus


class Link:
    """An open stream. Neither writing nor, after the system said that there is something, reading ever waits.

    `port` is ``socket://HOST:PORT`` (the connection is only begun), ``uart:N`` (its pins are `tx` and `rx`, -1 for the
    port's own) or the path of a serial device. Raises OSError; ValueError for a port that cannot be.
    """

    def __init__(self, port, baudrate, tx, rx):
        self._poll = None
        address = socket_address(port)
        if address:
            self._stream = _connect(*address)
        else:
            uart = uart_number(port)
            self._stream = _open_serial(port, baudrate) if uart is None else _open_uart(uart, baudrate, tx, rx)
            self._poll = select.poll()  # a device is opened in blocking mode
            self._poll.register(self._stream, select.POLLOUT)
        self._both = asyncio.StreamReader(self._stream)  # MicroPython's reads and writes

    def readinto(self, room):
        """Awaitable: the number of bytes that came, at least one; 0 at the end, None after a false alarm."""
        return self._both.readinto(room)

    def read_now(self, room):
        """Read what is there: the number of bytes, 0 at the end, None if there is nothing. Raises OSError."""
        return self._stream.readinto(room)

    async def write_all(self, data):
        """Write as soon as it is possible, after the connection is there."""
        self._both.write(data)  # type: ignore[attr-defined]
        await self._both.drain()  # type: ignore[attr-defined]

    def write_now(self, data, at, size):
        """Write what the stream takes at once; the number of bytes, or None. Raises OSError."""
        if self._poll is not None and not _writable(self._poll):
            return None
        return self._stream.write(data, at, size)

    def close(self):
        if hasattr(self._stream, "close"):
            self._stream.close()
        else:
            self._stream.deinit()  # a UART


def _writable(poll):
    for entry in poll.ipoll(0):
        return entry[1] & select.POLLOUT
    return False


def uart_number(port):
    """N of ``uart:N``; None for any other port."""
    scheme, _, number = port.partition(":")
    return int(number) if scheme == "uart" and number.isdigit() else None


def socket_address(port):
    """(host, number) of ``socket://HOST:PORT``, None for a UART or device. Raises ValueError for what is none."""
    scheme, separator, address = port.partition("://")
    if not separator and (not port.startswith("uart:") or uart_number(port) is not None):
        return None
    host, _, number = address.rpartition(":")
    if scheme != "socket" or not host or not number.isdigit() or not 0 < int(number) < 65536:
        raise ValueError("option 'port': %r is neither socket://HOST:PORT, uart:N nor the path of a device" % port)
    return host, int(number)


def _connect(host, number):
    import socket  # a port with UARTs only may have none

    try:
        info = socket.getaddrinfo(host, number, 0, socket.SOCK_STREAM)[0]
    except OSError as e:  # the resolver's numbers are those of no errno
        raise OSError(e.errno, "%s not found" % host)
    stream = socket.socket(info[0], socket.SOCK_STREAM)
    stream.setblocking(False)
    stream.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)  # else a stop frame waits 40 ms for the answer to the one before
    try:
        stream.connect(info[-1])
    except OSError as e:
        if e.errno != errno.EINPROGRESS:
            stream.close()
            raise
    return stream


def _open_uart(number, baudrate, tx, rx):
    from machine import UART

    pins = {}
    if tx >= 0:
        pins["tx"] = tx
    if rx >= 0:
        pins["rx"] = rx
    try:
        return UART(number, baudrate, rxbuf=_UART_BUFFER, **pins)
    except ValueError as e:  # no such UART, or no such pins
        raise OSError(errno.ENODEV, str(e))


def _open_serial(path, baudrate):
    stream = open(path, "r+b")
    try:
        _make_raw(stream.fileno(), baudrate)
    except (OSError, AttributeError):  # no terminal; no such bit rate
        stream.close()
        raise OSError(errno.EINVAL)
    return stream


def _make_raw(fd, baudrate):
    import termios  # only ports with serial devices in a file system have it

    termios.setraw(fd)
    settings = termios.tcgetattr(fd)
    settings[4] = settings[5] = getattr(termios, "B%d" % baudrate)
    characters = settings[6]
    for i in range(len(characters)):
        if isinstance(characters[i], int):  # VMIN and VTIME: a read takes what is there and does not wait
            characters[i] = 0
    termios.tcsetattr(fd, termios.TCSANOW, settings)
