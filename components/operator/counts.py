"""What has to be noted as it happens, for whoever asks later: energy of a session, and what the journal has written."""


class Session:
    """The energy of an outlet's transaction that runs, or of the last one."""

    _from = None  # the register at its start
    _stopped_from = None  # the same of the last one
    _mwh = 0

    def __init__(self, outlet, ocpp):
        self._meter = outlet.evse.meter
        self._outlet = outlet
        outlet.evse.gate.transaction.watch(self._changed)
        ocpp.watch_transactions(ended=self._ended)

    def _changed(self, runs):
        if runs:
            self._from = self._start_mwh()
        else:
            self._mwh = self.energy_mwh()
            self._stopped_from, self._from = self._from, None

    def _ended(self, transaction, meter_stop_wh):
        """The power module has stopped: what it delivered until then counts."""
        now = self._meter.energy_mwh.value
        if transaction.outlet is self._outlet and self._stopped_from is not None and now is not None:
            self._mwh = max(0, now - self._stopped_from)

    def _start_mwh(self):
        """The register at the start; the transaction knows it in whole Wh: enough when it goes on after a restart."""
        now = self._meter.energy_mwh.value
        transaction = self._outlet.transactions.current
        if transaction is None:
            return now
        start = transaction.meter_start_wh * 1000
        return now if now is not None and now - start < 1000 else start

    def energy_mwh(self):
        """0 before the first transaction, None if unknown."""
        if self._from is None:
            return self._mwh
        now = self._meter.energy_mwh.value
        return None if now is None else max(0, now - self._from)


class Writes:
    """What the journal writes, in this run and while an outlet charges."""

    _since = None
    _charging = _start = (0, 0, 0)

    def __init__(self, clock, store, outlets):
        self._clock = clock
        self._store = store
        self._gates = tuple([outlet.evse.gate.enabled for outlet in outlets])
        for enabled in self._gates:
            enabled.watch(self._changed)

    def begin(self):
        """Count from here on: the store is open."""
        self._start = self._now()

    def _now(self):
        return self._clock.uptime_ms(), self._store.bytes, self._store.erases

    def _changed(self, _):
        charges = any(enabled.value for enabled in self._gates)
        if charges and self._since is None:
            self._since = self._now()
        elif not charges:
            _, self._charging = self.since()
            self._since = None

    def since(self):
        """[ms, bytes, erases] since `begin`, and of these while an outlet charged."""
        now, start, since = self._now(), self._start, self._since or self._now()
        return (
            [now[i] - start[i] for i in range(3)],
            [self._charging[i] + now[i] - since[i] for i in range(3)],
        )
