"""Standard input and output as a console's terminal."""

import asyncio
import select
import sys
from micropython import const

_CTRL_C = const(3)
_CHUNK = const(1024)  # characters: at most the 4096 bytes that a writable pipe takes without blocking (PIPE_BUF)
# places in the list of tcgetattr
_LFLAG = const(3)
_CC = const(6)
# Of each system: ICANON | ECHO, place of Ctrl-C among the characters, none.
_SYSTEMS = const((("linux", 0x2 | 0x8, 0, b"\x00"), ("darwin", 0x100 | 0x8, 8, b"\xff")))


class Terminal:
    """Reads keys and writes text, and lets neither hold up the loop.

    If standard input is a terminal (tty) of a system with termios, its line discipline is switched off, so that a key
    is heard at once (Ctrl-C as one, Ctrl-\\ stays a signal), and on again by `stop`. `echo`: whoever reads has to echo.
    `dropped` counts the characters that a full or closed output did not take.
    """

    def __init__(self):
        self.echo = False
        self.dropped = 0
        self._input = _bytes_of(sys.stdin)
        self._stream = asyncio.StreamReader(self._input)
        self._byte = memoryview(bytearray(1))
        self._ready = select.poll()
        self._room = select.poll()
        self._saved = None

    async def start(self):
        self._ready.register(self._input, select.POLLIN)
        self._room.register(sys.stdout, select.POLLOUT)
        self._raw()

    async def stop(self):
        if self._saved is not None:
            import termios

            termios.tcsetattr(self._input.fileno(), termios.TCSANOW, self._saved)
            self._saved = None

    def _raw(self):
        """Hear single keys, if this is a terminal; else lines come as they are sent."""
        try:
            import termios
        except ImportError:  # a microcontroller: its serial line knows nothing but keys
            self.echo = True
            return
        for name, flags, index, none in _SYSTEMS:
            if name == sys.platform:
                self._switch(termios, flags, index, none)

    def _switch(self, termios, flags, index, none):
        try:
            fd = self._input.fileno()
            attributes = termios.tcgetattr(fd)
            self._saved = list(attributes)
            attributes[_LFLAG] &= ~flags
            attributes[_CC] = list(attributes[_CC])
            attributes[_CC][index] = none  # Ctrl-C becomes a key: a signal may hit where MicroPython cannot take it
            termios.tcsetattr(fd, termios.TCSANOW, attributes)
        except OSError:
            self._saved = None  # not a terminal
            return
        self.echo = True

    async def read(self, buf):
        """Wait for input; returns how many bytes are in `buf`, 0 at the end of input.

        Byte by byte, because a read of more would wait for all of them.
        """
        try:
            count = await self._stream.readinto(self._byte)
            if count:
                buf[0] = self._byte[0]
                while count < len(buf) and self._ready.poll(0) and self._input.readinto(self._byte):
                    buf[count] = self._byte[0]
                    count += 1
            return count or 0
        except OSError:
            return 0  # closed

    def interrupt_by_key(self, on):
        """On a microcontroller: whether Ctrl-C interrupts what runs; else it is a byte like others."""
        if self._saved is None and self.echo:
            import micropython

            micropython.kbd_intr(_CTRL_C if on else -1)

    def write(self, text):
        """Write `text`, or bytes as they are, as far as the output takes it now."""
        stream = sys.stdout  # not its buffer: that makes no CR LF on a serial line
        if not isinstance(text, str):
            stream = _bytes_of(stream)
        for at in range(0, len(text), _CHUNK):
            part = text[at : at + _CHUNK]
            try:
                if self._room.poll(0):
                    stream.write(part)
                    continue
            except OSError:
                pass  # closed
            self.dropped += len(part)


def _bytes_of(stream):
    """The stream of bytes behind standard input or output: a microcontroller's text stream would read whole characters,
    and writes CR LF for a line feed.
    """
    return getattr(stream, "buffer", stream)
