"""The meter: power over time, in integers that fit a 32-bit device."""

import time
from micropython import const

_KEY = const("register")
_LONGEST_MS = const(5000)  # of a time between two measurements no more counts
# At 25 kW 100 Wh pass in 14 s: 250 records of about 40 bytes in an hour, that is 10 KB or 2.5 erased blocks of 4 KB.
# A power cut then costs the operator 100 Wh or the energy of 5 minutes; never what was already reported.
_SAVE_MWH = const(100000)
_SAVE_MS = const(300000)
_RETRY_MS = const(10000)  # after a journal that refused


class Energy:
    """Integrates power into a register in mWh that never decreases.

    Between two measurements holds the mean of both. `measured` allocates nothing: what it adds up is a small integer,
    which `fold` adds to the register (an object on the heap of a 32-bit device from 1.07 MWh on) every now and then.
    Nothing is lost by rounding: the rest is kept.
    """

    def __init__(self, clock, store, register):
        self._clock = clock
        self._store = store
        self._register = register  # Signal
        self.at_ms = clock.ticks_ms()  # of the last measurement
        self._last_mw = -1  # none
        self._rest = 0  # mW ms / 2, below 7200: together they are less than 1 uWh
        self._rest_uwh = 0  # below 1000
        self._new_mwh = 0
        self._saved_mwh = 0
        self._saved_ms = 0
        self._retry_ms = 0
        store.vital(_KEY, "the energy register")

    def load(self):
        """Take the register from the store; returns it. What is none is in doubt, and 0."""
        mwh = self._store.get(_KEY, 0)
        if not isinstance(mwh, int) or mwh < 0:
            self._store.distrust("the energy register")
            mwh = 0
        self._saved_mwh = mwh
        self._saved_ms = self._clock.uptime_ms()
        self._register.set(mwh)
        return mwh

    def measured(self, power_mw, at_ms):
        """A power of 0 .. 1,000,000,000 mW, measured at `at_ms`."""
        if self._last_mw >= 0:
            elapsed_ms = min(time.ticks_diff(at_ms, self.at_ms), _LONGEST_MS)
            if elapsed_ms > 0:
                self._add(self._last_mw, elapsed_ms)
                self._add(power_mw, elapsed_ms)
        self._last_mw = power_mw
        self.at_ms = at_ms

    def held(self, power_mw, ms):
        """A power for a time in which nothing was measured."""
        ms = min(ms, _LONGEST_MS)
        if ms > 0:
            self._add(power_mw, ms)
            self._add(power_mw, ms)

    def forget(self):
        """The next measurement is the first: nothing is between it and the one before."""
        self._last_mw = -1

    def _add(self, power_mw, ms):
        # Half of it: 1 uWh = 7200 mW ms / 2. The largest product is 138,888 x 5000 = 694,440,000, below 2**30.
        rest = power_mw % 7200 * ms + self._rest
        uwh = power_mw // 7200 * ms + rest // 7200 + self._rest_uwh
        self._rest = rest % 7200
        self._rest_uwh = uwh % 1000
        self._new_mwh += uwh // 1000

    def fold(self):
        """Bring the register up to date. To be called at least every few minutes."""
        if self._new_mwh:
            self._register.set(self._register.value + self._new_mwh)
            self._new_mwh = 0

    def changes(self):
        """(the register in mWh, {key: value} to be journaled before anybody sees it). After the commit: `saved`."""
        self.fold()
        mwh = self._register.value
        return mwh, {_KEY: mwh} if mwh > self._saved_mwh else {}

    def saved(self, mwh):
        """What `changes` told is in the journal."""
        self._saved_mwh = mwh
        self._saved_ms = self._clock.uptime_ms()

    def read(self):
        """The register in mWh. It is in the journal before anybody sees it. Raises StoreError."""
        mwh, changes = self.changes()
        if changes:
            self._store.commit(changes)
            self.saved(mwh)
        return mwh

    def save_seldom(self):
        """Journal the register if much was added, or long ago. A journal that refuses is asked again later."""
        self.fold()
        more_mwh = self._register.value - self._saved_mwh
        now = self._clock.uptime_ms()
        if more_mwh >= _SAVE_MWH or (more_mwh and now - self._saved_ms >= _SAVE_MS):
            if now >= self._retry_ms:
                try:
                    self.read()
                except (self._store.Error, MemoryError):  # the store tells of it
                    self._retry_ms = now + _RETRY_MS
