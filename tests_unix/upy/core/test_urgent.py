"""What stops charging does not wait for the journal: frames that have come are handled before the next flush begins."""

import micropython
import time

from bus import CONTROL, REQUEST, STOP_FRAME, Rig, line, request
from esp32_standins import Module
from flash import Flash, Mounted
from virtual_clock import VirtualClock

from components.can import Can
from core.log import Log, LogTail
from core.signals import Signal
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
        assert "bms_permits" in rig.gate.blocking()
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


class FullBus:
    """A controller that receives the next frame whenever one was handled: a node babbles at 1 Mbit/s."""

    FLAG_EXT_ID, RECV_ERR_OVERRUN, STATE_BUS_OFF = 2, 2, 4
    taken = 0

    def recv(self, frame):
        self.taken += 1
        assert self.taken < 1000
        frame[0], frame[2] = 0x123, self.FLAG_EXT_ID
        return frame

    def state(self):
        return 1


async def test_a_full_bus_does_not_keep_a_flush_from_beginning(tmp):
    """All that the ring of a controller had is handled, and not what goes on coming, which would never end."""
    clock = VirtualClock()
    driver, kernel = FullBus(), Module(urgent=Urgent(clock))
    can = Can(driver, (), clock, Log(LogTail(clock), "can"), kernel, ())
    can.healthy.set(True)
    kernel.urgent()
    assert can.healthy.value and can._raised is None
    assert 63 <= driver.taken <= 128


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


class Clock:
    """Ticks that a test moves; they wrap around as the real ones."""

    def __init__(self):
        self.now = 0

    def ticks_ms(self):
        return time.ticks_add(0, self.now)

    def work(self, ms, result=None):
        self.now += ms
        return result


def test_what_blocks_is_known_by_name_and_what_is_urgent_goes_before_it():
    clock = Clock()
    urgent = Urgent(clock)
    order = []
    urgent.add(lambda: order.append("urgent"))

    def step(ms):
        order.append(ms)
        return clock.work(ms, "done")

    assert [urgent.block("flash", step, ms) for ms in (60, 900, 5)] == ["done"] * 3
    urgent.block("Wi-Fi on", step, 500)
    assert order == ["urgent", 60, "urgent", 900, "urgent", 5, "urgent", 500]
    assert urgent.longest == {"flash": 900, "Wi-Fi on": 500} and urgent.describe() == "Wi-Fi on 500, flash 900"
    assert Urgent(clock).describe() == "-"


def test_a_step_within_another_counts_once_and_an_error_passes_and_counts():
    clock = Clock()
    urgent = Urgent(clock)
    urgent.due_ms = 0

    def outer():
        clock.work(10)
        urgent.block("inner", clock.work, 20)

    def broken():
        clock.work(70)
        raise OSError("broken")

    urgent.block("outer", outer)
    assert urgent.longest == {"outer": 30} and urgent.late_ms == 30
    try:
        urgent.block("outer", broken)
        raise AssertionError("it passed")
    except OSError:
        pass
    assert urgent.longest == {"outer": 70} and urgent.late_ms == 100
    urgent.block("inner", clock.work, 5)  # the one that failed is over
    assert urgent.longest["inner"] == 5


def test_late_is_only_what_is_after_the_time_that_was_due():
    clock = Clock()
    urgent = Urgent(clock)
    for due_ms, late_ms in ((100, 0), (60, 0), (40, 20), (0, 60), (-500, 60)):
        clock.now, urgent.due_ms, urgent.late_ms = 0, time.ticks_add(0, due_ms), 0
        urgent.block("flash", clock.work, 60)
        assert urgent.late_ms == late_ms, (due_ms, urgent.late_ms)


def test_nothing_is_allocated_once_the_step_is_done():
    clock = Clock()
    urgent = Urgent(clock)

    def step():
        clock.now += 60
        micropython.heap_lock()  # from here on there is no memory any more
        return True

    for _ in range(2):
        try:
            assert urgent.block("flash", step)
        finally:
            micropython.heap_unlock()
    assert urgent.longest["flash"] == 60 and urgent.late_ms == 120


def test_it_is_calm_while_no_outlet_charges():
    urgent = Urgent()
    assert urgent.calm()
    first, second = Signal(False), Signal(True)
    urgent.wait_while(first)
    urgent.wait_while(second)
    assert not urgent.calm()
    second.set(False)
    assert urgent.calm()
    first.set(True)
    assert not urgent.calm()


async def test_while_the_gate_is_open_the_loop_is_not_calm(tmp):
    rig = await charging(tmp)
    assert not rig.kernel.urgent.calm()
    rig.gate.transaction.set(False)
    assert rig.kernel.urgent.calm()
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
