"""The model of the MCP2515 keeps the rules of its data sheet: sending, errors, the interrupt."""

import asyncio
import micropython

from mcp2515_model import ERROR, LOST, NO_ACK, Machine
from mcp2515_operations import DATA, ID, load, modify, op, peek, refuses, started

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


def test_missing_acknowledge_and_receive_errors():
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
