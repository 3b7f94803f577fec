"""What the console shows when it is asked, as generators of lines. Loaded when a line is typed, see `Console`."""

import time
from micropython import const

from components.console.figures import fixed, words

_HOUR_MS = const(3600000)
_SHORT_MS = const(60000)  # nothing per hour is told from less


class Pages:
    """Every page of the console over the components that it shows."""

    def __init__(
        self, kernel, clock, store, gate, can, bms, charger, meter, plug, ocpp, wifi, health, overview, writes
    ):
        self._kernel = kernel
        self._clock = clock
        self._store = store
        self._gate = gate
        self._can = can
        self._bms = bms
        self._charger = charger
        self._meter = meter
        self._plug = plug
        self._ocpp = ocpp
        self._wifi = wifi
        self._health = health
        self._overview = overview
        self._writes = writes

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
        register = fixed(self._meter.energy_mwh.value, 1000, 3), words(self._meter.flowing.value)
        yield "  register: %s Wh; current may flow: %s" % register
        counters = ["%d %s" % (count, name) for name, count in self._meter.counters()]
        if counters:
            yield "  measurement: " + ", ".join(counters)

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
            fixed(self._overview.energy_mwh(), 1000, 2),
        )

    def everything(self):
        for page in (self.bms_data, self.charger_data, self.output_data, self.terminal_data, self.status):
            for line in page():
                yield line

    def status(self):
        for line in self._overview.lines():
            yield line
        transaction = self._ocpp.outlets[0].transactions.current
        yield "Transaction: %s" % ("none" if transaction is None else _transaction(transaction))
        health = self._health
        yield "Boot %d, reason: %s" % (health.boot_count, health.reset_cause)
        lag = health.lag_ms.value, health.lag_max_ms, health.blocked
        yield "Loop: %d ms late, at most %d ms, %d times blocked" % lag
        yield "  at most, in ms: " + self._kernel.urgent.describe()
        heap = words(health.heap_free.value), words(health.heap_low), words(health.heap_longest)
        yield "Heap: %s bytes free, at least %s, in one piece %s" % heap
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
        for name, can in self._buses():
            for line in _bus(name, can):
                yield line
        for line in self._journal():
            yield line

    def _buses(self):
        """(name, Can) of each: a board may have several."""
        for part in self._kernel.parts:
            if isinstance(part.instance, type(self._can)):
                yield "CAN" if part.instance is self._can else part.name, part.instance

    def bus(self, text):
        """The last frames of each bus that were good for nothing; "all" and "wanted" change what is received."""
        for name, can in self._buses():
            if text in ("all", "wanted"):
                can.receive_all(text == "all")
            for line in _bus(name, can):
                yield line
            for line in can.describe():
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
        yield "  in this run: " + _per_hour(*self._writes.run())
        yield "  while charging: " + _per_hour(*self._writes.charging())

    def why(self):
        """Every condition of the gate."""
        for line in self._gate.why():
            yield line
        for line in self._ocpp.outlets[0].connector.why():
            yield line
        if self._charger.error.value:
            yield "  error: " + self._charger.error.value
        for name, can in self._buses():
            if can.error:
                yield "  %s: %s" % (name, can.error)
        if self._ocpp.link.failure:
            yield "  no central system: " + self._ocpp.link.failure
        yield "charging is %s" % words(self._gate.enabled.value, "enabled", "disabled")

    def components(self):
        now = self._clock.ticks_ms()
        for part in self._kernel.parts:
            text = "  %s: %s%s" % (part.name, part.state, ", critical" if part.critical else "")
            if part.critical and part.task is not None:  # others need not show that they make progress
                text += ", beat %s s ago" % fixed(max(0, time.ticks_diff(now, part.beat_ms)), 1000)
            if part.failures:
                text += ", failed %d times, last: %s" % (part.failures, part.error)
            yield text


def _bus(name, can):
    yield "%s: %s, %d received, %d sent, %d not sent" % (name, can.state, can.rx, can.tx, can.tx_dropped)
    bad = can.unknown, can.refused, can.garbage, can.rx_overruns, can.bus_offs, can.guard_stops
    yield "  %d unknown, %d refused, %d garbage, %d overruns, %d times bus-off, %d stops by interrupt" % bad
    if can.error:
        yield "  " + can.error


def _transaction(transaction):
    name = "not yet known to the central system" if transaction.id is None else str(transaction.id)
    return "%s, idTag %s, from %d Wh" % (name, transaction.id_tag, transaction.meter_start_wh)


def _per_hour(ms, size, erases):
    """What the journal wrote: flash lasts 100,000 erases."""
    if ms < _SHORT_MS:
        return "%d bytes, %d erases" % (size, erases)
    text = "%d bytes, %d erases in %s h: " % (size, erases, fixed(ms, _HOUR_MS, 2))
    return text + "%d bytes, %d erases per hour" % (size * _HOUR_MS // ms, erases * _HOUR_MS // ms)
