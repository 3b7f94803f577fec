"""The contract PowerModule (components/charger), as tests that every implementation passes.

What it is told is in setpoint_contract.py. Each function takes the class of a model of its module, see module_bench.py,
and a directory.
"""

from bus import REQUEST, request
from module_bench import Bench

from core.signals import Signal

SIGNALS = {"online": False, "setpoint_mv": 0, "setpoint_ma": 0, "error": ""}
for _name in ("terminal_voltage_mv", "terminal_current_ma", "power_mw", "output_voltage_mv", "output_current_ma",
              "temperature_mdeg", "status", "flags"):  # fmt: skip
    SIGNALS[_name] = None


async def nothing_is_known_before_the_first_frame(kind, tmp):
    bench = await Bench(kind, tmp).start()
    await bench.advance(200)
    module, gate = bench.rig.charger, bench.rig.gate
    for name, value in SIGNALS.items():
        signal = getattr(module, name)
        assert isinstance(signal, Signal) and signal.value == value, (name, signal.value)
    assert module.refused == 0 and module.faults.refusals == 0
    assert not gate.charger_online.value and not gate.in_limits.value and bench.model.on is not True
    await bench.stop()


async def a_measurement_is_known_when_its_frames_were_handled(kind, tmp):
    bench = await Bench(kind, tmp).start()
    await bench.ready()
    module = bench.rig.charger
    assert module.online.value is True and bench.rig.gate.charger_online.value is True
    assert (module.terminal_voltage_mv.value, module.terminal_current_ma.value) == (76000, 0)
    bench.rig.say.clear()
    for identifier, data in bench.model.says(80, 12.5).items():
        assert not bench.handle(identifier, data)
    assert (module.terminal_voltage_mv.value, module.terminal_current_ma.value) == (80000, 12500)
    assert module.power_mw.value == 1000000
    await bench.stop()


async def what_cannot_be_is_refused_and_measures_nothing(kind, tmp):
    bench = await Bench(kind, tmp).start()
    await bench.ready()
    module = bench.rig.charger
    frames = bench.model.impossible()
    for identifier, data in frames:
        before = module.terminal_voltage_mv.value, module.terminal_current_ma.value, module.power_mw.value
        assert bench.handle(identifier, data), data
        after = module.terminal_voltage_mv.value, module.terminal_current_ma.value, module.power_mw.value
        assert before == after == (76000, 0, 0), data
    assert module.refused == len(frames) > 0
    await bench.stop()


async def a_silent_module_is_forgotten_and_the_gate_closes(kind, tmp):
    bench = await (await Bench(kind, tmp).start()).charge()
    module, gate = bench.rig.charger, bench.rig.gate
    for identifier in bench.model.says(76, 0):
        bench.rig.say.pop(identifier)
    bench.model.hear = nothing
    await bench.advance(2800)
    assert module.online.value and gate.enabled.value
    await bench.advance(500)
    assert not module.online.value and not gate.charger_online.value and not gate.enabled.value
    assert module.terminal_voltage_mv.value is None and module.power_mw.value is None
    await bench.advance(2500)
    for name in SIGNALS:
        if SIGNALS[name] is None:
            assert getattr(module, name).value is None, name
    await bench.stop()


def nothing(identifier, data):
    return {}


async def the_stop_goes_out_in_the_call_that_closes_the_gate(kind, tmp):
    """Whichever condition it is: the vehicle's stop, a measurement outside the limits, the end of the transaction."""
    bench = await (await Bench(kind, tmp).start()).charge()
    gate, model = bench.rig.gate, bench.model
    bench.handle(REQUEST, request(switch=1))
    assert not gate.enabled.value and model.on is False
    bench.says(76, 0)
    await bench.advance(4500)  # the pause after a stop
    assert gate.enabled.value and model.on is True
    for identifier, data in model.says(86, 50).items():  # the board has 85.5 V
        bench.handle(identifier, data)
    assert gate.blocking() == ["in_limits"] and model.on is False
    await bench.advance(2500)
    assert gate.enabled.value and model.on is True
    gate.transaction.set(False)
    assert model.on is False
    await bench.stop()


async def a_stop_that_was_lost_is_repeated_within_a_second(kind, tmp):
    bench = await (await Bench(kind, tmp).start()).charge()
    bench.takes = False
    bench.rig.gate.transaction.set(False)
    assert bench.model.on is True
    await bench.advance(100)
    bench.takes = True
    bench.says(76, 0)
    await bench.advance(1000)
    assert bench.model.on is False
    await bench.stop()


async def the_first_thing_after_the_bus_was_away_is_a_stop(kind, tmp):
    """Also if everything else still holds, so that the gate opens in the moment in which the bus is back."""
    bench = await (await Bench(kind, tmp).start()).charge()
    gate, model = bench.rig.gate, bench.model
    heard = []
    hear = model.hear

    def listen(identifier, data):
        replies = hear(identifier, data)
        heard.append(model.on)
        return replies

    model.hear = listen
    for holds in (True, False):
        bench.takes = False
        bench.rig.can._down()
        assert not gate.enabled.value and model.on is True
        gate.transaction.set(holds)
        bench.takes = True
        del heard[:]
        bench.rig.can._up(True)
        assert heard[0] is False and gate.enabled.value is model.on is holds, heard
    await bench.stop()


async def a_fault_that_it_tells_closes_the_gate_while_its_frame_is_handled(kind, tmp):
    if kind.fault is None:
        return
    bench = await (await Bench(kind, tmp).start()).charge()
    module, gate = bench.rig.charger, bench.rig.gate
    for identifier, data in bench.model.fault().items():
        assert not bench.handle(identifier, data)
    assert gate.blocking() == ["in_limits"] and module.flags.value & 1 and bench.model.on is False
    bench.rig.say.update(bench.model.fault())
    await bench.advance(1000)
    assert module.error.value == "a fault of the power module, or on its bus" and not gate.enabled.value
    await bench.stop()


async def what_is_delivered_is_supervised(kind, tmp):
    """More than was asked for, for a second; and a current that goes on after the stop."""
    bench = await (await Bench(kind, tmp).start()).charge(amps=5)
    module, gate = bench.rig.charger, bench.rig.gate
    bench.rig.vehicle(amps=10)
    await bench.advance(1000)
    bench.says(76, 40)
    await bench.advance(3500)
    assert module.error.value == "OverCurrentFailure" and gate.blocking() == ["in_limits"] and not bench.model.on
    await bench.advance(3500)
    assert module.error.value == "PowerSwitchFailure"
    bench.says(76, 0)
    await bench.advance(7000)
    assert not gate.enabled.value and module.error.value == "PowerSwitchFailure"  # until somebody releases it
    bench.rig.kernel.release()
    await bench.advance(3500)
    assert module.error.value == "" and gate.enabled.value
    await bench.stop()


async def the_guard_has_the_stop_where_it_is_one_frame(kind, tmp):
    given = []

    def guard(self, can, answer, data):
        given.append((answer, bytes(data)))

    from components.bms import Bms

    before = Bms.guard
    Bms.guard = guard
    try:
        bench = await Bench(kind, tmp).start()
    finally:
        Bms.guard = before
    assert given == ([kind.STOP] if kind.STOP else []), given
    armed = []
    bench.rig.can.arm = armed.append
    await bench.charge()
    bench.rig.gate.transaction.set(False)
    assert armed == [True, False]
    await bench.stop()


async def nothing_is_charged_without_a_meter(kind, tmp):
    bench = await Bench(kind, tmp, meter=None).start()
    await bench.ready()
    bench.rig.gate.transaction.set(True)
    await bench.advance(2000)
    assert bench.rig.gate.blocking() == ["in_limits"] and bench.model.on is not True
    assert bench.rig.charger.error.value == "PowerMeterFailure" and len(bench.rig.logged("no meter")) == 1
    await bench.stop()


ALL = (
    nothing_is_known_before_the_first_frame,
    a_measurement_is_known_when_its_frames_were_handled,
    what_cannot_be_is_refused_and_measures_nothing,
    a_silent_module_is_forgotten_and_the_gate_closes,
    the_stop_goes_out_in_the_call_that_closes_the_gate,
    a_stop_that_was_lost_is_repeated_within_a_second,
    the_first_thing_after_the_bus_was_away_is_a_stop,
    a_fault_that_it_tells_closes_the_gate_while_its_frame_is_handled,
    what_is_delivered_is_supervised,
    the_guard_has_the_stop_where_it_is_one_frame,
    nothing_is_charged_without_a_meter,
)
