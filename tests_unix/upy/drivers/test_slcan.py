"""The SLCAN driver against an adapter on TCP: opening, frames both ways, states and garbage."""

import asyncio
import gc
import random

from bus import line
from slcan_adapter import FRAME, frames, opened, ready, until


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


async def test_what_is_no_frame_leaves_nothing_behind_to_be_sent():
    wire, driver = await opened()
    assert driver.send(*FRAME, driver.FLAG_EXT_ID) == 0
    for data in ((1, 2, "3"), None):
        try:
            driver.send(0x1FFFFFFF, data, driver.FLAG_EXT_ID)
            raise AssertionError("sent")
        except TypeError:
            pass
        assert driver.send(*FRAME, driver.FLAG_EXT_ID) == 0
    await until(lambda: len(wire.frames) == 3)
    assert [frame[1:] for frame in wire.frames] == [FRAME] * 3 and len(wire.commands) == 3
    wire.close()
