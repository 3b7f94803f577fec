"""A meter with a counter of its own, which is read."""

import time
from micropython import const

from components.meter.energy import Meter
from core.signals import Signal
from core.wire import product

_STEPS = const(2)  # that a count may be ahead of the energy: one at each end


class CountingMeter(Meter):
    """The register grows by what a meter with a counter of its own (Modbus, pulses) has counted between two readings.

    A subclass reads it, about once a second, and calls `counted`. It may set, as attributes of the class, ``silent_ms``
    and ``step_mwh``, the resolution of the count.

    What was counted while the meter could not be read is in the next reading, and counts. What was counted before the
    first reading after a start does not: the gate was closed. While there is no reading, the last one is older than
    `silent_ms`, or `counted` found an impossible count, nothing is charged (PowerMeterFailure).
    """

    silent_ms = 3000
    step_mwh = 10000

    silences = jumps = 0
    _silent = False
    _count_mwh = None

    def __init__(self, clock, **shared):
        super().__init__(clock=clock, **shared)
        self.power_mw = Signal(None, clock)

    def counted(self, mwh, mw, ma):
        """A reading: what it has counted in its life, and the power and current of now, all integers.

        A count that went back, or grew by more than the board can deliver, is logged and not counted: the meter was
        exchanged, or its reading is false. That lasts until the session is over.
        """
        now, last_ms, last_mwh = self._clock.ticks_ms(), self.at_ms, self._count_mwh
        self.at_ms, self._count_mwh = now, mwh
        if last_mwh is not None:
            if 0 <= mwh - last_mwh <= self._max_mwh(time.ticks_diff(now, last_ms)):
                self.add(mwh - last_mwh)
            else:
                self.jumps += 1
                self.fails("the meter's count went from %d to %d mWh" % (last_mwh, mwh))
        self.power_mw.set(mw)
        self.current_measured(ma, last_ms)  # what is read may be as old as the reading before
        if self._silent:
            self._silent = False
            self._log.info("the meter responds again")
        if not self.failed:
            self.works()

    def _max_mwh(self, ms):
        """What the board can deliver in this time, and a quarter more."""
        most_w = product(self._charger.max_voltage_mv, self._charger.max_current_ma) // 1000
        return most_w * max(0, ms) // 2880 + _STEPS * self.step_mwh

    def terminal(self, mv, ma):
        """What the power module measures is not billed."""

    def terminal_lost(self):
        """Its silence is no gap."""

    def session_over(self):
        self.failed = False  # the next reading shows whether it works

    def check(self):
        if not self._silent and self.power_mw.age_ms() > self.silent_ms:
            self._silent = True
            self.silences += 1
            self.power_mw.set(None)
            self._charger.meter_failed(True)
            self._log.error("the meter is silent: nothing is charged")
        self.save_if_due()

    def counters(self):
        """What was wrong in this run."""
        return ("silences", self.silences), ("impossible counts", self.jumps)

    async def start(self):
        await super().start()
        self.power_mw.set(None)  # from now on it may be silent
