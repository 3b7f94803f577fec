"""A power module that goes on after the stop."""

import time

from components.charger import limits

_KEY = "charger/unstopped"  # in the store from the failure on until it is released


class Unstopped:
    """With the gate closed, `flows_ma` or more that are measured after `after_ms` are a failure of the power switch.

    It lasts, also over a power cut, until somebody released it after no current had flowed for `quiet_ms`: a person at
    the console (``s``, ``reset``), or the central system's operator (Reset). No other restart, such as that of an
    update, releases it. An unknown current is neither a current nor none. After each start charging is not possible
    until a measurement shows no current.
    """

    def __init__(self, clock, gate, judge, store, log, current_ma, flows_ma, after_ms, quiet_ms):
        self._clock = clock
        self._gate = gate
        self._judge = judge
        self._store = store
        store.vital(_KEY, "whether the power module stops")
        self._log = log
        self._current_ma = current_ma  # Signal, of the terminals
        self._flows_ma = flows_ma
        self._after_ms = after_ms
        self._quiet_ms = quiet_ms
        self.failed = False
        self._kept = True  # in the store, what is to be
        self._stopped_ms = self._flowed_ms = clock.ticks_ms()
        judge(limits.UNSTOPPED_YET, limits.UNSTOPPED_YET)
        current_ma.watch(self._measured)

    def load(self):
        """Take up what was not released before the power failed."""
        if self._store.get(_KEY):
            self._fail()

    def _measured(self, ma):
        if ma is not None and ma < self._flows_ma:
            self._judge(limits.UNSTOPPED_YET, 0)

    def check(self):
        """To be called every 100 ms."""
        now = self._clock.ticks_ms()
        ma = self._current_ma.value
        if ma is None or ma < self._flows_ma or self._gate.enabled.value:
            self._stopped_ms = now
        elif not self.failed and time.ticks_diff(self._current_ma.at_ms, self._stopped_ms) >= self._after_ms:
            self._kept = False  # by the time of the measurement: the last before a silence may be from before the stop
            self._fail()
        if ma is None or ma >= self._flows_ma:
            self._flowed_ms = now
        if self.failed and not self._kept and not self._store.fault.value:
            self._remember(True)

    def _fail(self):
        self.failed = True
        self._judge(limits.UNSTOPPED, limits.UNSTOPPED)
        self._log.error("current flows with the gate closed: the power module did not stop")

    def release(self, _=None):
        """Somebody takes the failure for mended; while current flows, or is unknown, this does nothing."""
        if not self.failed:
            return
        if time.ticks_diff(self._clock.ticks_ms(), self._flowed_ms) < self._quiet_ms:
            self._log.warning("not released: no current must have flowed for %d ms", self._quiet_ms)
            return
        self.failed = False
        self._judge(limits.UNSTOPPED, 0)
        self._remember(None)
        self._log.info("the failure to stop is released")

    def _remember(self, failed):
        try:
            self._store.put(_KEY, failed)
            self._kept = True
        except (self._store.Error, MemoryError) as e:  # tried again, if it failed, as soon as the store works
            self._log.rare("the failure to stop is not kept over a restart: %r", e)
