"""What stops charging does not wait for the journal: frames that have come are handled before the next flush begins."""

from bus import CONTROL, REQUEST, STOP_FRAME, Rig, line, request
from flash import Flash, Mounted

from core.urgent import Urgent

HEAPSIZE = "16M"


async def charging(home):
    rig = await Rig(home).start()
    await rig.charge()
    rig.say.clear()  # the test alone says something
    await rig.advance(200)
    return rig


async def test_a_stop_frame_that_comes_during_a_flush_is_handled_before_the_next_one_begins(tmp):
    flash = Flash()
    with Mounted(flash, "/slow", fresh=True) as home:
        rig = await charging(home)
        gate = []  # in each commit, at each operation of the chip

        def working():
            """The chip programs or erases; in the first commit the vehicle says stop meanwhile."""
            gate[-1].append(rig.gate.enabled.value)
            if gate == [[True]]:
                rig.wire.send(REQUEST, request(switch=1))

        flash.working = working
        for n in range(3):  # no task runs between
            gate.append([])
            rig.store.put("key", n)
        flash.working = None
        closed = [at for at, enabled in enumerate(gate[0]) if not enabled]
        assert gate[0][0] and closed == list(range(len(gate[0])))[len(gate[0]) - len(closed) :], gate
        assert gate[1] and gate[2] and True not in gate[1] + gate[2], gate
        assert "bms_permits" in rig.gate.forbidding()
        await rig.sent(CONTROL, STOP_FRAME, 0)
        assert rig.store.get("key") == 2
        await rig.stop()


async def test_all_that_came_during_a_flush_is_handled_and_what_follows_is_read_as_it_was_sent(tmp):
    flash = Flash()
    with Mounted(flash, "/slow", fresh=True) as home:
        rig = await charging(home)
        seen = []
        rig.can.on(0x123, lambda data, length: seen.append(bytes(data)))
        frames = [bytes((n, 255 - n)) for n in range(64)]

        def working():
            flash.working = None
            came = b"".join([line(0x123, data) for data in frames[:60]])
            rig.wire.raw(came + b"T000001232")  # and the beginning of one more

        flash.working = working
        rig.store.put("key", 1)
        assert seen in ([], frames[:60])  # it came while the record was written, or while it was flushed
        rig.store.put("key", 2)
        assert seen == frames[:60]
        rig.wire.raw(b"3CC3\r")
        for data in frames[61:]:
            rig.wire.send(0x123, data)
        await rig.until(lambda: len(seen) == 64)
        assert seen == frames and rig.can.garbage == 0
        await rig.stop()


async def test_a_commit_from_a_handler_that_runs_before_a_flush_is_refused_and_does_no_harm(tmp):
    """The handler's error closes the gate and restarts the component, as at any other time; the commit goes on."""
    flash = Flash()
    with Mounted(flash, "/slow", fresh=True) as home:
        rig = await charging(home)
        rig.can.on(0x124, lambda data, length: rig.store.put("wrong", 1))

        def working():
            flash.working = None
            rig.wire.send(0x124, b"1")

        flash.working = working
        rig.store.put("key", 1)
        rig.store.put("key", 2)
        assert not rig.gate.enabled.value and rig.store.get("key") == 2 and rig.store.get("wrong") is None
        await rig.advance(600)
        assert rig.part("can").failures == 1 and rig.logged("a commit within a commit")
        await rig.advance(2000)
        await rig.until(lambda: rig.can.healthy.value)
        await rig.stop()


async def test_bus_off_that_is_read_before_a_flush_closes_the_gate_and_is_recovered_from(tmp):
    rig = await Rig(tmp).start()
    await rig.charge()
    rig.say.clear()
    await rig.advance(100)
    rig.wire.raw(b"sb000256\r")
    rig.wire.after_open = b""
    rig.store.put("key", 1)
    assert not rig.can.healthy.value and not rig.gate.enabled.value and rig.can.bus_offs == 1
    await rig.advance(2000)
    await rig.until(lambda: rig.can.healthy.value)
    await rig.stop()


def test_a_call_within_a_call_does_nothing():
    urgent = Urgent()
    calls = []

    def function():
        calls.append(1)
        urgent()

    urgent.add(function)
    urgent()
    urgent()
    assert calls == [1, 1]
