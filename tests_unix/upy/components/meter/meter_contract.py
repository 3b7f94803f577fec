"""The contract Meter (components/meter), as tests that every implementation passes.

An implementation comes with a rig, an object of a class with

    METER               the entry of the board, without its name
    EXTRA               further entries that it needs
    STEP_WH             the resolution of its count
    says(rig, volts, amps)    from now on this is delivered, and the power module and the meter tell it
    silent(rig)         from now on it cannot be read

Each function takes such a class and a directory.
"""

import gc

from bus import Rig

from core.signals import Signal

SIGNALS = {"energy_mwh": 0, "power_mw": None, "flowing": False}


async def begun(kind, tmp):
    kind = kind()
    rig = await Rig(tmp, meter=kind.METER, extra=kind.EXTRA).start()
    return kind, rig


async def charging(kind, tmp, amps=50):
    kind, rig = await begun(kind, tmp)
    rig.vehicle()
    kind.says(rig, 76, 0)
    await rig.advance(2500)
    rig.gate.limit("transaction", 200000)
    rig.gate.transaction.set(True)
    assert rig.gate.enabled.value, rig.gate.blocking()
    kind.says(rig, 76, amps)
    await rig.advance(2000)
    return kind, rig


async def nothing_is_charged_before_it_responded(kind, tmp):
    """And what others may use is there, from the beginning."""
    kind, rig = await begun(kind, tmp)
    meter = rig.meter
    for name, value in SIGNALS.items():
        signal = getattr(meter, name)
        assert isinstance(signal, Signal) and signal.value is value, name
    assert isinstance(meter.counters(), tuple) and meter.changes() == (0, {})
    rig.vehicle()
    kind.says(rig, 76, 0)
    kind.silent(rig)
    rig.gate.limit("transaction", 200000)
    rig.gate.transaction.set(True)
    await rig.advance(6000)
    assert not rig.gate.enabled.value and "in_limits" in rig.gate.blocking()
    kind.says(rig, 76, 0)
    await rig.advance(2500)
    assert rig.gate.enabled.value and rig.charger.error.value == "", rig.gate.blocking()
    await rig.stop()


async def it_counts_what_is_delivered(kind, tmp):
    kind, rig = await charging(kind, tmp)
    before, at_ms = rig.meter.read(), rig.clock.ticks_ms()
    await rig.advance(30000)
    for amps, seconds in ((20, 20), (0, 5), (50, 20)):
        kind.says(rig, 76, amps)
        await rig.advance(1000 * seconds)
    assert rig.clock.ticks_ms() - at_ms == 75000
    delivered = 76 * (50 * 50 + 20 * 20) / 3.6
    grown = rig.meter.read() - before
    assert abs(grown - delivered) < 0.01 * delivered + 2000 * kind.STEP_WH, (grown, delivered)
    assert rig.meter.power_mw.value == 3800000
    await rig.stop()


async def flowing_begins_with_the_gate_and_ends_with_the_current(kind, tmp):
    kind, rig = await charging(kind, tmp)
    flowing = rig.meter.flowing
    assert flowing.value is True
    rig.gate.transaction.set(False)
    for amps in (40, 10, 2):
        kind.says(rig, 76, amps)
        await rig.advance(700)
        assert flowing.value is True
    before = rig.meter.read()
    kind.says(rig, 76, 0)
    await rig.advance(1600)
    assert flowing.value is False and rig.meter.read() - before < 2000 + 2000 * kind.STEP_WH
    rig.gate.transaction.set(True)
    assert rig.gate.enabled.value and flowing.value is True
    rig.gate.transaction.set(False)
    await rig.advance(1600)
    assert flowing.value is False
    await rig.stop()


async def what_flows_with_the_gate_closed_counts(kind, tmp):
    """A power module that does not stop."""
    kind, rig = await charging(kind, tmp)
    rig.gate.transaction.set(False)
    kind.says(rig, 76, 0)
    await rig.advance(2000)
    assert rig.meter.flowing.value is False
    before = rig.meter.read()
    kind.says(rig, 76, 50)
    await rig.advance(20000)
    assert rig.meter.flowing.value is True
    assert abs(rig.meter.read() - before - 76 * 50 * 20 / 3.6) < 1500 + 2000 * kind.STEP_WH
    await rig.stop()


async def what_is_read_is_journaled_before(kind, tmp):
    kind, rig = await charging(kind, tmp)
    meter, store = rig.meter, rig.store
    await rig.advance(10000)
    mwh, changes = meter.changes()
    assert mwh > 10000 and list(changes.values()) == [mwh] and store.get("register", 0) < mwh
    store.commit(changes)
    meter.saved(mwh)
    assert store.get("register") == mwh and meter.changes() == (mwh, {})
    await rig.advance(5000)
    grown = meter.read()
    assert grown > mwh and store.get("register") == grown == meter.energy_mwh.value
    await rig.stop()


async def saved_allocates_nothing(kind, tmp):
    kind, rig = await charging(kind, tmp)
    meter = rig.meter
    mwh, changes = meter.changes()
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    meter.saved(mwh)
    used = gc.mem_alloc() - before
    gc.enable()
    assert used == 0
    await rig.stop()


async def a_power_cut_takes_no_more_than_20_wh(kind, tmp):
    """Nothing of what was read, and the register goes on from there."""
    kind, rig = await charging(kind, tmp)
    await rig.advance(20000)
    read = rig.meter.read()
    await rig.advance(60000)
    rig.meter.fold()
    shown = rig.meter.energy_mwh.value
    for task in rig.tasks:
        task.cancel()
    rig.wire.close()  # nothing is stopped in order
    again = type(kind)()
    life = await Rig(tmp, meter=again.METER, extra=again.EXTRA).start()
    found = life.meter.energy_mwh.value
    assert read <= found and shown - 20000 - 11000 <= found <= shown, (read, found, shown)
    life.vehicle()
    again.says(life, 76, 0)
    await life.advance(2000)
    assert life.meter.read() == found  # the meter's own count is not taken for ours
    await life.stop()


async def an_orderly_stop_loses_nothing(kind, tmp):
    kind, rig = await charging(kind, tmp)
    await rig.advance(13000)
    await rig.stop()
    counted = rig.meter.energy_mwh.value
    assert counted > 12000
    kind, again = await begun(type(kind), tmp)
    assert again.meter.energy_mwh.value == counted
    await again.stop()


async def what_keeps_it_elsewhere_takes_the_place_of_records(kind, tmp):
    kind, rig = await charging(kind, tmp)
    kept = []
    assert rig.meter.keep_by(lambda mwh: kept.append(mwh) or True, None) is False
    records = rig.store.records
    await rig.advance(60000)
    assert len(kept) >= 2 and kept == sorted(kept) and rig.store.records == records, kept
    assert rig.meter.keep_by(lambda mwh: True, rig.meter.energy_mwh.value + 5000) is True
    assert rig.meter.changes()[0] >= kept[-1] + 5000
    await rig.stop()


async def a_meter_that_falls_silent_closes_the_gate(kind, tmp):
    """Within 3 s, and what is delivered until then is billed."""
    kind, rig = await charging(kind, tmp)
    before = rig.meter.read()
    kind.silent(rig)
    closed = []
    began = rig.clock.uptime_ms()

    def stopped(enabled):
        closed.append(rig.clock.uptime_ms() - began)
        kind.delivers(rig, 76, 0)

    rig.gate.enabled.watch(stopped)
    await rig.advance(3500)
    assert not rig.gate.enabled.value and "in_limits" in rig.gate.blocking()
    assert 2500 <= closed[0] <= 3300, closed
    await rig.advance(2000)
    kind.says(rig, 76, 0)
    await rig.advance(1500)
    delivered = 76 * 50 * closed[0] / 3600
    assert abs(rig.meter.read() - before - delivered) < 0.1 * delivered + 2000 * kind.STEP_WH
    assert rig.gate.enabled.value and rig.charger.error.value == ""  # it is heard again
    await rig.stop()


async def a_second_meter_is_refused(kind, tmp):
    """Both would bill the same energy."""
    from core.parts import DeclarationError

    kind = kind()
    again = dict(kind.METER, name="second")
    try:
        await Rig(tmp, meter=kind.METER, extra=tuple(kind.EXTRA) + (again,)).start()
        raise AssertionError("two meters")
    except DeclarationError as e:
        assert "meter" in str(e) and "second" in str(e)
    rig = await Rig(tmp, meter=kind.METER, extra=kind.EXTRA).start()
    try:
        rig.charger.add_meter(rig.meter)
        raise AssertionError("two meters")
    except ValueError:
        pass
    await rig.stop()


ALL = (
    nothing_is_charged_before_it_responded,
    it_counts_what_is_delivered,
    flowing_begins_with_the_gate_and_ends_with_the_current,
    what_flows_with_the_gate_closed_counts,
    what_is_read_is_journaled_before,
    saved_allocates_nothing,
    a_power_cut_takes_no_more_than_20_wh,
    an_orderly_stop_loses_nothing,
    what_keeps_it_elsewhere_takes_the_place_of_records,
    a_meter_that_falls_silent_closes_the_gate,
    a_second_meter_is_refused,
)
