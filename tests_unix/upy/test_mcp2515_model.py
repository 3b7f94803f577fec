"""The model of the MCP2515 keeps the rules of its data sheet: what it does, and what it refuses."""

import asyncio
import micropython

from mcp2515_model import ERROR, LOST, NO_ACK, Machine, Mcp2515

ID, DATA = 0x1806E5F4, bytes(range(1, 9))


class Ticks:
    def __init__(self):
        self.us = 0

    def __call__(self):
        return self.us


def op(chip, *sent, answer=0):
    """One SPI operation; the `answer` bytes behind what was sent."""
    chip.cs(0)
    chip.spi.write(bytes(sent))
    got = chip.spi.read(answer)
    chip.cs(1)
    return got


def peek(chip, at):
    return op(chip, 3, at, answer=1)[0]


def modify(chip, at, mask, value):
    op(chip, 5, at, mask, value)


def started(mode=0, crystal=8000000, control=0, **registers):
    """A chip at 250 kbit/s in `mode`, both buffers open for any frame, with all interrupts enabled."""
    ticks = Ticks()
    chip = Mcp2515(crystal, now_us=ticks)
    ticks.us += 20
    op(chip, 0xC0)
    ticks.us += 20
    op(chip, 2, 0x28, 0x05, 0xB1, 0x00)  # PS2 6, PropSeg 2, PS1 7: 16 quanta of 0.25 us
    op(chip, 2, 0x2B, 0xFF)
    op(chip, 2, 0x60, registers.get("rxb0", 0x64))
    op(chip, 2, 0x70, registers.get("rxb1", 0x60))
    for at, values in registers.get("write", ()):
        op(chip, 2, at, *values)
    modify(chip, 0x0F, 0xEF, mode << 5 | control)
    for _ in range(4):
        op(chip, 0xA0, answer=1)
    assert chip.mode == mode
    return chip


def load(chip, buffer, identifier=ID, data=DATA, priority=0):
    high = identifier >> 21, (identifier >> 18 & 7) << 5 | 8 | identifier >> 16 & 3, identifier >> 8 & 255
    op(chip, 0x40 | 2 * buffer, high[0], high[1], high[2], identifier & 255, len(data), *data)
    modify(chip, 0x30 + 16 * buffer, 3, priority)


def refuses(section, function, *arguments, **options):
    try:
        function(*arguments, **options)
    except AssertionError as e:
        assert str(e).startswith(section), e
    else:
        raise AssertionError("not refused: " + section)


# -- reset, modes, registers


def test_after_reset_configuration_mode_and_no_spi_for_128_clocks():
    ticks = Ticks()
    chip = Mcp2515(8000000, now_us=ticks)
    ticks.us = 16
    assert op(chip, 3, 0x0E, answer=2) == b"\x80\x87"
    op(chip, 0xC0)
    ticks.us = 31
    refuses("8.1", op, chip, 3, 0x0E, answer=1)
    chip = Mcp2515(8000000, now_us=ticks)
    ticks.us = 47
    assert peek(chip, 0x0E) == 0x80 and peek(chip, 0x2D) == 0 and chip.int() == 1


def test_a_mode_comes_after_a_while_and_not_before_all_was_sent():
    chip = started()
    modify(chip, 0x0F, 0xE0, 0x60)
    assert peek(chip, 0x0E) >> 5 == 0
    assert peek(chip, 0x0E) >> 5 == 0
    assert peek(chip, 0x0E) >> 5 == 3
    modify(chip, 0x0F, 0xE0, 0)
    for _ in range(4):
        peek(chip, 0x0E)
    load(chip, 0)
    op(chip, 0x81)
    modify(chip, 0x0F, 0xE0, 0x80)
    for _ in range(9):
        assert peek(chip, 0x0E) >> 5 == 0
    assert chip.transmit()[0] == ID
    assert peek(chip, 0x0E) >> 5 == 4
    refuses("register 10-1", modify, chip, 0x0F, 0xE0, 0xE0)


def test_a_mode_that_never_comes():
    chip = started()
    chip.mode_delay = 10**9
    modify(chip, 0x0F, 0xE0, 0x80)
    for _ in range(50):
        assert peek(chip, 0x0E) >> 5 == 0


def test_what_only_configuration_mode_may_write():
    chip = started()
    for at in (0x00, 0x04, 0x08, 0x10, 0x14, 0x18, 0x20, 0x24, 0x28, 0x29, 0x2A, 0x0D):
        refuses("10.1", op, started(), 2, at, 0)
    for at in (0x0E, 0x1C, 0x1D, 0x61, 0x76, 0x3E):
        refuses("11", op, started(mode=4), 2, at, 0)
    op(chip, 2, 0x0C, 0x00)
    op(chip, 2, 0x2B, 0x03)
    assert peek(chip, 0x2B) == 3
    chip = started(write=((0x20, (0xFF, 0xE3, 1, 2)),))
    assert op(chip, 3, 0x20, answer=4) == bytes(4)
    modify(chip, 0x0F, 0xE0, 0x80)
    for _ in range(4):
        peek(chip, 0x0E)
    assert op(chip, 3, 0x20, answer=4) == b"\xff\xe3\x01\x02"


def test_bit_modify_knows_only_some_registers():
    for at in (0x00, 0x0E, 0x21, 0x31, 0x36, 0x1C, 0x66):
        refuses("12.10", modify, started(mode=4), at, 0xFF, 0)
    chip = started()
    modify(chip, 0x2B, 0x0F, 0x30)
    assert peek(chip, 0x2B) == 0xF0
    refuses("7", op, chip, 2, 0x2C, 0)


def test_instructions_that_are_none():
    refuses("table 12-1", op, started(), 0x11)
    refuses("table 12-1", op, started(), 0x80)
    refuses("12", op, started(), 2, 0x2B)
    refuses("12", op, started(), 5, 0x2B, 1)
    refuses("12", op, started(), 0xC0, 0)
    refuses("12.10", op, started(), 5, 0x2B, 1, 1, 1)
    chip = started()
    refuses("12.1", chip.spi.write, b"\x03")
    for bad in ({"baudrate": 20000000}, {"polarity": 1, "phase": 0}, {"firstbit": 1}, {"bits": 16}):
        refuses("", chip.spi.init, **bad)


def test_bit_timing_is_checked_and_told():
    chip = started()
    assert (chip.bit_rate, chip.sample_point) == (250000, 625)
    for registers in ((0x00, 0x80, 0x00), (0x07, 0x80, 0x00), (0x02, 0x92, 0xC0)):
        chip = started(mode=4, write=((0x28, registers),))
        modify(chip, 0x0F, 0xE0, 0)
        refuses("5.", lambda chip=chip: [peek(chip, 0x0E) for _ in range(4)])


# -- receiving


def test_a_frame_in_each_buffer_then_rollover_and_overflow():
    chip = started()
    for i in range(4):
        assert chip.receive(ID + i, DATA[: i + 1])
    assert peek(chip, 0x2D) == 0x80 and peek(chip, 0x2C) == 0x23 and chip.int() == 0
    assert op(chip, 0xB0, answer=1)[0] == 0xD0
    assert op(chip, 0x90, answer=6) == b"\xc0\x2a\xe5\xf4\x01\x01"
    assert op(chip, 0xB0, answer=1)[0] == 0x96  # rolled over from RXF0
    assert op(chip, 0x96, answer=2) == DATA[:2]
    assert peek(chip, 0x2C) == 0x20
    modify(chip, 0x2C, 0x20, 0)
    assert peek(chip, 0x2C) == 0x20  # the condition lasts
    modify(chip, 0x2D, 0xC0, 0)
    modify(chip, 0x2C, 0x20, 0)
    assert peek(chip, 0x2C) == 0 and chip.int() == 1
    refuses("4.2", op, chip, 0x90, answer=5)


def test_without_rollover_the_first_buffer_overflows():
    chip = started(rxb0=0x60)
    chip.receive(ID)
    chip.receive(ID)
    assert peek(chip, 0x2D) == 0x40 and peek(chip, 0x2C) == 0x21


def test_registers_of_each_kind_of_frame():
    chip = started()
    chip.receive(ID, DATA)
    assert op(chip, 3, 0x60, answer=14) == b"\x66\xc0\x2a\xe5\xf4\x08" + DATA
    chip.receive(0x123, b"\x09", extended=False)
    assert op(chip, 3, 0x71, answer=2) == b"\x24\x60" and op(chip, 3, 0x75, answer=2) == b"\x01\x09"
    chip = started()
    chip.receive(0x123, extended=False, remote=True, dlc=4)
    assert peek(chip, 0x62) == 0x70 and peek(chip, 0x60) & 8 and op(chip, 0xB0, answer=1)[0] == 0x48
    chip.receive(ID, remote=True)
    assert peek(chip, 0x75) == 0x40
    chip = started()
    chip.receive(ID, DATA, dlc=15)
    assert peek(chip, 0x65) == 15


def test_masks_and_filters_choose_the_buffer():
    all_bits, wanted = (0xFF, 0xE3, 0xFF, 0xFF), (0xC0, 0x2A, 0xE5, 0xF4)
    chip = started(rxb0=0, rxb1=0, write=((0x20, all_bits * 2), (0x04, wanted), (0x18, (0x24, 0x60, 0x09, 0x08))))
    assert chip.receive(ID + 1) and peek(chip, 0x2C) == 0
    chip.receive(ID)
    assert peek(chip, 0x2C) == 1 and peek(chip, 0x60) & 1
    chip.receive(0x123, b"\x09\x07", extended=False)
    assert peek(chip, 0x2C) == 1
    chip.receive(0x123, b"\x09\x08", extended=False)
    assert peek(chip, 0x2C) == 3 and peek(chip, 0x70) & 7 == 5
    refuses("register 4-1", op, chip, 2, 0x60, 0x40)


def test_not_on_the_bus_nothing_comes():
    for mode in (1, 2, 4):
        chip = started(mode=mode)
        modify(chip, 0x2B, 0x40, 0)
        assert not chip.receive(ID) and peek(chip, 0x2C) == 0
    chip = started(mode=3)
    assert not chip.receive(ID) and peek(chip, 0x2C) == 1  # received, not acknowledged
    chip = started(mode=1)
    chip.receive(ID)
    assert peek(chip, 0x2C) == 0x40 and peek(chip, 0x0E) >> 5 == 3


# -- sending


def test_priority_then_the_highest_number():
    chip = started()
    for buffer, priority in ((0, 1), (1, 3), (2, 1)):
        load(chip, buffer, ID + buffer, DATA[:buffer], priority)
    op(chip, 0x87)
    assert op(chip, 0xA0, answer=1)[0] == 0x54
    assert [chip.transmit()[0] - ID for _ in range(3)] == [1, 2, 0] and chip.transmit() is None
    assert chip.sent[1] == (ID + 2, DATA[:2], True, False)
    assert op(chip, 0xA0, answer=1)[0] == 0xA8 and chip.int() == 0


def test_a_buffer_that_waits_or_was_not_loaded():
    chip = started()
    refuses("3.1", op, chip, 0x81)
    load(chip, 1)
    op(chip, 0x82)
    refuses("3.3", load, chip, 1)
    chip = started()
    op(chip, 0x44, 1, 8, 0, 0, 2, 7)
    refuses("3.1", op, chip, 0x84)
    refuses("12.6", op, chip, 0x40, *range(14))


def test_lost_arbitration_is_tried_again_unless_one_shot():
    chip = started()
    load(chip, 0)
    op(chip, 0x81)
    chip.transmit(LOST)
    assert peek(chip, 0x30) == 0x28 and chip.transmit() and peek(chip, 0x30) == 0x20
    chip = started(control=8)
    load(chip, 0)
    op(chip, 0x81)
    chip.transmit(LOST)
    assert peek(chip, 0x30) == 0x20 and chip.transmit() is None


def test_abort_of_one_and_of_all():
    chip = started()
    for buffer in range(3):
        load(chip, buffer)
    op(chip, 0x87)
    modify(chip, 0x40, 8, 0)
    assert [peek(chip, at) for at in (0x30, 0x40, 0x50)] == [8, 0x40, 8]
    modify(chip, 0x0F, 0x10, 0x10)
    assert [peek(chip, at) for at in (0x30, 0x40, 0x50)] == [0x40] * 3
    op(chip, 0x81)
    assert chip.transmit() is None
    modify(chip, 0x0F, 0x10, 0)
    assert chip.transmit()


def test_loopback_receives_what_it_sends_and_listen_only_sends_nothing():
    chip = started(mode=2)
    load(chip, 0)
    op(chip, 0x81)
    chip.transmit()
    assert chip.sent == [] and peek(chip, 0x2C) == 5 and op(chip, 0x92, answer=8) == DATA
    chip = started(mode=3)
    load(chip, 0)
    op(chip, 0x81)
    assert chip.transmit() is None and peek(chip, 0x30) == 8


# -- errors


def test_warning_passive_bus_off_and_recovery():
    chip = started()
    load(chip, 0)
    op(chip, 0x81)
    seen = []
    while not chip.bus_off:
        chip.transmit(ERROR)
        seen.append((peek(chip, 0x1C), peek(chip, 0x2D)))
    assert len(seen) == 32
    assert seen[10] == (88, 0) and seen[11] == (96, 5) and seen[15] == (128, 0x15) and seen[31][1] == 0x35
    assert not chip.receive(ID) and chip.transmit() is None and peek(chip, 0x2C) == 0xA0
    chip.recessive_bits(128 * 11 - 1)
    assert chip.bus_off
    chip.recessive_bits(1)
    assert peek(chip, 0x2D) == 0 and peek(chip, 0x1C) == 0 and chip.transmit()


def test_nobody_acknowledges_and_receive_errors():
    chip = started()
    load(chip, 0)
    op(chip, 0x81)
    for _ in range(100):
        chip.transmit(NO_ACK)
    assert peek(chip, 0x1C) == 128 and peek(chip, 0x2D) == 0x15
    chip = started()
    chip.receive_error(130)
    assert peek(chip, 0x1D) == 130 and peek(chip, 0x2D) == 0x0B
    chip.receive(ID)
    assert peek(chip, 0x1D) == 127 and peek(chip, 0x2D) == 3


async def test_int_falls_once_until_all_flags_are_served():
    chip = started()
    fell = []
    machine = Machine(chip, cs=5, interrupt=4)
    machine.Pin(4, machine.Pin.IN).irq(fell.append, machine.Pin.IRQ_FALLING)
    assert machine.SPI(1, baudrate=8000000) is chip.spi and machine.Pin(5, machine.Pin.OUT, value=1) is chip.cs
    for _ in range(2):
        chip.receive(ID)
        chip.receive(ID)
        await asyncio.sleep_ms(0)
        op(chip, 0x90, answer=1)
        assert chip.int() == 0
        op(chip, 0x94, answer=1)
        assert chip.int() == 1
    assert fell == [chip.int] * 2
    assert peek(chip, 0x0E) & 0x0E == 0
    chip.receive(ID)
    assert peek(chip, 0x0E) & 0x0E == 6 << 1


def test_spi_allocates_nothing():
    chip = started()
    chip.receive(ID, DATA)
    out, into = bytearray(14), bytearray(14)
    out[0] = 0x90
    micropython.heap_lock()
    chip.cs(0)
    chip.spi.write_readinto(out, into)
    chip.cs.on()
    chip.cs.off()
    out[0], out[1] = 0xA0, 0
    chip.spi.readinto(into, 0xA0)
    chip.cs.value(1)
    micropython.heap_unlock()
    assert chip.int() == 1
