"""The last frames of a bus that were unknown, refused or garbage, kept without an allocation and told to who looks."""

from bus import CHARGED, POWER, REQUEST, Rig, line, power, request
from test_can_dispatch import handled, short

HEAPSIZE = "16M"  # the wire keeps every frame
EIGHT = bytes(range(8))


def told(rig):
    return list(rig.can.describe())


async def quiet(tmp):
    rig = await Rig(tmp, feedback=False).start()
    assert told(rig) == ["  no frame was unknown, refused or garbage"]
    return rig


async def test_an_unknown_frame_is_kept_with_its_bytes_and_its_count(tmp):
    rig = await quiet(tmp)
    await handled(rig, line(0x12345678, EIGHT), line(0x12345678, b"\xfe"), short(0x123, b""))
    await rig.advance(1300)
    await handled(rig, line(0x123, b"\x01\x02"))
    found = rig.can.kept()
    assert found[0] == (0x123, True, b"\x01\x02", 1, 0, None) and (0x123, False, b"", 1, 1300, None) in found, found
    assert sorted(told(rig)) == [
        "  0x00000123 unknown; 01 02; 1 times, last 0.0 s ago",
        "  0x123 unknown; no data; 1 times, last 1.3 s ago",
        "  0x12345678 unknown; fe; 2 times, last 1.3 s ago",
    ], told(rig)
    await rig.stop()


async def test_a_refused_frame_tells_the_value_and_the_option(tmp):
    rig = await quiet(tmp)
    rig.can.on(0x700, lambda data, length: rig.can.refuse("max_voltage_mv", 90100, 85500))
    rig.can.on(0x701, lambda data, length: rig.can.refuse("min_temperature_mdeg", -40500, -20000))
    rig.can.on(0x702, lambda data, length: rig.can.refuse("length", length, 8))
    rig.can.on(0x703, lambda data, length: rig.can.refuse("function", 0x77, 0x77))
    await handled(rig, *[line(identifier, b"\x01") for identifier in range(0x700, 0x704)])
    assert sorted(told(rig)) == [
        "  0x00000700 90.1 V: above max_voltage_mv 85500; 01; 1 times, last 0.0 s ago",
        "  0x00000701 -40.5 degC: below min_temperature_mdeg -20000; 01; 1 times, last 0.0 s ago",
        "  0x00000702 1 bytes: below length 8; 01; 1 times, last 0.0 s ago",
        "  0x00000703 119: unknown function; 01; 1 times, last 0.0 s ago",
    ]
    await handled(rig, line(0x704, b""))  # another kind: the four stay
    rig.can.on(0x705, lambda data, length: False)
    await handled(rig, line(0x705, b""))  # the fifth: one of them goes
    found = rig.can.kept()
    assert rig.can.refused == 5 and len(found) == 5 and (0x705, True, b"", 1, 0, ()) in found
    assert "  0x00000705 refused; no data; 1 times, last 0.0 s ago" in told(rig)
    await rig.stop()


async def test_a_handler_may_take_a_frame_and_tell_that_it_stops_the_charging(tmp):
    rig = await quiet(tmp)
    rig.can.on(0x700, lambda data, length: rig.can.note("max_current_ma", 310000, 300000))
    rig.can.on(0x701, lambda data, length: False)
    await handled(rig, line(0x700, EIGHT), line(0x701, EIGHT))
    assert rig.can.refused == 1
    assert (0x701, True, EIGHT, 1, 0, ()) in rig.can.kept()
    assert [entry for entry in told(rig) if "310.0 A: above max_current_ma 300000" in entry], told(rig)
    await rig.stop()


async def test_a_flood_of_unknown_frames_leaves_those_that_were_refused(tmp):
    rig = await quiet(tmp)
    rig.can.on(0x700, lambda data, length: rig.can.refuse("max_voltage_mv", 90100, 85500))
    await handled(rig, line(0x700, EIGHT))
    await handled(rig, *[line(0x10000 + n, bytes((n & 255,))) for n in range(1000)])
    found = rig.can.kept()
    unknown = sorted([entry[0] for entry in found if entry[5] is None])
    assert len(found) == 7 and unknown == [0x10000 + n for n in range(994, 1000)], found
    await rig.stop()


async def test_of_few_identifiers_each_is_seen_however_often_the_others_come(tmp):
    rig = await quiet(tmp)
    await handled(rig, line(0x555, EIGHT))
    for _ in range(50):
        await handled(rig, *[line(0x10000 + n, EIGHT) for n in range(5)])
    counts = sorted([(entry[0], entry[3]) for entry in rig.can.kept()])
    assert counts == [(0x555, 1)] + [(0x10000 + n, 50) for n in range(5)]
    await rig.stop()


async def test_garbage_is_shown_as_it_came(tmp):
    rig = await quiet(tmp)
    for text, shown in (
        (b"T00433F01842A0", b"T00433F01842A0"),
        (b"hello\x00\xff", b"hello\x00\xff"),
        (b"T" + b"9" * 100, None),
        (b"s\x61xx1000", b"s\x61xx1000"),
    ):
        count = rig.can.garbage
        rig.wire.raw(text + b"\r")
        await rig.until(lambda count=count: rig.can.garbage == count + 1)
        if shown is not None:
            assert told(rig)[-1] == "  garbage: %r, the last of %d" % (shown, count + 1)
    await rig.stop()


async def test_keeping_them_allocates_nothing(tmp):
    rig = await quiet(tmp)
    rig.can.on(0x700, lambda data, length: rig.can.refuse("max_voltage_mv", 90100, 85500))
    rig.can.on(0x701, lambda data, length: False)
    frames = [line(0x700, EIGHT), line(0x701, b"\x01"), short(0x7FF, EIGHT), line(0x1FFFFFFF, EIGHT), b"nonsense\r"]
    frames += [line(0x30000 + n, b"") for n in range(8)]
    stream = b"".join(frames)
    rig.drain(stream, 12)
    assert rig.can.refused == 4 and rig.can.garbage == 2
    await rig.stop()


async def test_what_the_handlers_of_the_charger_refuse_names_their_options(tmp):
    """The examples of docs/can.md: each value is that of a literal frame."""
    rig = await Rig(tmp, feedback=False).start()
    await rig.receive(POWER, power(0.0, 0.0))  # nothing is plugged in: low is what it should be
    assert told(rig) == ["  no frame was unknown, refused or garbage"]
    rig.vehicle()
    await rig.advance(500)
    rig.say.clear()
    for identifier, data, text in (
        (REQUEST, request(volts=250.0), "0x1806E5F4 250.0 V: above highest_mv 200000"),
        (REQUEST, request(volts=1.0), "0x1806E5F4 1.0 V: below lowest_mv 10000"),
        (REQUEST, request(amps=600.0), "0x1806E5F4 600.0 A: above highest_ma 500000"),
        (REQUEST, request(mode=7), "0x1806E5F4 7: above mode 1"),
        (REQUEST, b"\x03\x48", "0x1806E5F4 2 bytes: below length 6"),
        (CHARGED, b"\x01", "0x160B8001 1 bytes: below length 4"),
        (POWER, power(90.1, 10.0), "0x00433F01 90.1 V: above max_voltage_mv 85500"),
        (POWER, power(20.0, 10.0), "0x00433F01 20.0 V: below min_voltage_mv 56000"),
        (POWER, power(76.0, 310.0), "0x00433F01 310.0 A: above max_current_ma 300000"),
    ):
        await rig.receive(identifier, data)
        assert [entry for entry in told(rig) if text in entry], (text, told(rig))
    await rig.stop()
