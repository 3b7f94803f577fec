"""The power module: contract PowerModule, service ``charger``.

One module of the outlet, or several that work as one. It delivers the `Setpoint` while the outlet's gate is
open, and nothing while it is closed. What every protocol shares is `power_module.PowerModule`; a protocol is a subclass
that has frames and nothing else: `reference.Charger` (here as ``components.charger:Charger``), `elcon.Elcon`,
`infy.Infypower`.

For other components
====================

Signals; None is "not known". Measurements are None when they are older than 3 s, what is polled in turn (output,
temperature) when it is older than 5 s.

- ``online`` (bool): frames of the module arrive.
- ``terminal_voltage_mv``, ``terminal_current_ma``, ``power_mw``: at the terminals, behind the contactor. Billed.
- ``output_voltage_mv``, ``output_current_ma``: as the module measures its output; None for ever if it does not.
- ``temperature_mdeg``.
- ``status`` (str): "charging", "not charging".
- ``flags`` (int): bit 0 hardware failure, 1 over-temperature, 2 input voltage wrong, 3 battery detected, 4 it
  receives nothing.
- ``error`` (str): an OCPP 1.6 ChargePointErrorCode, another text (OtherError), or "".
- ``setpoint_mv``, ``setpoint_ma``: the setpoint, the smallest of the vehicle's request, what the module
  can deliver (`set_available`), the board's limits and the outlet's (``gate.limit_ma``); 0 while one is not known.

Attributes: ``min_voltage_mv``, ``max_voltage_mv``, ``max_current_ma``, the board's limits, constant;
``available_min_mv``, ``available_mv``, ``available_ma``, what the module reports that it can deliver now (0 and
NO_LIMIT: it does not); ``starting_current_ma``; ``refused``, frames that were too short or held impossible values;
``faults.refusals``, requests that the module refused.

Methods: `add_meter` and `meter_failed` (PowerModule), for the meter that bills the module's energy, see
`components.meter`. Without a meter that works nothing is charged.

Of the gate it sets ``charger_online`` and ``in_limits``, and calls ``gate.check``. Of the vehicle it uses
``max_voltage_mv``, ``max_current_ma`` and `guard`.

What holds for every protocol
=============================

- A measurement outside the board's limits, a fault that the module reports, current or voltage above the setpoint
  (`limits.Supervision`), current with the gate closed (`faults.StopFailure`), a module that does not switch on
  (`faults.Faults`), a meter that failed: each clears ``gate.in_limits`` while its frame is handled. A value that is
  right again sets it after `recovery_ms`; silence does not.
- When the gate closes the stop is sent within the same call, and repeated every `control_ms`; it is the first thing
  that goes out when the bus comes back, also if the gate opens in that moment. While the gate is open the guard of
  the bus is armed: where the protocol's stop is one frame, an interrupt sends it when the vehicle stops, also while
  the loop is blocked.
- A lower setpoint is sent in the call that lowered it, a higher one within a second.
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
  second, a stop that was lost must be repeated within one, and the module must not time out.
- ``telemetry_ms``: how often `telemetry` is called; 0: the module sends measurements unrequested. All that is polled in
  turn must be received within 3 s (terminals) or 5 s (the rest).
- ``min_ma``: a lower current is 0 on the wire.
- ``available_ma = 0``, if the module reports what it can deliver, so that nothing is charged before it did.

Has, called by the base (none may allocate or block; ``self.can`` is the bus, and its `send` returns whether it took the
frame):

- ``switch(on, mv, ma)``: start with these limits, or stop. A start comes after its limits. Returns whether the bus took
  all of it. While the gate is closed nothing but stops may go out.
- ``lower(mv, ma)``: the setpoint fell below ``sent_mv`` or ``sent_ma`` with the gate open: send it now. Of the base:
  ``switch(True, mv, ma)``, which is right where one frame has it all.
- ``control(mv, ma)``: send the setpoint again, every `control_ms` while it is on. Of the base: the same. (While it is
  off, the base calls ``switch(False, 0, 0)`` again.)
- ``telemetry()``: request measurements, every `telemetry_ms`.
- ``is_online()``: whether it is online; of the base: the terminals' measurement is younger than 3 s.
- ``expire(polled_ms)``: of Signals of its own, expire what is older. It is called every 100 ms.

Each time the bus took a limit the protocol notes it: ``sent_mv``, ``sent_ma``. What is not noted is sent again.

Calls, while a frame is handled:

- ``terminal(mv, ma)``: the measurement that is billed. Returns False for an impossible value.
- ``output_voltage_mv.set``, ``output_current_ma.set``, ``temperature_mdeg.set``, ``status.set``.
- ``set_flags(flags)``.
- ``set_available(mv, ma, min_mv=0)``: what the module can deliver at most, and its lowest voltage.
- ``faults.refused(switch)``: it refused a request; `switch`: that to switch.
- ``return self.refuse(what, value, limit)``: the frame is too short or holds an impossible value; the arguments,
  which may be left out, are for the console, see ``refuse`` of components/can.

`tests_unix/upy/components/charger/module_contract.py` and `setpoint_contract.py` test all of that; an implementation
passes them with a model of its module (`module_bench.py`).

Values on the wire that may exceed 2**30 are read with `core.wire`. Frames that do not come from this outlet's module
(another address) are not its measurements: a protocol with addresses registers the identifiers of its own alone.
"""


def __getattr__(name):
    """The reference protocol, which a board with another one does not have on its heap.

    MicroPython calls it for the modules, too, before it looks for them.
    """
    if name == "Charger":
        from components.charger.reference import Charger

        return Charger
    try:
        return __import__("components.charger." + name, None, None, (name,))
    except ImportError as e:
        raise AttributeError(str(e))
