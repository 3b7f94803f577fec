"""Parts of the driver of the on-chip controller: machine code equals plain Python; bit timing; filters."""

import micropython
import random
import uctypes
from array import array

from construct import construct
from twai_rig import FRAMES, Hardware, raises

from drivers.can.twai import Twai, fastest
from drivers.can.twai_chip import acceptance, timing
from drivers.can.twai_esp32 import TwaiEsp32

EXT = Twai.FLAG_EXT_ID
BRP_DIV = 1 << 4  # in the interrupt enable register
KINDS = [FRAMES]
try:
    from drivers.can import twai_frames

    KINDS.append(twai_frames)
except SyntaxError:  # an interpreter without a native emitter: then the driver must take the other
    pass


def noise(count, bits=8):
    return [random.getrandbits(bits) for _ in range(count)]


def test_the_driver_takes_the_fastest_that_runs_here():
    assert fastest is KINDS[-1] or len(KINDS) == 1


def test_registers_are_words_of_memory_by_number_and_take_nothing_from_the_heap():
    """The timer reads them every millisecond, and those of the ESP32-S3 are at no small int of its 32 bits."""
    words = array("I", noise(32))

    class Memory(TwaiEsp32.chip):
        address = uctypes.addressof(words)

    class Driver(TwaiEsp32):
        chip = Memory

    registers = construct(Driver, hardware=Hardware())._registers
    assert [registers[number] for number in range(32)] == list(words)
    micropython.heap_lock()
    registers[7] = registers[28] + 5
    micropython.heap_unlock()
    assert words[7] == words[28] + 5
    for kind in KINDS:  # machine code takes them as it takes memory
        words[2], words[3] = 0x0C, 0x40
        assert kind.drain(registers, bytearray(64 * 16), array("I", (0, 0, 0))) == 0x40000C
        kind.put(registers, bytes((0x81, 1, 2, 3, 4, 5 + len(KINDS))), 0)
        assert list(words[16:22]) == [0x81, 1, 2, 3, 4, 5 + len(KINDS)] and words[1] == 1


def test_drain_moves_the_same_frames():
    for turn in range(400):
        registers = array("I", noise(32))
        registers[2] = random.choice((0x0D, 0x0D, 0x0D, 0x4D, 0x0C, 0x0F, 0x8D, 0xFFFFFF0D))
        registers[3] = random.choice((0, 0, 0x40, 0x80))
        head = random.getrandbits(6)
        cursor = array("I", (head, random.choice((head, head + 1 & 63, head + 5 & 63, head - 1 & 63)), turn))
        results = []
        for kind in KINDS:
            ring, mine, memory = bytearray(64 * 16), array("I", cursor), array("I", registers)
            result = kind.drain(memory, ring, mine)
            results.append((result, bytes(ring), list(mine), list(memory)))
            moves = registers[2] & 3 == 1 and registers[3] != 0x80
            assert result == registers[2] & 255 | (32 if moves else 0) << 8 | registers[3] << 16
            assert memory[1] == (4 if moves else registers[1])
        assert all(result == results[0] for result in results[1:])


def test_take_reads_what_the_ring_holds():
    for _ in range(400):
        slot, tail = bytes(noise(16)), random.getrandbits(6)
        ring = bytearray(64 * 16)
        ring[tail * 16 : tail * 16 + 16] = slot
        size = min(slot[0] & 15, 8)
        if slot[0] & 128:
            wanted, data = int.from_bytes(slot[1:5], "big") >> 3, slot[5 : 5 + size]
        else:
            wanted, data = int.from_bytes(slot[1:3], "big") >> 5, slot[3 : 3 + size]
        for kind in KINDS:
            cursor, out = array("I", (tail + 1 & 63, tail, 0)), bytearray(10)
            assert kind.take(ring, cursor, out) == wanted
            assert (bytes(out[:size]), out[8], out[9]) == (data, size, slot[0])
            assert list(cursor) == [tail + 1 & 63, tail + 1 & 63, 0]
            assert kind.take(ring, cursor, out) == -1


def test_put_writes_the_transmit_buffer_and_then_the_command():
    for size in range(9):
        for info in (0, 128):
            queue = bytes(noise(16)) + bytes((info | size,)) + bytes(noise(15))
            for kind in KINDS:
                registers = array("I", [0xEE] * 32)
                kind.put(registers, queue, 16)
                count = size + (5 if info else 3)
                assert list(registers[16 : 16 + count]) == list(queue[16 : 16 + count])
                assert registers[1] == 1 and list(registers[16 + count :]) == [0xEE] * (16 - count)


def quanta(registers):
    first, second, divider = registers
    prescaler = 2 * ((first & 63) + 1) * (2 if divider else 1)
    return prescaler, (first >> 6) + 1, (second & 15) + 1, (second >> 4 & 7) + 1


def test_bit_timing_of_an_80_mhz_clock():
    for divides in (False, True):
        for rate in (25000, 40000, 50000, 80000, 100000, 125000, 200000, 250000, 400000, 500000, 800000, 1000000):
            prescaler, jump, before, after = quanta(timing(rate, divides))
            assert 80000000 == rate * prescaler * (1 + before + after), rate
            assert 1 <= jump <= after and after >= 2 and 8 <= 1 + before + after <= 25
            sample = 1000 * (1 + before) // (1 + before + after)
            assert 780 <= sample <= 820 or (rate, divides, sample) == (25000, False, 680), (rate, sample)
    assert quanta(timing(250000, False)) == (16, 4, 15, 4)
    assert timing(250000, True)[2] == 0 and timing(25000, False)[2] == 0 and timing(25000, True)[2] == BRP_DIV
    assert quanta(timing(12500, True)) == (256, 4, 16, 8) and quanta(timing(16000, True)) == (200, 4, 16, 8)
    for rate, divides in ((20000, False), (12500, False), (10000, True), (1, True), (333333, True), (2000000, True)):
        raises(ValueError, timing, rate, divides)


def test_acceptance_registers():
    assert acceptance(None, EXT) == (True, bytes(4), b"\xff" * 4)
    assert acceptance([(0x1806E5F4, 0x1FFFFFFF, EXT)], EXT) == (True, b"\xc0\x37\x2f\xa0", b"\0\0\0\x07")
    assert acceptance([(0x123, 0x7FF, 0)], EXT) == (True, b"\x24\x60\0\0", b"\x00\x1f\xff\xff")
    two = [(0x1806E5F4, 0x1FFFE000, EXT), (0, 0, EXT)]
    assert acceptance(two, EXT) == (False, b"\xc0\x37\0\0", b"\0\0\xff\xff")
    assert acceptance([(0x123, 0x7FF, 0), (0x456, 0x700, 0)], EXT) == (False, b"\x24\x60\x8a\xc0", b"\0\x1f\x1f\xff")
