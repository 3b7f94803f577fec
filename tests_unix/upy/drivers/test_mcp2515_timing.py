"""Bit timing for every crystal and bit rate, and masks and filters, on the model of the chip."""

from mcp2515_rig import EXTENDED, fails, joined, received

from drivers.can.mcp2515_registers import BIT_RATES, CRYSTALS, registers, timing

IMPOSSIBLE = (
    (8000000, 800000),  # five quanta
    (8000000, 1000000),  # four
    (12000000, 800000),  # seven and a half
    (12000000, 1000000),  # six
    (20000000, 800000),  # twelve and a half
)


async def test_every_crystal_and_bit_rate():
    for crystal in CRYSTALS:
        for bitrate in BIT_RATES:
            if (crystal, bitrate) in IMPOSSIBLE:
                fails("cannot make %d bit/s" % bitrate, timing, crystal, bitrate)
                continue
            chip, driver = await joined(crystal=crystal, bitrate=bitrate)
            assert chip.bit_rate == bitrate, (crystal, bitrate, chip.bit_rate)
            prescaler, jump, prop, phase_1, phase_2 = chip.segments()
            assert 8 <= 1 + prop + phase_1 + phase_2 <= 25
            assert 750 <= chip.sample_point <= 875, (crystal, bitrate, chip.sample_point)
            assert prescaler * (1 + prop + phase_1 + phase_2) * 2 * bitrate == crystal  # exact, not rounded
            assert 1 <= jump < phase_2
            driver.deinit()


async def test_one_filter():
    chip, driver = await joined(((0x1806E5F4, 0x1FFFFFFF, EXTENDED),))
    for identifier in (0x1806E5F4, 0x1806E5F5, 0x0806E5F4, 0x1806E5F4 ^ 1 << 15):
        chip.receive(identifier, b"ab")
    chip.receive(0x1806E5F4 >> 18, extended=False)
    assert [frame[0] for frame in received(driver)] == [0x1806E5F4]


async def test_two_filters_of_one_mask_keep_the_order():
    chip, driver = await joined(((0x100, 0x7F0, 0), (0x200, 0x7F0, 0)))
    for identifier in (0x205, 0x105):
        chip.receive(identifier, bytes(8), extended=False)
    chip.receive(0x305, extended=False)
    chip.receive(0x100 << 18 | 5)
    assert [frame[0] for frame in received(driver)] == [0x205, 0x105]


async def test_six_filters_of_two_masks():
    wide = [(0x10000 * n, 0x1FFF0000, EXTENDED) for n in range(1, 5)]
    narrow = [(0x123, 0x7FF, 0), (0x456, 0x7FF, 0)]
    for filters in (wide + narrow, narrow + wide, wide[:2] + narrow + wide[2:]):
        chip, driver = await joined(filters)
        for n in range(6):
            chip.receive(0x10000 * n + 0x1234)
            assert chip.int() == (not 1 <= n <= 4)  # whatever buffer it is in
            got = [frame[0] for frame in received(driver)]
            assert got == ([0x10000 * n + 0x1234] if 1 <= n <= 4 else []), got
        for identifier in (0x123, 0x124, 0x456, 0x7FF):
            chip.receive(identifier, b"\1\2\3", extended=False)
            got = [frame[0] for frame in received(driver)]
            assert got == ([identifier] if identifier in (0x123, 0x456) else [])


async def test_filters_can_change_on_the_bus():
    chip, driver = await joined()
    resets = chip.resets
    driver.set_filters(None)
    assert chip.resets == resets and driver.state() == driver.STATE_ACTIVE
    driver.set_filters(((7, 0x7FF, 0),))
    assert driver.state() == driver.STATE_STOPPED
    await driver.ready()
    chip.receive(8, extended=False)
    chip.receive(7, extended=False)
    assert [frame[0] for frame in received(driver)] == [7]
    driver.deinit()
    driver.set_filters(None)  # before init
    driver.init()
    await driver.ready()
    chip.receive(8, extended=False)
    assert len(received(driver)) == 1


def test_filters_that_the_chip_has_not():
    def refused(words, *filters):
        fails(words, registers, filters, EXTENDED)

    refused("at least one filter")
    refused("invalid id", (0x800, 0x7FF, 0))
    refused("invalid id", (0, 0x800, 0))
    refused("invalid id", (1 << 29, 0, EXTENDED))
    refused("only at identifiers", (1, 1, EXTENDED | 1))
    refused("at most", *[(n, 0x7FF, 0) for n in range(7)])
    refused("at most", (1, 1, 0), (2, 2, 0), (4, 4, 0))
    refused("at most", *[(n, 0x7FF, 0) for n in range(3)] + [(n, 0x7F0, 0) for n in range(3)])
    refused("at most", *[(n, 0x7FF, 0) for n in range(5)] + [(n, 0x7F0, 0) for n in range(1)])
