"""The energy register: power over time, in integers that fit a 32-bit device."""

import time
from micropython import const

from core.signals import Signal

_KEY = const("register")
_LONGEST_MS = const(5000)  # of a time between two measurements no more counts
# What a power cut may take: so much energy, or that of so long, whichever is less; never what was already reported.
_SAVE_MWH = const(20000)
_SAVE_MS = const(60000)
_LOOK_MS = const(100)  # between two checks: the next one would come too late
_KEPT_MWH = const(1000000)  # at most what is kept outside the journal may be ahead of it
_KEEP_PAUSE_MS = const(1000)
_RETRY_MS = const(10000)  # after a failure of the journal


class Energy:
    """Integrates power into a register in mWh that never decreases.

    Between two measurements holds the mean of both. `measured` allocates nothing: what it adds up is a small integer,
    which `fold` adds to the register (an object on the heap of a 32-bit device from 1.07 MWh on) every now and then.
    Nothing is lost by rounding: the rest is kept.

    The register is in each commit to the journal while it grows (`Persistence.carry`). `save_if_due` ensures that
    no more than 20 Wh, nor more than 60 s, are missing there; but two records of the register alone are at least
    `pause_ms` apart, for each may erase a block of the flash. A function given to `keep_by` takes the place of these
    records, until it fails: it keeps the register elsewhere, where that costs less.
    """

    _keep = None

    def __init__(self, clock, store, register, pause_ms):
        self._clock = clock
        self._store = store
        self._known = True  # whether the journal has a register
        self.energy_mwh = register  # Signal
        self.at_ms = clock.ticks_ms()  # of the last measurement
        self._last_mw = -1  # none
        self._rest = 0  # mW ms / 2, below 7200: together they are less than 1 uWh
        self._rest_uwh = 0  # below 1000
        self._new_mwh = 0
        self._saved_mwh = 0  # in the journal
        self._safe_mwh = 0  # there, or kept elsewhere
        self._safe_ms = self._retry_ms = self.at_ms
        self._pause_ms = pause_ms
        store.vital(_KEY, "the energy register")
        store.carry(self)

    def load(self):
        """Read the register from the store; returns it. An invalid one is in doubt, and 0."""
        mwh = self._store.get(_KEY, 0)
        if not isinstance(mwh, int) or mwh < 0:
            self._store.mark_doubtful("the energy register")
            mwh = 0
        self._known = mwh > 0
        self.saved(mwh)
        self.energy_mwh.set(mwh)
        return mwh

    def keep_by(self, keep, mwh):
        """Have ``keep(mwh)`` keep the register between two commits; it returns whether it could.

        `mwh`: what it kept last, None: nothing. Returns whether it is used: it is if it can be what was added since
        the last commit, or if the journal has no register.
        """
        self._keep = keep
        if mwh is None or mwh <= self._saved_mwh or (self._known and mwh > self._saved_mwh + _KEPT_MWH):
            return False
        self._safe_mwh = mwh
        self.energy_mwh.set(mwh)
        return True

    def measured(self, power_mw, at_ms):
        """A power of 0 .. 1,000,000,000 mW, measured at `at_ms`."""
        if self._last_mw >= 0:
            elapsed_ms = min(time.ticks_diff(at_ms, self.at_ms), _LONGEST_MS)
            if elapsed_ms > 0:
                self._add(self._last_mw, elapsed_ms)
                self._add(power_mw, elapsed_ms)
        self._last_mw = power_mw
        self.at_ms = at_ms

    def add_gap(self, power_mw, ms):
        """A power for a time in which nothing was measured."""
        ms = min(ms, _LONGEST_MS)
        if ms > 0:
            self._add(power_mw, ms)
            self._add(power_mw, ms)

    def forget(self):
        """After a gap: nothing is counted between the last measurement and the next."""
        self._last_mw = -1

    def add(self, mwh):
        """Add what another counter has counted."""
        self._new_mwh += mwh

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
            self.energy_mwh.set(self.energy_mwh.value + self._new_mwh)
            self._new_mwh = 0

    def changes(self):
        """(the register in mWh, {key: value} to be journaled before it is reported). After the commit: `saved`."""
        self.fold()
        mwh = self.energy_mwh.value
        return mwh, {self._store.key(_KEY): mwh} if mwh > self._saved_mwh else {}

    def saved(self, mwh):
        """What `changes` returned is in the journal. It allocates nothing."""
        self._saved_mwh = self._safe_mwh = mwh
        self._safe_ms = self._clock.ticks_ms()

    def read(self):
        """The register in mWh, journaled before it is returned. Raises StoreError."""
        mwh, changes = self.changes()
        if changes:
            self._store.put(_KEY, mwh)
            self.saved(mwh)
        return mwh

    def save_if_due(self):
        """Save the register if much was added, or long ago. After a failure it is tried again later."""
        self.fold()
        now = self._clock.ticks_ms()
        more_mwh = self.energy_mwh.value - self._safe_mwh
        age_ms = time.ticks_diff(now, self._safe_ms)
        if not more_mwh:
            if age_ms >= _SAVE_MS:  # else the time that a low power takes to its first mWh would come on top
                self._safe_ms = self._retry_ms = now
            return
        pause_ms = _KEEP_PAUSE_MS if self._keep else self._pause_ms
        due = age_ms > _SAVE_MS - _LOOK_MS or (more_mwh >= _SAVE_MWH and age_ms >= pause_ms)
        if due and time.ticks_diff(now, self._retry_ms) >= 0:
            self._retry_ms = now
            try:
                self._save()
            except (self._store.Error, MemoryError):  # the store reports it
                self._retry_ms = time.ticks_add(now, _RETRY_MS)

    def _save(self):
        mwh = self.energy_mwh.value
        if self._keep is not None and mwh - self._saved_mwh <= _KEPT_MWH:
            if self._keep(mwh):
                self._safe_mwh = mwh
                self._safe_ms = self._clock.ticks_ms()
                return
            self._keep = None
        self.read()


def options(**own):
    """The options of every meter, and those of one source. (A function: after the start they are not kept.)"""
    own["register_pause_ms"] = (int, 10000, 100, 60000)
    return own


class Meter(Energy):
    """The base of each meter: see the package for the contract. Option: register_pause_ms, see `Energy`."""

    requires = ("charger", "gate", "store", "clock", "log")
    keeps = (_KEY,)
    failed = False  # until the session is over

    def __init__(self, charger, gate, store, clock, log, register_pause_ms):
        super().__init__(clock, store, Signal(0, clock), register_pause_ms)
        self.power_mw = charger.power_mw
        self.flowing = Signal(False, clock)
        self._charger = charger
        self._gate = gate
        self._log = log
        self._opened_ms = self._closed_ms = clock.ticks_ms()
        charger.add_meter(self)
        gate.enabled.watch(self._gate_changed)
        changed = self._session_changed  # one object for both
        gate.plugged.watch(changed)
        gate.transaction.watch(changed)

    # -- the gate and the session

    def _gate_changed(self, enabled):
        if enabled:
            self._opened_ms = self._clock.ticks_ms()
            self.flowing.set(True)
        else:
            self._closed_ms = self._clock.ticks_ms()

    def current_measured(self, ma, at_ms):
        """The current was measured: with the gate closed it shows whether any flows."""
        if self._gate.enabled.value:
            return
        if ma >= self._charger.starting_current_ma:
            self.flowing.set(True)
        elif self.flowing.value and time.ticks_diff(at_ms, self._closed_ms) >= 0:
            self.flowing.set(False)

    def _session_changed(self, _):
        if not self._gate.plugged.value and not self._gate.transaction.value:
            self.session_over()

    def session_over(self):
        """Neither a vehicle is plugged in nor a transaction runs: a failure ends with them."""
        if self.failed:
            self.failed = False
            self.works()

    def works(self):
        """The meter works."""
        self._charger.meter_failed(False)

    def fails(self, why):
        """The meter has failed, until the session is over: nothing is charged."""
        if not self.failed:
            self.failed = True
            self._charger.meter_failed(True)
            self._log.error("%s", why)

    # -- life

    async def start(self):
        """Restore the register. Raises StoreError."""
        self._log.info("energy register %d mWh", self.load())

    async def stop(self):
        """Save what was measured. Raises StoreError."""
        self.read()
