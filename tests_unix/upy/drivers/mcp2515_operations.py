"""SPI operations by hand on the model of the MCP2515, for its own tests."""

from mcp2515_model import Mcp2515

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
