"""The whole state of the station as data, piece by piece; loaded while it is read.

Each piece has a path, and is a dict (or None: there is none) of plain values: text, int, bool, None, and lists and
dicts of such, so ``json.dumps`` takes it as it is. None as a value: not known, or stale. The names of keys end with
their unit (``_mv``, ``_ma``, ``_mw``, ``_mwh``, ``_wh``, ``_mah``, ``_mdeg``: thousandths of a degree Celsius,
``_permille``, ``_m``, ``_ms``); without one: counters, bytes, words.

``station``
    uptime_ms; utc_ms; network: whether it is connected; central: whether a central system has accepted us;
    emergency_stop: whether it is pressed; stopping: whether the firmware ends; heap_free, system_free: bytes (None: not
    measured, or no such heap)
``limits``
    limits: a list of dicts, see ``limits`` in `components.operator`
``outlet/N``, N being 1 ... n
    state: OCPP's ChargePointStatus; error: ChargePointErrorCode, words for what has none; info: words to it; limit:
    what limits the current, in words; enabled: whether the gate is open; plugged; unplugged: why it last was, in words;
    terminal_voltage_mv, terminal_current_ma, power_mw; soc_permille; session_mwh: of the transaction that runs, or of
    the last one
``outlet/N/transaction``, None if none runs
    number: our own; id: the central system's, None until it is known; id_tag; meter_start_wh; refused: whether the
    central system refused the idTag after the start
``outlet/N/vehicle``
    online, permitted: bool; mode; max_voltage_mv, max_current_ma: its request; soc_permille; range_m; battery_mah,
    capacity_mah; model; charged_mah, discharged_mah: in its life; refused: frames
``outlet/N/module``
    online; status; error: a ChargePointErrorCode, words for what has none, or ""; flags: of the heartbeat; refusals:
    requests that it refused; setpoint_mv, setpoint_ma: the setpoint; available_mv, available_ma: what it can now,
    None: all that the board permits, or it does not report it; output_voltage_mv, output_current_ma; temperature_mdeg
``outlet/N/meter``
    energy_mwh: the register; flowing: whether current may flow; counters: a list of [words, count], what was wrong with
    the billing measurement
``outlet/N/gate``
    enabled; conditions: a list of [name, words, holds], holds being True, False, or None for an unknown value, which
    blocks charging as well
``network``
    online; rssi: dBm; attempts, connects, losses
``central``
    connected; failure: why it is not, "" if that is not known
``boot``
    boot_count; reset_cause, in words
``loop``
    lag_ms, lag_max_ms: by how much it was late; blocked: how often for too long; longest: {what blocks it: ms}
``heap``
    heap_free, heap_low, heap_longest: bytes free, the least so far, in one piece; system_heap: [free, in one piece,
    least so far] of the system's own heap, None if there is none
``watchdog``
    hung: what it is not fed for, in words; "" while it is fed
``journal``
    records, bytes, compactions, erases, torn (bytes), lost (records); fault: words, "" if there is none; doubts: a list
    of words; run, charging: [ms, bytes, erases] written in this run, and while an outlet charged
``can/NAME`` of each bus
    state: a word; error: why it is down, ""; rx, tx, tx_dropped, unknown, refused, garbage, rx_overruns, bus_offs,
    guard_stops: counters
``can/NAME/frames``
    receives_all: also frames without a handler; kept: a list of [identifier, extended, data in hex, how often, ms
    since the last, why], the last frames that did nothing; why: None of one without a handler, else [what, value,
    limit] that refused it, or []
``page/NAME/...`` of each component that provides ``page``: its data
``component/NAME`` of each
    state: built, started, running, failed, done, stopped; critical; failures; error: the last; beat_ms: since progress
"""

import time
from micropython import const

from core.loading import drop_unmade, unload
from core.signals import Signal

# Piece, whose attributes and Signals, and which: all constant, a frozen table takes no RAM.
_STATION = const((
    ("network", "wifi", ("online", "rssi", "attempts", "connects", "losses")),
    ("central", "ocpp", ("connected",)),
    ("boot", "health", ("boot_count", "reset_cause")),
    ("loop", "health", ("lag_ms", "lag_max_ms", "blocked")),
    ("heap", "health", ("heap_free", "heap_low", "heap_longest", "system_heap")),
    ("watchdog", "health", ("hung",)),
    ("journal", "store", ("records", "bytes", "compactions", "erases", "torn", "lost", "fault", "doubts")),
))  # fmt: skip
_OUTLET = const((
    ("transaction", None, ()),
    ("vehicle", "vehicle", (
        "online", "permitted", "mode", "max_voltage_mv", "max_current_ma", "soc_permille", "range_m", "battery_mah",
        "capacity_mah", "model", "charged_mah", "discharged_mah", "refused",
    )),
    ("module", "module", (
        "online", "status", "error", "flags", "setpoint_mv", "setpoint_ma", "output_voltage_mv",
        "output_current_ma", "temperature_mdeg",
    )),
    ("meter", "meter", ("energy_mwh", "flowing")),
    ("gate", "gate", ("enabled",)),
))  # fmt: skip
_TRANSACTION = const(("number", "id", "id_tag", "meter_start_wh"))
_TERMINALS = const(("terminal_voltage_mv", "terminal_current_ma", "power_mw"))
_CONNECTOR = const(("state", "error", "info"))
_BUS = const((
    "state", "error", "rx", "tx", "tx_dropped", "unknown", "refused", "garbage", "rx_overruns", "bus_offs",
    "guard_stops",
))  # fmt: skip
_COMPONENT = const(("state", "critical", "failures"))


class Snapshot:
    """``for path, piece in snapshot`` gives all, each piece as it is at that moment; ``snapshot[path]`` gives one.

    A path that is not there is a KeyError.
    """

    def __init__(self, operator):
        self._of = operator

    def __iter__(self):
        yield "station", self["station"]
        for row in _STATION:
            yield row[0], self[row[0]]
        yield "limits", self["limits"]
        for path in self.outlets():
            yield path, self[path]
            for row in _OUTLET:
                yield path + "/" + row[0], self[path + "/" + row[0]]
        for path in self.buses():
            yield path, self[path]
            yield path + "/frames", self[path + "/frames"]
        for path, piece, _ in self.pages():
            yield path, piece
        for path in self.components():
            yield path, self[path]

    def outlets(self):
        """Generator of the paths of the outlets."""
        for outlet in self._of.station.outlets:
            yield "outlet/%d" % outlet.id

    def buses(self):
        """Generator of the paths of the buses."""
        for part in self._of.kernel.parts:
            if part.instance in self._of.buses:
                yield "can/" + part.name

    def components(self):
        """Generator of the paths of the components."""
        for part in self._of.kernel.parts:
            yield "component/" + part.name

    def pages(self):
        """Generator of (path, piece, text) of the other components' pages: ``text % piece`` is a line."""
        for part in self._of.kernel.parts:
            if part.instance in self._of.pages:
                for name, text, data in page_of(part):
                    yield "page/%s/%s" % (part.name, name), data, text

    def __getitem__(self, path):
        kind, _, rest = path.partition("/")
        if kind == "outlet":
            return self._of_outlet(path, *rest.split("/"))
        if kind == "page":
            return self._page(path)
        if path == "limits":
            return {"limits": self._of.limits()}
        if rest:
            return self._of_part(path, kind, rest)
        if kind == "station":
            return self._station()
        for name, owner, names in _STATION:
            if name == kind:
                return self._with_computed(kind, _values(self._owner(owner), names))
        raise KeyError(path)

    def _owner(self, name):
        return getattr({"wifi": self._of.ocpp, "store": self._of.station}.get(name, self._of), name)

    def _station(self):
        of, system = self._of, self._of.health.system_heap
        return {
            "uptime_ms": of.kernel.clock.uptime_ms(),
            "utc_ms": of.kernel.clock.utc_ms(),
            "network": of.ocpp.wifi.online.value,
            "central": of.ocpp.connected.value,
            "emergency_stop": of.emergency_stop.value,
            "stopping": of.kernel.stopping,
            "heap_free": of.health.heap_free.value,
            "system_free": system and system[0],
        }

    def _with_computed(self, name, piece):
        """The piece with its values that are no plain attributes."""
        if name == "central":
            piece["failure"] = self._of.ocpp.link.failure
        elif name == "loop":
            piece["longest"] = dict(self._of.kernel.urgent.longest)
        elif name == "journal":
            piece["run"], piece["charging"] = self._of.writes.counts()
        return piece

    def _of_outlet(self, path, number, name="", *more):
        for outlet in self._of.station.outlets:
            if str(outlet.id) != number or more:
                continue
            if not name:
                return self._outlet(outlet)
            for known, owner, names in _OUTLET:
                if known == name:
                    piece = _values(owner and getattr(outlet.evse, owner), names)
                    return self._with_computed_of_outlet(outlet, name, piece)
        raise KeyError(path)

    def _outlet(self, outlet):
        connector, evse = outlet.connector, outlet.evse
        piece = _values(connector, _CONNECTOR)
        piece.update(_values(evse.module, _TERMINALS))
        piece["limit"], piece["enabled"] = self._limit(outlet), evse.gate.enabled.value
        piece["plugged"], piece["unplugged"] = evse.plug.plugged.value, evse.plug.reason
        piece["soc_permille"] = evse.vehicle.soc_permille.value
        piece["session_mwh"] = self._of.sessions[outlet.id - 1].energy_mwh()
        return piece

    def _limit(self, outlet):
        if self._of.budget is None:
            return outlet.connector.limit()
        from components.operator.limits import words

        unload("components.operator.limits")
        return words(self._of, outlet)

    def _with_computed_of_outlet(self, outlet, name, piece):
        evse = outlet.evse
        if name == "transaction":
            transaction = outlet.transactions.current
            if transaction is None:
                return None
            piece = _values(transaction, _TRANSACTION)
            piece["refused"] = transaction.invalid is not None
        elif name == "module":
            module = evse.module
            piece["refusals"] = module.faults.refusals
            piece["available_mv"] = module.available_mv if module.available_mv < module.max_voltage_mv else None
            piece["available_ma"] = module.available_ma if module.available_ma < module.max_current_ma else None
        elif name == "meter":
            piece["counters"] = [list(one) for one in evse.meter.counters()]
        elif name == "gate":
            conditions = piece["conditions"] = []
            for condition, words, value, holds in evse.gate.condition_texts():
                conditions.append([condition, words, holds if value is not None else None])
        return piece

    def _page(self, path):
        for name, piece, _ in self.pages():
            if name == path:
                return piece
        raise KeyError(path)

    def _of_part(self, path, kind, name):
        for part in self._of.kernel.parts:
            if kind == "can" and part.instance in self._of.buses:
                if name == part.name:
                    return _values(part.instance, _BUS)
                if name == part.name + "/frames":
                    return _frames(part.instance)
            if kind == "component" and name == part.name:
                piece = _values(part, _COMPONENT)
                piece["error"] = part.last_error
                beats = part.critical and part.task is not None  # others need not show that they make progress
                now = self._of.kernel.clock.ticks_ms()
                piece["beat_ms"] = max(0, time.ticks_diff(now, part.beat_ms)) if beats else None
                return piece
        raise KeyError(path)

    def frames(self, path):
        """The lines of ``path/frames`` of a bus."""
        for part in self._of.kernel.parts:
            if "can/" + part.name == path:
                return part.instance.describe()
        raise KeyError(path)


def _values(owner, names):
    """{name: the attribute of the owner, or the value of its Signal}, with lists for tuples."""
    piece = {}
    for name in names:
        value = getattr(owner, name)
        if isinstance(value, Signal):
            value = value.value
        piece[name] = list(value) if isinstance(value, tuple) else value
    return piece


def page_of(part):
    """What a component shows; one that fails at it does not take what others show with it."""
    try:
        for piece in part.instance.page():
            yield piece
    except Exception as e:
        drop_unmade()  # a MemoryError is one, and pages load what they need
        yield "failed", part.name + ": its page has failed: %(error)s", {"error": repr(e)}


def _frames(can):
    kept = []
    for identifier, extended, data, count, age_ms, why in can.kept():
        kept.append([identifier, extended, data.hex(), count, age_ms, why if why is None else list(why)])
    return {"receives_all": can.receives_all, "kept": kept}
