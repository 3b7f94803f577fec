"""The gate: every single condition that does not hold keeps charging disabled, and takes it away with a stop frame."""

import micropython

from bus import CONTROL, REQUEST, STOP_FRAME, Rig, request
from console_site import ConsoleSite
from gate_rig import in_words, make, pauses_end
from virtual_clock import VirtualClock

from core.kernel import STOPPED
from core.signals import Signal

HEAPSIZE = "16M"  # the wire keeps every frame


def test_enabled_exactly_while_every_condition_holds():
    gate, good, bus, tail = make()
    gate.add_bus(bus)
    seen = []
    gate.enabled.watch(seen.append)
    for signal, value, _ in good.values():
        assert gate.enabled.value is False
        signal.set(value)
    pauses_end(gate)
    assert gate.enabled.value is True and seen == [True]
    for name, (signal, value, blocking) in good.items():
        for bad in blocking:
            signal.set(bad)
            assert gate.enabled.value is False, name
            assert gate.blocking() == [name, "bms_settled"][: 1 + (name == "bms_permits")]
            assert (name, bad, False) in gate.conditions()
            signal.set(value)
            assert gate.enabled.value is (name not in ("alive", "bms_permits")), name
            pauses_end(gate)
            assert gate.enabled.value is True, name
    assert any(entry.endswith("charging disabled: the CAN bus is down") for entry in tail.lines), list(tail.lines)


def test_without_a_transaction_nothing_is_reported_of_its_limit():
    """That the central system permits no current misleads where nobody has asked for any."""
    gate, good, bus, _ = make()
    gate.add_bus(bus)
    words = "the central system permits no current"
    assert words not in in_words(gate) and words not in gate.blocking_texts()
    assert "limit_ma" in gate.blocking()
    gate.transaction.set(True)
    assert in_words(gate)[words] is False and words in gate.blocking_texts()
    gate.limit("transaction", 6000)
    assert in_words(gate)["the central system permits current"] is True


def test_without_a_bus_nothing_is_enabled():
    gate, good, _, _ = make()
    for signal, value, _ in good.values():
        signal.set(value)
    pauses_end(gate)
    assert gate.enabled.value is False and gate.blocking() == ["bus"]


def test_every_bus_must_be_healthy():
    gate, good, bus, _ = make()
    second = Signal(False, VirtualClock())
    gate.add_bus(bus)
    gate.add_bus(second)
    for signal, value, _ in good.values():
        signal.set(value)
    pauses_end(gate)
    assert gate.blocking() == ["bus_2"] and not gate.enabled.value
    second.set(True)
    assert gate.enabled.value
    bus.set(False)
    assert not gate.enabled.value


async def test_each_condition_that_goes_sends_a_stop_frame(tmp):
    rig = await Rig(tmp).start()
    await rig.charge()
    gate = rig.gate
    signals = (
        (gate.transaction, False),
        (gate.limit_ma, 0),
        (gate.bms_permits, False),
        (gate.plugged, False),
        (gate.charger_online, False),
        (gate.in_limits, False),
        (gate.emergency_stop, True),
        (rig.kernel.alive, False),
    )
    for signal, bad in signals:
        good = signal.value
        since = len(rig.wire.frames)
        signal.set(bad)
        assert gate.enabled.value is False
        await rig.sent(CONTROL, STOP_FRAME, since)  # the virtual clock did not move
        signal.set(good)
        if signal in (gate.bms_permits, rig.kernel.alive):
            await rig.advance(2100)
        assert gate.enabled.value is True, gate.blocking()
    await rig.stop()
    assert gate.enabled.value is False


async def test_an_orderly_stop_is_reported_as_the_end_of_the_firmware(tmp):
    """Not as a component that does not run, for which somebody would look."""
    async with ConsoleSite(tmp) as site:
        await site.charge()
        site.kernel.request_exit(STOPPED, "Ctrl-C")
        await site.clock.advance(1000)
        told = [line for line in site.screen.text.split("\n") if "charging disabled" in line]
        assert told[-1].endswith("gate: charging disabled: the firmware ends"), told


async def test_after_a_stop_of_the_BMS_the_gate_stays_shut_for_a_time(tmp):
    """A stop 4 ms before each measurement and a permission 4 ms after it was a charge for free."""
    rig = await Rig(tmp).start()
    await rig.charge()
    rig.obeys = True
    rig.say.pop(REQUEST)
    await rig.receive(REQUEST, request(switch=1))
    await rig.clock.advance(4)
    await rig.receive(REQUEST, request())
    assert rig.gate.blocking() == ["bms_settled"] and ("bms_settled", False, False) in rig.gate.conditions()
    rig.vehicle()
    await rig.advance(1850)
    assert rig.gate.blocking() == ["bms_settled"]
    await rig.advance(250)
    assert rig.gate.enabled.value
    rig.vehicle(switch=1)  # one that has been shut for as long does not wait again
    await rig.advance(5000)
    rig.vehicle()
    await rig.advance(150)
    assert rig.gate.enabled.value
    await rig.stop()


async def flap(rig, times, ms):
    for _ in range(times):
        rig.vehicle(switch=1)
        await rig.advance(100)
        rig.vehicle()
        await rig.advance(ms - 100)


async def test_a_BMS_that_stops_again_and_again_is_a_fault_until_it_is_unplugged(tmp):
    rig = await Rig(tmp).start()
    await rig.charge()
    rig.obeys = True
    await flap(rig, 4, 5000)
    assert rig.gate.enabled.value and rig.charger.error.value == ""
    await flap(rig, 1, 5000)
    assert rig.gate.blocking() == ["bms_settled"] and rig.charger.error.value == "EVCommunicationError"
    await rig.advance(100000)
    assert rig.gate.blocking() == ["bms_settled"] and rig.charger.error.value == "EVCommunicationError"
    del rig.say[REQUEST]
    await rig.advance(3500)
    assert not rig.gate.plugged.value and rig.charger.error.value == ""
    rig.vehicle()
    await rig.advance(1500)
    assert rig.gate.enabled.value
    await rig.stop()


async def test_stops_that_are_further_apart_or_of_no_transaction_are_no_flapping(tmp):
    rig = await Rig(tmp).start()
    await rig.charge()
    rig.obeys = True
    await flap(rig, 8, 16000)
    assert rig.gate.enabled.value and rig.charger.error.value == ""
    rig.gate.transaction.set(False)
    rig.module()
    await flap(rig, 8, 1000)
    assert rig.charger.error.value == ""
    await rig.stop()


async def test_how_often_and_how_long_are_options(tmp):
    rig = await Rig(tmp, gate={"bms_stop_ms": 0, "bms_stops": 2, "bms_stops_ms": 5000}).start()
    await rig.charge()
    rig.obeys = True
    await flap(rig, 1, 200)
    assert rig.gate.enabled.value
    await flap(rig, 1, 200)
    assert rig.charger.error.value == "EVCommunicationError" and rig.gate.blocking() == ["bms_settled"]
    await rig.stop()
    rig = await Rig(tmp, gate={"bms_stops": 0}).start()
    await rig.charge()
    rig.obeys = True
    await flap(rig, 20, 200)
    await rig.advance(2000)
    assert rig.gate.enabled.value
    await rig.stop()


async def test_a_critical_component_that_keeps_failing_does_not_make_the_gate_blink(tmp):
    """It was enabled for 1 ms at each restart of the component."""
    rig = await Rig(tmp).start()
    await rig.charge()
    rig.obeys = True
    plug = rig.plug
    tick = plug.tick

    def fails(_):
        raise OSError("broken")

    plug.tick = fails
    seen = []
    rig.gate.enabled.watch(seen.append)
    for _ in range(200):
        rig.gate.plugged.set(True)  # all else permits
        await rig.advance(100)
    assert rig.part("plug").failures > 3 and seen == [False], seen
    del plug.tick
    assert plug.tick == tick
    await rig.advance(40000)
    assert rig.part("plug").state == "running" and seen == [False, True]
    await rig.stop()


async def test_the_pause_after_the_start_delays_nothing(tmp):
    """`in_limits` takes its second anyway."""
    rig = await Rig(tmp).start()
    began_ms = rig.clock.ticks_ms()
    rig.vehicle()
    rig.module()
    rig.gate.limit("transaction", 200000)
    rig.gate.transaction.set(True)
    while not rig.gate.enabled.value:
        last = rig.gate.blocking()
        await rig.advance(50)
    assert "in_limits" in last and rig.clock.ticks_ms() - began_ms <= 1300, last
    await rig.stop()


async def test_a_stop_of_the_BMS_closes_the_gate_without_memory(tmp):
    rig = await Rig(tmp).start()
    await rig.charge()
    rig.obeys = True
    data = memoryview(request(switch=1))
    micropython.heap_lock()
    try:
        rig.bms._request(data, 8)
    except MemoryError:  # the words for the log
        pass
    finally:
        micropython.heap_unlock()
    assert not rig.gate.enabled.value
    await rig.stop()
