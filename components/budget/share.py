"""One outlet's part of the station's limit, and what it may deliver at most."""

from micropython import const

MIN_MA = const(1000)  # counts for a vehicle that requests less: so its gate stays open
_STEP_MA = const(500)  # what flows above a limit counts in steps, so that noise changes nothing
_SOURCE = const("budget")  # to the gate


class Share:
    """An outlet and its part, in mA: ``granted``, the limit that its gate has; ``counted``, what it may deliver;
    ``excess``, what it delivers above its limit; ``requested_ma``; ``target``, what it is to get; ``part``, that in W
    or mA.
    """

    def __init__(self, evse, clock, settle_ms):
        self.granted = self.counted = self.excess = self.requested_ma = self.target = self.part = 0
        self.waits = False  # it gets nothing, though it requests a current
        self._lowered_ms = -1  # uptime, while what was lowered is not yet measured
        self._after = 0  # the highest limit since then
        self.evse = evse
        self._clock = clock
        self._settle_ms = settle_ms
        evse.gate.limit(_SOURCE, 0)

    def observe(self, external_ma):
        """Update what it requests and delivers. `external_ma`: the external limit."""
        evse = self.evse
        module = evse.module
        requested_ma = min(evse.gate.permits(_SOURCE), module.max_current_ma, module.available_ma, external_ma)
        if requested_ma:
            requested_ma = min(requested_ma, max(MIN_MA, evse.vehicle.max_current_ma.value or 0))
        self.requested_ma = self.target = requested_ma
        current = module.terminal_current_ma
        if current.value is not None:
            self._measured(current.value if evse.meter.flowing.value else 0, current.age_ms())

    def _measured(self, ma, age_ms):
        if self._lowered_ms < 0:
            self.counted = max(ma, self.granted)
            self.excess = -(-(self.counted - self.granted) // _STEP_MA) * _STEP_MA
            return
        measured_ms = self._clock.uptime_ms() - age_ms
        if measured_ms - self._lowered_ms < self._settle_ms:
            self.counted = max(self.counted, ma)
            return
        self.counted = max(ma, self._after)
        self._lowered_ms = measured_ms if self.granted < self._after else -1  # lowered again since
        self._after = self.granted

    def grant(self, ma):
        """Set the gate's limit."""
        if ma < self.granted and self._lowered_ms < 0:
            self._lowered_ms = self._clock.uptime_ms()
            self._after = ma
        self._after = max(self._after, ma)
        self.granted = ma
        self.counted = max(self.counted, ma)
        self.evse.gate.limit(_SOURCE, ma)

    def amount(self, ma, watts):
        """A current as W at the highest voltage, rounded up; without `watts` as it is."""
        return -(-(-(-ma // 100) * self._decivolts()) // 100) if watts else ma

    def current(self, amount, watts):
        """The highest current that is such an amount."""
        return amount * 100 // self._decivolts() * 100 if watts else amount

    def _decivolts(self):
        return -(-self.evse.module.max_voltage_mv // 100)
