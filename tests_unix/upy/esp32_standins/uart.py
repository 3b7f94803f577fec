"""machine.UART (machine_uart.c) and the far end of its line; machine.Timer (machine_timer.c)."""

import io

from . import errors

_POLL, _RD, _WR = 3, 1, 4


class Line:
    """What is soldered to a UART: `write` sends to the device, `on_write` hears it; `given`: the UART's arguments."""

    def __init__(self):
        self.waiting = b""
        self.on_write = None
        self.given = None
        self.open = False
        self.overruns = 0
        self.out_buf = b""  # as an asyncio stream that has sent all

    def write(self, data):
        room = self.given["rxbuf"] - len(self.waiting) if self.open else 0
        self.overruns += len(data) > room
        self.waiting += data[:room]


class Uart(io.IOBase):
    """One on `line`. A read gives what is there, and None if that is nothing."""

    def __init__(self, line):
        self._line = line

    def _check(self):
        if not self._line.open:
            raise errors.esp(0x103, "ESP_ERR_INVALID_STATE")

    def any(self):
        self._check()
        return len(self._line.waiting)

    def readinto(self, buf):
        self._check()
        line = self._line
        count = min(len(buf), len(line.waiting))
        buf[:count] = line.waiting[:count]
        line.waiting = line.waiting[count:]
        return count or None

    def write(self, data, offset=0, size=None):
        self._check()
        size = len(data) - offset if size is None else size
        if self._line.on_write is not None:
            self._line.on_write(bytes(memoryview(data)[offset : offset + size]))
        return size

    def ioctl(self, request, argument):
        if request != _POLL:
            return -22
        self._check()
        return argument & ((_RD if self._line.waiting else 0) | _WR)

    def deinit(self):
        self._line.open = False


class Uarts:
    """The class: ``UART(1, 115200, tx=17, rx=16)``. `lines`: {number: Line}."""

    def __init__(self):
        self.lines = {number: Line() for number in range(3)}

    def __call__(self, number, baudrate=115200, tx=None, rx=None, txbuf=256, rxbuf=256):
        if number not in self.lines:
            raise ValueError("UART(%d) does not exist" % number)
        for pin in (tx, rx):
            if pin is not None and not (isinstance(pin, int) and 0 <= pin < 40):
                raise ValueError("invalid pin")
        if number == 0:
            raise ValueError("UART buffer size is fixed")  # the REPL's
        if rxbuf <= 128:
            raise errors.esp(-1, "ESP_FAIL")  # uart_driver_install: not more than the hardware's FIFO
        line = self.lines[number]
        line.given = {"baudrate": baudrate, "tx": tx, "rx": rx, "txbuf": txbuf, "rxbuf": rxbuf}
        line.waiting = b""
        line.open = True
        return Uart(line)


class Timers:
    """The class Timer, with four hardware timers. `tick` is one period of all that run."""

    ONE_SHOT, PERIODIC = 0, 1

    def __init__(self):
        self.running = {}

    def __call__(self, number=-1):
        if not 0 <= number < 4:
            raise ValueError("invalid Timer number")
        return Timer(self, number)

    def tick(self):
        for timer in list(self.running.values()):
            timer.callback(timer)


class Timer:
    def __init__(self, timers, number):
        self._timers = timers
        self._number = number
        self.callback = self.freq = None

    def init(self, mode=1, freq=-1, period=-1, callback=None):
        if mode != Timers.PERIODIC or freq <= 0 or callback is None:
            raise ValueError("the stand-in knows periodic timers only")
        self.freq = freq
        self.callback = callback
        self._timers.running[self._number] = self

    def deinit(self):
        self._timers.running.pop(self._number, None)
