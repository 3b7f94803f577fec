"""A meter with a counter of its own: what it cannot have counted, its silence, and its exchange."""

from bus import POWER, REQUEST, STATUS, Rig, power, status

HEAPSIZE = "16M"  # the wire keeps every frame
METER = {"use": "other_meter:OtherMeter"}
EXTRA = ({"name": "counter", "use": "other_meter:Counter"},)


async def charging(tmp, amps=50):
    rig = await Rig(tmp, meter=METER, extra=EXTRA).start()
    rig.counter.answers = True
    rig.vehicle()
    rig.module()
    await rig.advance(1500)
    rig.gate.limit("transaction", 200000)
    rig.gate.transaction.set(True)
    assert rig.gate.enabled.value, rig.gate.blocking()
    flows(rig, amps)
    await rig.advance(2000)
    return rig


def flows(rig, amps):
    rig.say[POWER], rig.say[STATUS] = power(76, amps), status(amps > 0)
    rig.counter.set(76, amps)


async def end_session(rig):
    rig.gate.transaction.set(False)
    flows(rig, 0)
    del rig.say[REQUEST]
    await rig.advance(4000)
    assert not rig.gate.plugged.value


async def test_a_count_that_goes_back_is_reported_not_billed_and_ends_with_the_session(tmp):
    """The meter was exchanged: its count begins anew."""
    rig = await charging(tmp)
    before = rig.meter.read()
    rig.counter.base_wh -= 123000
    await rig.advance(1000)
    assert rig.gate.blocking() == ["in_limits"] and rig.charger.error.value == "PowerMeterFailure"
    assert rig.meter.counters() == (("silences", 0), ("impossible counts", 1))
    assert rig.meter.flowing.value is True  # it is still measured
    flows(rig, 0)
    await rig.advance(10000)
    assert rig.charger.error.value == "PowerMeterFailure" and len(rig.logged("the meter's count went from")) == 1
    assert 0 <= rig.meter.read() - before < 3000
    await end_session(rig)
    assert rig.charger.error.value == ""
    rig.vehicle()
    await rig.advance(1500)
    rig.gate.transaction.set(True)
    assert rig.gate.enabled.value, rig.gate.blocking()
    await rig.stop()


async def test_a_count_that_grows_by_more_than_the_board_can_deliver_is_not_billed(tmp):
    """85.5 V x 300 A are 3.6 Wh in 500 ms: 8 Wh may be two steps beside it, 9 may not."""
    for more_wh, billed in ((4, True), (9, False)):
        rig = await charging(tmp + "/" + str(more_wh), amps=0)
        before = rig.meter.read()
        rig.counter.base_wh += more_wh
        await rig.advance(1000)
        assert rig.gate.enabled.value is billed, rig.gate.blocking()
        assert rig.meter.read() - before == (1000 * more_wh if billed else 0)
        await rig.stop()


async def test_one_that_never_responds_is_reported_once(tmp):
    rig = await Rig(tmp, meter=METER, extra=EXTRA).start()
    rig.vehicle()
    rig.module()
    rig.gate.limit("transaction", 200000)
    rig.gate.transaction.set(True)
    await rig.advance(2800)
    assert rig.gate.blocking() == ["in_limits"] and rig.charger.error.value == ""  # it may need its time to start
    await rig.advance(60000)
    assert rig.gate.blocking() == ["in_limits"] and rig.charger.error.value == "PowerMeterFailure"
    assert len(rig.logged("the meter is silent: nothing is charged")) == 1
    assert rig.meter.counters() == (("silences", 1), ("impossible counts", 0))
    rig.counter.answers = True
    await rig.advance(2500)
    assert rig.gate.enabled.value and len(rig.logged("the meter responds again")) == 1
    await rig.stop()


async def test_what_it_counts_in_a_silence_is_billed_when_it_responds_again(tmp):
    rig = await charging(tmp)
    before = rig.meter.read()
    rig.counter.answers = False
    await rig.advance(2500)
    assert rig.gate.enabled.value
    rig.counter.answers = True
    await rig.advance(1000)
    assert abs(rig.meter.read() - before - 76 * 50 * 3.5 / 3.6) < 2000 and rig.gate.enabled.value
    rig.counter.answers = False
    await rig.advance(4000)
    assert not rig.gate.enabled.value and rig.meter.power_mw.value is None
    rig.counter.answers = True
    before = rig.meter.read()
    await rig.advance(600)  # it flowed on
    assert abs(rig.meter.read() - before - 76 * 50 * 4.5 / 3.6) < 3000
    await rig.stop()


async def test_a_silent_meter_does_not_become_a_working_one_when_the_vehicle_goes(tmp):
    rig = await charging(tmp)
    rig.counter.base_wh -= 1000
    await rig.advance(1000)
    rig.counter.answers = False
    await end_session(rig)
    await rig.advance(4000)
    assert rig.charger.error.value == "PowerMeterFailure"
    await rig.stop()


async def test_a_reading_is_believed_only_when_it_was_made_after_the_stop(tmp):
    """A current below the starting current that was read before the gate closed does not end the transaction."""
    rig = await charging(tmp)
    meter = rig.meter
    rig.clock._now += 50
    rig.gate.transaction.set(False)
    meter.counted(meter._count_mwh, 0, 0)  # asked for before the stop
    assert meter.flowing.value is True
    rig.clock._now += 100
    meter.counted(meter._count_mwh, 0, 0)
    assert meter.flowing.value is False
    await rig.stop()
