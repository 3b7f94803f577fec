"""The power module: contract PowerModule, service ``charger``.

One module of the outlet, or several that work as one. It delivers what the `Setpoint` says while the outlet's gate is
open, and nothing while it is closed. What every protocol shares is `power_module.PowerModule`; a protocol is a subclass
that has frames and nothing else: `reference.Charger` (here as ``components.charger:Charger``), `elcon.Elcon`,
`infy.Infypower`.

For other components
====================

Signals; None is "not known". Measurements are None when they are older than 3 s, what is asked for in turns (output,
temperature) when it is older than 5 s.

- ``online`` (bool): the module is heard.
- ``terminal_voltage_mv``, ``terminal_current_ma``, ``power_mw``: at the terminals, behind the contactor. Billed.
- ``output_voltage_mv``, ``output_current_ma``: as the module measures its output; None for ever if it does not.
- ``temperature_mdeg``.
- ``status`` (str): "charging", "not charging".
- ``flags`` (int): bit 0 hardware failure, 1 over-temperature, 2 input voltage wrong, 3 battery detected, 4 it does not
  hear us.
- ``error`` (str): an OCPP 1.6 ChargePointErrorCode, words for what has none (OtherError), or "".
- ``wanted_voltage_mv``, ``wanted_current_ma``: the setpoint, the smallest of the vehicle's request, what the module
  can (`able`), the board's limits and the outlet's (``gate.limit_ma``); 0 while one of them is not known.

Attributes: ``min_voltage_mv``, ``max_voltage_mv``, ``max_current_ma``, the board's limits, constant; ``able_least_mv``,
``able_mv``, ``able_ma``, what the module says that it can now (0 and NO_LIMIT: it does not say);
``starting_current_ma``; ``refused``, frames that were too short or held what cannot be; ``faults.refusals``, requests
that the module refused.

Methods: `add_meter` and `meter_failed` (PowerModule), for the meter that bills the module's energy, see
`components.meter`. Without a meter that works nothing is charged.

Of the gate it sets ``charger_online`` and ``in_limits``, and calls ``gate.check``. Of the vehicle it takes
``max_voltage_mv``, ``max_current_ma`` and `guard`.

What holds for every protocol
=============================

- A measurement outside the board's limits, a fault that the module tells, more current or voltage than was asked for
  (`limits.Supervision`), current with the gate closed (`faults.Unstopped`), a module that does not switch on
  (`faults.Faults`), a meter that failed: each takes ``gate.in_limits`` away while its frame is handled. What is right
  again gives it back after `recovery_ms`; silence does not.
- When the gate closes the stop is sent within the same call, and repeated every `control_ms`; it is the first thing
  that goes out when the bus comes back, also if the gate opens in that moment. While the gate is open the guard of
  the bus is armed: where the protocol's stop is one frame, an interrupt sends it when the vehicle stops, also while
  the loop is blocked.
- A lower setpoint is told in the call that lowered it, a higher one within a second.
- Nothing of it allocates.

Writing a protocol
==================

A subclass of `power_module.PowerModule`, and its frames::

    class Module(power_module.PowerModule):
        options = power_module.options(address=(int, 1, 0, 63))  # its own; those of every module are with them
        control_ms = 500

        def __init__(self, can, bms, address, **shared):
            super().__init__(can=can, bms=bms, **shared)
            can.on(0x..., self._measured)
            bms.guard(can, 0x..., b"...")  # where one frame stops it; before anything is sent

Sets, as attributes of the class:

- ``control_ms``: how often `control` is called. Three things decide: a higher setpoint must reach the module within a
  second, a stop that was lost must be repeated within one, and the module must not take us for silent.
- ``telemetry_ms``: how often `telemetry` is called; 0: the module measures unasked. All that is asked for in turns must
  come round within 3 s (terminals) or 5 s (the rest).
- ``least_ma``: a lower current is 0 on the wire.
- ``able_ma = 0``, if the module tells what it can, so that nothing is charged before it did.

Has, called by the base (none may allocate or block; ``self.can`` is the bus, and its `send` returns whether it took the
frame):

- ``switch(on, mv, ma)``: start with these limits, or stop. A start comes after its limits. Returns whether the bus took
  all of it. While the gate is closed nothing but stops may go out.
- ``lower(mv, ma)``: the setpoint fell below ``told_mv`` or ``told_ma`` with the gate open: tell it now. Of the base:
  ``switch(True, mv, ma)``, which is right where one frame has it all.
- ``control(mv, ma)``: say again what is to be, every `control_ms` while it is on. Of the base: the same. (While it is
  off, the base says ``switch(False, 0, 0)`` again.)
- ``telemetry()``: ask for measurements, every `telemetry_ms`.
- ``hears()``: whether it is online; of the base: the terminals' measurement is younger than 3 s.
- ``expire(asked_ms)``: of Signals of its own, forget what is older. It is called every 100 ms.

Each time the bus took a limit the protocol notes it: ``told_mv``, ``told_ma``. What is not noted is told again.

Calls, while a frame is handled:

- ``terminal(mv, ma)``: the measurement that is billed. Returns False for what cannot be.
- ``output_voltage_mv.set``, ``output_current_ma.set``, ``temperature_mdeg.set``, ``status.set``.
- ``flagged(flags)``.
- ``able(mv, ma, least_mv=0)``: what the module can at most, and the lowest voltage.
- ``faults.refused(switch)``: it refused a request; `switch`: that to switch.
- ``return self.refuse(what, value, limit)``: the frame is too short or holds what cannot be; the arguments, which may
  be left out, are for people, see ``refuse`` of components/can.

`tests_unix/upy/components/charger/module_contract.py` and `setpoint_contract.py` test all of that; an implementation
passes them with a model of its module (`module_bench.py`).

Values on the wire that may exceed 2**30 are read with `core.wire`. Frames that do not come from this outlet's module
(another address) are not its measurements: a protocol with addresses registers the identifiers of its own alone.
"""


def __getattr__(name):
    """The reference protocol, which a board with another one does not have on its heap.

    MicroPython asks here for the modules, too, before it looks for them.
    """
    if name == "Charger":
        from components.charger.reference import Charger

        return Charger
    try:
        return __import__("components.charger." + name, None, None, (name,))
    except ImportError as e:
        raise AttributeError(str(e))
