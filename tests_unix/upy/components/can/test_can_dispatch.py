"""Which handler a frame goes to: identifiers of 11 and of 29 bits, exact ones and masks; and what clashes."""

from bus import POWER, REQUEST, Rig, line
from virtual_clock import VirtualClock

from components.can import rules
from core.kernel import Kernel
from core.log import Log, LogTail
from core.parts import DeclarationError

HEAPSIZE = "16M"  # the wire keeps every frame
EIGHT = bytes(range(8))


class Took:
    """A handler that keeps what it was given, with the identifier."""

    def __init__(self, can):
        self.can = can
        self.frames = []

    def __call__(self, data, length):
        self.frames.append((self.can.identifier, bytes(data)))


def short(identifier, data):
    """The SLCAN line of a frame with 11 bits."""
    return b"t%03X%d" % (identifier, len(data)) + b"".join([b"%02X" % byte for byte in data]) + b"\r"


async def handled(rig, *lines):
    rx = rig.can.rx
    for one in lines:
        rig.wire.raw(one)
    await rig.until(lambda: rig.can.rx == rx + len(lines))


async def test_a_mask_takes_every_identifier_that_is_equal_where_it_has_ones(tmp):
    """Infypower's replies, 0x028?F000 with an error in the upper three of the 29 bits: command 3, from any module."""
    rig = await Rig(tmp).start()
    took = Took(rig.can)
    rig.can.on(0x0283F000, took, mask=0x03FFFF00)
    inside = (0x0283F000, 0x0283F007, 0x1E83F0FF)
    await handled(rig, *[line(one, EIGHT) for one in inside + (0x0284F000, 0x0283F100, 0x0383F000)])
    assert took.frames == [(one, EIGHT) for one in inside] and rig.can.unknown == 3
    await rig.stop()


async def test_identifiers_of_11_and_of_29_bits_are_distinguished(tmp):
    rig = await Rig(tmp).start()
    names = {}
    for name, identifier, options in (
        ("short", 0x123, {"extended": False}),
        ("long", 0x123, {}),
        ("shorts", 0x7E0, {"extended": False, "mask": 0x7F0}),
        ("longs", 0x7E0, {"mask": 0x1FFFFFF0}),
        ("first", 0, {"extended": False}),
        ("zero", 0, {}),
    ):
        names[name] = took = Took(rig.can)
        rig.can.on(identifier, took, **options)
    await handled(rig, short(0x123, b"\1"), line(0x123, b"\2"), short(0x7E8, b"\3"), line(0x7E8, b"\4"))
    await handled(rig, short(0, b"\5"), line(0, b"\6"), short(0x7D8, b"\7"), line(0x107E8, b"\x08"))
    assert {name: took.frames for name, took in names.items()} == {
        "short": [(0x123, b"\1")], "long": [(0x123, b"\2")], "shorts": [(0x7E8, b"\3")], "longs": [(0x7E8, b"\4")],
        "first": [(0, b"\5")], "zero": [(0, b"\6")],
    }  # fmt: skip
    assert rig.can.unknown == 2
    await rig.stop()


async def test_a_mask_of_nothing_takes_all_of_its_kind(tmp):
    rig = await Rig(tmp).start()
    took = Took(rig.can)
    rig.can.on(0, took, mask=0, extended=False)
    await handled(rig, short(0x7FF, b"\1"), short(0, b"\2"), line(0, b"\3"), line(0x1FFFFFFF, b"\4"))
    assert took.frames == [(0x7FF, b"\1"), (0, b"\2")] and rig.can.unknown == 2
    await rig.stop()


async def test_a_frame_of_11_bits_goes_out_as_one(tmp):
    rig = await Rig(tmp).start()
    seen = []
    took = rig.wire.took

    def spy(writer, text):
        if text[:1] == b"t":
            seen.append(text)
        else:
            took(writer, text)

    rig.wire.took = spy
    assert rig.can.send(0x7E0, b"\x02\x3e", extended=False)
    await rig.until(lambda: seen == [b"t7E02023E"])
    await rig.stop()


async def test_what_clashes_is_refused_and_nothing_changes(tmp):
    rig = await Rig(tmp).start()
    rig.can.on(0x7E0, print, mask=0x7F0, extended=False)
    rig.can.on(0x0283F000, print, mask=0x03FFFF00)
    for identifier, options, words in (
        (POWER, {}, "two handlers for CAN identifier 0x00433F01"),
        (0x00430000, {"mask": 0x1FFF0000}, "0x00430000/0x1FFF0000: there is one for 0x00433F01"),
        (0x1E83F042, {}, "0x1E83F042: there is one for 0x0283F000/0x03FFFF00"),
        (0x02000000, {"mask": 0x02000000}, "0x02000000/0x02000000: there is one for 0x"),
        (0x7E8, {"extended": False}, "0x7E8: there is one for 0x7E0/0x7F0"),
        (0, {"mask": 0, "extended": False}, "0x000/0x000: there is one for 0x7E0/0x7F0"),
        (0x800, {"extended": False}, "0x800 is no CAN identifier of 11 bits"),
        (0x20000000, {}, "0x20000000 is no CAN identifier of 29 bits"),
        (-1, {}, "is no CAN identifier"),
    ):
        try:
            rig.can.on(identifier, print, **options)
        except ValueError as e:
            assert words in str(e), e
        else:
            raise AssertionError(words)
    rig.can.on(0x7D0, print, mask=0x7F0, extended=False)  # beside them
    rig.can.on(0x7E0, print)
    await rig.stop()


def test_a_clash_of_two_components_names_board_bus_identifier_and_both():
    """Two outlets whose vehicles speak on one bus: neither can be told which of them wants to stop."""

    class Wrong:
        NAME = "onebus"
        COMPONENTS = (
            {"name": "store", "use": "components.persistence:Persistence"},
            {"name": "gate", "use": "components.evse.gate:Gate"},
            {"name": "driver", "use": "drivers.can.slcan:Slcan", "options": {"port": "socket://127.0.0.1:1"}},
            {"name": "can", "use": "components.can:Can"},
            {"name": "left", "use": "components.bms:Bms"},
            {"name": "right", "use": "components.bms:Bms"},
        )

    clock = VirtualClock()
    try:
        Kernel(Wrong, {}, clock, Log(LogTail(clock, None), "main"))
    except DeclarationError as e:
        text = "board onebus: component right cannot be built: two handlers for CAN identifier 0x1806E5F4; "
        assert str(e) == text + "the other is of component left", e
        assert not e.parts[1].instance.enabled.value  # the gate's
    else:
        raise AssertionError("built")


def test_two_rules_clash_exactly_if_a_frame_fits_both():
    """Of small identifiers, all: by hand what `check` tells by one expression."""

    def takes(rule, key):
        return key & rule[1] == rule[0]

    all_rules = [rules.rule(identifier, mask | ~7, extended)
                 for identifier in range(8) for mask in range(8) for extended in (True, False)]  # fmt: skip
    frames = list(range(8)) + [~identifier for identifier in range(8)]
    clashes = 0
    for one in all_rules:
        for other in all_rules:
            both = [key for key in frames if takes(one, key) and takes(other, key)]
            try:
                rules.check(one, {other: ""})
            except ValueError:
                clashes += 1
                assert both, (one, other)
            else:
                assert not both, (one, other)
    assert 0 < clashes < len(all_rules) ** 2


async def test_a_mask_and_11_bits_allocate_nothing(tmp):
    rig = await Rig(tmp, feedback=False).start()
    seen = [0]

    def count(data, length):
        seen[0] += 1

    for identifier in range(0x500, 0x530, 16):
        rig.can.on(identifier, count, mask=0x1FFFFFF0)
    rig.can.on(0x7E0, count, mask=0x7F0, extended=False)
    rig.can.on(0x123, count, extended=False)
    stream = b"".join((line(0x525, EIGHT), short(0x7E8, EIGHT), short(0x123, EIGHT), short(0x124, EIGHT)))
    rig.drain(stream, 4)
    assert seen == [6] and rig.can.unknown == 2
    await rig.stop()


async def test_the_names_of_who_declared_are_let_go(tmp):
    """They are for a clash at the declaration; the heap of a running charger has no room for them."""
    rig = await Rig(tmp).start()
    assert rig.can._owners is None
    try:
        rig.can.on(REQUEST, print)
        raise AssertionError("taken")
    except ValueError as e:
        assert str(e) == "two handlers for CAN identifier 0x1806E5F4"
    await rig.stop()
