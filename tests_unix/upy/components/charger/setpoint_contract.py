"""The contract PowerModule (components/charger), what it is told: tests that every implementation passes.

Each function takes the class of a model of its module, see module_bench.py, and a directory.
"""

import gc
import micropython

from bus import REQUEST, request
from module_bench import Bench


async def the_limits_are_there_when_it_starts(kind, tmp):
    bench = await Bench(kind, tmp).start()
    await bench.ready()
    assert bench.model.on is not True and bench.starts == 0
    at_start = []
    hear = bench.model.hear

    def listen(identifier, data):
        before = bench.model.on
        replies = hear(identifier, data)
        if bench.model.on and not before:
            at_start.append((bench.model.mv, bench.model.ma))
        return replies

    bench.model.hear = listen
    bench.rig.gate.limit("transaction", 32000)
    bench.rig.gate.transaction.set(True)
    assert len(at_start) == 1 and bench.model.on is True
    assert 83900 <= at_start[0][0] <= 84000 and 31900 <= at_start[0][1] <= 32000, at_start
    await bench.stop()


async def a_lower_setpoint_is_sent_in_the_call_that_lowers_it(kind, tmp):
    """And nothing that is told is above it."""
    bench = await (await Bench(kind, tmp).start()).charge(amps=5)
    model, module = bench.model, bench.rig.charger
    for volts, amps in ((84, 63.7), (83.9, 20), (80, 20)):
        bench.handle(REQUEST, request(volts, amps))
        mv, ma = round(volts * 1000), round(amps * 1000)
        assert (module.setpoint_mv.value, module.setpoint_ma.value) == (mv, ma)
        assert mv - 100 <= model.mv <= mv and ma - 100 <= model.ma <= ma, (model.mv, model.ma)
    bench.rig.gate.limit("transaction", 7000)
    assert 6900 <= model.ma <= 7000 and model.on is True
    bench.handle(REQUEST, request(80, 0))
    assert model.ma == 0 or model.on is False
    await bench.stop()


async def a_higher_one_is_sent_within_a_second(kind, tmp):
    bench = await (await Bench(kind, tmp).start()).charge(amps=5)
    bench.rig.vehicle(volts=78, amps=10)
    await bench.advance(1200)
    assert 77900 <= bench.model.mv <= 78000 and 9900 <= bench.model.ma <= 10000
    bench.rig.vehicle(volts=84, amps=60)
    await bench.advance(1150)  # and 150 until the vehicle says it
    assert 83900 <= bench.model.mv <= 84000 and 59900 <= bench.model.ma <= 60000
    await bench.stop()


async def a_lower_one_that_the_bus_did_not_take_is_sent_again(kind, tmp):
    bench = await (await Bench(kind, tmp).start()).charge(amps=5)
    bench.takes = False
    bench.rig.vehicle(amps=20)
    bench.handle(REQUEST, request(amps=20))
    bench.takes = True
    await bench.advance(150)
    assert 19900 <= bench.model.ma <= 20000
    await bench.stop()


async def while_the_gate_is_closed_it_is_never_sent_a_start(kind, tmp):
    bench = await (await Bench(kind, tmp).start()).charge()
    bench.rig.gate.transaction.set(False)
    bench.says(76, 0)
    starts = bench.starts
    for amps in (100, 20, 60):
        bench.rig.vehicle(amps=amps)
        bench.rig.gate.limit("transaction", 1000 * amps)
        await bench.advance(1500)
    assert bench.starts == starts and bench.model.on is False
    await bench.stop()


async def a_vehicle_that_requests_too_low_a_voltage_is_not_charged(kind, tmp):
    """The board has 56 V at least: below that nothing can be delivered that the vehicle permits."""
    bench = await (await Bench(kind, tmp).start()).charge()
    module, gate = bench.rig.charger, bench.rig.gate
    bench.handle(REQUEST, request(55.9, 30))
    assert gate.blocking() == ["in_limits"] and bench.model.on is False
    bench.rig.vehicle(volts=55.9)
    bench.says(56.1, 0)
    await bench.advance(5000)
    assert module.error.value == "the vehicle requests too low a voltage" and not gate.enabled.value
    assert len(bench.rig.logged("too low a voltage")) == 1
    bench.rig.vehicle()
    await bench.advance(2500)
    assert module.error.value == "" and gate.enabled.value
    await bench.stop()


async def what_the_module_can_limits_the_setpoint(kind, tmp):
    if kind.able is None:
        return
    bench = await (await Bench(kind, tmp).start()).charge(amps=5)
    module, model = bench.rig.charger, bench.model
    frames = model.able(25)
    for identifier, data in frames.items():
        assert not bench.handle(identifier, data)
    assert module.setpoint_ma.value == 25000 and 24900 <= model.ma <= 25000
    bench.rig.say.update(frames)
    await bench.advance(2000)
    assert 24900 <= model.ma <= 25000 and bench.rig.gate.enabled.value
    await bench.stop()


async def a_measurement_and_a_lower_setpoint_allocate_nothing(kind, tmp):
    bench = await (await Bench(kind, tmp).start()).charge(amps=5)
    rig = bench.rig
    measured = [[identifier, memoryview(data), rig.driver.FLAG_EXT_ID, 0]
                for amps in (5, 5.5) for identifier, data in bench.model.says(76, amps).items()]  # fmt: skip
    asked = [[REQUEST, memoryview(request(*limits)), rig.driver.FLAG_EXT_ID, 0] for limits in ((84, 90), (83, 80))]
    rig.driver.send = taken
    dispatch = bench.dispatch
    gc.collect()
    gc.disable()  # a function with a large frame would take it from the heap, and from the stack if that is locked
    before = gc.mem_alloc()
    for frame in measured:
        dispatch(frame)
    for frame in asked:
        dispatch(frame)
    used = gc.mem_alloc() - before
    gc.enable()
    assert used == 0, used
    micropython.heap_lock()
    try:
        for frame in measured:
            dispatch(frame)
        for frame in asked:
            dispatch(frame)
    finally:
        micropython.heap_unlock()
    assert rig.charger.setpoint_ma.value == 80000 and rig.gate.enabled.value
    await bench.stop()


def taken(identifier, data, flags):
    return 0


ALL = (
    the_limits_are_there_when_it_starts,
    a_lower_setpoint_is_sent_in_the_call_that_lowers_it,
    a_higher_one_is_sent_within_a_second,
    a_lower_one_that_the_bus_did_not_take_is_sent_again,
    while_the_gate_is_closed_it_is_never_sent_a_start,
    a_vehicle_that_requests_too_low_a_voltage_is_not_charged,
    what_the_module_can_limits_the_setpoint,
    a_measurement_and_a_lower_setpoint_allocate_nothing,
)
