"""The SLCAN driver against an adapter on TCP: opening, frames both ways, states, garbage, and a stream that breaks."""

import asyncio
import gc
import random
import time

from bus import Wire, line

from core.clock import Clock
from drivers.slcan import Slcan

FRAME = (0x1806E5F4, bytes(range(8)))


async def opened(**options):
    wire = await Wire(Clock()).start()
    driver = Slcan(wire.url, **options)
    driver.init()
    assert driver.state() == driver.STATE_STOPPED
    await ready(driver)
    assert driver.state() == driver.STATE_ACTIVE
    return wire, driver


async def ready(driver):
    await asyncio.wait_for(driver.ready(), 10)


async def until(condition):
    deadline = time.ticks_add(time.ticks_ms(), 10000)
    while not condition():
        assert time.ticks_diff(deadline, time.ticks_ms()) > 0, "condition did not come true"
        await asyncio.sleep_ms(1)


async def frames(driver, count):
    """The next `count` frames as (identifier, data, flags)."""
    got = []
    frame = [0, memoryview(bytearray(8)), 0, 0]
    while True:
        while driver.recv(frame) is not None:
            got.append((frame[0], bytes(frame[1]), frame[2]))
        if len(got) >= count:
            return got
        await ready(driver)


async def refused(driver):
    """The OSError that `ready` raises in the end."""
    frame = [0, None, 0, 0]
    while True:
        try:
            await ready(driver)
        except OSError as e:
            return e
        while driver.recv(frame) is not None:
            pass


async def test_opens_the_channel_with_the_bit_rate():
    wire, driver = await opened(bitrate=500000)
    assert wire.commands == [b"C", b"S6", b"O"]
    driver.deinit()
    wire.close()


async def test_receives_frames_of_every_length_and_kind():
    wire, driver = await opened()
    for size in range(9):
        wire.send(0x160B8001 + size, bytes(range(size)))
    wire.raw(b"t1232ab0C\r" + b"r1234\r" + b"R160B80018\r" + b"t7FF0\r")
    got = await frames(driver, 11)
    assert got[:9] == [(0x160B8001 + size, bytes(range(size)), driver.FLAG_EXT_ID) for size in range(9)]
    assert got[9:] == [(0x123, b"\xab\x0c", 0), (0x7FF, b"", 0)]
    await until(lambda: driver.remote == 2)
    assert driver.garbage == 0
    wire.close()


async def test_lines_cut_at_any_place():
    wire, driver = await opened()
    stream = b"".join([line(0x433F01 + i, bytes([i] * (i % 9))) for i in range(60)])
    sender = asyncio.create_task(send_in_pieces(wire, stream))
    got = await frames(driver, 60)
    assert [entry[0] for entry in got] == [0x433F01 + i for i in range(60)]
    assert [entry[1] for entry in got] == [bytes([i] * (i % 9)) for i in range(60)]
    assert driver.garbage == 0
    await sender
    wire.close()


async def send_in_pieces(wire, stream):
    while stream:
        size = 1 + random.getrandbits(6) % 40
        wire.raw(stream[:size])
        stream = stream[size:]
        await asyncio.sleep_ms(0)


async def test_garbage_is_counted_and_the_next_line_is_read():
    wire, driver = await opened()
    bad = (
        b"\x00\xff\xfe noise \x80\r",
        b"T00433F01842A0\r",
        b"T1806E5F49" + b"00" * 9 + b"\r",
        b"TZZZZZZZZ8" + b"00" * 8 + b"\r",
        b"T00433F0180G0G0G0G0G0G0G0G\r",
        b"T2000000180011223344556677\r",
        b"T" + b"41" * 400 + b"\r",
        b"T00433F0184" + line(*FRAME),
        b"T00433\a",
        b"sx000000\r",
        b"sa00000\r",
        b"sa00z000\r",
        b"?\r",
    )
    for count, text in enumerate(bad):
        wire.raw(text)
        wire.send(*FRAME)
        got = await frames(driver, 1)
        assert got == [(FRAME[0], FRAME[1], driver.FLAG_EXT_ID)], (text, got)
        assert driver.garbage == count + 1, (text, driver.garbage)
    assert driver.state() == driver.STATE_ACTIVE
    wire.close()


async def test_random_bytes_never_raise_and_are_followed_by_a_good_frame():
    wire, driver = await opened()
    for _ in range(40):
        noise = bytearray([random.getrandbits(8) for _ in range(300)])
        for _ in range(20):  # more of what the driver looks for
            noise[random.getrandbits(8)] = random.choice(b"TtRrszZb\r\a08")
        wire.raw(bytes(noise) + b"\r" + line(*FRAME))
        await until_frame(driver, FRAME[0])
    wire.close()


async def until_frame(driver, identifier):
    while True:
        if driver.state() == driver.STATE_BUS_OFF:  # noise can spell that, too
            driver.restart()
        if identifier in [entry[0] for entry in await frames(driver, 0)]:
            return
        await ready(driver)


async def test_answers_and_acknowledgements_are_not_garbage():
    wire, driver = await opened()
    wire.raw(b"z\rZ\r\r\r\a" + line(*FRAME))
    await frames(driver, 1)
    assert driver.garbage == 0 and driver.refused == 1
    wire.close()


async def test_states_and_counters():
    wire, driver = await opened()
    for text, state in ((b"sw096012\r", driver.STATE_WARNING), (b"sp128000\r", driver.STATE_PASSIVE)):
        wire.raw(text + line(*FRAME))
        await frames(driver, 1)
        assert driver.state() == state
    assert driver.get_counters()[:5] == [0, 128, 1, 1, 0]
    wire.raw(b"sa000000\r" + line(*FRAME))
    await frames(driver, 1)
    assert driver.state() == driver.STATE_ACTIVE
    counters = [9] * 8
    assert driver.get_counters(counters) is counters and counters == [0, 0, 1, 1, 0, None, None, None]
    wire.close()


async def test_bus_off_stops_receiving_at_once_and_restart_opens_again():
    wire, driver = await opened()
    wire.raw(b"sb000256\r" + line(*FRAME))
    await ready(driver)
    assert driver.recv([0, None, 0, 0]) is None and driver.state() == driver.STATE_BUS_OFF
    try:
        driver.send(0x123, b"")
        raise AssertionError("sent while bus-off")
    except OSError:
        pass
    wire.after_open = b"sb000256\r"  # the wire is still broken
    driver.restart()
    await ready(driver)
    assert driver.recv([0, None, 0, 0]) is None and driver.state() == driver.STATE_BUS_OFF
    wire.after_open = b"sa000000\r"
    driver.restart()
    await ready(driver)
    assert driver.recv([0, None, 0, 0]) is None and driver.state() == driver.STATE_ACTIVE
    assert wire.commands == [b"C", b"S5", b"O"] * 3
    assert driver.get_counters()[4] == 2
    wire.close()


async def test_sends_both_kinds_of_frames():
    wire, driver = await opened()
    assert driver.send(0x068181FE, b"\x01\x32\x00\x01\x00\x00\x00\x00", driver.FLAG_EXT_ID) == 0
    assert driver.send(0x7FF, b"\xab", 0) == 0
    await until(lambda: len(wire.frames) == 1 and len(wire.commands) == 4)
    assert wire.frames[0][1:] == (0x068181FE, b"\x01\x32\x00\x01\x00\x00\x00\x00")
    assert wire.commands[3] == b"t7FF1AB"
    wire.close()


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

    async def read_until_quiet(self):
        while True:
            try:
                data = await asyncio.wait_for_ms(self.reader.read(4096), 300)
            except asyncio.TimeoutError:
                return
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
    driver = Slcan("socket://127.0.0.1:%d" % deaf.port)
    driver.init()
    await ready(driver)
    assert driver.state() == driver.STATE_ACTIVE
    driver.deinit()
    deaf.server.close()


async def test_a_stream_that_is_full_drops_whole_frames_and_never_waits():
    deaf = await Deaf().start()
    driver = Slcan("socket://127.0.0.1:%d" % deaf.port)
    driver.init()
    await ready(driver)
    sent = 0
    slowest = 0
    while driver.tx_dropped < 10:
        began = time.ticks_us()
        if driver.send(sent & 0xFFFFFFF, b"12345678", driver.FLAG_EXT_ID) is not None:
            sent += 1
        slowest = max(slowest, time.ticks_diff(time.ticks_us(), began))
        assert sent < 2000000
    assert slowest < 1000000, slowest
    await deaf.read_until_quiet()
    while driver.send(0xFFFFFFF, b"end", driver.FLAG_EXT_ID) is None:
        await deaf.read_until_quiet()
    await deaf.read_until_quiet()
    assert deaf.wrong == [b"T0FFFFFFF3656E64"] and deaf.rest == b"" and deaf.lines == 3 + sent + 1
    driver.deinit()
    deaf.server.close()


async def test_nobody_listens():
    wire = await Wire(Clock()).start()
    wire.close()
    await asyncio.sleep_ms(10)
    driver = Slcan(wire.url)
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
    driver = Slcan(wire.url)
    driver.init()
    task = asyncio.create_task(refused(driver))
    await until(lambda: wire.commands == [b"C", b"S5", b"O"])
    wire.raw(b"\r\r\a")
    await task
    assert driver.state() == driver.STATE_STOPPED
    wire.close()


def test_wrong_ports():
    for port in ("socket://nowhere", "socket://:1", "socket://127.0.0.1:x", "no/such/device", "README.md"):
        driver = Slcan(port)
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


async def test_receiving_allocates_nothing():
    wire, driver = await opened()
    wire.raw((line(*FRAME) + b"Z\r") * 12)
    frame = [0, memoryview(bytearray(8)), 0, 0]
    got = 0
    while got < 12:
        await ready(driver)
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        while driver.recv(frame) is not None:
            got += 1
        after = gc.mem_alloc()
        gc.enable()
        assert after == before, after - before
    wire.close()
