"""The stream below SLCAN: full, refused, silent, gone and back."""

import asyncio
import random
import sys
import time

from bus import Wire
from construct import construct
from slcan_adapter import FRAME, frames, opened, ready, refused, until

from core.clock import Clock
from core.parts import error_text
from drivers.can.slcan import Slcan


class Deaf:
    """An adapter that answers nothing and reads only when it is told; keeps the numbers of lines, not the lines."""

    def __init__(self):
        self.lines = 0
        self.rest = b""
        self.last = b""
        self.wrong = []

    async def start(self):
        while True:
            self.port = 20000 + random.getrandbits(13)
            try:
                self.server = await asyncio.start_server(self.serve, "127.0.0.1", self.port)
                return self
            except OSError:
                pass

    async def serve(self, reader, writer):
        self.reader = reader

    async def read_lines(self, count):
        """Read until there were `count` lines in all."""
        while self.lines < count:
            data = await asyncio.wait_for(self.reader.read(4096), 10)
            lines = (self.rest + data).split(b"\r")
            self.rest = lines.pop()
            for text in lines:
                self.take(text)

    def take(self, text):
        want = (b"C", b"S5", b"O")[self.lines] if self.lines < 3 else b"T%08X83132333435363738" % (self.lines - 3)
        if text != want:
            self.wrong.append(text)
        self.lines += 1


async def test_an_adapter_that_never_answers_is_taken_for_open():
    deaf = await Deaf().start()
    driver = construct(Slcan, port="socket://127.0.0.1:%d" % deaf.port)
    driver.init()
    await ready(driver)
    assert driver.state() == driver.STATE_ACTIVE
    driver.deinit()
    deaf.server.close()


async def test_a_stream_that_is_full_drops_whole_frames_and_never_waits():
    deaf = await Deaf().start()
    driver = construct(Slcan, port="socket://127.0.0.1:%d" % deaf.port)
    driver.init()
    await ready(driver)
    sent = 0
    drops = []
    while driver.tx_dropped < 10:
        began = time.ticks_us()
        if driver.send(sent & 0xFFFFFFF, b"12345678", driver.FLAG_EXT_ID) is not None:
            sent += 1
        else:
            drops.append(time.ticks_diff(time.ticks_us(), began))
        assert sent < 2000000
    assert min(drops) < 100000, drops  # a busy machine may stop this process in any one of them
    await deaf.read_lines(3 + sent - 1)  # a part of the last one may not be on its way yet
    while driver.send(0xFFFFFFF, b"end", driver.FLAG_EXT_ID) is None:
        await asyncio.sleep_ms(1)
    await deaf.read_lines(3 + sent + 1)
    assert deaf.wrong == [b"T0FFFFFFF3656E64"] and deaf.rest == b"" and deaf.lines == 3 + sent + 1
    driver.deinit()
    deaf.server.close()


async def test_there_is_no_server():
    wire = await Wire(Clock()).start()
    wire.close()
    await asyncio.sleep_ms(10)
    driver = construct(Slcan, port=wire.url)
    try:
        driver.init()
        await ready(driver)
        raise AssertionError("connected")
    except OSError:
        assert driver.state() == driver.STATE_STOPPED


async def test_the_other_end_goes_away_and_comes_back():
    wire, driver = await opened()
    wire.hang_up()
    assert isinstance(await refused(driver), OSError)
    driver.init()
    await ready(driver)
    wire.send(*FRAME)
    assert len(await frames(driver, 1)) == 1
    wire.close()


async def test_an_adapter_that_refuses_to_open():
    wire = await Wire(Clock()).start()
    wire.answer = False
    driver = construct(Slcan, port=wire.url)
    driver.init()
    task = asyncio.create_task(refused(driver))
    await until(lambda: wire.commands == [b"C", b"S5", b"O"])
    wire.raw(b"\r\r\a")
    await task
    assert driver.state() == driver.STATE_STOPPED
    wire.close()


def test_wrong_ports():
    sockets = ("socket://nowhere", "socket://:1", "socket://127.0.0.1:x", "socket://127.0.0.1:65536", "tcp://a:1")
    for port in sockets + ("uart:", "uart:x", "uart:-1"):
        try:
            construct(Slcan, port=port)
            raise AssertionError(port)
        except ValueError:
            pass
    for port in ("no/such/device", "README.md"):
        driver = construct(Slcan, port=port)
        try:
            driver.init()
            raise AssertionError(port)
        except OSError:
            pass
    try:
        driver.set_filters([(1, 2, 3)])
        raise AssertionError("took filters")
    except ValueError:
        pass


def why_not(port):
    """What is told of a port that cannot be opened."""
    try:
        construct(Slcan, port=port).init()
    except OSError as e:
        return error_text(e)
    raise AssertionError(port)


def test_what_is_reported_of_a_port_that_cannot_be_opened_is_no_number():
    """A UART that the chip has not is a ValueError of the port, a directory an errno without a meaning of its own."""

    class Machine:
        def UART(self, number, baudrate, **options):
            raise ValueError("UART(%d) does not exist" % number)

    sys.modules["machine"] = Machine()
    try:
        assert why_not("uart:7") == "UART(7) does not exist"
    finally:
        del sys.modules["machine"]
    assert why_not("/tmp") == "is a directory (EISDIR)"
    assert why_not("no/such/device") == "no such file or device (ENOENT)"
    assert why_not("README.md") == "no serial device, or no such bit rate (EINVAL)"
    assert why_not("socket://nowhere.invalid:1") == "nowhere.invalid not found"
    assert error_text(OSError(5)) == "EIO" and error_text(OSError(-202)) == "error -202 of the system"
    assert error_text(OSError(19, "SPI: no answer")) == "SPI: no answer"
    assert error_text(KeyError("x")) == "KeyError('x',)"
