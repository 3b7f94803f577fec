"""The meter: exact integers, bounded gaps, a register that never decreases and survives power cuts."""

import gc
import random
import struct

from bus import POWER, Rig, power
from journals import opened
from virtual_clock import VirtualClock

from components.meter.energy import Energy
from core.signals import Signal

HEAPSIZE = "16M"  # the wire keeps every frame


class Clock(VirtualClock):
    def step(self, ms):
        self._now += ms


async def meter(tmp):
    clock = Clock()
    energy = Energy(clock, await opened(tmp), Signal(0, clock), 10000)
    energy.load()
    return clock, energy


async def test_the_sum_is_exact_to_the_last_milliwatt_millisecond(tmp):
    clock, energy = await meter(tmp)
    total = last_mw = 0
    energy.measured(0, clock.ticks_ms())
    for _ in range(3000):
        power_mw = random.choice((0, 1, 7199, 7200, 137160, 25650000, 1000000000, random.getrandbits(29)))
        ms = random.choice((1, 50, 100, 101, 2999, 5000))
        clock.step(ms)
        energy.measured(power_mw, clock.ticks_ms())
        total += (last_mw + power_mw) * ms
        last_mw = power_mw
        if random.getrandbits(4) == 0:
            energy.fold()
    assert energy.read() == total // 7200000
    rest = energy._rest_uwh * 7200 + energy._rest
    assert energy.read() * 7200000 + rest == total


async def test_small_powers_are_not_lost(tmp):
    clock, energy = await meter(tmp)
    energy.measured(1000, clock.ticks_ms())
    for _ in range(36000):  # an hour of 1 W in steps of 0.1 s: each is 0.028 mWh
        clock.step(100)
        energy.measured(1000, clock.ticks_ms())
    assert energy.read() == 1000


async def test_nothing_is_between_a_silence_and_the_first_measurement_after_it(tmp):
    clock, energy = await meter(tmp)
    clock.step(3000)
    energy.measured(3600000, clock.ticks_ms())  # the first one
    energy.measured(3600000, clock.ticks_ms())
    assert energy.read() == 0
    clock.step(3000)
    energy.measured(3600000, clock.ticks_ms())
    assert energy.read() == 3000
    energy.add_gap(3600000, 2000)
    energy.add_gap(3600000, -1)
    energy.forget()
    clock.step(3600000)
    energy.measured(3600000, clock.ticks_ms())
    assert energy.read() == 5000
    clock.step(3600000)
    energy.measured(3600000, clock.ticks_ms())  # nobody told of the silence
    assert energy.read() == 10000


async def test_every_intermediate_value_fits_31_bits(tmp):
    clock, energy = await meter(tmp)

    class Bounded(int):
        pass

    limit = 1 << 30
    # the largest of each term, as in the code
    assert 1000000000 // 7200 * 5000 + (7199 * 5000 + 7199) // 7200 + 999 < limit
    assert 7199 * 5000 + 7199 < limit
    for _ in range(100):
        clock.step(5000)
        energy.measured(1000000000, clock.ticks_ms())
        assert 0 <= energy._rest < 7200 and 0 <= energy._rest_uwh < 1000
        assert energy._new_mwh < limit
        energy.fold()


async def test_measuring_allocates_nothing(tmp):
    clock, energy = await meter(tmp)
    clock.step(100)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(100):
        clock._now += 100
        energy.measured(25650000, clock.ticks_ms())
    after = gc.mem_alloc()
    gc.enable()
    assert after == before and energy._new_mwh


def run(clock, energy, power_mw, ms, step_ms=100):
    """So long at a constant power, with a look at the register as often as the charger takes one."""
    for _ in range(ms // step_ms):
        energy.measured(power_mw, clock.ticks_ms())
        clock.step(step_ms)
        energy.save_if_due()
    energy.measured(power_mw, clock.ticks_ms())


async def test_the_register_is_journaled_before_it_is_seen(tmp):
    clock, energy = await meter(tmp)
    store = energy._store
    run(clock, energy, 3600000, 3000)
    records = store.records
    energy.save_if_due()
    assert store.records == records and store.get("register") is None
    assert energy.read() == 3000 and store.get("register") == 3000
    records = store.records
    for _ in range(10):
        assert energy.read() == 3000
    assert store.records == records  # nothing new, nothing written


async def test_a_register_that_is_none_is_in_doubt(tmp):
    """It ended the start, and every one after it."""
    clock = Clock()
    store = await opened(tmp)
    for value in ("x", -1, [1]):
        store.put("register", value)
        assert Energy(clock, store, Signal(0, clock), 10000).load() == 0
        assert store.doubts == ("the energy register",) and not store.trusted.value
        again = await opened(tmp)
        assert again.doubts == store.doubts
        store.release()


async def test_a_power_cut_takes_nothing_that_was_read(tmp):
    rig = await Rig(tmp).start()
    await rig.charge(amps=50.0)
    first = rig.meter.read()
    await rig.advance(36000)
    grown = rig.meter.read() - first
    assert abs(grown - 38000) <= 38000 * 200 // 36000, grown  # 76 V x 50 A x 36 s
    assert rig.store.get("register") == first + grown
    before = first + grown
    rig.wire.close()  # power cut: nothing is stopped in order
    for task in rig.tasks:
        task.cancel()
    again = await Rig(tmp).start()
    assert again.meter.energy_mwh.value == before and again.meter.read() == before
    await again.charge(amps=50.0)
    await again.advance(1000)
    assert again.meter.read() > before
    await again.stop()


async def test_the_bill_matches_a_ramp_that_a_float_meter_sums(tmp):
    rig = await Rig(tmp).start()
    await rig.charge(amps=0.0)
    first = rig.meter.read()
    del rig.say[POWER]
    joules = 0.0
    for step in range(300):
        volts, amps = 76 + step / 100, 0.37 * max(0, min(step, 290 - step))  # up, and down again
        await rig.clock.advance(100)
        await rig.receive(POWER, power(volts, amps))
        wire_volts, wire_amps = struct.unpack(">ff", power(volts, amps))
        joules += wire_volts * wire_amps / 10 * 0.1
    mwh = rig.meter.read() - first
    assert abs(mwh - joules / 3.6) < 0.001 * joules / 3.6, (mwh, joules / 3.6)
    await rig.stop()


async def test_an_orderly_stop_loses_no_energy(tmp):
    rig = await Rig(tmp).start()
    await rig.charge(amps=50.0)
    await rig.advance(20000)
    await rig.stop()
    counted = rig.meter.energy_mwh.value
    assert counted > 20000  # 76 V x 50 A x 20 s, less than what is journaled by itself
    again = await Rig(tmp).start()
    assert again.meter.energy_mwh.value == counted
    await again.stop()
