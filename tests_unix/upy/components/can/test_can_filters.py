"""A board's handlers become the filters of its controller: no frame that is wanted is lost, whatever is wanted."""

import asyncio
import random
import sys

import ticking
from construct import construct
from mcp2515_rig import joined
from mcp2515_rig import received as read
from test_twai import component
from twai_rig import DATA, Hardware, attached, opened, received, until

from core.clock import Clock
from core.loading import unload
from drivers.can.mcp2515 import Mcp2515
from drivers.can.slcan import Slcan
from drivers.can.twai import Twai

EXT = 2
REFERENCE = (0x1806E5F4, 0x160B8001, 0x160D8001, 0x00433F01, 0x00473F01, 0x0681817E, 0x0681827E)  # docs/can.md
VEHICLE = (0x1806E5F4, 0x160B8001, 0x160D8001)
ROUNDS = 120
FRAMES = 4  # of each filter


def bits_of(flags):
    return 0x1FFFFFFF if flags else 0x7FF


def some_filters(most):
    """Up to `most` filters: exact ones, ranges, wild masks, of either kind or both."""
    kinds = random.choice(((EXT,), (0,), (EXT, 0)))
    found = []
    for _ in range(random.randint(1, most)):
        flags = random.choice(kinds)
        bits = bits_of(flags)
        mask = random.choice((bits, bits, bits & ~15, bits & ~0x700, random.getrandbits(29) & bits))
        near = found and random.randint(0, 1) and found[0][2] == flags
        identifier = found[0][0] ^ 1 << random.randint(0, 10) if near else random.getrandbits(29) & bits
        found.append((identifier & bits, mask, flags))
    return found


def wanted_frames(filters):
    """(identifier, data, extended) of frames that each of them takes."""
    for identifier, mask, flags in filters:
        for _ in range(FRAMES):
            other = random.getrandbits(29) & bits_of(flags)
            data = bytes([random.getrandbits(8) for _ in range(random.randint(0, 8))])
            yield identifier & mask | other & ~mask, data, flags == EXT


def test_of_random_wishes_the_twai_loses_none():
    hardware, model, driver = opened()
    for _ in range(ROUNDS):
        filters = some_filters(10)
        driver.set_filters(driver.fit_filters(filters))
        hardware.tick(2)
        for identifier, data, extended in wanted_frames(filters):
            model.receive(identifier, data, extended=extended)
            hardware.tick()
            got = [entry[:2] for entry in received(driver)]
            assert got == [(identifier, data)], (filters, driver.fit_filters(filters), hex(identifier), extended)


async def test_of_random_wishes_the_mcp2515_loses_none():
    chip, driver = await joined()
    for _ in range(ROUNDS):
        filters = some_filters(10)
        driver.set_filters(driver.fit_filters(filters))
        if driver.state() == driver.STATE_STOPPED:
            await driver.ready()
        for identifier, data, extended in wanted_frames(filters):
            chip.receive(identifier, data, extended=extended)
            got = [(entry[0], entry[1]) for entry in read(driver)]
            assert got == [(identifier, data)], (filters, driver.fit_filters(filters), hex(identifier), extended)


def taken(filters):
    """How many identifiers of 29 bits."""
    return sum([1 << 29 - bin(mask).count("1") for _, mask, _ in filters])


def wishes(identifiers):
    return [(identifier, 0x1FFFFFFF, EXT) for identifier in identifiers]


def best_of_two_halves(identifiers):
    """The fewest identifiers that two filters of the upper 16 bits take, of all ways to part these in two."""
    best = None
    for chosen in range(1, 1 << len(identifiers) - 1):
        others = 0
        for half in (0, 1):
            members = [one >> 13 for i, one in enumerate(identifiers) if chosen >> i & 1 == half]
            differs = 0
            for one in members:
                differs |= one ^ members[0]
            others += 1 << 13 + bin(differs).count("1")
        best = others if best is None else min(best, others)
    return best


def test_what_the_reference_bus_needs_leaves_few_others():
    twai = attached(hardware=Hardware()).fit_filters(wishes(REFERENCE))
    assert len(twai) == 2 and taken(twai) == best_of_two_halves(REFERENCE) == 1310720, twai  # 1 in 410
    mcp = construct(Mcp2515).fit_filters(wishes(REFERENCE))
    assert len(mcp) == 6 and taken(mcp) == 8, mcp  # those of the module's replies differ in two bits
    vehicle = construct(Mcp2515).fit_filters(wishes(VEHICLE))
    assert len(vehicle) == 2 and vehicle[0][1] == vehicle[1][1] and taken(vehicle) == 8  # in order, both buffers


def test_what_a_controller_can_do_exactly_is_done_exactly():
    twai = attached(hardware=Hardware())
    one = wishes([0x1806E5F4])
    assert twai.fit_filters(one) == one and twai.fit_filters(one * 5) == one
    wide = [(0x16000000, 0x1F000000, EXT), (0x18FF0000, 0x1FFF0000, EXT)]
    assert sorted(twai.fit_filters(wide)) == wide
    assert twai.fit_filters([(0x160B8001, 0x1FFFFFFF, EXT), wide[0]]) == wide[:1]  # one is inside the other
    mcp = construct(Mcp2515)
    six = [(0x100 * n + 0x10000 * n * n, 0x1FFFFFFF, EXT) for n in range(1, 7)]
    assert sorted(mcp.fit_filters(six)) == six
    two_masks = [(n << 20, 0x1FF00000, EXT) for n in (1, 7, 9, 30)] + [(0x51234, 0x1FFFFFFF, EXT)]
    assert sorted(mcp.fit_filters(two_masks)) == sorted(two_masks)
    both = [(0x7E8, 0x7FF, 0), (0x1806E5F4, 0x1FFFFFFF, EXT)]
    assert sorted(mcp.fit_filters(both)) == sorted(both)


def test_an_adapter_gets_no_filters():
    """What M and m mean differs between adapters: what is not wanted is left out by the look-up of its handler."""
    driver = construct(Slcan, port="socket://127.0.0.1:1")
    assert not hasattr(driver, "fit_filters")
    driver.set_filters(None)


async def started(filters=()):
    """(hardware, can, what its handler saw, tasks) with the filters of the handlers."""
    hardware = Hardware()
    can, seen = component(attached(hardware=hardware), Clock(), filters)
    tasks = [asyncio.create_task(hardware.run()), asyncio.create_task(ticking.run(can, Clock()))]
    await until(lambda: can.healthy.value)
    return hardware, can, seen, tasks


async def ended(hardware, tasks):
    tasks[1].cancel()
    await until(lambda: not hardware.mem32.connected)
    tasks[0].cancel()


async def hears(hardware, can, seen, others):
    """A frame of the handler arrives, and `others` of ten that nobody handles."""
    rx, heard = can.rx, len(seen)
    for n in range(10):
        hardware.mem32.receive(0x100 + n, DATA)
        hardware.tick()  # its memory is for four frames
    hardware.mem32.receive(0x1806E5F4, DATA)
    await until(lambda: len(seen) == heard + 1)
    assert can.rx == rx + 1 + others, can.rx - rx


async def test_frames_without_a_handler_are_left_out_by_the_controller_also_after_bus_off_and_anew():
    hardware, can, seen, tasks = await started()
    await hears(hardware, can, seen, 0)
    hardware.mem32.go_bus_off()
    await until(lambda: not can.healthy.value)
    while not can.healthy.value:
        await asyncio.sleep_ms(1)
        hardware.mem32.bus_free(8)
    await hears(hardware, can, seen, 0)
    tasks[1].cancel()  # as the kernel restarts it: `deinit`, `init`
    await until(lambda: not hardware.mem32.connected)
    tasks[1] = asyncio.create_task(ticking.run(can, Clock()))
    await until(lambda: can.healthy.value)
    await hears(hardware, can, seen, 0)
    assert can.unknown == 0
    await ended(hardware, tasks)


async def test_the_board_may_want_more():
    hardware, can, seen, tasks = await started(((0x100, 0x1FFFFFF0), (0x7E8, 0x7FF, False)))
    await hears(hardware, can, seen, 10)
    assert can.unknown == 10
    await ended(hardware, tasks)


async def test_they_are_opened_and_closed_for_people_when_nothing_is_charged():
    """To change them the controller leaves the bus, which would stop the charging."""
    hardware, can, seen, tasks = await started()
    can._gates[0].enabled.set(True)
    can.receive_all(True)
    await asyncio.sleep_ms(700)
    await hears(hardware, can, seen, 0)
    can._gates[0].enabled.set(False)
    await until(lambda: can._filtered and can.driver.state() == can.driver.STATE_ACTIVE)
    await hears(hardware, can, seen, 10)
    can.receive_all(False)
    await until(lambda: can._filtered and can.driver.state() == can.driver.STATE_ACTIVE)
    await hears(hardware, can, seen, 0)
    await ended(hardware, tasks)


async def test_a_handler_that_comes_late_is_let_through():
    hardware, can, seen, tasks = await started()
    late = []
    can.on(0x105, lambda data, length: late.append(length))
    await until(lambda: can._filtered and can.driver.state() == can.driver.STATE_ACTIVE)
    await hears(hardware, can, seen, 2)  # one filter without the 13 bits that differ: 0x101 is let through, too
    assert late == [8]
    await ended(hardware, tasks)


async def test_without_memory_for_filters_everything_is_received():
    hardware = Hardware()
    driver = attached(hardware=hardware)

    def no_memory(filters):
        raise MemoryError

    driver.fit_filters = no_memory
    can, seen = component(driver, Clock(), ())
    tasks = [asyncio.create_task(hardware.run()), asyncio.create_task(ticking.run(can, Clock()))]
    await until(lambda: can.healthy.value)
    await hears(hardware, can, seen, 10)
    await ended(hardware, tasks)


def test_a_wrong_filter_of_a_board_is_named():
    for wrong, words in (
        ((0x20000000,), "0x20000000 is no CAN identifier of 29 bits"),
        ((0x800, 0x7FF, False), "0x800 is no CAN identifier of 11 bits"),
        (("1806E5F4",), "filters: ('1806E5F4',)"),
        (5, "filters: 5 is no (identifier, mask, extended)"),
        ((1, 2, True, 3), "filters: (1, 2, True, 3)"),
    ):
        try:
            component(attached(hardware=Hardware()), Clock(), (wrong,))
        except ValueError as e:
            assert words in str(e) and "filters" in str(e), e
        else:
            raise AssertionError(wrong)


async def test_what_makes_the_filters_is_let_go():
    """It is some 200 bytes of functions for one call."""
    for name in ("drivers.can.twai_fit", "drivers.can.mcp2515_fit"):
        unload(name)  # another test's
    hardware, can, seen, tasks = await started()
    left = [name for name in sys.modules if name.endswith("_fit") or name == "components.can.rules"]
    assert not left and not hasattr(sys.modules["drivers.can"], "twai_fit"), left
    await ended(hardware, tasks)


def test_the_flags_of_all_drivers_are_those_of_the_tests():
    assert Twai.FLAG_EXT_ID == Mcp2515.FLAG_EXT_ID == Slcan.FLAG_EXT_ID == EXT
