"""Conditions of the gate that come back later than what they depend on."""

import time

from core.signals import Signal


class Pause(Signal):
    """False for `ms` after another Signal (bool) became True, or, if `edge` is False, was it last. `check` ends it."""

    edge = True

    def __init__(self, source, ms, clock):
        super().__init__(True, clock)
        self._ms = ms
        source.watch(self._changed, first=True)

    def _changed(self, value):
        if (value is True) is self.edge and self._ms:
            self.set(False)  # again: the time counts from the last one

    def check(self):
        """To be called periodically."""
        if not self.value and self.age_ms() >= self._ms:
            self.set(True)


class Settling(Pause):
    """The pause after each stop of the BMS. One that stops too often during a transaction is ``flapping``.

    That are `count` stops (0: never) within `within_ms`. The pause then lasts until the vehicle is unplugged.
    """

    edge = False

    def __init__(self, bms_permits, plugged, transaction, ms, count, within_ms, clock):
        super().__init__(bms_permits, ms, clock)
        self._transaction = transaction
        self._within_ms = within_ms
        self._stops = [0] * count  # ticks, a ring
        self._turn = self._seen = 0
        self.flapping = False
        plugged.watch(self._plug_changed, first=True)

    def _changed(self, value):
        super()._changed(value)
        if value is not True and self._transaction.value is True and self._stops and self._count():
            self.flapping = True
            self.set(False)

    def _count(self):
        """Note a stop; returns whether there were too many."""
        now = self._ticks_ms()
        stops, turn = self._stops, self._turn
        stops[turn] = now  # type: ignore[call-overload]  # ticks are an int
        self._turn = (turn + 1) % len(stops)
        self._seen = min(self._seen + 1, len(stops))
        return self._seen == len(stops) and time.ticks_diff(now, stops[self._turn]) < self._within_ms

    def _plug_changed(self, plugged):
        if not plugged:
            self._seen = 0
            self.flapping = False

    def check(self):
        if not self.flapping:
            super().check()
