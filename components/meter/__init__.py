"""The energy register of an outlet, and what is billed: contract Meter, service ``meter``.

A transaction is billed the difference of two readings of the register. It is that of a physical meter: it counts what
is delivered, whether the gate is open or not, and never decreases.

For other components
====================

Signals; None is "not known":

- ``energy_mwh`` (int): the register. To be shown; to report or bill it use `changes` or `read`.
- ``power_mw`` (int).
- ``flowing`` (bool): True from the moment the gate opens until, with the gate closed, the current is below the module's
  starting current; also while it is above it with the gate closed. An unknown current leaves it as it is. A transaction
  ends when it is False: only then the register has all of it.

Methods:

- ``changes()``: (the register in mWh, {key: value} to be journaled before it is reported; keys as in the journal).
  After that commit: ``saved(mwh)``, which allocates nothing.
- ``read()``: the register in mWh, journaled before it is returned. Raises StoreError.
- ``keep_by(keep, mwh)``: have something else keep the register between two commits, see `energy.Energy`; in a
  ``start``.
- ``counters()``: ((text, count), ...) to be shown: what was wrong with the measurement.

A meter that is silent, or implausible, closes the gate (``charger.meter_failed``): the module's ``error`` is
PowerMeterFailure. An outlet without one is not built, for `Evse` requires it.

Writing a source
================

`terminal.TerminalMeter`, the default, integrates the power that the module measures at its terminals.

A meter with a counter of its own (Modbus, pulses) is a subclass of `counting.CountingMeter`: it calls ``counted`` for
each reading, see there::

    class Counter(CountingMeter):
        requires = CountingMeter.requires + ("pulse",)  # what it needs beside what every meter needs
        options = options(period_ms=(int, 500, 100, 1000))  # `energy.options`: its own with those of every meter

        def __init__(self, pulse, period_ms, **shared):
            super().__init__(**shared)

        async def run(self):
            ...  # calls ``self.counted(mwh, mw, ma)``

What measures power and has no counter is a subclass of `energy.Meter` that calls, of the register, ``measured(mw,
at_ms)`` for each measurement and ``forget()`` after a silence, reports the current by ``current_measured(ma,
at_ms)`` and its own state by ``works()`` and ``fails(why)``, and has ``counters()`` and what the power module calls:

- ``terminal(mv, ma)``: a measurement of the module's own terminals, while its frame is handled; may not allocate.
- ``terminal_lost()``: they became unknown; before the gate closes.
- ``check()``: every 100 ms; calls ``self.save_if_due()``.

One entry of the board is the meter, under the service name ``meter``::

    {"name": "meter", "use": "components.meter.terminal:TerminalMeter"},
"""
