"""Improv Wi-Fi over the console's serial line (improv-wifi.com/serial): a browser provisions the charger.

=====  ================================================================================
rpc    the frames and what is answered to them; loaded while there is one to be answered
=====  ================================================================================
"""

import asyncio
from micropython import const

from core.loading import drop_unmade, unload

_HEADER = b"IMPROV\x01"  # and the version, which no person types behind it
_IN_FRAME = const(7)  # bytes of the header: the next ones are the frame's
_BEHIND = const(8)  # a frame has ended: a line feed may follow
_LF = const(10)
_GAP_MS = const(60)  # a frame is sent in one piece, and nobody types as fast
_WAITING_MAX = const(4)  # frames
_CHUNK = const(16)  # bytes; with what is kept of a header they fit into what the console reads into


class Improv:
    """A terminal with two users: the console, to which it is the service ``terminal``, and Improv's frames.

    It takes the frames out of what is read; everything else goes on to the console in its order, at once, but for what
    may be the beginning of a frame's header: an ``I`` does so after 60 ms or with the next key. No stop key waits, for
    the header has no T. What begins as a frame never becomes keys, also if it breaks off or its checksum is wrong.

    A frame is written as a line of its own, between two writes of the console. On a microcontroller Ctrl-C is a key
    while this runs and no interrupt, since its byte is one of each command.
    """

    requires = ("terminal", "operator", "wifi", "kernel", "clock", "log")
    collects = ("url",)  # of who serves a page: ``url(address)``, "" if it does not now

    def __init__(self, terminal, operator, wifi, kernel, clock, log, url):
        self.echo = False
        self.operator = operator
        self.wifi = wifi
        self.kernel = kernel
        self.servers = url
        self.clock = clock
        self.frames = []  # that wait to be answered: type, length, data and checksum
        self._terminal = terminal
        self._log = log
        self._input = bytearray(_CHUNK)
        self._at = 0  # so many bytes of the header are kept, or _IN_FRAME, or _BEHIND
        self._frame = None  # type: bytearray  # what has come of it; False: there was no memory for it
        self._fresh = False  # what was written last has ended its line
        self._task = self.rpc = None  # while frames are answered

    async def start(self):
        self.echo = self._terminal.echo
        self._terminal.interrupt_by_key(False)

    async def stop(self):
        self._terminal.interrupt_by_key(True)
        if self._task is not None:
            self._task.cancel()

    async def _serve(self):
        """Answer frames until there is none."""
        try:
            from components.improv.rpc import Rpc

            self.rpc = Rpc(self)
            await self.rpc.serve()
        except MemoryError:
            drop_unmade()
            self.frames.clear()
            self._log.rare("no memory to answer a frame of Improv")
        finally:
            self._task = self.rpc = None
            unload("components.improv.rpc")

    # --- the terminal, to the console -----------------------------------------------------------------------------

    def write(self, text):
        self._fresh = text.endswith("\n")
        self._terminal.write(text)

    async def read(self, buf):
        """See `Terminal.read`; `buf` has room for 32 bytes."""
        count = 0
        while not count:
            got = await self._read()
            if got <= 0:
                count = self._give_up(buf, 0)
                if not got:
                    break
            for i in range(got):
                count = self._take(self._input[i], buf, count)
        return count

    def send(self, frame):
        """Write a frame, which ends with a line feed."""
        if not self._fresh:
            self._terminal.write(b"\n")
        self._terminal.write(frame)
        self._fresh = True

    # --- what is read ---------------------------------------------------------------------------------------------

    async def _read(self):
        """How many bytes there are; 0: the input has ended; -1: none came where a frame would have gone on."""
        if not self._at:
            return await self._terminal.read(self._input)
        for ms in (_GAP_MS, 1):  # again, in case the loop was late
            try:
                return await self.clock.wait_for_ms(self._terminal.read(self._input), ms)
            except asyncio.TimeoutError:
                pass
            except MemoryError:
                break
        return -1

    def _take(self, byte, buf, count):
        """A byte: append to the `count` ones of `buf` what is the console's; returns how many there are then."""
        at = self._at
        if at == _IN_FRAME:
            self._collect(byte)
            return count
        if at == _BEHIND:
            at = self._at = 0
            if byte == _LF:
                return count
        if byte != _HEADER[at]:
            count = self._give_up(buf, count)
            at = 0
        if byte == _HEADER[at]:
            self._at = at + 1
            return count
        buf[count] = byte
        return count + 1

    def _give_up(self, buf, count):
        """It was no header, or the frame has broken off."""
        at, self._at = self._at, 0
        if at == _IN_FRAME:
            self._end_frame()
        elif at < _IN_FRAME:
            for i in range(at):
                buf[count] = _HEADER[i]
                count += 1
        return count

    def _collect(self, byte):
        """A byte of a frame: type, length, data, checksum."""
        try:
            if self._frame is None:
                self._frame = bytearray()
            if self._frame is not False:
                self._frame.append(byte)
                if len(self._frame) > 1 and len(self._frame) == self._frame[1] + 3:
                    self._at = _BEHIND
                    self._end_frame()
        except MemoryError:
            self._frame = False

    def _end_frame(self):
        frame, self._frame = self._frame, None
        try:
            if len(self.frames) < _WAITING_MAX:
                self.frames.append(frame or b"")
            if self._task is None:
                self._task = asyncio.create_task(self._serve())
        except MemoryError:
            pass  # the client asks again
        if self.rpc is not None:
            self.rpc.come.set()
