"""What the console shows, as generators of lines. Integers only: a unit is a division of digits."""

import time
from micropython import const

_HOUR_MS = const(3600000)
_SHORT_MS = const(60000)  # nothing per hour is told from less


def fixed(value, unit, decimals=1):
    """An integer in `unit`-ths as decimal text: ``fixed(76234, 1000)`` -> "76.2"; "--" for None. Rounds half up."""
    if value is None:
        return "--"
    scale = 10**decimals
    number = (abs(value) * scale + unit // 2) // unit
    sign = "-" if value < 0 and number else ""
    if not decimals:
        return sign + str(number)
    digits = str(number % scale)
    return "%s%d.%s%s" % (sign, number // scale, "0" * (decimals - len(digits)), digits)


def words(value, yes="yes", no="no"):
    """A value for people: "--" for None, `yes` and `no` for a bool."""
    if value is None:
        return "--"
    if isinstance(value, bool):
        return yes if value else no
    return str(value)


class Session:
    """The energy of the transaction that runs, or of the last one, in mWh: 0 before the first, None if unknown."""

    def __init__(self, gate, charger, ocpp):
        self._charger = charger
        self._ocpp = ocpp
        self._from = None
        self._stopped_from = None
        self._mwh = 0
        gate.transaction.watch(self._changed)
        ocpp.transactions.ended += (self._ended,)

    def _changed(self, runs):
        if runs:
            self._from = self._start_mwh()
        else:
            self._mwh = self.energy_mwh()
            self._stopped_from, self._from = self._from, None

    def _ended(self, transaction, meter_stop_wh):
        """The power module has stopped: what it delivered until then counts."""
        now = self._charger.energy_mwh.value
        if self._stopped_from is not None and now is not None:
            self._mwh = max(0, now - self._stopped_from)

    def _start_mwh(self):
        """The register at the start; the transaction knows it in whole Wh: enough when it goes on after a restart."""
        now = self._charger.energy_mwh.value
        transaction = self._ocpp.transaction
        if transaction is None:
            return now
        start = transaction.meter_start_wh * 1000
        return now if now is not None and now - start < 1000 else start

    def energy_mwh(self):
        if self._from is None:
            return self._mwh
        now = self._charger.energy_mwh.value
        return None if now is None else max(0, now - self._from)


class Writes:
    """What the journal writes per hour of this run, and of its part that charged: flash lasts 100,000 erases."""

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
            self._charging = self._charged()
            self._since = None

    def _charged(self):
        return _sum(self._charging, _difference(self._now(), self._since))

    def lines(self):
        yield "  in this run: " + _per_hour(_difference(self._now(), self._start))
        yield "  while charging: " + _per_hour(self._charged())


def _difference(now, since):
    return (0, 0, 0) if since is None else tuple([a - b for a, b in zip(now, since)])


def _sum(first, second):
    return tuple([a + b for a, b in zip(first, second)])


def _per_hour(used):
    ms, size, erases = used
    if ms < _SHORT_MS:
        return "%d bytes, %d erases" % (size, erases)
    text = "%d bytes, %d erases in %s h: " % (size, erases, fixed(ms, _HOUR_MS, 2))
    return text + "%d bytes, %d erases per hour" % (size * _HOUR_MS // ms, erases * _HOUR_MS // ms)


class Pages:
    """Every page of the console over the components that it shows."""

    def __init__(self, kernel, clock, store, gate, can, bms, charger, plug, ocpp, wifi, health):
        self._kernel = kernel
        self._clock = clock
        self._store = store
        self._gate = gate
        self._can = can
        self._bms = bms
        self._charger = charger
        self._plug = plug
        self._ocpp = ocpp
        self._wifi = wifi
        self._health = health
        self.session = Session(gate, charger, ocpp)
        self.writes = Writes(clock, gate, store)

    def periodic(self):
        """The two status lines."""
        yield "[Status] Uptime: %ds | WiFi: %s | OCPP: %s | State: %s" % (
            self._clock.uptime_ms() // 1000,
            "\u2705" if self._wifi.online.value else "\u274c",
            "Connected" if self._ocpp.connected.value else "Disconnected",
            words(self._ocpp.state.value),
        )
        yield "[Metrics] V=%sV I=%sA SOC=%s%% Energy=%sWh" % (
            fixed(self._charger.terminal_voltage_mv.value, 1000),
            fixed(self._charger.terminal_current_ma.value, 1000),
            fixed(self._bms.soc_permille.value, 10, 0),
            fixed(self.session.energy_mwh(), 1000, 2),
        )

    def bms_data(self):
        bms = self._bms
        yield "BMS: %s" % words(bms.heard.value, "heard", "silent")
        yield "  permits charging: %s, mode: %s" % (words(bms.permitted.value), words(bms.mode.value))
        wanted = fixed(bms.max_voltage_mv.value, 1000), fixed(bms.max_current_ma.value, 1000)
        yield "  maximum voltage: %s V, maximum current: %s A" % wanted
        yield "  SoC: %s %%, range: %s km" % (fixed(bms.soc_permille.value, 10), fixed(bms.range_m.value, 1000, 0))
        held = fixed(bms.battery_mah.value, 1000), fixed(bms.capacity_mah.value, 1000), words(bms.model.value)
        yield "  battery: %s of %s Ah, model: %s" % held
        counted = fixed(bms.charged_mah.value, 1000), fixed(bms.discharged_mah.value, 1000)
        yield "  lifetime: %s Ah charged, %s Ah discharged; frames refused: %d" % (counted + (bms.refused,))

    def charger_data(self):
        charger = self._charger
        yield "Charger: %s, %s" % (words(charger.online.value, "online", "offline"), words(charger.status.value))
        flags = charger.flags.value
        shown = "--" if flags is None else "0x%02x" % flags, charger.faults.refusals
        yield "  error: %s, flags: %s, requests refused: %d" % ((charger.error.value or "none",) + shown)
        wanted = fixed(charger.wanted_voltage_mv.value, 1000), fixed(charger.wanted_current_ma.value, 1000)
        yield "  wanted: %s V, %s A; charging %s" % (wanted + (words(self._gate.enabled.value, "enabled", "disabled"),))
        register = fixed(charger.energy_mwh.value, 1000, 3), words(charger.flowing.value)
        yield "  register: %s Wh; current may flow: %s" % register
        yield _measurement(charger)

    def output_data(self):
        charger = self._charger
        measured = fixed(charger.output_voltage_mv.value, 1000), fixed(charger.output_current_ma.value, 1000)
        yield "Output: %s V, %s A, %s degC" % (measured + (fixed(charger.temperature_mdeg.value, 1000),))

    def terminal_data(self):
        charger = self._charger
        measured = fixed(charger.terminal_voltage_mv.value, 1000, 2), fixed(charger.terminal_current_ma.value, 1000, 2)
        yield "Terminal: %s V, %s A, %s kW" % (measured + (fixed(charger.power_mw.value, 1000000, 3),))
        yield "  plugged: %s, session: %s Wh" % (
            words(self._plug.plugged.value),
            fixed(self.session.energy_mwh(), 1000, 2),
        )

    def everything(self):
        for page in (self.bms_data, self.charger_data, self.output_data, self.terminal_data, self.status):
            for line in page():
                yield line

    def status(self):
        for line in self.periodic():
            yield line
        transaction = self._ocpp.transaction
        yield "Transaction: %s" % ("none" if transaction is None else _transaction(transaction))
        health = self._health
        yield "Boot %d, reason: %s" % (health.boot_count, health.reset_cause)
        lag = health.lag_ms.value, health.lag_max_ms, health.blocked
        yield "Loop: %d ms late, at most %d ms, %d times blocked" % lag
        longest = self._kernel.urgent.longest
        yield "  at most, in ms: " + (", ".join(["%s %d" % (name, longest[name]) for name in sorted(longest)]) or "-")
        yield "Heap: %s bytes free, at least %s" % (words(health.heap_free.value), words(health.heap_low))
        yield "Watchdog: %s" % (health.hung.value or "fed")
        wifi = self._wifi
        yield "WiFi: %s dBm, %d attempts, %d connects, %d losses" % (
            words(wifi.rssi.value),
            wifi.attempts,
            wifi.connects,
            wifi.losses,
        )
        for line in self._ocpp.describe():
            yield line
        for part in self._kernel.parts:
            if isinstance(part.instance, type(self._can)):  # a board may have several buses
                for line in _bus("CAN" if part.instance is self._can else part.name, part.instance):
                    yield line
        for line in self._journal():
            yield line

    def _journal(self):
        store = self._store
        yield "Journal: %d records, %d bytes, %d compactions, about %d erases, %d torn bytes, %d records lost" % (
            store.records,
            store.bytes,
            store.compactions,
            store.erases,
            store.torn,
            store.lost,
        )
        if store.fault.value:
            yield "  fault: " + store.fault.value
        if store.doubts:
            yield "  in doubt, until s releases it: " + ", ".join(store.doubts)
        for line in self.writes.lines():
            yield line

    def why(self):
        """Every condition of the gate."""
        for line in self._gate.why():
            yield line
        for line in self._ocpp.connector.why():
            yield line
        if self._charger.error.value:
            yield "  error: " + self._charger.error.value
        yield "charging is %s" % words(self._gate.enabled.value, "enabled", "disabled")

    def components(self):
        now = self._clock.ticks_ms()
        for part in self._kernel.parts:
            text = "  %s: %s%s" % (part.name, part.state, ", critical" if part.critical else "")
            if part.task is not None:
                text += ", beat %s s ago" % fixed(max(0, time.ticks_diff(now, part.beat_ms)), 1000)
            if part.failures:
                text += ", failed %d times, last: %s" % (part.failures, part.error)
            yield text


def _bus(name, can):
    yield "%s: %s, %d received, %d sent, %d not sent" % (name, can.state, can.rx, can.tx, can.tx_dropped)
    bad = can.unknown, can.refused, can.garbage, can.rx_overruns, can.bus_offs, can.guard_stops
    yield "  %d unknown, %d refused, %d garbage, %d overruns, %d times bus-off, %d stops by interrupt" % bad


def _measurement(charger):
    """What was wrong with the billing measurement: losses of this session, the rest of this run."""
    seen = charger.plausibility
    return "  measurement: %d losses, %d frames too early, %d contradictions, %d disagreements with the output" % (
        charger.meter.losses,
        seen.early,
        seen.contradictions,
        seen.disagreements,
    )


def _transaction(transaction):
    name = "not yet known to the central system" if transaction.id is None else str(transaction.id)
    return "%s, idTag %s, from %d Wh" % (name, transaction.id_tag, transaction.meter_start_wh)
