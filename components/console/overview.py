"""What the console shows again and again, and what has to be noted for its pages."""

from components.console.figures import fixed, words


class Overview:
    """The two status lines, and the energy of the transaction that runs, or of the last one."""

    def __init__(self, clock, gate, bms, charger, meter, ocpp, wifi, health):
        self._clock = clock
        self._bms = bms
        self._charger = charger
        self._meter = meter
        self._ocpp = ocpp
        self._wifi = wifi
        self._health = health
        self._from = None
        self._stopped_from = None
        self._mwh = 0
        gate.transaction.watch(self._changed)
        ocpp.watch_transactions(None, None, self._ended)

    def _changed(self, runs):
        if runs:
            self._from = self._start_mwh()
        else:
            self._mwh = self.energy_mwh()
            self._stopped_from, self._from = self._from, None

    def _ended(self, transaction, meter_stop_wh):
        """The power module has stopped: what it delivered until then counts."""
        now = self._meter.energy_mwh.value
        if self._stopped_from is not None and now is not None:
            self._mwh = max(0, now - self._stopped_from)

    def _start_mwh(self):
        """The register at the start; the transaction knows it in whole Wh: enough when it goes on after a restart."""
        now = self._meter.energy_mwh.value
        transaction = self._ocpp.outlets[0].transactions.current
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

    def lines(self):
        """Generator of the two lines."""
        yield "[Status] Uptime: %ds | WiFi: %s | OCPP: %s | State: %s" % (
            self._clock.uptime_ms() // 1000,
            "\u2705" if self._wifi.online.value else "\u274c",
            "Connected" if self._ocpp.connected.value else "Disconnected",
            words(self._ocpp.outlets[0].connector.state.value),
        )
        health = self._health
        heaps = ""
        if health.system_heap is not None:
            heaps = " Heap=%dB System=%dB" % (health.heap_free.value, health.system_heap[0])
        yield "[Metrics] V=%sV I=%sA SOC=%s%% Energy=%sWh%s" % (
            fixed(self._charger.terminal_voltage_mv.value, 1000),
            fixed(self._charger.terminal_current_ma.value, 1000),
            fixed(self._bms.soc_permille.value, 10, 0),
            fixed(self.energy_mwh(), 1000, 2),
            heaps,
        )


class Writes:
    """What the journal has written until now, since `begin`, and while it charged: (ms, bytes, erases)."""

    def __init__(self, clock, gate, store):
        self._clock = clock
        self._store = store
        self._start = None
        self._since = None
        self._charging = (0, 0, 0)
        gate.enabled.watch(self._changed)

    def begin(self):
        """Count from here on: the store is open."""
        self._start = self._now()

    def _now(self):
        return self._clock.uptime_ms(), self._store.bytes, self._store.erases

    def _changed(self, enabled):
        if enabled:
            self._since = self._now()
        else:
            self._charging = self.charging()
            self._since = None

    def charging(self):
        """While it charged."""
        return tuple([a + b for a, b in zip(self._charging, self._passed(self._since))])

    def run(self):
        """Since `begin`."""
        return self._passed(self._start)

    def _passed(self, since):
        return (0, 0, 0) if since is None else tuple([a - b for a, b in zip(self._now(), since)])
