"""A power module that goes on after the stop: told, not startable, and released only by somebody."""

from bus import CONTROL, POWER, STOP_FRAME, Rig, power

HEAPSIZE = "16M"  # the wire keeps every frame


async def runaway(tmp, **options):
    """A module that delivers 50 A and does not hear the stop."""
    rig = await Rig(tmp, **options).start()
    await rig.charge(amps=50)
    rig.gate.transaction.set(False)
    return rig


async def startable(rig):
    rig.gate.transaction.set(True)
    await rig.advance(1500)
    enabled = rig.gate.enabled.value
    rig.gate.transaction.set(False)
    return enabled


async def cut_power(rig):
    rig.kernel._stop = nothing
    for task in rig.tasks:
        task.cancel()
    await rig.clock.settle()
    rig.store.index.records.close()
    rig.wire.close()


async def nothing():
    pass


async def test_a_module_that_goes_on_after_the_stop_is_a_failure_of_the_power_switch(tmp):
    """31.8 Wh in 15 s, Finishing, NoError."""
    rig = await runaway(tmp)
    await rig.advance(2700)
    assert rig.charger.error.value == ""
    since = len(rig.wire.frames)
    await rig.advance(500)
    assert rig.charger.error.value == "PowerSwitchFailure" and rig.logged("did not stop")
    stops = [data for _, data in rig.wire.of(CONTROL, None, since)]
    assert stops and set(stops) == {STOP_FRAME}
    assert not await startable(rig)
    await rig.stop()


async def test_what_was_measured_before_the_stop_is_no_failure(tmp):
    """The bus fails while 50 A flow: their measurement is the last one for as long as the bus is away."""
    rig = await Rig(tmp).start()
    await rig.charge(amps=50)
    del rig.say[POWER]
    rig.gate.transaction.set(False)
    await rig.advance(6000)
    assert rig.charger.terminal_current_ma.value is None and rig.charger.error.value == ""
    await rig.stop()


async def test_it_is_released_by_a_person_after_no_current_for_a_time(tmp):
    rig = await runaway(tmp)
    await rig.advance(3200)
    releases = rig.kernel.releases
    releases.set(1)  # too early: it still flows
    rig.module(amps=0)
    await rig.advance(4500)
    releases.set(2)  # too early
    await rig.advance(1000)
    assert rig.charger.error.value == "PowerSwitchFailure" and not await startable(rig)
    await rig.advance(60000)  # time alone does not mend it
    assert rig.charger.error.value == "PowerSwitchFailure"
    releases.set(3)
    await rig.advance(1100)
    assert rig.charger.error.value == "" and rig.store.get("charger/unstopped") is None
    assert await startable(rig)
    await rig.stop()


async def test_an_unknown_current_releases_nothing(tmp):
    rig = await runaway(tmp)
    await rig.advance(3200)
    del rig.say[POWER]
    await rig.advance(20000)
    rig.kernel.releases.set(1)
    assert rig.store.get("charger/unstopped") is True
    await rig.stop()


async def test_a_restart_releases_it_only_if_that_was_requested_and_no_current_flows(tmp):
    """Nobody looks at the power module when an update, or a store that works again, restarts the firmware."""
    rig = await runaway(tmp)
    await rig.advance(5000)
    rig.kernel.release()  # as a Reset does before it
    await rig.stop()
    rig = await Rig(tmp).start()
    rig.vehicle()
    rig.module(amps=50)
    await rig.advance(500)
    assert rig.charger.error.value == "PowerSwitchFailure"
    rig.module(amps=0)
    await rig.advance(5500)
    assert not await startable(rig)
    await rig.stop()  # as for an update
    rig = await Rig(tmp).start()
    rig.vehicle()
    rig.module(amps=0)
    await rig.advance(5500)
    assert rig.charger.error.value == "PowerSwitchFailure" and not await startable(rig)
    rig.kernel.release()
    await rig.stop()
    rig = await Rig(tmp).start()
    await rig.charge()
    await rig.stop()


async def test_it_lasts_over_a_power_cut(tmp):
    rig = await runaway(tmp)
    await rig.advance(3200)
    rig.module(amps=0)
    await rig.advance(10000)
    await cut_power(rig)
    rig = await Rig(tmp).start()
    rig.vehicle()
    rig.module(amps=0)
    rig.gate.limit("transaction", 16000)
    await rig.advance(10000)
    assert rig.charger.error.value == "PowerSwitchFailure" and not await startable(rig)
    rig.kernel.releases.set(1)
    assert await startable(rig)
    await rig.stop()


async def test_after_a_start_nothing_charges_before_a_measurement_shows_no_current(tmp):
    """The power was cut before the failure was found: it does not come back startable while current flows."""
    rig = await runaway(tmp)
    await cut_power(rig)
    rig = await Rig(tmp).start()
    rig.vehicle()
    rig.module(amps=50)
    rig.gate.limit("transaction", 200000)
    assert not await startable(rig)
    await rig.advance(2000)
    assert rig.charger.error.value == "PowerSwitchFailure"
    await rig.stop()


async def test_current_that_fades_in_time_is_no_failure(tmp):
    rig = await runaway(tmp)
    for amps in (40, 20, 10, 2, 0.6):
        rig.say[POWER] = power(76, amps)
        await rig.advance(500)
    rig.say[POWER] = power(76, 0.4)
    await rig.advance(5000)
    assert rig.charger.error.value == "" and await startable(rig)
    await rig.stop()


async def test_a_store_that_refuses_leaves_the_failure_as_it_is(tmp):
    rig = await runaway(tmp)

    def put(key, value):
        raise rig.store.Error("full")

    rig.store.put = put
    await rig.advance(3300)
    assert rig.charger.error.value == "PowerSwitchFailure" and rig.part("charger").failures == 0
    assert rig.logged("not kept over a restart")
    del rig.store.put
    await rig.advance(200)
    assert rig.store.get("charger/unstopped") is True
    await rig.stop()


async def test_the_noise_of_an_idle_sensor_is_no_current(tmp):
    rig = await Rig(tmp, charger={"starting_current_ma": 2000}).start()
    rig.module(amps=1.8)
    await rig.advance(10000)
    assert rig.charger.error.value == ""
    rig.vehicle()
    rig.gate.limit("transaction", 200000)
    assert await startable(rig)
    await rig.stop()
