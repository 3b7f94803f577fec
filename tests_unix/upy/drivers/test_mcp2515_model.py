"""The model of the MCP2515 keeps the rules of its data sheet: SPI, registers, modes, receiving."""

from mcp2515_model import Mcp2515
from mcp2515_operations import DATA, ID, Ticks, load, modify, op, peek, refuses, started

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


def test_bit_timing_is_checked_and_reported():
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
